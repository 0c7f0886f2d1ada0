import type { Context } from '../platform/context';

/** Work that comes back. A run that is late or missing changes nothing that a person counts on. */
export interface Job {
  name: string;
  everyMs: number;
  /** A run that failed comes back after so long, then after twice that each time; without it, as ever. */
  againMs?: number;
  run(ctx: Context): Promise<unknown>;
}

export interface Jobs {
  /** Runs each once now, one after the other, for whoever does not want to wait. */
  runAll(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs each job by real time, never twice at once in this process; a fault is logged and the next run comes all the same. */
export function startJobs(ctx: Context, jobs: readonly Job[]): Jobs {
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();
  const last = new Map<Job, Promise<void>>();
  const failures = new Map<Job, number>();

  /** After the run that is under way. */
  const run = (job: Job): Promise<void> => {
    const next = (last.get(job) ?? Promise.resolve())
      .then(() => (stopped ? undefined : runOnce(ctx, job)))
      .then((isDone) => {
        failures.set(job, isDone === false ? (failures.get(job) ?? 0) + 1 : 0);
      });
    last.set(job, next);
    return next;
  };
  const schedule = (job: Job, delayMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void run(job).then(() => {
        if (!stopped) schedule(job, pauseAfter(job, failures.get(job) ?? 0));
      });
    }, delayMs);
    timer.unref();
    timers.add(timer);
  };
  for (const job of jobs) schedule(job, Math.min(job.everyMs, 1000));

  return {
    async runAll() {
      for (const job of jobs) await run(job);
    },
    async stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(last.values());
    },
  };
}

const pauseAfter = ({ everyMs, againMs = everyMs }: Job, failures: number): number =>
  failures === 0 ? everyMs : Math.min(everyMs, againMs * 2 ** (failures - 1));

/** False: it failed. */
async function runOnce(ctx: Context, job: Job): Promise<boolean> {
  try {
    await job.run(ctx);
    ctx.metrics.jobs.inc({ job: job.name, outcome: 'done' });
    return true;
  } catch (error) {
    ctx.metrics.jobs.inc({ job: job.name, outcome: 'failed' });
    ctx.log.error({ err: error, job: job.name }, 'a job failed');
    return false;
  }
}
