import { jest } from '@jest/globals';
import { type Job, type Jobs, startJobs } from '../../src/jobs/runner';
import type { Context } from '../../src/platform/context';
import { createMetrics } from '../../src/platform/metrics';

const faults: unknown[] = [];
const ctx = { metrics: createMetrics(), log: { error: (facts: unknown) => faults.push(facts) } } as unknown as Context;

let jobs: Jobs;
const start = (...given: Job[]) => {
  jobs = startJobs(ctx, given);
  return jobs;
};
afterEach(() => jobs.stop());

const DAY = 86_400_000;

test('each job runs once when all are asked for, one after the other, in the order of the schedule', async () => {
  const said: string[] = [];
  const job = (name: string): Job => ({
    name,
    everyMs: DAY,
    run: async () => {
      said.push(`${name} begins`);
      await Promise.resolve();
      said.push(`${name} ends`);
    },
  });
  await start(job('a'), job('b')).runAll();
  expect(said).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('a job never runs twice at once, however often it is asked for', async () => {
  let [running, most, runs] = [0, 0, 0];
  const busy: Job = {
    name: 'busy',
    everyMs: 1,
    run: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      runs += 1;
    },
  };
  start(busy);
  await Promise.all(Array.from({ length: 20 }, () => jobs.runAll()));
  expect(most).toBe(1);
  expect(runs).toBeGreaterThanOrEqual(20);
});

test('a fault of one is told and keeps no other from running', async () => {
  const said: string[] = [];
  await start(
    { name: 'broken', everyMs: DAY, run: () => Promise.reject(new Error('a fault')) },
    { name: 'whole', everyMs: DAY, run: async () => said.push('ran') },
  ).runAll();
  expect(said).toEqual(['ran']);
  expect(faults).toEqual([expect.objectContaining({ job: 'broken' })]);
});

test('a run that failed comes back sooner than the next one, after twice as long each time, and never later than ever', async () => {
  jest.useFakeTimers();
  try {
    let away = 8;
    const runs: number[] = [];
    const run = async () => {
      runs.push(Math.round((Date.now() - began) / 60_000));
      away -= 1;
      if (away > 0) throw new Error('away');
    };
    const began = Date.now();
    start({ name: 'repair', everyMs: 3_600_000, againMs: 60_000, run });
    await jest.advanceTimersByTimeAsync(5 * 3_600_000);
    expect(runs).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  } finally {
    jest.useRealTimers();
  }
});

test('after the stop nothing runs any more', async () => {
  const said: string[] = [];
  start({ name: 'late', everyMs: 1, run: async () => said.push('ran') });
  await jobs.stop();
  await jobs.runAll();
  expect(said).toEqual([]);
});
