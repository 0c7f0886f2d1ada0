import { systemClock } from '../platform/clock';

/** Real time, which the sandbox's clock never moves: tokens, delivery windows and retries run on it. */
export interface Timers {
  now(): Date;
  /** Runs `run` once after `ms` milliseconds; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const realTimers: Timers = {
  now: () => systemClock.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Remembers work in flight, so that closing and tests can wait for it. */
export class InFlight {
  private readonly running = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    const entry: Promise<unknown> = work.catch(() => undefined).finally(() => this.running.delete(entry));
    this.running.add(entry);
    return work;
  }

  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
