import { runOutbox } from '../../../src/features/outbox/outbox';
import { cancelSubscription } from '../../../src/features/plan-changes/cancel-subscription';
import { loadCatalog } from '../../../src/features/plans/catalog';
import { publishPlans } from '../../../src/features/plans/publish-plans';
import { endingOf } from '../../../src/features/subscriptions/account-ending';
import { adoptSnapshot } from '../../../src/features/subscriptions/adopt-snapshot';
import { CANCEL_PURCHASE, cancelFromAccount, sendCancellation } from '../../../src/features/subscriptions/cancel-purchase';
import { mySubscriptions } from '../../../src/features/subscriptions/list-subscriptions';
import { type MarketplaceSubscription, MarketplaceUnavailable, type Selling } from '../../../src/features/subscriptions/marketplace.port';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { unwrap } from '../../support/acts';
import { TestClock, testContext } from '../../support/database';
import { anActor } from '../../support/tenant';
import { Truth } from '../../support/truth';

let ctx: Context;
let clock: TestClock;
let truth: Truth;

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
});
beforeEach(() => {
  truth = new Truth(1);
  clock.set('2026-03-10T09:00:00.000Z');
});

/** An organization whose owner has just bought a plan. */
async function aPurchase(given: Partial<MarketplaceSubscription> = {}) {
  const owner = anActor({ via: 'account' });
  const person = { tenantId: owner.tenantId, objectId: owner.memberId, address: null };
  const bought = truth.buy({ planId: 'standard', purchaser: person, beneficiary: person, purchasedAt: ctx.now(), ...given });
  const also = async () => {};
  await adoptSnapshot(ctx, bought, truth.selling.realTime.now(), { name: 'activate', actor: owner.memberId, also });
  const staff = async (role: string, person: Actor) => {
    await inTenant(ctx, owner.tenantId, ({ db }) =>
      db.query(`insert into members (tenant_id, member_id, name, role, created_at, last_active_at) values ($1, $2, $3, $4, $5, $5)`, [
        owner.tenantId,
        person.memberId,
        person.name,
        role,
        ctx.now(),
      ]),
    );
    return person;
  };
  await staff('owner', owner);
  const shown = async () => unwrap(await mySubscriptions(ctx, owner)).items[0]!;
  const { id } = await shown();
  const colleague = (role: string) => staff(role, anActor({ tenantId: owner.tenantId }));
  return { owner, bought, id, shown, colleague };
}

const cancel = (actor: Actor, id: string, consent: 'cancel_with_refund' | 'cancel_without_refund' | null) =>
  cancelSubscription(ctx, actor, id, { consent });
/** What the outbox does, once. */
const send = ({ tenantId }: Actor, subscriptionId: string) =>
  sendCancellation(ctx, truth.selling, { id: ctx.newId(), tenantId, topic: CANCEL_PURCHASE, payload: { subscriptionId } });
const asked = async ({ tenantId }: Actor) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query('select state, consent, asked_by, asked_at, outcome from cancellations where tenant_id = $1 order by asked_at', [tenantId]),
  );
const cancels = () => [...truth.operations.values()].filter(({ action }) => action === 'Unsubscribe');

test('TW-23: 72 hours to the second after the purchase it is cancelled, with the consent kept, and ends when the marketplace says so', async () => {
  const { owner, id, shown } = await aPurchase();
  clock.advance({ hours: 72 });
  expect(await shown()).toMatchObject({ cancellation: { offer: 'cancel_with_refund' }, cancellationAskedAt: null });
  expect(await cancel(owner, id, 'cancel_with_refund')).toEqual({ ok: true, value: null });
  expect(await shown()).toMatchObject({ status: 'Subscribed', cancellationAskedAt: expect.any(String) });
  await expect(send(owner, id)).rejects.toThrow('not now');
  await send(owner, id);
  expect(await shown()).toMatchObject({ status: 'Unsubscribed', cancellation: null });
  expect(await asked(owner)).toEqual([
    { state: 'done', consent: 'cancel_with_refund', asked_by: owner.memberId, asked_at: ctx.now(), outcome: 'cancel' },
  ]);
});

test('TW-24: a second later it is refused and nothing is asked', async () => {
  const { owner, id } = await aPurchase();
  clock.advance({ hours: 72, seconds: 1 });
  const refused = await cancel(owner, id, 'cancel_with_refund');
  expect(refused).toMatchObject({
    ok: false,
    refusal: { code: 'cancellation_window_closed', refundableUntil: '2026-03-13T09:00:00.000Z' },
  });
  expect(await asked(owner)).toEqual([]);
});

test('what was agreed to as refundable is not sent after the window has passed: nobody pays for our delay', async () => {
  const { owner, id, shown } = await aPurchase();
  clock.advance({ hours: 72 });
  await cancel(owner, id, 'cancel_with_refund');
  clock.advance({ seconds: 1 });
  await send(owner, id);
  expect(cancels()).toEqual([]);
  expect(await shown()).toMatchObject({ status: 'Subscribed', cancellationAskedAt: null });
  expect(await asked(owner)).toMatchObject([{ state: 'refused', outcome: 'window_closed' }]);
});

test('asked any number of times, at once or again, the marketplace is asked once', async () => {
  const { owner, id } = await aPurchase();
  await Promise.all(Array.from({ length: 4 }, () => cancel(owner, id, 'cancel_with_refund')));
  expect(await asked(owner)).toHaveLength(1);
  await send(owner, id).catch(() => {});
  await send(owner, id).catch(() => {});
  await cancel(owner, id, 'cancel_with_refund');
  await send(owner, id);
  expect(cancels()).toHaveLength(1);
});

/** As the job does, with time going on until so many minutes are over. */
async function tryFor(minutes: number, selling: Selling, real: TestClock): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    await runOutbox(ctx, { [CANCEL_PURCHASE]: (event) => sendCancellation(ctx, selling, event) }, real);
    real.advance({ minutes: 1 });
  }
}

test('a marketplace that is away for hours loses no cancellation, and time that it asks for is given', async () => {
  await ctx.database.query('delete from outbox where topic = $1', [CANCEL_PURCHASE]);
  const { owner, id, bought } = await aPurchase();
  let looks = 0;
  const getSubscription = () => {
    looks += 1;
    return Promise.reject(new MarketplaceUnavailable('down', 3_600_000));
  };
  const correlated = () => ({ ...truth.selling.marketplace, getSubscription });
  const away = { ...truth.selling, marketplace: { ...truth.selling.marketplace, correlated } } as unknown as Selling;
  const real = new TestClock(ctx.now());
  await cancel(owner, id, 'cancel_with_refund');
  await tryFor(20 * 60, away, real);
  expect(looks).toBeGreaterThan(12);
  expect(looks).toBeLessThanOrEqual(20);
  expect(await asked(owner)).toMatchObject([{ state: 'open' }]);
  await tryFor(90, truth.selling, real);
  expect(cancels()).toHaveLength(1);
  expect(truth.subscriptions.get(bought.id)).toMatchObject({ status: 'Unsubscribed' });
  expect(await asked(owner)).toMatchObject([{ state: 'done' }]);
});

test('what a fault of ours ended is sent again when somebody asks again, and is still one cancellation', async () => {
  const { owner, id } = await aPurchase();
  const states = () =>
    ctx.database.query('select state, attempts from outbox where topic = $1 and tenant_id = $2', [CANCEL_PURCHASE, owner.tenantId]);
  await cancel(owner, id, 'cancel_with_refund');
  await cancel(owner, id, 'cancel_with_refund');
  expect(await states()).toEqual([{ state: 'queued', attempts: 0 }]);
  await ctx.database.query(`update outbox set state = 'given_up', attempts = 12 where tenant_id = $1`, [owner.tenantId]);
  await cancel(owner, id, 'cancel_with_refund');
  expect(await states()).toEqual([{ state: 'queued', attempts: 0 }]);
  expect(await asked(owner)).toHaveLength(1);
});

test('an end that is under way without a number of ours is followed, not asked for again nor taken for too late', async () => {
  const { owner, bought, id, shown } = await aPurchase();
  await cancel(owner, id, 'cancel_with_refund');
  const operation = { ...truth.happen(bought.id, { action: 'Note' }), action: 'unsubscribe', status: 'InProgress' as const };
  truth.operations.set(operation.id, operation);
  clock.advance({ hours: 73 });
  await expect(send(owner, id)).rejects.toThrow('not now');
  expect(cancels()).toEqual([]);
  expect(await shown()).toMatchObject({ status: 'Subscribed', cancellationAskedAt: expect.any(String) });
  truth.operations.set(operation.id, { ...operation, status: 'Failed' });
  await send(owner, id);
  expect(await asked(owner)).toMatchObject([{ state: 'refused', outcome: 'failed_at_marketplace' }]);
});

/** Takes a cancellation without a word of what it became. */
const silent = (): Selling => {
  const cancel = async (externalId: string) => {
    truth.happen(externalId, { action: 'Note' });
    return { operationId: null };
  };
  const correlated = () => ({ ...truth.selling.marketplace, cancel });
  return { ...truth.selling, marketplace: { ...truth.selling.marketplace, correlated } } as unknown as Selling;
};
const sends = () => [...truth.operations.values()].filter(({ action }) => action === 'Note');
const sendTo = (selling: Selling, { tenantId }: Actor, subscriptionId: string) =>
  sendCancellation(ctx, selling, { id: ctx.newId(), tenantId, topic: CANCEL_PURCHASE, payload: { subscriptionId } });

test('TW-23, G6: taken in time without a name, it is neither too late a moment later nor asked for again', async () => {
  const { owner, bought, id } = await aPurchase();
  await cancel(owner, id, 'cancel_with_refund');
  clock.advance({ hours: 71, minutes: 59 });
  const selling = silent();
  for (let look = 0; look < 3; look += 1) {
    await expect(sendTo(selling, owner, id)).rejects.toThrow('not now');
    clock.advance({ minutes: 1 });
  }
  clock.advance({ hours: 2 });
  await expect(sendTo(selling, owner, id)).rejects.toThrow('not now');
  expect(sends()).toHaveLength(1);
  expect(await asked(owner)).toMatchObject([{ state: 'open' }]);
  truth.happen(bought.id, { action: 'Unsubscribe' });
  await sendTo(selling, owner, id);
  expect(await asked(owner)).toMatchObject([{ state: 'done' }]);
});

test.each(['forgotten', 'never named'])(
  'G6: one whose operation is %s ends as lost after a day, and can be asked for anew',
  async (what) => {
    const { owner, bought, id, shown } = await aPurchase({ isFreeTrial: true, purchasedAt: new Date('2026-01-01T00:00:00.000Z') });
    await cancel(owner, id, 'cancel_without_refund');
    const selling = what === 'forgotten' ? truth.selling : silent();
    truth.isDeaf = what === 'forgotten';
    let hours = 0;
    while ((await shown()).cancellationAskedAt !== null && hours < 48) {
      await sendTo(selling, owner, id).catch(() => {});
      if (truth.isDeaf) truth.operations.clear();
      clock.advance({ hours: 1 });
      hours += 1;
    }
    expect(hours).toBeGreaterThan(24);
    expect(hours).toBeLessThan(30);
    expect(await asked(owner)).toMatchObject([{ state: 'lost', outcome: 'lost_at_marketplace' }]);
    if (!truth.isDeaf) expect(sends()).toHaveLength(3);
    const failed = { as: 'lost', askedAt: expect.any(String) };
    expect(await endingOf(ctx, bought.id)).toMatchObject({ askedAt: null, failed, offer: 'cancel_without_refund' });
    expect(await cancel(owner, id, 'cancel_without_refund')).toMatchObject({ ok: true });
    expect(await asked(owner)).toMatchObject([{ state: 'lost' }, { state: 'open' }]);
    expect(await endingOf(ctx, bought.id)).toMatchObject({ askedAt: expect.any(String), failed: null });
  },
);

test('a change that is under way is waited for', async () => {
  const { owner, bought, id, shown } = await aPurchase();
  await cancel(owner, id, 'cancel_with_refund');
  truth.isBusy = true;
  await expect(send(owner, id)).rejects.toThrow('not now');
  expect(await shown()).toMatchObject({ status: 'Subscribed', cancellationAskedAt: expect.any(String) });
  truth.isBusy = false;
  await expect(send(owner, id)).rejects.toThrow('not now');
  await send(owner, id);
  expect(truth.subscriptions.get(bought.id)).toMatchObject({ status: 'Unsubscribed' });
});

test('a suspended purchase can be cancelled, and one that has ended stays as it is', async () => {
  const { owner, bought, id } = await aPurchase({ status: 'Suspended' });
  expect(await cancel(owner, id, 'cancel_with_refund')).toMatchObject({ ok: true });
  truth.happen(bought.id, { action: 'Unsubscribe' });
  await send(owner, id);
  expect(await cancel(owner, id, null)).toMatchObject({ ok: true });
  expect(await asked(owner)).toHaveLength(1);
});

test('what a partner sold is refused in words of its own', async () => {
  const { owner, id } = await aPurchase({ allowedOperations: ['Read'] });
  expect(await cancel(owner, id, 'cancel_with_refund')).toMatchObject({ ok: false, refusal: { reason: 'by_partner' } });
});

test('owners and admins may; members, agents, and other organizations may not', async () => {
  const { owner, bought, id, colleague } = await aPurchase();
  for (const role of ['member', 'agent', 'viewer']) {
    const person = await colleague(role);
    expect(await cancel(person, id, 'cancel_with_refund')).toMatchObject({ refusal: { code: 'not_allowed' } });
    expect(await cancelFromAccount(ctx, person, bought.id, 'cancel_with_refund')).toMatchObject({ refusal: { code: 'not_allowed' } });
  }
  const { owner: stranger } = await aPurchase();
  expect(await cancel(stranger, id, 'cancel_with_refund')).toMatchObject({ refusal: { code: 'subscription_not_found' } });
  expect(await cancelFromAccount(ctx, stranger, bought.id, 'cancel_with_refund')).toMatchObject({
    refusal: { code: 'subscription_not_found' },
  });
  expect(await asked(owner)).toEqual([]);
  expect(await cancel(await colleague('admin'), id, 'cancel_with_refund')).toMatchObject({ ok: true });
});

test('the buyer may on the account page, though they own nothing of the organization', async () => {
  const { owner, bought } = await aPurchase();
  await inTenant(ctx, owner.tenantId, ({ db }) => db.query(`update members set role = 'member' where tenant_id = $1`, [owner.tenantId]));
  expect(await cancelFromAccount(ctx, owner, bought.id.toUpperCase(), 'cancel_with_refund')).toMatchObject({ ok: true });
  expect(await asked(owner)).toMatchObject([{ asked_by: owner.memberId }]);
});
