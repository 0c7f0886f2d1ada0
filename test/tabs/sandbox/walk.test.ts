/** @jest-environment jsdom */
import type { Usage } from '../../../src/contract/usage';
import { fillTickets } from '../../../tabs/sandbox/fill';
import type { Subscription } from '../../../tabs/sandbox/sandbox-api';
import { type Sighting, STEPS, stepsSeen } from '../../../tabs/sandbox/walk';

const nothing: Sighting = {
  switched: false,
  subscriptions: [],
  usage: null,
  now: '2026-11-27T00:00:00Z',
  firstReset: null,
  cameBack: false,
};
const subscription = (some: Partial<Subscription>) => ({ status: 'Subscribed', lastWebhook: null, ...some }) as Subscription;
const usage = (used: number, limit: number | null, held = 0) =>
  ({
    meters: [{ meter: 'tickets', used, limit, held, state: limit !== null && used >= limit ? 'exhausted' : 'open' }],
  }) as unknown as Usage;

test('nothing is ticked before anything was tried', () => {
  expect(stepsSeen(nothing)).toEqual([]);
});

test('a purchase counts when it is active, not when it is ordered', () => {
  expect(stepsSeen({ ...nothing, subscriptions: [subscription({ status: 'PendingFulfillmentStart' })] })).toEqual([]);
  expect(stepsSeen({ ...nothing, subscriptions: [subscription({})] })).toEqual(['buy']);
});

test('a plan change counts when its webhook was answered well', () => {
  const changed = (status: number | null) => subscription({ lastWebhook: { action: 'ChangePlan', status, at: '' } });
  expect(stepsSeen({ ...nothing, subscriptions: [changed(503)] })).toEqual(['buy']);
  expect(stepsSeen({ ...nothing, subscriptions: [changed(200)] })).toEqual(['buy', 'upgrade']);
});

test('every step of the walk can be seen', () => {
  const all: Sighting = {
    switched: true,
    subscriptions: [subscription({ lastWebhook: { action: 'ChangePlan', status: 200, at: '' } })],
    usage: usage(100, 100),
    now: '2026-12-15T00:00:00Z',
    firstReset: '2026-12-15T00:00:00Z',
    cameBack: true,
  };
  expect(stepsSeen(all)).toEqual([...STEPS]);
});

describe('filling up', () => {
  /** A server that counts, and refuses every third creation once for its rate. */
  function server(used: number, limit: number | null, held = 0) {
    const made: string[] = [];
    const keys = new Set<string>();
    let calls = 0;
    globalThis.fetch = jest.fn(async (path: string, init?: { body?: string; headers?: Record<string, string> }) => {
      if (path === '/api/v1/usage')
        return {
          ok: true,
          status: 200,
          headers: new Headers({ 'content-type': 'application/json' }),
          text: async () => JSON.stringify(usage(used, limit, held)),
        };
      if (++calls % 3 === 0)
        return {
          ok: false,
          status: 429,
          headers: new Headers({ 'content-type': 'application/problem+json', 'retry-after': '0.01' }),
          text: async () => '{"code":"rate_limited"}',
        };
      keys.add(init!.headers!['idempotency-key']!);
      made.push(JSON.parse(init!.body!).title);
      return { ok: true, status: 201, headers: new Headers(), text: async () => '' };
    }) as never;
    Object.defineProperty(globalThis.crypto, 'randomUUID', { configurable: true, value: () => `key-${calls}-${made.length}-${keys.size}` });
    return { made };
  }
  const order = (percent: number) => ({
    token: 't',
    percent,
    title: (nth: number) => `Sample ${nth}`,
    progress: jest.fn(),
    signal: new AbortController().signal,
  });

  test('creates exactly what is missing, and waits out a rate limit', async () => {
    const { made } = server(3, 10, 1);
    await expect(fillTickets(order(80))).resolves.toBe(4);
    expect(made.sort()).toEqual(['Sample 3', 'Sample 4', 'Sample 5', 'Sample 6']);
  });

  test('creates nothing beyond the share, and nothing without a limit', async () => {
    const { made } = server(9, 10);
    await expect(fillTickets(order(80))).resolves.toBe(0);
    server(9, null);
    await expect(fillTickets(order(100))).resolves.toBeNull();
    expect(made).toEqual([]);
  });

  test('stops when it is told to', async () => {
    const { made } = server(0, 100);
    const stop = new AbortController();
    stop.abort();
    await expect(fillTickets({ ...order(100), signal: stop.signal })).resolves.toBe(0);
    expect(made).toEqual([]);
  });
});
