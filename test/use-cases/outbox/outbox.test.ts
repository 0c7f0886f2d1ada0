import { randomUUID } from 'node:crypto';
import { type OutboxEvent, pauseAfter, runOutbox, TryLater } from '../../../src/features/outbox/outbox';
import type { Context } from '../../../src/platform/context';
import { TestClock, testContext } from '../../support/database';

let ctx: Context;
let clock: TestClock;
let real: TestClock;
let topic: string;

beforeEach(async () => {
  ({ ctx, clock } = await testContext());
  real = new TestClock(new Date('2026-01-01T00:00:00Z'));
  topic = `topic-${randomUUID()}`;
});

async function put(payload: unknown = {}, notBefore = ctx.now()): Promise<string> {
  const id = randomUUID();
  await ctx.database.query('insert into outbox (outbox_id, topic, payload, not_before) values ($1, $2, $3, $4)', [
    id,
    topic,
    JSON.stringify(payload),
    notBefore,
  ]);
  return id;
}
const stateOf = async (id: string) =>
  (await ctx.database.query<{ state: string; attempts: number }>('select state, attempts from outbox where outbox_id = $1', [id]))[0]!;
const run = (handler: (event: OutboxEvent) => Promise<void>) => runOutbox(ctx, { [topic]: handler }, real);

test('an event is carried out once and is done', async () => {
  const id = await put({ some: 'thing' });
  const seen: OutboxEvent[] = [];
  await run(async (event) => void seen.push(event));
  await run(async (event) => void seen.push(event));
  expect(seen).toEqual([{ id, tenantId: null, topic, payload: { some: 'thing' } }]);
  expect(await stateOf(id)).toEqual({ state: 'done', attempts: 1 });
});

test('what nobody handles waits, and what is not due waits', async () => {
  const id = await put({}, new Date(ctx.now().getTime() + 1000));
  expect(await run(async () => {})).toBe(0);
  expect(await runOutbox(ctx, {}, real)).toBe(0);
  clock.advance({ seconds: 1 });
  expect(await run(async () => {})).toBe(1);
  expect((await stateOf(id)).state).toBe('done');
});

test('an event under way is not taken a second time, and is taken again when its holder died', async () => {
  const id = await put();
  let calls = 0;
  await run(async () => {
    calls += 1;
    await run(async () => {
      calls += 100;
    });
  });
  expect(calls).toBe(1);
  await ctx.database.query(`update outbox set state = 'queued', leased_until = $2 where outbox_id = $1`, [
    id,
    new Date(real.now().getTime() + 300_000),
  ]);
  expect(await run(async () => {})).toBe(0);
  real.advance({ seconds: 301 });
  expect(await run(async () => {})).toBe(1);
});

test('a failure is tried again with growing pauses, the others go on, and twelve are enough', async () => {
  const bad = await put({ bad: true });
  const good = await put();
  let tries = 0;
  const handler = async ({ payload }: OutboxEvent) => {
    if (!(payload as { bad?: boolean }).bad) return;
    tries += 1;
    throw new Error('broken');
  };
  await run(handler);
  expect((await stateOf(good)).state).toBe('done');
  await run(handler);
  expect(tries).toBe(1);
  for (let i = 1; i < 30; i += 1) {
    real.advance({ ms: pauseAfter(i) });
    await run(handler);
  }
  expect(tries).toBe(12);
  expect(await stateOf(bad)).toEqual({ state: 'given_up', attempts: 12 });
});

test('a wait that was asked for is kept, and more to do is no failed try', async () => {
  const id = await put();
  await run(async () => {
    throw new TryLater(120_000);
  });
  real.advance({ seconds: 119 });
  expect(await run(async () => {})).toBe(0);
  real.advance({ seconds: 1 });
  for (let i = 0; i < 20; i += 1) {
    await run(async () => {
      throw new TryLater(0);
    });
  }
  expect(await stateOf(id)).toMatchObject({ state: 'queued', attempts: 1 });
  await run(async () => {});
  expect((await stateOf(id)).state).toBe('done');
});

test('what waits patiently is never given up, is looked after every few minutes, and leaves attempts for a fault after it', async () => {
  const id = await put();
  let tries = 0;
  const patient = async () => {
    tries += 1;
    throw new TryLater(3_000, { isPatient: true });
  };
  for (let minute = 0; minute < 600; minute += 1) {
    await run(patient);
    real.advance({ minutes: 1 });
  }
  expect(tries).toBeGreaterThan(60);
  expect(await stateOf(id)).toEqual({ state: 'queued', attempts: 9 });
  real.advance({ minutes: 10 });
  await run(async () => {
    throw new Error('broken');
  });
  real.advance({ minutes: 30 });
  await run(async () => {});
  expect((await stateOf(id)).state).toBe('done');
});
