import type { Context } from '../platform/context';

/** Work that comes back. A run that is late or missing changes nothing that a person counts on. */
export interface Job {
  name: string;
  everyMs: number;
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

  /** After the run that is under way. */
  const run = (job: Job): Promise<void> => {
    const next = (last.get(job) ?? Promise.resolve()).then(() => (stopped ? undefined : runOnce(ctx, job)));
    last.set(job, next);
    return next;
  };
  const schedule = (job: Job, delayMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void run(job).then(() => {
        if (!stopped) schedule(job, job.everyMs);
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

async function runOnce(ctx: Context, job: Job): Promise<void> {
  try {
    await job.run(ctx);
    ctx.metrics.jobs.inc({ job: job.name, outcome: 'done' });
  } catch (error) {
    ctx.metrics.jobs.inc({ job: job.name, outcome: 'failed' });
    ctx.log.error({ err: error, job: job.name }, 'a job failed');
  }
}
