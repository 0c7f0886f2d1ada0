import { randomUUID } from 'node:crypto';
import { runOutbox } from '../../../src/features/outbox/outbox';
import { planChangeHandlers } from '../../../src/features/plan-changes/handlers';
import { getChange, listChanges, withdrawChange } from '../../../src/features/plan-changes/plan-changes';
import { previewChange } from '../../../src/features/plan-changes/preview-change';
import { activateSubscription } from '../../../src/features/subscriptions/activate-subscription';
import { readAndAdopt } from '../../../src/features/subscriptions/adopt-snapshot';
import { applyMarketplaceEvent } from '../../../src/features/subscriptions/apply-event';
import { mySubscriptions } from '../../../src/features/subscriptions/list-subscriptions';
import { MarketplaceUnavailable, type Selling } from '../../../src/features/subscriptions/marketplace.port';
import { receiveMarketplaceEvent } from '../../../src/features/subscriptions/receive-event';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { listTickets } from '../../../src/features/tickets/tickets';
import { type Context, inTenant } from '../../../src/platform/context';
import { aTicket, key, refusalOf, unwrap } from '../../support/acts';
import { TestClock, testContext } from '../../support/database';
import { type FakeOperation, FulfillmentApi } from '../../support/fulfillment-api';
import { type Customer, change, ledger, order, preview } from '../../support/plan-changes';
import { publishPreset } from '../../support/presets';
import { sellingAt } from '../../support/selling';
import { anActor } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
let api: FulfillmentApi;
let selling: Selling;
let customer: Customer;
let externalId: string;
/** What leases and retries go by. */
let real: TestClock;

beforeEach(async () => {
  ({ ctx, clock } = await testContext({ now: '2026-04-01T09:00:00.000Z' }));
  api = await FulfillmentApi.start();
  selling = sellingAt(api);
  real = new TestClock(new Date('2026-04-01T09:00:00.000Z'));
});
afterEach(() => api.stop());

async function aBuyer(preset: string, planId: string, given: Parameters<FulfillmentApi['buy']>[0] | object = {}): Promise<void> {
  const plans = await publishPreset(ctx, preset);
  const owner = anActor({ via: 'account' });
  const offerId = plans[planId]!.offerId;
  const term = { termStart: '2026-04-01T00:00:00Z', termEnd: '2026-04-30T00:00:00Z' };
  const bought = api.buy({ tenantId: owner.tenantId, objectId: owner.memberId, planId, offerId, ...term, ...given });
  externalId = bought.id;
  const about = { organization: 'Sample', contactAddress: 'a@sample.example', locale: 'en' as const, timeZone: 'UTC' };
  unwrap(await activateSubscription(ctx, selling, owner, { subscriptionId: bought.id, ...about }));
  const subscription = async () => unwrap(await mySubscriptions(ctx, owner)).items[0]!;
  const { id: subscriptionId } = await subscription();
  customer = { ctx, clock, plans, owner, subscriptionId, subscription, buy: () => Promise.reject(new Error('bought elsewhere')) };
  await deliver();
}

/** Everything that is due now, and what it leads to. */
async function deliver(by = selling, rounds = 4): Promise<void> {
  const messages = { sendAnnouncement: async () => ({ outcome: 'sent' as const }) };
  for (let round = 1; round <= rounds; round += 1) {
    await runOutbox(ctx, planChangeHandlers(ctx, { selling: by, messages }), real);
    real.advance({ seconds: 30 });
  }
}

/** The marketplace calls the webhook and, answered, does what was asked. */
async function announce(operation: FakeOperation): Promise<void> {
  const webhook = api.webhookOf(operation) as { id: string; subscriptionId: string; action: string; planId: string };
  const { eventId } = await receiveMarketplaceEvent(ctx, selling, {
    ...webhook,
    payload: webhook,
    requestId: null,
    correlationId: randomUUID(),
  });
  await applyMarketplaceEvent(ctx, selling, eventId);
}

const operations = () => [...api.operations.values()].filter(({ source }) => source === 'Partner');
const ticket = () => createTicket(ctx, customer.owner, key(), aTicket());
/** What was stated of each term, by which plan. */
const statements = async () => (await ledger(customer)).map(({ periodStart, planId }) => [periodStart.slice(0, 10), planId]);
const used = async () => {
  const rows = await inTenant(ctx, customer.owner.tenantId, ({ db }) =>
    db.query<{ used: number; hard_limit: number }>(
      `select used::int as used, hard_limit::int as hard_limit from usage_counters where tenant_id = $1 and meter = 'tickets' order by period_start desc limit 1`,
      [customer.owner.tenantId],
    ),
  );
  return [rows[0]!.used, rows[0]!.hard_limit];
};

describe('at the marketplace', () => {
  test('TW-21, TW-25, TW-26: a change is asked for there, takes effect by its word, and what was used stays used', async () => {
    await aBuyer('org-quota', 'premium');
    for (let count = 0; count < 3; count += 1) unwrap(await ticket());
    clock.set('2026-04-21T09:00:00.000Z');
    const shown = await preview(customer, { toPlanId: 'professional' });
    expect(shown.money).toMatchObject({ isEstimate: true, totalMinor: 3933 + 3300 });
    expect(shown.money!.lines.map(({ amountMinor, formula }) => [amountMinor, formula])).toEqual([
      [3933, '€59.00 × 20/30 days'],
      [3300, '€99.00 × 10/30 days'],
    ]);
    const ordered = await change(customer, { toPlanId: 'professional' });
    expect(ordered).toMatchObject({ state: 'awaiting_marketplace', direction: 'upgrade', cause: 'ordered' });
    expect((await customer.subscription()).planId).toBe('premium');
    expect(api.callsTo('PATCH', /subscriptions\/[^/]+$/u)).toEqual([]);

    await deliver();
    expect(api.callsTo('PATCH', /subscriptions\/[^/]+$/u).map(({ body }) => body)).toEqual([{ planId: 'professional' }]);
    expect((await customer.subscription()).planId).toBe('premium');
    await announce(operations()[0]!);
    await deliver();
    expect((await customer.subscription()).planId).toBe('professional');
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, ordered.id))).toMatchObject({ state: 'applied' });
    expect(await used()).toEqual([3, 500]);
    unwrap(await ticket());
    expect(await used()).toEqual([4, 500]);
  });

  test('TW-30: downward it is at once as well, by the same formula', async () => {
    await aBuyer('org-quota', 'professional');
    clock.set('2026-04-21T09:00:00.000Z');
    const shown = await preview(customer, { toPlanId: 'premium' });
    expect(shown).toMatchObject({ direction: 'downgrade', effective: 'now' });
    expect(shown.money!.lines.map(({ amountMinor }) => amountMinor)).toEqual([6600, 1967]);
    expect((await change(customer, { toPlanId: 'premium' })).state).toBe('awaiting_marketplace');
  });

  test('TW-25: twice in one period, each plan pays its days', async () => {
    await aBuyer('org-quota', 'premium');
    for (const [day, toPlanId] of [
      [11, 'professional'],
      [21, 'premium'],
    ] as const) {
      clock.set(`2026-04-${day}T09:00:00.000Z`);
      await change(customer, { toPlanId });
      await deliver();
      await announce(operations().at(-1)!);
      await deliver();
    }
    expect((await customer.subscription()).planId).toBe('premium');
    const lines = (await ledger(customer)).filter(({ cause }) => cause === 'change').map(({ amountMinor }) => amountMinor);
    expect(lines).toEqual([1967, 6600, 1967, 3300, 1966]);
  });

  test('TW-27: the other term is refused in both directions, with what is offered instead', async () => {
    await aBuyer('org-quota', 'premium');
    const answer = unwrap(await previewChange(ctx, customer.owner, customer.subscriptionId, { toPlanId: 'professional', term: 'P1Y' }));
    expect(answer).toMatchObject({
      allowed: false,
      refusal: { code: 'term_mismatch', term: 'P1M', wantedTerm: 'P1Y', offer: 'buy_new_at_renewal', renewsAt: '2026-05-01T00:00:00.000Z' },
      fits: { planId: 'ticketing' },
    });
  });

  test('a lost webhook does not matter: the operation and the subscription tell', async () => {
    await aBuyer('org-quota', 'premium');
    const { id } = await change(customer, { toPlanId: 'professional' });
    await deliver();
    api.settle(operations()[0]!);
    await deliver();
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, id)).state).toBe('applied');
    expect(api.callsTo('PATCH', /subscriptions\/[^/]+$/u)).toHaveLength(1);
  });

  test.each(['operation-id', null] as const)('an operation named by %s is followed all the same, and not asked for again', async (by) => {
    Object.assign(api.habits, { namesOperationBy: by, busy: 400 });
    await aBuyer('org-quota', 'premium');
    const { id } = await change(customer, { toPlanId: 'professional' });
    await deliver();
    api.settle(operations()[0]!);
    await deliver();
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, id)).state).toBe('applied');
    expect(api.callsTo('PATCH', /subscriptions\/[^/]+$/u)).toHaveLength(1);
  });

  const patches = () => api.callsTo('PATCH', /subscriptions\/[^/]+$/u);
  const stateOf = async (id: string) => unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, id)).state;

  test('G6: what was taken without a name is not asked for again at once, a no to the repetition refuses nothing, and it takes effect', async () => {
    Object.assign(api.habits, { namesOperationBy: null, hidesOpen: true, busy: 400 });
    await aBuyer('org-quota', 'premium');
    const { id } = await change(customer, { toPlanId: 'professional' });
    await deliver();
    expect(patches()).toHaveLength(1);
    expect(refusalOf(await withdrawChange(ctx, customer.owner, customer.subscriptionId, id))).toMatchObject({ code: 'change_closed' });
    clock.advance({ hours: 2 });
    await deliver();
    expect(patches()).toHaveLength(2);
    expect(await stateOf(id)).toBe('awaiting_marketplace');
    api.settle(operations()[0]!);
    await deliver();
    expect(await stateOf(id)).toBe('applied');
    expect(unwrap(await listChanges(ctx, customer.owner, customer.subscriptionId, { limit: 10 })).items).toHaveLength(1);
  });

  test('what was taken without a name is followed by its webhook', async () => {
    Object.assign(api.habits, { namesOperationBy: null, hidesOpen: true });
    await aBuyer('org-quota', 'premium');
    const { id } = await change(customer, { toPlanId: 'professional' });
    await deliver(selling, 1);
    api.settle(operations()[0]!, false);
    await announce(operations()[0]!);
    await deliver();
    expect(await stateOf(id)).toBe('refused');
    expect(patches()).toHaveLength(1);
  });

  test.each(['operation-location', null] as const)('G6: an order named by %s that leaves no trace ends as lost after a day', async (by) => {
    Object.assign(api.habits, { namesOperationBy: by });
    await aBuyer('org-quota', 'premium');
    const { id } = await change(customer, { toPlanId: 'professional' });
    const asked: number[] = [];
    for (let hour = 0; hour <= 28; hour += 1) {
      await deliver(selling, 1);
      // It comes to nothing, and nobody knows of it any more.
      api.operations.clear();
      asked.push(patches().length);
      expect(await stateOf(id)).toBe(hour < 26 ? 'awaiting_marketplace' : 'lost');
      clock.advance({ hours: 1 });
      real.advance({ hours: 1 });
    }
    expect(asked.slice(0, 4)).toEqual([1, 2, 3, 3]);
    expect(asked.at(-1)).toBe(3);
    expect((await customer.subscription()).planId).toBe('premium');
    expect((await change(customer, { toPlanId: 'professional' })).state).toBe('awaiting_marketplace');
  });

  test('what the marketplace refuses, at once or later, ends the change and leaves everything as it was', async () => {
    await aBuyer('org-quota', 'premium');
    const first = await change(customer, { toPlanId: 'professional' });
    // Suspended in between, of which nobody has told us yet.
    api.subscriptions.get(externalId)!.status = 'Suspended';
    await deliver();
    api.subscriptions.get(externalId)!.status = 'Subscribed';
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, first.id)).state).toBe('refused');
    const second = await change(customer, { toPlanId: 'professional' });
    await deliver();
    api.settle(operations()[0]!, false);
    await deliver();
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, second.id)).state).toBe('refused');
    expect((await customer.subscription()).planId).toBe('premium');
    expect(await used()).toEqual([0, 100]);
  });

  test('a marketplace that is away or busy is asked again; a second change waits for the first', async () => {
    await aBuyer('org-quota', 'premium');
    const { id } = await change(customer, { toPlanId: 'professional' });
    const answer = unwrap(await previewChange(ctx, customer.owner, customer.subscriptionId, { toPlanId: 'standard' }));
    expect(answer).toMatchObject({ allowed: false, refusal: { code: 'change_open', changeId: id } });
    const own = api.begin(externalId, 'ChangePlan', { planId: 'standard' });
    await deliver();
    expect(operations()).toEqual([]);
    api.settle(own, false);
    await deliver();
    expect(operations()).toHaveLength(1);
    expect(refusalOf(await withdrawChange(ctx, customer.owner, customer.subscriptionId, id))).toEqual({
      code: 'change_closed',
      state: 'awaiting_marketplace',
    });
  });

  test('CH-23, G8: a change that the marketplace forces takes nothing from anybody: all stays readable, only new ones wait', async () => {
    await aBuyer('org-quota', 'premium');
    await Promise.all(Array.from({ length: 52 }, async () => unwrap(await ticket())));
    const operation = api.begin(externalId, 'ChangePlan', { planId: 'standard' });
    await announce(operation);
    await deliver();
    expect((await customer.subscription()).planId).toBe('standard');
    expect(refusalOf(await ticket())).toMatchObject({ code: 'quota_exhausted', limit: 50, used: 52 });
    const { items } = unwrap(await listTickets(ctx, customer.owner, { status: 'any', limit: 100 }));
    expect(items).toHaveLength(52);
    const { items: changes } = unwrap(await listChanges(ctx, customer.owner, customer.subscriptionId, { limit: 10 }));
    expect(changes).toMatchObject([
      { cause: 'forced', state: 'applied', direction: 'downgrade', to: { planId: 'standard' }, consent: null, items: [] },
    ]);
    await deliver();
    expect(unwrap(await listChanges(ctx, customer.owner, customer.subscriptionId, { limit: 10 })).items).toHaveLength(1);
  });

  test('a downgrade for the period’s end is sent after the renewal is seen, and not before', async () => {
    await aBuyer('license-pool', 'business-seats', { quantity: 10 });
    clock.set('2026-04-11T09:00:00.000Z');
    const ordered = await change(customer, { toPlanId: 'starter-seats' });
    expect(ordered).toMatchObject({ state: 'scheduled', effectiveAt: '2026-05-01T00:00:00.000Z' });
    clock.set('2026-05-01T00:30:00.000Z');
    await deliver();
    expect(operations()).toEqual([]);

    const subscription = api.subscriptions.get(externalId)!;
    Object.assign(subscription, { termStart: '2026-05-01T00:00:00Z', termEnd: '2026-05-31T00:00:00Z' });
    await announce(api.begin(externalId, 'Renew'));
    await deliver();
    expect(operations().map(({ planId }) => planId)).toEqual(['starter-seats']);
    // A process that dies before it has noted so tells everything again.
    const tellAgain = async () => {
      await ctx.database.query(`update outbox set state = 'queued' where tenant_id = $1 and topic = 'subscription.changed'`, [
        customer.owner.tenantId,
      ]);
      await deliver();
    };
    await tellAgain();
    expect(await statements()).toEqual([]);
    await announce(operations()[0]!);
    await deliver();
    expect((await customer.subscription()).planId).toBe('starter-seats');
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, ordered.id)).state).toBe('applied');
    await tellAgain();
    expect(await statements()).toEqual([['2026-05-01', 'starter-seats']]);
    expect(unwrap(await listChanges(ctx, customer.owner, customer.subscriptionId, { limit: 10 })).items).toHaveLength(1);
  });

  test('where no term dates are stated, a renewal itself says that a term begins, once: then the downgrade is sent', async () => {
    api.habits.noTermDates = true;
    await aBuyer('license-pool', 'business-seats', { quantity: 10 });
    clock.set('2026-05-01T00:30:00.000Z');
    const first = api.begin(externalId, 'Renew');
    await announce(first);
    await deliver();
    clock.set('2026-05-11T09:00:00.000Z');
    expect(await change(customer, { toPlanId: 'starter-seats' })).toMatchObject({ state: 'scheduled' });
    await ctx.database.query(`update marketplace_events set applied_at = null, next_attempt_at = '-infinity'`);
    await announce(first);
    await deliver();
    expect(operations()).toEqual([]);

    clock.set('2026-06-01T00:30:00.000Z');
    await announce(api.begin(externalId, 'Renew'));
    await deliver();
    expect(operations().map(({ planId }) => planId)).toEqual(['starter-seats']);
  });

  test('a downgrade that the marketplace refuses after the renewal leaves one statement of the new term, by the plan that stays', async () => {
    await aBuyer('license-pool', 'business-seats', { quantity: 10 });
    await change(customer, { toPlanId: 'starter-seats' });
    clock.set('2026-05-01T00:30:00.000Z');
    Object.assign(api.subscriptions.get(externalId)!, { termStart: '2026-05-01T00:00:00Z', termEnd: '2026-05-31T00:00:00Z' });
    await announce(api.begin(externalId, 'Renew'));
    await deliver(selling, 2);
    expect(await statements()).toEqual([]);
    api.settle(operations()[0]!, false);
    await deliver();
    expect(await statements()).toEqual([['2026-05-01', 'business-seats']]);
  });

  test('a planned downgrade outlasts a marketplace that is away for hours when it is to be sent', async () => {
    await aBuyer('license-pool', 'business-seats', { quantity: 10 });
    await change(customer, { toPlanId: 'starter-seats' });
    clock.set('2026-05-01T00:30:00.000Z');
    Object.assign(api.subscriptions.get(externalId)!, { termStart: '2026-05-01T00:00:00Z', termEnd: '2026-05-31T00:00:00Z' });
    await announce(api.begin(externalId, 'Renew'));
    const down = { getSubscription: () => Promise.reject(new MarketplaceUnavailable('down')) };
    const away = { ...selling, marketplace: { correlated: () => down } } as unknown as Selling;
    await deliver(away, 240);
    expect(operations()).toEqual([]);
    real.advance({ minutes: 10 });
    await deliver();
    expect(operations().map(({ planId }) => planId)).toEqual(['starter-seats']);
  });

  test('the number of licenses is changed there as well', async () => {
    await aBuyer('license-pool', 'business-seats', { quantity: 10 });
    const shown = await preview(customer, { toPlanId: 'business-seats', quantity: 20 });
    expect(shown).toMatchObject({ direction: 'upgrade', from: { quantity: 10 }, to: { quantity: 20 } });
    const { id } = unwrap(await order(customer, shown.previewId)).record;
    await deliver();
    expect(api.callsTo('PATCH', /subscriptions\/[^/]+$/u).map(({ body }) => body)).toEqual([{ quantity: 20 }]);
    await announce(operations()[0]!);
    await deliver();
    expect((await customer.subscription()).quantity).toBe(20);
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, id)).state).toBe('applied');
  });

  test('a subscription that ends takes the change that was planned for it along', async () => {
    await aBuyer('license-pool', 'business-seats', { quantity: 10 });
    const { id } = await change(customer, { toPlanId: 'starter-seats' });
    api.subscriptions.get(externalId)!.status = 'Unsubscribed';
    await readAndAdopt(ctx, selling, externalId, { name: 'reconcile', actor: null });
    await deliver();
    expect(unwrap(await getChange(ctx, customer.owner, customer.subscriptionId, id)).state).toBe('withdrawn');
  });
});
