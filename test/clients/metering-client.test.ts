import { randomUUID } from 'node:crypto';
import type { UsageEvent } from '../../src/features/metering/metering.port';
import { MarketplaceUnavailable } from '../../src/features/subscriptions/marketplace.port';
import { TestClock } from '../support/database';
import { MeteringService } from '../support/metering-service';

const clock = new TestClock(new Date('2026-03-10T12:30:00Z'));
let service: MeteringService;

beforeEach(async () => {
  service = await MeteringService.start(clock);
});
afterEach(() => service.stop());

const event = (given: Partial<UsageEvent> = {}): UsageEvent => ({
  resourceId: randomUUID(),
  dimension: 'extra_ticket',
  planId: 'metered-standard',
  quantity: '5',
  effectiveAt: new Date('2026-03-10T11:00:00Z'),
  ...given,
});

const report = (...events: UsageEvent[]) => service.client().reportUsage(events, randomUUID());

test('a batch says subscription, dimension, plan, quantity and the hour in UTC, and each event gets its outcome', async () => {
  const first = event({ quantity: '5.5' });
  const second = event();
  const outcomes = await report(first, second);
  expect(outcomes).toMatchObject([
    { status: 'Accepted', acceptedQuantity: '5.500000', usageEventId: expect.any(String) },
    { status: 'Accepted', acceptedQuantity: '5.000000' },
  ]);
  expect(service.calls).toHaveLength(1);
  expect(service.calls[0]).toMatchObject({ path: '/batchUsageEvent', query: { 'api-version': '2018-08-31' } });
  expect(service.calls[0]!.events[0]).toEqual({
    resourceId: first.resourceId,
    quantity: 5.5,
    dimension: 'extra_ticket',
    effectiveStartTime: '2026-03-10T11:00:00Z',
    planId: 'metered-standard',
  });
});

test('of an hour that is booked the booked quantity is told', async () => {
  const one = event();
  await report(one);
  expect(await report({ ...one, quantity: '7' })).toMatchObject([{ status: 'Duplicate', acceptedQuantity: '5.000000' }]);
});

test('outcomes belong to their events, in whatever order and spelling they come', async () => {
  service.isOdd = true;
  const events = [event({ quantity: '1' }), event({ quantity: '2' }), event({ quantity: '3' })];
  expect((await report(...events)).map(({ acceptedQuantity }) => acceptedQuantity)).toEqual(['1.000000', '2.000000', '3.000000']);
});

test('an outcome that does not say what it is about belongs to its place, beside others that do', async () => {
  service.isTerse = true;
  service.statuses.push(null, 'InvalidDimension', null);
  expect(await report(event(), event(), event())).toMatchObject([
    { status: 'Accepted' },
    { status: 'InvalidDimension' },
    { status: 'Accepted' },
  ]);
});

test.each([
  'Expired',
  'Error',
  'ResourceNotFound',
  'ResourceNotAuthorized',
  'ResourceNotActive',
  'InvalidDimension',
  'InvalidQuantity',
  'BadArgument',
] as const)('status %s is passed on with its words', async (status) => {
  service.statuses.push(null, status);
  expect(await report(event(), event())).toMatchObject([{ status: 'Accepted' }, { status, said: status, message: `because of ${status}` }]);
});

test('a status that nobody knows is not decided', async () => {
  service.statuses.push('Brewing');
  expect(await report(event())).toMatchObject([{ status: 'Error', said: 'Brewing' }]);
});

test('a batch that is refused as a whole is told one by one: only the event at fault is refused', async () => {
  service.troubles.push(400);
  const twice = event();
  service.bookElsewhere({ ...twice, quantity: 3, effectiveStartTime: '2026-03-10T11:10:00Z' });
  const outcomes = await report(event(), event({ effectiveAt: new Date('2026-03-10T13:00:00Z') }), twice);
  expect(outcomes).toMatchObject([
    { status: 'Accepted' },
    { status: 'BadArgument' },
    { status: 'Duplicate', acceptedQuantity: '3.000000' },
  ]);
  expect(service.calls.map(({ path }) => path)).toEqual(['/batchUsageEvent', '/usageEvent', '/usageEvent', '/usageEvent']);
});

test('an answer that is lost after the booking is found by repeating: the hour is booked once', async () => {
  service.troubles.push('answer lost');
  expect(await report(event())).toMatchObject([{ status: 'Duplicate', acceptedQuantity: '5.000000' }]);
  expect(service.total).toBe(5);
});

test('a wait that is too long is left to the caller, with how long it is', async () => {
  service.troubles.push({ status: 429, headers: { 'retry-after': '60' } });
  const failed = await report(event()).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(MarketplaceUnavailable);
  expect(failed).toMatchObject({ retryAfterMs: 60_000 });
});

test('the account of a day is read with the capital U of UsageEndDate, in whatever spelling it comes', async () => {
  const one = event();
  await report(one);
  const { lines, unclear } = await service.client().readUsage({ from: '2026-03-10', until: '2026-03-11' });
  expect(unclear).toEqual([]);
  service.isOdd = true;
  // A line of nobody may be anybody's.
  expect(await service.client().readUsage({ from: '2026-03-10', until: '2026-03-11' })).toEqual({ lines, unclear: [null] });
  expect(lines).toEqual([
    {
      day: '2026-03-10',
      resourceId: one.resourceId,
      dimension: 'extra_ticket',
      planId: 'metered-standard',
      reconStatus: 'Accepted',
      submitted: '5.000000',
      processed: '5.000000',
    },
  ]);
  expect(service.calls.at(-1)!.query).toMatchObject({ usageStartDate: '2026-03-10', UsageEndDate: '2026-03-11' });
});
