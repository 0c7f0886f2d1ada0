import { randomUUID } from 'node:crypto';
import type { NewContract } from '../../../src/contract/subscriptions';
import { buyContract } from '../../../src/features/subscriptions/buy-contract';
import {
  type BillStart,
  changeContract,
  dueContracts,
  endContract,
  lockContract,
  nextTermOf,
  type OnEnd,
} from '../../../src/features/subscriptions/contracts';
import { describeMe } from '../../../src/features/subscriptions/describe-me';
import { mySubscriptions } from '../../../src/features/subscriptions/list-subscriptions';
import { lockTenant } from '../../../src/features/tenants/tenants';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant, type TxContext } from '../../../src/platform/context';
import { aTicket, key, refusalOf, unwrap } from '../../support/acts';
import { aDirectPlan, consentTo } from '../../support/contracts';
import { type TestClock, testContext } from '../../support/database';
import { roleOf } from '../../support/people';
import { anActor, aTenant } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
beforeEach(async () => {
  ({ ctx, clock } = await testContext({ now: '2026-01-31T10:00:00.000Z' }));
});

const noBill: BillStart = async () => {};
const noEndBill: OnEnd = async () => {};
const held = async (tx: TxContext, { tenantId }: { tenantId: string }) => (await lockTenant(tx.db, tenantId))!;
const LINKS = { accountUrl: 'https://kontingent.example/account', supportContact: 'support@kontingent.example' };
const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'de', timeZone: 'Europe/Berlin' } as const;
const orderOf = (given: Partial<NewContract> & { planId: string }): NewContract => ({
  term: 'P1M',
  quantity: null,
  consent: null,
  organization: null,
  ...given,
});
const buy = (actor: Actor, order: NewContract, clientKey?: string, bill = noBill) => buyContract(ctx, actor, key(clientKey), order, bill);

/** Every row that a purchase could have written. */
const rowsOf = (tenantId: string) =>
  inTenant(ctx, tenantId, async ({ db }) => {
    const counts: Record<string, number> = {};
    for (const table of [
      'tenants',
      'members',
      'subscriptions',
      'subscription_log',
      'grants',
      'usage_counters',
      'audit_log',
      'operations',
    ]) {
      const [row] = await db.query<{ count: number }>(`select count(*)::int as count from ${table} where tenant_id = $1`, [tenantId]);
      counts[table] = row!.count;
    }
    return counts;
  });

describe('buying here', () => {
  test('the first buyer of an organization becomes its owner and can work at once, in the term and zone of the organization', async () => {
    const plan = await aDirectPlan(ctx);
    const buyer = anActor();
    const { record, replayed } = unwrap(await buy(buyer, orderOf({ planId: plan.planId, consent: consentTo(plan), organization })));
    expect(replayed).toBe(false);
    expect(record).toMatchObject({
      source: 'direct',
      status: 'Subscribed',
      planId: plan.planId,
      planVersion: 1,
      termStart: '2026-01-31T10:00:00.000Z',
      termEnd: '2026-02-27T23:00:00.000Z',
      autoRenew: true,
      parentId: null,
    });
    const me = unwrap(await describeMe(ctx, buyer, LINKS));
    expect(me).toMatchObject({
      organization: 'Sample Works',
      timeZone: 'Europe/Berlin',
      member: { role: 'owner' },
      may: { managePlan: true },
    });
    unwrap(await createTicket(ctx, buyer, key(), aTicket()));
    const [counter] = await inTenant(ctx, buyer.tenantId, ({ db }) =>
      db.query('select used::int, granted::int, period_end from usage_counters where tenant_id = $1 and meter = $2', [
        buyer.tenantId,
        'tickets',
      ]),
    );
    expect(counter).toEqual({ used: 1, granted: 100, period_end: new Date('2026-02-27T23:00:00Z') });
  });

  test('the same key buys once, and the answer is the first one; the key with another order is a conflict', async () => {
    const plan = await aDirectPlan(ctx);
    const buyer = anActor();
    const order = orderOf({ planId: plan.planId, consent: consentTo(plan) });
    const bills: string[] = [];
    const bill: BillStart = async (_tx, _tenant, { contract }) => void bills.push(contract.subscriptionId);
    const first = unwrap(await buy(buyer, order, 'the-same-key', bill));
    await aDirectPlan(ctx, { planId: plan.planId, prices: [{ term: 'P1M', currency: 'EUR', minor: 9900, per: 'subscription' }] });
    clock.advance({ days: 40 });
    const again = unwrap(await buy(buyer, order, 'the-same-key', bill));
    expect(again).toEqual({ record: { ...first.record, cancellation: again.record.cancellation }, replayed: true });
    expect(bills).toEqual([first.record.id]);
    expect(refusalOf(await buy(buyer, { ...order, term: 'P1Y' }, 'the-same-key'))).toEqual({ code: 'idempotency_conflict' });
  });

  test('several at once: one owner, and who comes later needs the right to manage the plan', async () => {
    const plan = await aDirectPlan(ctx);
    const tenantId = randomUUID();
    const order = orderOf({ planId: plan.planId, consent: consentTo(plan) });
    const results = await Promise.all([1, 2, 3, 4].map(() => buy(anActor({ tenantId }), order)));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    for (const result of results.filter(({ ok }) => !ok)) expect(refusalOf(result)).toEqual({ code: 'not_allowed', needs: 'manage_plan' });
    expect(await rowsOf(tenantId)).toMatchObject({ subscriptions: 1 });
  });

  test('members and agents buy nothing; admins do, and become no owner by it', async () => {
    const plan = await aDirectPlan(ctx);
    const tenant = await aTenant(ctx);
    const order = orderOf({ planId: plan.planId, consent: consentTo(plan) });
    for (const role of ['member', 'agent', 'viewer'] as const)
      expect(refusalOf(await buy(await tenant.member(role), order))).toEqual({ code: 'not_allowed', needs: 'manage_plan' });
    const admin = await tenant.member('admin');
    unwrap(await buy(admin, order));
    expect(await roleOf(ctx, admin)).toBe('admin');
  });

  test('an organization may hold several, beside what it bought from the marketplace; their allowances add up', async () => {
    const [one, other] = [await aDirectPlan(ctx), await aDirectPlan(ctx, { offerId: 'another-direct' })];
    const tenant = await aTenant(ctx, { limits: { tickets: 10 } });
    for (const plan of [one, other]) unwrap(await buy(tenant.owner, orderOf({ planId: plan.planId, consent: consentTo(plan) })));
    const { items } = unwrap(await mySubscriptions(ctx, tenant.owner));
    expect(items.map(({ source }) => source).sort()).toEqual(['direct', 'direct', 'marketplace']);
    const [counter] = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query('select granted::int from usage_counters where tenant_id = $1 and meter = $2', [tenant.tenantId, 'tickets']),
    );
    expect(counter).toEqual({ granted: 210 });
  });

  test('of one offer nobody buys a second plan, by another key or as another person: it would be billed beside the first', async () => {
    const [plan, larger] = [await aDirectPlan(ctx), await aDirectPlan(ctx)];
    const tenant = await aTenant(ctx);
    const admin = await tenant.member('admin');
    const { record } = unwrap(await buy(tenant.owner, orderOf({ planId: plan.planId, consent: consentTo(plan) })));
    const before = await rowsOf(tenant.tenantId);
    const refusal = { code: 'base_plan_owned', ownedPlanId: plan.planId, subscriptionId: record.id };
    for (const [actor, wanted] of [
      [tenant.owner, plan],
      [admin, larger],
    ] as const)
      expect(refusalOf(await buy(actor, orderOf({ planId: wanted.planId, consent: consentTo(wanted) })))).toEqual({
        ...refusal,
        planId: wanted.planId,
      });
    expect(await rowsOf(tenant.tenantId)).toEqual(before);
  });

  test('an addition hangs on its plan and ends with it', async () => {
    const plan = await aDirectPlan(ctx);
    const addon = await aDirectPlan(ctx, { role: 'addon' });
    const buyer = anActor();
    const orders = [plan, addon].map((one) => orderOf({ planId: one.planId, consent: consentTo(one) }));
    expect(refusalOf(await buy(buyer, orders[1]!))).toEqual({ code: 'base_plan_missing', planId: addon.planId });
    expect(await rowsOf(buyer.tenantId)).toMatchObject({ tenants: 0, members: 0 });
    const base = unwrap(await buy(buyer, orders[0]!)).record;
    const package_ = unwrap(await buy(buyer, orders[1]!)).record;
    expect(package_.parentId).toBe(base.id);
    expect(refusalOf(await buy(buyer, orders[1]!))).toMatchObject({ code: 'addon_owned', owned: 1 });
    const billed: string[] = [];
    const billEnd: OnEnd = async (_tx, _tenant, { subscriptionId, status }) => void billed.push(`${status} ${subscriptionId}`);
    await inTenant(ctx, buyer.tenantId, async (tx) =>
      endContract(tx, await held(tx, buyer), base.id, 'now', { name: 'end', actor: 'x', via: 'test' }, billEnd, ctx.now()),
    );
    expect(billed).toEqual([`Subscribed ${package_.id}`, `Subscribed ${base.id}`]);
    const { items } = unwrap(await mySubscriptions(ctx, buyer));
    expect(items.map(({ status }) => status)).toEqual(['Unsubscribed', 'Unsubscribed']);
  });
});

describe('an order that cannot be taken is refused with its facts and writes nothing', () => {
  const wrong: [string, (planId: string) => Partial<NewContract>, object][] = [
    ['of an unknown plan', () => ({ planId: 'nothing-like-it' }), { code: 'plan_unknown', planId: 'nothing-like-it' }],
    ['for a term it has not', () => ({ term: 'P1Y' }), { code: 'term_unknown', term: 'P1Y', terms: ['P1M'] }],
    ['of a number where none is sold', () => ({ quantity: 5 }), { code: 'quantity_out_of_bounds', quantity: 5, min: 1, max: 1 }],
    ['without consent to its price', () => ({ consent: null }), { code: 'consent_missing', of: 'purchase' }],
    [
      'with consent to another price',
      () => ({ consent: { version: 1, currency: 'EUR', minor: 5899 } }),
      { code: 'price_changed', version: 1, currency: 'EUR', minor: 5900, per: 'subscription' },
    ],
    [
      'with consent to a version that is not the newest',
      () => ({ consent: { version: 0, currency: 'EUR', minor: 5900 } }),
      { code: 'price_changed', version: 1, minor: 5900 },
    ],
  ];
  test.each(wrong)('%s', async (_what, change, refusal) => {
    const plan = await aDirectPlan(ctx);
    const stranger = anActor();
    const tenant = await aTenant(ctx);
    const order = { ...orderOf({ planId: plan.planId, consent: consentTo(plan), organization }), ...change(plan.planId) };
    for (const actor of [stranger, tenant.owner]) {
      const before = await rowsOf(actor.tenantId);
      expect(refusalOf(await buy(actor, order))).toMatchObject(refusal);
      expect(await rowsOf(actor.tenantId)).toEqual(before);
    }
  });

  test('of a plan that Microsoft sells', async () => {
    const plan = await aDirectPlan(ctx, { billing: 'marketplace' });
    const order = orderOf({ planId: plan.planId, consent: consentTo(plan) });
    expect(refusalOf(await buy(anActor(), order))).toEqual({ code: 'plan_sold_elsewhere', planId: plan.planId });
  });

  test('when its bill fails, nothing of it ever was', async () => {
    const plan = await aDirectPlan(ctx);
    const buyer = anActor();
    const order = orderOf({ planId: plan.planId, consent: consentTo(plan) });
    const fails: BillStart = () => Promise.reject(new Error('no bill'));
    await expect(buy(buyer, order, 'a-key-that-failed', fails)).rejects.toThrow('no bill');
    expect(Object.values(await rowsOf(buyer.tenantId)).reduce((sum, count) => sum + count)).toBe(0);
    expect(unwrap(await buy(buyer, order, 'a-key-that-failed')).replayed).toBe(false);
  });
});

describe('while it lasts', () => {
  const started = async () => {
    const plan = await aDirectPlan(ctx);
    const buyer = anActor();
    const { record } = unwrap(await buy(buyer, orderOf({ planId: plan.planId, consent: consentTo(plan), organization })));
    return { plan, buyer, id: record.id };
  };
  const isDue = async (id: string) => (await dueContracts(ctx, ctx.now())).some(({ subscriptionId }) => subscriptionId === id);
  const cause = { name: 'renew', actor: 'contracts', via: 'contracts' };

  test('a contract is due when its term is over and not a moment before, and its terms follow each other from the original day', async () => {
    const { buyer, id } = await started();
    clock.set('2026-02-27T22:59:59.999Z');
    expect(await isDue(id)).toBe(false);
    clock.set('2026-02-27T23:00:00.000Z');
    expect(await isDue(id)).toBe(true);
    const terms = await inTenant(ctx, buyer.tenantId, async (tx) => {
      const ends = [];
      for (let turn = 0; turn < 3; turn += 1) {
        const contract = (await lockContract(tx, buyer.tenantId, id))!;
        const { start, end } = nextTermOf(contract, 'Europe/Berlin');
        expect(start).toEqual(contract.termEnd);
        await changeContract(tx, buyer.tenantId, contract, { termStart: start, termEnd: end }, cause, ctx.now());
        ends.push(end.toISOString());
      }
      // In New York the last edge is six hours later: they are no term.
      ends.push(nextTermOf((await lockContract(tx, buyer.tenantId, id))!, 'America/New_York').end.toISOString());
      return ends;
    });
    expect(terms).toEqual(['2026-03-30T22:00:00.000Z', '2026-04-29T22:00:00.000Z', '2026-05-30T22:00:00.000Z', '2026-06-30T04:00:00.000Z']);
    expect(await isDue(id)).toBe(false);
  });

  test('a renewal keeps what was used and grants nothing twice', async () => {
    const { buyer, id } = await started();
    unwrap(await createTicket(ctx, buyer, key(), aTicket()));
    const before = await rowsOf(buyer.tenantId);
    await inTenant(ctx, buyer.tenantId, async (tx) => {
      const contract = (await lockContract(tx, buyer.tenantId, id))!;
      const { start, end } = nextTermOf(contract, 'Europe/Berlin');
      await changeContract(tx, buyer.tenantId, contract, { termStart: start, termEnd: end }, cause, ctx.now());
    });
    expect(await rowsOf(buyer.tenantId)).toEqual({
      ...before,
      subscription_log: before.subscription_log! + 1,
      audit_log: before.audit_log! + 1,
    });
  });

  test('a new version of its plan changes nothing for it: it keeps the one it was sold (EC-03)', async () => {
    const { plan, buyer } = await started();
    await aDirectPlan(ctx, { planId: plan.planId, items: [{ entitlement: 'tickets', kind: 'metered', amount: 1, policy: {} }] });
    const { items } = unwrap(await mySubscriptions(ctx, buyer));
    expect(items).toMatchObject([{ planVersion: 1 }]);
    unwrap(await createTicket(ctx, buyer, key(), aTicket()));
    unwrap(await createTicket(ctx, buyer, key(), aTicket()));
  });

  test('ended at once it allows nothing new and everything stays readable; ending it again changes nothing', async () => {
    const { buyer, id } = await started();
    const end = (when: 'now' | 'term_end') =>
      inTenant(ctx, buyer.tenantId, async (tx) =>
        endContract(tx, await held(tx, buyer), id, when, { ...cause, name: 'end' }, noEndBill, ctx.now()),
      );
    expect(unwrap(await end('term_end'))).toMatchObject({ status: 'Subscribed', autoRenew: false });
    unwrap(await createTicket(ctx, buyer, key(), aTicket()));
    expect(unwrap(await end('now'))).toMatchObject({ status: 'Unsubscribed', endedAt: ctx.now() });
    const rows = await rowsOf(buyer.tenantId);
    unwrap(await end('now'));
    unwrap(await end('term_end'));
    expect(await rowsOf(buyer.tenantId)).toEqual(rows);
    expect(refusalOf(await createTicket(ctx, buyer, key(), aTicket()))).toEqual({ code: 'subscription_inactive', status: 'Unsubscribed' });
    clock.advance({ days: 100 });
    expect(await isDue(id)).toBe(false);
    unwrap(await mySubscriptions(ctx, buyer));
  });

  test('a purchase from the marketplace is no contract, and neither is another organization’s', async () => {
    const { id } = await started();
    const tenant = await aTenant(ctx);
    await inTenant(ctx, tenant.tenantId, async (tx) => {
      expect(await lockContract(tx, tenant.tenantId, tenant.subscriptionId)).toBeNull();
      expect(await lockContract(tx, tenant.tenantId, id)).toBeNull();
      const foreign = await endContract(tx, await held(tx, tenant), id, 'now', cause, noEndBill, ctx.now());
      expect(refusalOf(foreign)).toEqual({ code: 'subscription_not_found' });
    });
  });
});
