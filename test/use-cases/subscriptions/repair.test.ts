import { randomUUID } from 'node:crypto';
import { loadCatalog } from '../../../src/features/plans/catalog';
import { publishPlans } from '../../../src/features/plans/publish-plans';
import { activateSubscription } from '../../../src/features/subscriptions/activate-subscription';
import { openDrift } from '../../../src/features/subscriptions/drift.store';
import type { Selling } from '../../../src/features/subscriptions/marketplace.port';
import { receiveMarketplaceEvent } from '../../../src/features/subscriptions/receive-event';
import { createReconciliation, reconcileSubscriptions } from '../../../src/features/subscriptions/reconcile';
import { enterInDirectory, listSubscriptions, saveSubscription } from '../../../src/features/subscriptions/subscriptions.store';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { type TestClock, testContext } from '../../support/database';
import { type FakeSubscription, FulfillmentApi } from '../../support/fulfillment-api';
import { sellingAt } from '../../support/selling';
import { anActor } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
let api: FulfillmentApi;
let selling: Selling;

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
});
beforeEach(async () => {
  api = await FulfillmentApi.start();
  selling = sellingAt(api);
  // Each test has a marketplace of its own, which knows nothing of the others' purchases.
  for (const table of ['subscription_directory', 'subscription_drift', 'pending_purchases', 'reconciliations'])
    await ctx.database.query(`delete from ${table}`);
});
afterEach(() => api.stop());

const aBuyer = () => anActor({ via: 'account', name: 'Olivia Owner' });
const buy = (buyer: Actor, given: Partial<FakeSubscription> = {}) =>
  api.buy({ tenantId: buyer.tenantId, objectId: buyer.memberId, ...given });

async function active(buyer = aBuyer(), given: Partial<FakeSubscription> = {}): Promise<FakeSubscription> {
  const { id } = buy(buyer, given);
  const about = { organization: 'Sample Logistics', contactAddress: 'owner@sample.example', locale: 'en', timeZone: 'UTC' } as const;
  const activated = await activateSubscription(ctx, selling, buyer, { subscriptionId: id, ...about });
  expect(activated).toMatchObject({ ok: true, value: { status: 'Subscribed' } });
  return api.subscriptions.get(id)!;
}

/** That many living subscriptions of five organizations, held as the marketplace has them. */
async function sold(count: number): Promise<void> {
  for (let tenant = 0; tenant < 5; tenant += 1) {
    const buyer = aBuyer();
    await active(buyer);
    await inTenant(ctx, buyer.tenantId, async ({ db }) => {
      const [first] = await listSubscriptions(db, buyer.tenantId);
      for (let index = 1; index < count / 5; index += 1) {
        const subscriptionId = randomUUID();
        const { id } = buy(buyer, { status: 'Subscribed', termStart: '2026-03-10T00:00:00Z', termEnd: '2026-04-09T00:00:00Z' });
        await enterInDirectory(db, id, buyer.tenantId, subscriptionId);
        await saveSubscription(db, buyer.tenantId, { ...first!, subscriptionId, externalId: id });
      }
    });
  }
}

const heldOf = async ({ tenantId, id }: { tenantId: string; id: string }) =>
  (
    await inTenant(ctx, tenantId, ({ db }) =>
      db.query<{ status: string; plan_id: string }>('select status, plan_id from subscriptions where tenant_id = $1 and external_id = $2', [
        tenantId,
        id,
      ]),
    )
  )[0];
const driftOf = async ({ id }: { id: string }) =>
  ctx.database.query<{ why: string; differences: object[]; seen_at: Date; mended_at: Date | null }>(
    'select why, differences, seen_at, mended_at from subscription_drift where external_id = $1 order by seen_at',
    [id],
  );

/** What a repair asks of the marketplace, by kind. */
async function asked(repair: () => Promise<unknown>) {
  api.calls.length = 0;
  await repair();
  const count = (pattern: RegExp) => api.calls.filter(({ method, path }) => method === 'GET' && pattern.test(path)).length;
  return {
    pages: count(/\/subscriptions\/?$/u),
    subscriptions: count(/\/subscriptions\/[^/]+$/u),
    operations: count(/\/operations/u),
    all: api.calls.length,
  };
}

describe('what the repair asks of the marketplace', () => {
  test('500 subscriptions take one crawl of the list, plus calls for those three that differ and for no other (G6)', async () => {
    await sold(500);
    api.habits.pageSize = 100;
    expect(await asked(() => reconcileSubscriptions(ctx, selling))).toEqual({ pages: 5, subscriptions: 0, operations: 0, all: 5 });

    const [moved, suspended, ended] = [...api.subscriptions.values()].slice(250) as [FakeSubscription, FakeSubscription, FakeSubscription];
    moved.planId = 'standard';
    suspended.status = 'Suspended';
    ended.status = 'Unsubscribed';
    const { pages, subscriptions, operations, all } = await asked(() => reconcileSubscriptions(ctx, selling));
    expect({ pages, subscriptions, operations, all }).toEqual({ pages: 5, subscriptions: 3, operations: 2, all: 10 });
    expect(await Promise.all([moved, suspended, ended].map(heldOf))).toEqual([
      { status: 'Subscribed', plan_id: 'standard' },
      { status: 'Suspended', plan_id: 'free' },
      { status: 'Unsubscribed', plan_id: 'free' },
    ]);
  });

  test('a list that says less than the subscriptions themselves differs in nothing', async () => {
    await active();
    await active(aBuyer(), { quantity: 7, planId: 'standard' });
    api.habits.sparseLists = true;
    expect(await asked(() => reconcileSubscriptions(ctx, selling))).toEqual({ pages: 1, subscriptions: 0, operations: 0, all: 1 });
  });

  test('an answer of the list that is older than what a webhook brought meanwhile is no difference', async () => {
    const one = await active();
    const stale = { ...selling, realTime: { now: () => new Date(Date.now() - 60_000) } };
    one.planId = 'standard';
    expect((await asked(() => reconcileSubscriptions(ctx, stale))).subscriptions).toBe(0);
    expect(await driftOf(one)).toEqual([]);
  });
});

describe('drift is written down, with since when and whether it was mended', () => {
  test('what a lost webhook would have said is mended, and what differed stays to be read', async () => {
    const one = await active();
    one.planId = 'standard';
    await reconcileSubscriptions(ctx, selling);
    expect(await driftOf(one)).toEqual([
      {
        why: 'differs',
        differences: [{ field: 'planId', ours: 'free', theirs: 'standard' }],
        seen_at: ctx.now(),
        mended_at: ctx.now(),
      },
    ]);
  });

  test('a status of tomorrow leaves what is held as it is, and is shown; a purchase that we do not know is not taken up by it', async () => {
    const [one, stranger] = [await active(), buy(aBuyer(), { status: 'Expired' })];
    Object.assign(one, { status: 'Expired', planId: 'standard' });
    await reconcileSubscriptions(ctx, selling);
    expect(await heldOf(one)).toEqual({ status: 'Subscribed', plan_id: 'standard' });
    const odd = { field: 'status', theirs: 'Expired' };
    expect(await driftOf(one)).toMatchObject([{ why: 'differs', differences: [{ ...odd, ours: 'Subscribed' }], mended_at: null }]);
    expect(await driftOf(stranger)).toMatchObject([{ why: 'not_read', differences: [{ ...odd, ours: null }], mended_at: null }]);
    api.subscriptions.delete(stranger.id);
    one.status = 'Subscribed';
    await reconcileSubscriptions(ctx, selling);
    expect(await driftOf(one)).toMatchObject([{ mended_at: expect.any(Date) }]);
  });

  test('a purchase that began without us is taken up; one of another offer is none of ours', async () => {
    const [mine, foreign] = [buy(aBuyer(), { status: 'Subscribed' }), buy(aBuyer(), { status: 'Subscribed', offerId: 'another-product' })];
    await reconcileSubscriptions(ctx, selling);
    expect(await driftOf(mine)).toMatchObject([{ why: 'unknown_here', mended_at: expect.any(Date) }]);
    expect(await heldOf(mine)).toEqual({ status: 'Subscribed', plan_id: 'free' });
    expect(await driftOf(foreign)).toEqual([]);
  });

  test('a plan of our offer that the catalog does not know stays open from when it was seen first, and is mended once it is published', async () => {
    const one = await active();
    one.planId = 'mystery';
    await reconcileSubscriptions(ctx, selling);
    const since = ctx.now();
    clock.advance({ hours: 1 });
    await reconcileSubscriptions(ctx, selling);
    expect(await driftOf(one)).toEqual([
      { why: 'plan_unknown', differences: [{ field: 'planId', ours: 'free', theirs: 'mystery' }], seen_at: since, mended_at: null },
    ]);
    one.planId = 'free';
    await reconcileSubscriptions(ctx, selling);
    expect(await driftOf(one)).toMatchObject([{ mended_at: ctx.now() }]);
  });

  test('what has ended here for good and lives there is kept as it is, and shown', async () => {
    const one = await active();
    one.status = 'Unsubscribed';
    await reconcileSubscriptions(ctx, selling);
    clock.advance({ hours: 1 });
    one.status = 'Subscribed';
    await reconcileSubscriptions(ctx, selling);
    expect(await heldOf(one)).toMatchObject({ status: 'Unsubscribed' });
    expect((await driftOf(one)).at(-1)).toMatchObject({
      differences: [{ field: 'status', ours: 'Unsubscribed', theirs: 'Subscribed' }],
      mended_at: null,
    });
  });

  test('what the marketplace no longer knows is shown, and nothing of it is taken away', async () => {
    const one = await active();
    api.subscriptions.delete(one.id);
    await reconcileSubscriptions(ctx, selling);
    expect(await driftOf(one)).toMatchObject([
      { why: 'unknown_there', differences: [{ ours: 'Subscribed', theirs: null }], mended_at: null },
    ]);
    expect(await heldOf(one)).toMatchObject({ status: 'Subscribed' });
  });

  test('G6: of more purchases than are asked for in one run each is shown at once, and has its turn', async () => {
    await sold(120);
    const all = [...api.subscriptions.keys()];
    api.subscriptions.clear();
    const unknown = async () => {
      const rows = await ctx.database.query<{ why: string; count: number }>(
        'select why, count(*)::int as count from subscription_drift group by 1',
      );
      return Object.fromEntries(rows.map(({ why, count }) => [why, count]));
    };
    const readers = () => new Set(api.calls.filter(({ path }) => /\/subscriptions\/[^/]+$/u.test(path)).map(({ path }) => path));
    api.calls.length = 0;
    await reconcileSubscriptions(ctx, selling);
    expect(await unknown()).toEqual({ unknown_there: 100, not_read: all.length - 100 });
    expect(readers().size).toBe(100);
    await reconcileSubscriptions(ctx, selling);
    expect(readers().size).toBe(all.length);
    expect(await unknown()).toEqual({ unknown_there: all.length });
  });

  test('a list that breaks off mends what it said, and what it did not say is not taken for missing', async () => {
    const [first, second] = [await active(), await active()];
    [first.planId, second.planId] = ['standard', 'standard'];
    const broken: Selling = { ...selling, marketplace: Object.create(selling.marketplace) };
    broken.marketplace.correlated = () => broken.marketplace;
    broken.marketplace.listSubscriptions = async function* () {
      for await (const truth of selling.marketplace.listSubscriptions()) {
        yield truth;
        throw new Error('the second page does not come');
      }
    };
    await expect(reconcileSubscriptions(ctx, broken)).rejects.toThrow('the second page');
    expect(await Promise.all([heldOf(first), heldOf(second)])).toEqual([
      { status: 'Subscribed', plan_id: 'standard' },
      { status: 'Subscribed', plan_id: 'free' },
    ]);
    expect(await openDrift(ctx.database)).toEqual([]);
  });
});

/** As `selling`, and the program stops while it waits. */
const stopping = (): Selling => {
  const stop = () => Promise.reject(Object.assign(new Error('the program stops'), { name: 'AbortError' }));
  return { ...selling, pause: stop, marketplace: Object.assign(Object.create(selling.marketplace), { getSubscription: stop }) };
};

test('a stop in the middle of the repair is no fault of a subscription: nothing is noted, and the next start repairs', async () => {
  const one = await active();
  one.planId = 'standard';
  const by = stopping();
  by.marketplace.correlated = () => by.marketplace;
  await createReconciliation(by)(ctx);
  expect([await openDrift(ctx.database), await ctx.database.query('select 1 from reconciliations')]).toEqual([[], []]);
  await createReconciliation(selling)(ctx);
  expect(await heldOf(one)).toEqual({ status: 'Subscribed', plan_id: 'standard' });
});

describe('operations that were left open', () => {
  test('are answered after a downtime, and a webhook that comes late gets the same answer', async () => {
    const one = await active();
    const operation = api.begin(one.id, 'ChangePlan', { planId: 'standard' });
    await reconcileSubscriptions(ctx, selling, { afterDowntime: true });
    expect(operation.status).toBe('Succeeded');
    expect(await heldOf(one)).toEqual({ status: 'Subscribed', plan_id: 'standard' });
    const late = await receiveMarketplaceEvent(ctx, selling, {
      id: operation.id.toUpperCase(),
      subscriptionId: one.id,
      action: 'ChangePlan',
      planId: 'standard',
      payload: {},
      requestId: null,
      correlationId: randomUUID(),
    });
    expect(late).toMatchObject({ eventId: operation.id, answer: 'accept' });
  });

  test('are refused where their webhook would have been', async () => {
    const one = await active();
    const operation = api.begin(one.id, 'ChangePlan', { planId: 'mystery' });
    await reconcileSubscriptions(ctx, selling, { afterDowntime: true });
    expect(operation.status).toBe('Failed');
    expect(await heldOf(one)).toEqual({ status: 'Subscribed', plan_id: 'free' });
  });

  test('are answered once more where the marketplace does not know yet what it has just shown', async () => {
    const one = await active();
    const operation = api.begin(one.id, 'ChangePlan', { planId: 'mystery' });
    api.notYetKnown = 2;
    await reconcileSubscriptions(ctx, selling, { afterDowntime: true });
    expect(operation.status).toBe('Failed');
    expect(api.callsTo('PATCH', /operations/u)).toHaveLength(3);
  });

  test('are looked for at a start only where nobody listened for longer than an hour, or few could have any', async () => {
    await sold(105);
    const start = (by = selling) => asked(() => createReconciliation(by)(ctx));
    expect(await start()).toMatchObject({ operations: 105 });
    clock.advance({ minutes: 60 });
    expect(await start()).toEqual({ pages: 1, subscriptions: 0, operations: 0, all: 1 });
    clock.advance({ minutes: 70 });
    expect(await start(stopping())).toMatchObject({ operations: 1 });
    expect(await start()).toMatchObject({ operations: 105 });

    const [, ...others] = [...api.subscriptions.values()];
    for (const one of others.slice(0, 10)) api.subscriptions.delete(one.id);
    await ctx.database.query('delete from subscription_directory where external_id <> all($1::text[])', [[...api.subscriptions.keys()]]);
    expect(await start()).toMatchObject({ operations: 95 });
    const hourly = createReconciliation(selling);
    await hourly(ctx);
    expect((await asked(() => hourly(ctx))).operations).toBe(0);
  });
});
