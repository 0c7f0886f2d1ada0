import { randomUUID } from 'node:crypto';
import { NewTicket } from '../../../src/contract/tickets';
import { loadCatalog } from '../../../src/features/plans/catalog';
import { publishPlans } from '../../../src/features/plans/publish-plans';
import { activateSubscription } from '../../../src/features/subscriptions/activate-subscription';
import { adoptSnapshot } from '../../../src/features/subscriptions/adopt-snapshot';
import { applyMarketplaceEvent, applyPendingMarketplaceEvents } from '../../../src/features/subscriptions/apply-event';
import { forgetEvents, hasRefused } from '../../../src/features/subscriptions/event-log.store';
import type { Selling } from '../../../src/features/subscriptions/marketplace.port';
import { recordEvent } from '../../../src/features/subscriptions/marketplace-events.store';
import { receiveMarketplaceEvent } from '../../../src/features/subscriptions/receive-event';
import { reconcileSubscriptions } from '../../../src/features/subscriptions/reconcile';
import { rereadSubscriptions } from '../../../src/features/subscriptions/reread-subscriptions';
import { resolvePurchase } from '../../../src/features/subscriptions/resolve-purchase';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { createLogger } from '../../../src/platform/logger';
import { aDirectPlan } from '../../support/contracts';
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
});
afterEach(() => api.stop());

const about = (subscriptionId: string) => ({
  subscriptionId,
  organization: 'Sample Logistics',
  contactAddress: 'owner@sample.example',
  locale: 'de' as const,
  timeZone: 'Europe/Berlin',
});

const aBuyer = (given: Partial<Actor> = {}) => anActor({ via: 'account', name: 'Olivia Owner', ...given });
const buy = (buyer: Actor, given: Partial<FakeSubscription> = {}) =>
  api.buy({ tenantId: buyer.tenantId, objectId: buyer.memberId, ...given });

async function buyAndActivate(buyer: Actor, given: Partial<FakeSubscription> = {}) {
  const bought = buy(buyer, given);
  const activated = await activateSubscription(ctx, selling, buyer, about(bought.id));
  expect(activated).toMatchObject({ ok: true, value: { status: 'Subscribed' } });
  return bought;
}

/** The webhook of a new operation, received and applied. */
async function announce(subscriptionId: string, action: string, wanted: { planId?: string; quantity?: number } = {}) {
  const operation = api.begin(subscriptionId, action, wanted);
  const { eventId, answer } = await receive(api.webhookOf(operation));
  await applyMarketplaceEvent(ctx, selling, eventId);
  return { operation, answer, eventId };
}

const receive = (webhook: Record<string, unknown>) =>
  receiveMarketplaceEvent(ctx, selling, {
    id: String(webhook.id),
    subscriptionId: String(webhook.subscriptionId),
    action: String(webhook.action),
    planId: typeof webhook.planId === 'string' ? webhook.planId : null,
    quantity: typeof webhook.quantity === 'number' ? webhook.quantity : null,
    payload: webhook,
    requestId: null,
    correlationId: randomUUID(),
  });

const rowsOf = (tenantId: string) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ status: string; plan_id: string; quantity: number | null; revision: number }>(
      'select status, plan_id, quantity, revision from subscriptions where tenant_id = $1',
      [tenantId],
    ),
  );
const counterOf = async (tenantId: string, meter = 'tickets') =>
  (
    await inTenant(ctx, tenantId, ({ db }) =>
      db.query<{ used: number; hard_limit: number; period_start: Date; period_end: Date }>(
        `select used::int as used, hard_limit::int as hard_limit, period_start, period_end from usage_counters
          where tenant_id = $1 and meter = $2 order by period_start desc limit 1`,
        [tenantId, meter],
      ),
    )
  )[0]!;
const eventOf = async (eventId: string) =>
  (
    await ctx.database.query<{ applied_at: Date | null; outcome: string | null; answer: string }>(
      'select * from marketplace_events where event_id = $1',
      [eventId],
    )
  )[0]!;
const makeDue = (eventId: string) =>
  ctx.database.query(`update marketplace_events set next_attempt_at = '2000-01-01' where event_id = $1`, [eventId]);
const roleOf = async ({ tenantId, memberId }: Actor) =>
  (
    await inTenant(ctx, tenantId, ({ db }) =>
      db.query<{ role: string }>('select role from members where tenant_id = $1 and member_id = $2', [tenantId, memberId]),
    )
  )[0]?.role;
const ticket = (actor: Actor) =>
  createTicket(ctx, { ...actor, via: 'tab' }, { clientKey: randomUUID() }, NewTicket.parse({ title: 'A printer' }));

describe('activation', () => {
  test('a token names its purchase, a wrong one names none', async () => {
    const bought = buy(aBuyer());
    expect(await resolvePurchase(selling, bought.token)).toMatchObject({
      ok: true,
      value: { id: bought.id, status: 'PendingFulfillmentStart' },
    });
    expect(await resolvePurchase(selling, bought.token.replaceAll('+', ' '))).toEqual({
      ok: false,
      refusal: { code: 'purchase_token_invalid' },
    });
    api.habits.sparseResolve = true;
    expect(await resolvePurchase(selling, bought.token)).toMatchObject({ ok: true, value: { id: bought.id } });
  });

  test('the first buyer becomes owner, and the quota counts from the activation to local midnight of the anchor day', async () => {
    const buyer = aBuyer();
    await buyAndActivate(buyer);
    expect(await roleOf(buyer)).toBe('owner');
    expect(await counterOf(buyer.tenantId)).toEqual({
      used: 0,
      hard_limit: 10,
      period_start: clock.now(),
      period_end: new Date('2026-04-09T22:00:00.000Z'),
    });
  });

  test('any number of clicks, one after the other or at once, activate once', async () => {
    const buyer = aBuyer();
    const bought = buy(buyer);
    api.habits.readsUntilStarted = 2;
    const clicks = await Promise.all(Array.from({ length: 8 }, () => activateSubscription(ctx, selling, buyer, about(bought.id))));
    expect(clicks.every((click) => click.ok && click.value.status === 'Subscribed')).toBe(true);
    expect(await activateSubscription(ctx, selling, buyer, about(bought.id))).toMatchObject({ ok: true });
    expect(api.callsTo('POST', /activate$/)).toHaveLength(1);
    expect(await rowsOf(buyer.tenantId)).toEqual([{ status: 'Subscribed', plan_id: 'free', quantity: null, revision: 2 }]);
  });

  test('a plan and seats are stated as purchased, seats only where there are some', async () => {
    await buyAndActivate(aBuyer(), { planId: 'standard', quantity: 7 });
    await buyAndActivate(aBuyer(), { planId: 'standard' });
    expect(api.callsTo('POST', /activate$/).map(({ body }) => body)).toEqual([{ planId: 'standard', quantity: 7 }, { planId: 'standard' }]);
  });

  test.each([
    ['bareArrays', true],
    ['capitals', true],
    ['plainText', true],
    ['blanks', true],
    ['noTermDates', true],
  ] as const)('a marketplace with the habit %s is understood', async (habit, value) => {
    Object.assign(api.habits, { [habit]: value });
    const buyer = aBuyer();
    await buyAndActivate(buyer);
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(10);
  });

  test('what the marketplace finishes later is adopted later, without anybody asking', async () => {
    const buyer = aBuyer();
    const bought = buy(buyer);
    api.habits.readsUntilStarted = 1000;
    expect(await activateSubscription(ctx, selling, buyer, about(bought.id))).toMatchObject({
      ok: true,
      value: { status: 'PendingFulfillmentStart' },
    });
    api.subscriptions.get(bought.id)!.pendingReads = 0;
    await ctx.database.query(`update outbox set not_before = '2000-01-01' where payload ->> 'subscriptionId' = $1`, [bought.id]);
    expect(await rereadSubscriptions(ctx, selling)).toBe(1);
    expect((await rowsOf(buyer.tenantId))[0]).toMatchObject({ status: 'Subscribed' });
    expect(await rereadSubscriptions(ctx, selling)).toBe(0);
  });

  test('an activation that fails on the way is asked for again only after reading the state', async () => {
    const buyer = aBuyer();
    const bought = buy(buyer);
    // Twice the status, then the activation, which is lost.
    api.troubles.push(...([undefined, undefined, 500] as never[]));
    expect(await activateSubscription(ctx, selling, buyer, about(bought.id))).toMatchObject({ ok: true, value: { status: 'Subscribed' } });
    const paths = api.calls.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);
    expect(paths.slice(1, 5)).toEqual([`GET ${bought.id}`, 'POST activate', `GET ${bought.id}`, 'POST activate']);
  });

  test('a marketplace that does not answer is a refusal with its reason, and the next click succeeds', async () => {
    const buyer = aBuyer();
    const bought = buy(buyer);
    api.troubles.push(503, 503, 503);
    const refused = await activateSubscription(ctx, selling, buyer, about(bought.id));
    expect(refused).toEqual({ ok: false, refusal: { code: 'activation_failed', reason: 'marketplace_unavailable' } });
    expect(await activateSubscription(ctx, selling, buyer, about(bought.id))).toMatchObject({ ok: true });
  });

  test('a plan that is not in the catalog is refused by name and nothing is activated', async () => {
    const buyer = aBuyer();
    const bought = buy(buyer, { planId: 'mystery' });
    expect(await activateSubscription(ctx, selling, buyer, about(bought.id))).toEqual({
      ok: false,
      refusal: { code: 'plan_unknown', planId: 'mystery' },
    });
    expect(api.callsTo('POST', /activate$/)).toHaveLength(0);
    expect(await rowsOf(buyer.tenantId)).toEqual([]);
  });

  test('an ended purchase is refused, a suspended one is shown as it is', async () => {
    const buyer = aBuyer();
    const ended = buy(buyer, { status: 'Unsubscribed' });
    expect(await activateSubscription(ctx, selling, buyer, about(ended.id))).toEqual({
      ok: false,
      refusal: { code: 'activation_failed', reason: 'subscription_ended' },
    });
    const suspended = buy(buyer, { status: 'Suspended' });
    expect(await activateSubscription(ctx, selling, buyer, about(suspended.id))).toMatchObject({
      ok: true,
      value: { status: 'Suspended' },
    });
    expect(api.callsTo('POST', /activate$/)).toHaveLength(0);
  });

  test('a colleague and somebody of another organization cannot activate, whatever their address', async () => {
    const buyer = aBuyer();
    const bought = buy(buyer);
    for (const visitor of [aBuyer({ tenantId: buyer.tenantId, address: 'buyer@sample.example' }), aBuyer({ memberId: buyer.memberId })])
      expect(await activateSubscription(ctx, selling, visitor, about(bought.id))).toEqual({
        ok: false,
        refusal: { code: 'not_purchaser' },
      });
    expect(await rowsOf(buyer.tenantId)).toEqual([]);
  });

  test('a second buyer of an organization gets their subscription, not the organization', async () => {
    const owner = aBuyer();
    await buyAndActivate(owner);
    const second = aBuyer({ tenantId: owner.tenantId });
    const bought = buy(second);
    await activateSubscription(ctx, selling, second, { ...about(bought.id), organization: 'Renamed', timeZone: 'Asia/Tokyo' });
    expect(await roleOf(second)).toBeUndefined();
    const [tenant] = await inTenant(ctx, owner.tenantId, ({ db }) =>
      db.query<{ name: string }>('select name from tenants where tenant_id = $1', [owner.tenantId]),
    );
    expect(tenant!.name).toBe('Sample Logistics');
    expect((await counterOf(owner.tenantId)).hard_limit).toBe(20);
  });
});

describe('webhooks', () => {
  test('an upgrade raises the limit at once and the use goes on: 11 of 100, not 1', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    for (let made = 0; made < 10; made += 1) expect(await ticket(buyer)).toMatchObject({ ok: true });
    expect(await ticket(buyer)).toMatchObject({ ok: false, refusal: { code: 'quota_exhausted', limit: 10, used: 10 } });
    const { operation, answer, eventId } = await announce(bought.id, 'ChangePlan', { planId: 'standard' });
    expect(answer).toBe('accept');
    expect(operation.status).toBe('Succeeded');
    expect(api.callsTo('PATCH', /operations/).map(({ body }) => body)).toEqual([{ status: 'Success' }]);
    expect(await ticket(buyer)).toMatchObject({ ok: true });
    expect(await counterOf(buyer.tenantId)).toMatchObject({ used: 11, hard_limit: 100 });
    expect(await eventOf(eventId)).toMatchObject({ outcome: 'succeeded', applied_at: expect.any(Date) });
  });

  test('the operation is confirmed before anything is answered or changed', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const from = api.calls.length;
    await announce(bought.id, 'ChangePlan', { planId: 'standard' });
    expect(
      api.calls
        .slice(from)
        .map(({ method, path }) => `${method} ${path.includes('/operations/') ? 'operation' : 'subscription'}`)
        .slice(0, 2),
    ).toEqual(['GET operation', 'PATCH operation']);
  });

  test('when the operation names another plan than the webhook, the marketplace’s word counts', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const operation = api.begin(bought.id, 'ChangePlan', { planId: 'standard' });
    const { eventId } = await receive({ ...api.webhookOf(operation), planId: 'professional' });
    await applyMarketplaceEvent(ctx, selling, eventId);
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(100);
  });

  test('a webhook about nothing changes nothing: no such operation, or another subscription’s', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const other = await buyAndActivate(aBuyer());
    const foreign = api.begin(other.id, 'ChangePlan', { planId: 'standard' });
    for (const id of [randomUUID(), foreign.id]) {
      const { eventId } = await receive({ ...api.webhookOf(foreign), id, subscriptionId: bought.id });
      await applyMarketplaceEvent(ctx, selling, eventId);
    }
    expect(api.callsTo('PATCH', /operations/)).toHaveLength(0);
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(10);
  });

  test('actions in other words are those of their operations, and refused where those would be', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const differently = async (planId: string, event: string, operation: string) => {
      const begun = api.begin(bought.id, 'ChangePlan', { planId });
      api.habits.actionWord = operation;
      const { eventId, answer } = await receive({ ...api.webhookOf(begun), action: event });
      await applyMarketplaceEvent(ctx, selling, eventId);
      return [answer, begun.status, (await rowsOf(buyer.tenantId))[0]!.plan_id];
    };
    expect(await differently('nobody-sells-it', 'change_plan', 'CHANGE_PLAN')).toEqual(['refuse', 'Failed', 'free']);
    expect(await differently('standard', 'ChangePlan', 'PlanUpdate')).toEqual(['accept', 'Succeeded', 'standard']);
    expect(await differently('free', 'PlanUpdate', 'change-plan')).toEqual(['note', 'Succeeded', 'free']);
    api.habits.actionWord = null;
  });

  test('a change that takes its time is waited for', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    api.habits.readsUntilSettled = 3;
    await announce(bought.id, 'ChangePlan', { planId: 'premium' });
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(500);
  });

  test('a change that is still open after a while is taken up by the sweep', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    api.habits.readsUntilSettled = 1000;
    const { operation, eventId } = await announce(bought.id, 'ChangePlan', { planId: 'premium' });
    expect(await eventOf(eventId)).toMatchObject({ outcome: 'waiting', applied_at: null });
    operation.pendingReads = 0;
    expect(await applyPendingMarketplaceEvents(ctx, selling)).toBe(0);
    await makeDue(eventId);
    expect(await applyPendingMarketplaceEvents(ctx, selling)).toBe(1);
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(500);
    expect(api.callsTo('PATCH', /operations/)).toHaveLength(1);
  });

  test('a change settled by somebody else, 409, is read again and adopted', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const operation = api.begin(bought.id, 'ChangePlan', { planId: 'standard' });
    const { eventId } = await receive(api.webhookOf(operation));
    const settled = sellingAt(api);
    const acknowledge = settled.marketplace.acknowledge.bind(settled.marketplace);
    settled.marketplace.correlated = () => settled.marketplace;
    settled.marketplace.acknowledge = (...args) => {
      api.settle(operation);
      return acknowledge(...args);
    };
    await applyMarketplaceEvent(ctx, settled, eventId);
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(100);
  });

  test('a plan that we do not sell is refused, stays refused, and the marketplace’s change back is accepted', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const { operation, answer } = await announce(bought.id, 'ChangePlan', { planId: 'mystery' });
    expect(answer).toBe('refuse');
    expect(operation.status).toBe('Failed');
    expect(await receive(api.webhookOf(operation))).toMatchObject({ answer: 'refuse' });
    expect(await announce(bought.id, 'ChangePlan', { planId: 'free' })).toMatchObject({ answer: 'accept' });
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(10);
  });

  test('what the plan forbids is refused too: an add-on in its place, any change, a number beyond its bounds; what is forced is taken', async () => {
    const sold = { billing: 'marketplace', offerId: 'kontingent' } as const;
    const addon = await aDirectPlan(ctx, { ...sold, role: 'addon' });
    const rigid = await aDirectPlan(ctx, { ...sold, policies: { change: { allowed: 'none' } } });
    const seats = await aDirectPlan(ctx, { ...sold, policies: { quantity: { min: 2, max: 10 } } });
    const buyer = aBuyer();
    const planHeld = async () => (await rowsOf(buyer.tenantId))[0]!.plan_id;
    const bought = await buyAndActivate(buyer);

    const package_ = await announce(bought.id, 'ChangePlan', { planId: addon.planId });
    expect([package_.answer, package_.operation.status]).toEqual(['refuse', 'Failed']);
    expect(await planHeld()).toBe('free');

    // An operation wants what its webhook did not say.
    const bare = api.begin(bought.id, 'ChangePlan', { planId: addon.planId });
    const { eventId } = await receive({ ...api.webhookOf(bare), planId: undefined });
    await applyMarketplaceEvent(ctx, selling, eventId);
    expect(bare.status).toBe('Failed');

    // Put through against our word, it is held; and the way back is open.
    const forced = api.begin(bought.id, 'ChangePlan', { planId: addon.planId });
    expect(await receive(api.webhookOf(forced))).toMatchObject({ answer: 'refuse' });
    api.settle(forced);
    await applyMarketplaceEvent(ctx, selling, forced.id);
    expect(await planHeld()).toBe(addon.planId);
    expect(await announce(bought.id, 'ChangePlan', { planId: 'free' })).toMatchObject({
      answer: 'accept',
      operation: { status: 'Succeeded' },
    });
    expect(await planHeld()).toBe('free');

    const fixed = await buyAndActivate(aBuyer(), { planId: rigid.planId });
    const away = await announce(fixed.id, 'ChangePlan', { planId: 'standard' });
    expect([away.answer, away.operation.status]).toEqual(['refuse', 'Failed']);

    const admin = aBuyer();
    const licensed = await buyAndActivate(admin, { planId: seats.planId, quantity: 5 });
    for (const [quantity, status] of [
      [11, 'Failed'],
      [1, 'Failed'],
      [10, 'Succeeded'],
    ] as const) {
      const { answer, operation } = await announce(licensed.id, 'ChangeQuantity', { quantity });
      expect([quantity, answer, operation.status]).toEqual([quantity, status === 'Failed' ? 'refuse' : 'accept', status]);
    }
    // Seats of which the marketplace says nothing are still there; it takes a number to take them away.
    const seatsHeld = async () => (await rowsOf(admin.tenantId))[0]!.quantity;
    for (const [said, action, held] of [
      [null, 'Suspend', 10],
      [null, 'Reinstate', 10],
      [9, 'Renew', 9],
    ] as const) {
      api.subscriptions.get(licensed.id)!.quantity = said;
      await announce(licensed.id, action);
      expect([action, await seatsHeld()]).toEqual([action, held]);
    }
    const few = await aDirectPlan(ctx, { ...sold, policies: { quantity: { min: 1, max: 3 } } });
    const cramped = await announce(licensed.id, 'ChangePlan', { planId: few.planId });
    expect([cramped.answer, cramped.operation.status]).toEqual(['refuse', 'Failed']);
    const pressed = api.begin(licensed.id, 'ChangePlan', { planId: few.planId });
    expect(await receive(api.webhookOf(pressed))).toMatchObject({ answer: 'refuse' });
    api.settle(pressed);
    await applyMarketplaceEvent(ctx, selling, pressed.id);
    expect(await rowsOf(admin.tenantId)).toMatchObject([{ plan_id: few.planId, status: 'Subscribed' }]);
  });

  test('what was refused and then accepted as a change is no longer forced; a taking back does not count, nor what came before', async () => {
    const id = randomUUID();
    let day = 1;
    const event = (answer: 'accept' | 'refuse', action: string, payload: object) => {
      day += 1;
      const at = new Date(Date.UTC(2020, 0, day));
      return recordEvent(ctx.database, {
        ...{ eventId: randomUUID(), subscriptionId: id, action, payload, requestId: null, correlationId: null },
        ...{ receivedAt: at, answer, dueAt: at },
      });
    };
    const isForced = () => hasRefused(ctx.database, id.toUpperCase(), { planId: 'team' });
    await event('accept', 'ChangePlan', { planId: 'team', subscription: { planId: 'free' } });
    await event('refuse', 'change_plan', { planId: 'team' });
    expect(await isForced()).toBe(true);
    await event('accept', 'ChangePlan', { planId: 'team', subscription: { planId: 'team' } });
    await event('accept', 'ChangeQuantity', { planId: 'team', quantity: 2, subscription: { planId: 'free', quantity: 1 } });
    await event('accept', 'ChangePlan', { planId: 'team' });
    expect(await isForced()).toBe(true);
    await event('accept', 'ChangePlan', { planId: 'team', subscription: { planId: 'free' } });
    expect(await isForced()).toBe(false);
    // Forgotten together: what is left does not make it forced again.
    await ctx.database.query('update marketplace_events set applied_at = received_at where subscription_id = $1', [id]);
    await forgetEvents(ctx.database, new Date('2021-01-01'), 100);
    expect(await isForced()).toBe(false);
    await event('refuse', 'ChangePlan', { planId: 'team' });
    expect(await isForced()).toBe(true);
  });

  test('a plan that the marketplace put through all the same leaves the allowance as it was, and heals when it is published', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const operation = api.begin(bought.id, 'ChangePlan', { planId: 'late-plan' });
    api.settle(operation);
    const { eventId } = await receive(api.webhookOf(operation));
    await applyMarketplaceEvent(ctx, selling, eventId);
    expect(await eventOf(eventId)).toMatchObject({ outcome: 'plan_unknown', applied_at: null });
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(10);
    const catalog = await loadCatalog('plans/default.yaml');
    await publishPlans(ctx, { ...catalog, plans: [{ ...catalog.plans[1]!, id: 'late-plan' }] });
    await makeDue(eventId);
    await applyPendingMarketplaceEvents(ctx, selling);
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(100);
  });

  test('what stays open after a courtesy and what cannot be applied are not looked at for ever', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const ours = api.begin(bought.id, 'ChangePlan', { planId: 'standard' });
    Object.assign(ours, { source: 'Partner', pendingReads: 1_000 });
    const forced = api.begin(bought.id, 'ChangePlan', { planId: 'nobody-sells-it' });
    const stranger = buy(anActor({ tenantId: 'nobody' }), { status: 'Subscribed' });
    const ids: string[] = [];
    for (const operation of [ours, forced, api.begin(stranger.id, 'Renew')]) {
      if (operation === forced) api.settle(operation);
      const { eventId } = await receive(api.webhookOf(operation));
      ids.push(eventId);
      await applyMarketplaceEvent(ctx, selling, eventId);
      expect(await eventOf(eventId)).toMatchObject({ applied_at: null });
      await ctx.database.query(`update marketplace_events set attempts = 4, next_attempt_at = '2000-01-01' where event_id = $1`, [eventId]);
      await applyMarketplaceEvent(ctx, selling, eventId);
    }
    const closed = await Promise.all(ids.map(eventOf));
    expect(closed.map(({ applied_at, outcome }) => [applied_at !== null, outcome])).toEqual([
      [true, 'inprogress'],
      [true, 'plan_unknown'],
      [true, 'owner_unknown'],
    ]);
  });

  test('a suspension stops creating, a reinstatement brings back what was', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    expect(await ticket(buyer)).toMatchObject({ ok: true });
    const before = await counterOf(buyer.tenantId);
    await announce(bought.id, 'Suspend');
    expect(await ticket(buyer)).toMatchObject({ ok: false, refusal: { code: 'subscription_inactive', status: 'Suspended' } });
    await announce(bought.id, 'Reinstate');
    expect(await ticket(buyer)).toMatchObject({ ok: true });
    expect(await counterOf(buyer.tenantId)).toEqual({ ...before, used: 2 });
  });

  test('a forced change to a smaller plan leaves the use above the limit and refuses only what is new', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer, { planId: 'standard' });
    for (let made = 0; made < 11; made += 1) await ticket(buyer);
    await announce(bought.id, 'ChangePlan', { planId: 'free' });
    expect(await counterOf(buyer.tenantId)).toMatchObject({ used: 11, hard_limit: 10 });
    expect(await ticket(buyer)).toMatchObject({ ok: false, refusal: { code: 'quota_exhausted', used: 11, limit: 10 } });
  });

  test('an ended subscription is never alive again; a new purchase after the gap starts a new period at zero', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    await ticket(buyer);
    await announce(bought.id, 'Unsubscribe');
    api.subscriptions.get(bought.id)!.status = 'Subscribed';
    await announce(bought.id, 'Renew');
    expect(await rowsOf(buyer.tenantId)).toMatchObject([{ status: 'Unsubscribed' }]);
    clock.advance({ days: 3 });
    await buyAndActivate(buyer);
    expect(await counterOf(buyer.tenantId)).toMatchObject({ used: 0, hard_limit: 10, period_start: clock.now() });
  });

  test('a second subscription adds to the running period, and the anchor stays while one of them lives', async () => {
    const buyer = aBuyer();
    const first = await buyAndActivate(buyer);
    const { period_start } = await counterOf(buyer.tenantId);
    clock.advance({ days: 2 });
    await buyAndActivate(buyer, { planId: 'standard' });
    await announce(first.id, 'Unsubscribe');
    expect(await counterOf(buyer.tenantId)).toMatchObject({ period_start, hard_limit: 100 });
  });

  test('unknown actions, foreign fields and the smallest Subscribe are accepted', async () => {
    const buyer = aBuyer();
    const bought = buy(buyer, { status: 'Subscribed', termStart: '2026-03-10' });
    const smallest = {
      id: randomUUID(),
      activityId: randomUUID(),
      operationRequestSource: 'Partner',
      subscriptionId: bought.id,
      action: 'Subscribe',
    };
    const { eventId, answer } = await receive(smallest);
    expect(answer).toBe('accept');
    await applyMarketplaceEvent(ctx, selling, eventId);
    expect(await rowsOf(buyer.tenantId)).toMatchObject([{ status: 'Subscribed' }]);
    const unknown = await receive({ ...smallest, id: randomUUID(), action: 'Transfer', nul: 'a\u0000b\ud800c' });
    expect(unknown.answer).toBe('note');
    await applyMarketplaceEvent(ctx, selling, unknown.eventId);
    expect(await eventOf(unknown.eventId)).toMatchObject({ outcome: 'noted' });
  });

  test('the same event many times at once is recorded once, answered alike and acknowledged once', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const operation = api.begin(bought.id, 'ChangePlan', { planId: 'standard' });
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const { eventId, answer } = await receive(api.webhookOf(operation));
        await applyMarketplaceEvent(ctx, selling, eventId);
        return answer;
      }),
    );
    expect(new Set(answers)).toEqual(new Set(['accept']));
    expect(api.callsTo('PATCH', /operations/)).toHaveLength(1);
    expect(await rowsOf(buyer.tenantId)).toEqual([{ status: 'Subscribed', plan_id: 'standard', quantity: null, revision: 3 }]);
  });

  test('a marketplace that is away leaves the event to the sweep', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const operation = api.begin(bought.id, 'ChangePlan', { planId: 'standard' });
    const { eventId } = await receive(api.webhookOf(operation));
    api.troubles.push(...Array.from({ length: 40 }, () => 503));
    await applyMarketplaceEvent(ctx, selling, eventId);
    expect(await eventOf(eventId)).toMatchObject({ outcome: 'marketplace_unavailable', applied_at: null });
    api.troubles.length = 0;
    await makeDue(eventId);
    await applyPendingMarketplaceEvents(ctx, selling);
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(100);
  });

  const ACTIONS = ['ChangePlan', 'Suspend', 'Reinstate', 'Unsubscribe'];
  test.each(permutations(ACTIONS).map((order) => [order.join(', '), order]))(
    'delivered as %s, twice and late, four events end in the marketplace’s own state',
    async (_name, order) => {
      const buyer = aBuyer();
      const bought = await buyAndActivate(buyer);
      const webhooks = new Map<string, Record<string, unknown>>();
      for (const action of ACTIONS) {
        const operation = api.begin(bought.id, action, action === 'ChangePlan' ? { planId: 'standard' } : {});
        api.settle(operation);
        webhooks.set(action, api.webhookOf(operation));
      }
      for (const action of [...order, order[0]!]) {
        const { eventId } = await receive(webhooks.get(action)!);
        await applyMarketplaceEvent(ctx, selling, eventId);
      }
      expect(await rowsOf(buyer.tenantId)).toMatchObject([{ status: 'Unsubscribed', plan_id: 'standard' }]);
    },
  );
});

describe('repair', () => {
  test('what every webhook failed to say is adopted from the list, over all of its pages', async () => {
    const buyers = Array.from({ length: 5 }, () => aBuyer());
    const bought = await Promise.all(buyers.map((buyer) => buyAndActivate(buyer)));
    for (const { id } of bought) api.subscriptions.get(id)!.planId = 'standard';
    Object.assign(api.habits, { pageSize: 2, linkHost: 'main.elsewhere.example' });
    expect(await reconcileSubscriptions(ctx, selling)).toEqual({ seen: 5, repaired: 5 });
    expect(await reconcileSubscriptions(ctx, selling)).toEqual({ seen: 5, repaired: 0 });
    for (const { tenantId } of buyers) expect((await counterOf(tenantId)).hard_limit).toBe(100);
  });

  test('purchases of the publisher’s other offers stay unknown; those of the preview are ours', async () => {
    const [other, preview, mystery] = [aBuyer(), aBuyer(), aBuyer()];
    buy(other, { offerId: 'another-product' });
    buy(preview, { offerId: 'kontingent-preview' });
    buy(mystery, { planId: 'mystery' });
    expect(await reconcileSubscriptions(ctx, selling)).toEqual({ seen: 3, repaired: 1 });
    expect(await rowsOf(preview.tenantId)).toMatchObject([{ status: 'PendingFulfillmentStart' }]);
    expect(await rowsOf(other.tenantId)).toEqual([]);
    expect(await rowsOf(mystery.tenantId)).toEqual([]);
  });

  test('an empty list and a bare array are lists', async () => {
    expect(await reconcileSubscriptions(ctx, selling)).toEqual({ seen: 0, repaired: 0 });
    api.habits.bareArrays = true;
    buy(aBuyer());
    expect(await reconcileSubscriptions(ctx, selling)).toEqual({ seen: 1, repaired: 1 });
  });

  test('an answer that was asked for earlier never replaces a later one', async () => {
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const old = (await selling.marketplace.getSubscription(bought.id))!;
    const askedAt = new Date(Date.now() - 60_000);
    await announce(bought.id, 'ChangePlan', { planId: 'standard' });
    expect(await adoptSnapshot(ctx, old, askedAt, { name: 'reconcile', actor: null })).toEqual({ outcome: 'stale' });
    expect((await counterOf(buyer.tenantId)).hard_limit).toBe(100);
  });
});

function permutations(words: string[]): string[][] {
  if (words.length <= 1) return [words];
  return words.flatMap((word, index) => permutations(words.toSpliced(index, 1)).map((rest) => [word, ...rest]));
}

test('a purchase of another offer of the publisher is not activated, though its plan is called as one of ours', async () => {
  const buyer = aBuyer();
  const bought = buy(buyer, { offerId: 'some-cheaper-offer', planId: 'premium' });
  expect(await activateSubscription(ctx, selling, buyer, about(bought.id))).toMatchObject({ ok: false, refusal: { code: 'plan_unknown' } });
  const preview = buy(buyer, { offerId: 'kontingent-preview', planId: 'premium' });
  expect(await activateSubscription(ctx, selling, buyer, about(preview.id))).toMatchObject({ ok: true });
});

describe('a plan that is billed directly', () => {
  const logged = () => {
    const lines: string[] = [];
    const log = createLogger('info', { write: (line: string) => void lines.push(line) });
    return { log, errors: () => lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50) };
  };

  test('is none that a marketplace purchase can be of: refused like an unknown one, and the log says why', async () => {
    const { planId, offerId } = await aDirectPlan(ctx, { offerId: 'kontingent' });
    const buyer = aBuyer();
    const bought = buy(buyer, { planId });
    const { log, errors } = logged();
    expect(await activateSubscription({ ...ctx, log }, selling, buyer, about(bought.id))).toEqual({
      ok: false,
      refusal: { code: 'plan_unknown', planId },
    });
    expect(errors()).toMatchObject([{ subscriptionId: bought.id, offerId, planId, plan: 'billed_directly' }]);
    expect(api.callsTo('POST', /activate$/)).toHaveLength(0);
    expect(await rowsOf(buyer.tenantId)).toEqual([]);
  });

  test('is none that a marketplace purchase can change to: the webhook and the operation are refused', async () => {
    const { planId } = await aDirectPlan(ctx, { offerId: 'kontingent' });
    const buyer = aBuyer();
    const bought = await buyAndActivate(buyer);
    const { operation, answer, eventId } = await announce(bought.id, 'ChangePlan', { planId });
    expect(answer).toBe('refuse');
    expect(operation.status).toBe('Failed');
    expect(await eventOf(eventId)).toMatchObject({ answer: 'refuse' });
    expect(await rowsOf(buyer.tenantId)).toMatchObject([{ plan_id: 'free' }]);

    // An operation wants what its webhook did not say.
    const later = api.begin(bought.id, 'ChangePlan', { planId });
    const { eventId: bare } = await receive({ ...api.webhookOf(later), planId: undefined });
    await applyMarketplaceEvent(ctx, selling, bare);
    expect(later.status).toBe('Failed');
    expect(await rowsOf(buyer.tenantId)).toMatchObject([{ plan_id: 'free' }]);
  });
});
