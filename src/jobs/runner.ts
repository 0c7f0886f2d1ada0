import type { Context } from '../platform/context';

/** Work that comes back. A run that is late or missing changes nothing that a person counts on. */
export interface Job {
  name: string;
  everyMs: number;
  run(ctx: Context): Promise<unknown>;
}

/** Runs each job by real time, never twice at once in this process; a fault is logged and the next run comes all the same. */
export function startJobs(ctx: Context, jobs: readonly Job[]): { stop(): Promise<void> } {
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();
  const running = new Set<Promise<void>>();

  const schedule = (job: Job, delayMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      const run = runOnce(ctx, job).finally(() => {
        running.delete(run);
        if (!stopped) schedule(job, job.everyMs);
      });
      running.add(run);
    }, delayMs);
    timer.unref();
    timers.add(timer);
  };
  for (const job of jobs) schedule(job, Math.min(job.everyMs, 1000));

  return {
    async stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(running);
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
