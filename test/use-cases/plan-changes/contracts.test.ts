import { billStart } from '../../../src/features/billing/bill-start';
import { adminAddresses } from '../../../src/features/mail/send-mail';
import type { Announcement } from '../../../src/features/notices/messages.port';
import { endContractFor } from '../../../src/features/operator/contracts';
import { runOutbox } from '../../../src/features/outbox/outbox';
import { cancelContract, resumeContract } from '../../../src/features/plan-changes/cancel-contract';
import { changeMails } from '../../../src/features/plan-changes/change-notices';
import { endOfContract } from '../../../src/features/plan-changes/end-of-contract';
import { planChangeHandlers } from '../../../src/features/plan-changes/handlers';
import { chooseKept, getChange, listChanges, withdrawChange } from '../../../src/features/plan-changes/plan-changes';
import { previewChange, rehearse } from '../../../src/features/plan-changes/preview-change';
import { rollContracts } from '../../../src/features/plan-changes/roll-contracts';
import { findPlan, type Plan } from '../../../src/features/plans/plans';
import type { PriceItem } from '../../../src/features/plans/policies';
import { getResource } from '../../../src/features/resources/resources';
import { buyContract } from '../../../src/features/subscriptions/buy-contract';
import { mySubscriptions } from '../../../src/features/subscriptions/list-subscriptions';
import { archiveTeam } from '../../../src/features/teams/teams';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { undoTicket } from '../../../src/features/tickets/tickets';
import { readUsage } from '../../../src/features/usage/read-usage';
import { inTenant } from '../../../src/platform/context';
import { aTicket, key, refusalOf, unwrap } from '../../support/acts';
import { ACCOUNTING } from '../../support/billing';
import { aDirectPlan, consentTo } from '../../support/contracts';
import { TestClock, testContext } from '../../support/database';
import { aCustomer, type Customer, change, item, ledger, order, preview } from '../../support/plan-changes';
import { aTeam } from '../../support/teams';
import { anActor } from '../../support/tenant';

const rows = async (customer: Customer) =>
  inTenant(customer.ctx, customer.owner.tenantId, async ({ db }) => {
    const found: Record<string, unknown[]> = {};
    for (const table of ['plan_changes', 'trim_items', 'bills', 'bill_lines', 'grants', 'subscription_log', 'operations', 'audit_log'])
      found[table] = await db.query(`select * from ${table} where tenant_id = $1 order by 1, 2, 3`, [customer.owner.tenantId]);
    return found;
  });

const members = (customer: Customer, count: number) =>
  inTenant(customer.ctx, customer.owner.tenantId, ({ db }) =>
    db.query(
      `insert into members (tenant_id, member_id, name, role, created_at, last_active_at)
       select $1, gen_random_uuid(), 'Person ' || n, 'member', $2, $2 from generate_series(1, $3::int) n`,
      [customer.owner.tenantId, customer.ctx.now(), count],
    ),
  );
const leave = (customer: Customer, count: number, at: Date) =>
  inTenant(customer.ctx, customer.owner.tenantId, ({ db }) =>
    db.query(
      `update members set class = 'external', standing_since = $2
        where tenant_id = $1 and member_id in (select member_id from members where tenant_id = $1 and class = 'active' and role = 'member' limit $3)`,
      [customer.owner.tenantId, at, count],
    ),
  );
const running = async ({ ctx, owner }: Customer) =>
  unwrap(await mySubscriptions(ctx, owner))
    .items.filter(({ status }) => status === 'Subscribed')
    .map(({ planId }) => planId)
    .sort();

describe('ordering', () => {
  test('a consent that is missing, or older than its preview, is refused and writes nothing', async () => {
    const customer = await aCustomer('whole-month', 'growth');
    const { ctx, clock, owner, subscriptionId } = customer;
    const { previewId } = await preview(customer, { toPlanId: 'scale' });
    const before = await rows(customer);
    for (const consent of [null, { change: false }])
      expect(refusalOf(await order(customer, previewId, consent))).toEqual({ code: 'consent_missing', of: 'change', items: [] });
    expect(refusalOf(await order(customer, 'made up'))).toEqual({ code: 'preview_outdated', previewedAt: null });
    clock.advance({ minutes: 61 });
    const outdated = { code: 'preview_outdated', previewedAt: '2026-03-01T09:00:00.000Z' };
    expect(refusalOf(await order(customer, previewId))).toEqual(outdated);
    expect(await rows(customer)).toEqual(before);
    expect(unwrap(await listChanges(ctx, owner, subscriptionId, { limit: 5 })).items).toEqual([]);
  });

  test('a preview holds only as long as its answer would be the same', async () => {
    const customer = await aCustomer('whole-month', 'growth');
    const { previewId } = await preview(customer, { toPlanId: 'basic' });
    await item(customer, 'sla_groups');
    expect(refusalOf(await order(customer, previewId)).code).toBe('preview_outdated');
    const fresh = await preview(customer, { toPlanId: 'basic' });
    unwrap(await order(customer, fresh.previewId));
    expect(refusalOf(await order(customer, fresh.previewId)).code).toBe('change_open');
  });

  test('what others use meanwhile outdates no preview, as long as nothing else becomes too much', async () => {
    const { ctx, clock } = await testContext({ now: '2026-03-01T09:00:00.000Z' });
    const policies = { change: { downgrade: { effective: 'now' } } };
    const planOf = (amount: number) =>
      aDirectPlan(ctx, { policies, items: [{ entitlement: 'tickets', kind: 'metered', amount, policy: {} }] });
    const [large, small] = [await planOf(9), await planOf(1)];
    const owner = anActor();
    const wanted = { planId: large.planId, term: 'P1M', quantity: null, consent: consentTo(large), organization: null } as const;
    const { id: subscriptionId } = unwrap(await buyContract(ctx, owner, key(), wanted, billStart)).record;
    const customer = { ctx, clock, owner, subscriptionId } as Customer;
    const ticket = async () => unwrap(await createTicket(ctx, owner, key(), aTicket()));
    await ticket();
    const fits = await preview(customer, { toPlanId: small.planId });
    await ticket();
    expect(refusalOf(await order(customer, fits.previewId)).code).toBe('preview_outdated');
    const shown = await preview(customer, { toPlanId: small.planId });
    expect(shown.frozen).toEqual([{ meter: 'tickets', held: 2, limit: 1 }]);
    await ticket();
    expect(unwrap(await order(customer, shown.previewId)).record.state).toBe('applied');
  });

  test('G2: a retry of an order is the same change, and costs once', async () => {
    const customer = await aCustomer('whole-month', 'growth');
    const { previewId } = await preview(customer, { toPlanId: 'scale' });
    const same = key();
    const first = unwrap(await order(customer, previewId, undefined, same));
    customer.clock.advance({ days: 3 });
    const again = unwrap(await order(customer, previewId, undefined, same));
    expect([again.replayed, again.record.id]).toEqual([true, first.record.id]);
    expect((await ledger(customer)).map(({ amountMinor }) => amountMinor)).toEqual([5900, 9900, -5900]);
    expect(refusalOf(await order(customer, 'another', undefined, same)).code).toBe('idempotency_conflict');
  });

  test('whoever may not manage the plan learns the way and can do nothing; nobody learns of another organization’s', async () => {
    const customer = await aCustomer('whole-month', 'growth');
    const { ctx, owner, subscriptionId } = customer;
    const agent = { ...owner, memberId: '11111111-2222-4333-8444-555555555555' };
    expect(refusalOf(await previewChange(ctx, agent, subscriptionId, { toPlanId: 'scale' }))).toEqual({
      code: 'not_allowed',
      needs: 'manage_plan',
    });
    const stranger = (await aCustomer('whole-month', 'growth')).owner;
    expect(refusalOf(await previewChange(ctx, stranger, subscriptionId, { toPlanId: 'scale' })).code).toBe('subscription_not_found');
  });
});

test('G1 TW-21: a change at the period’s end that begins use anew leaves what was used before its late run, and an undo gives that back', async () => {
  const { ctx, clock } = await testContext({ now: '2026-05-01T00:00:00.000Z' });
  const planOf = (amount: number) =>
    aDirectPlan(ctx, {
      policies: { change: { usageOnChange: 'reset' } },
      items: [{ entitlement: 'tickets', kind: 'metered', amount, policy: {} }],
    });
  const [large, small] = [await planOf(9), await planOf(3)];
  const owner = anActor();
  const wanted = { planId: large.planId, term: 'P1M', quantity: null, consent: consentTo(large), organization: null } as const;
  const { id: subscriptionId } = unwrap(await buyContract(ctx, owner, key(), wanted, billStart)).record;
  const downgrade = await change({ ctx, clock, owner, subscriptionId } as Customer, { toPlanId: small.planId });
  expect(downgrade.state).toBe('scheduled');
  const used = async () => unwrap(await readUsage(ctx, owner, async () => null)).meters.find(({ meter }) => meter === 'tickets')!.used;
  unwrap(await createTicket(ctx, owner, key(), aTicket()));
  clock.set('2026-06-01T00:00:05.000Z');
  const { record } = unwrap(await createTicket(ctx, owner, key(), aTicket()));
  clock.advance({ seconds: 5 });
  await rollContracts(ctx);
  expect(await used()).toBe(1);
  expect(unwrap(await undoTicket(ctx, owner, record.id))).toBeNull();
  expect(await used()).toBe(0);
});

describe('choosing what is kept', () => {
  test('what the customer chose stays as far as there is room; more than that is refused', async () => {
    const customer = await aCustomer('whole-month', 'growth');
    const { ctx, clock, owner, subscriptionId } = customer;
    const boards = [];
    for (const name of ['a', 'b', 'c']) {
      clock.advance({ minutes: 1 });
      boards.push(await item(customer, 'boards', { name }));
    }
    const ids = boards.map(({ id }) => id);
    const rehearsed = unwrap(await rehearse(ctx, owner, subscriptionId, { toPlanId: 'basic', keep: [ids[2]!], removal: true }));
    expect(rehearsed.items.map(({ name, result }) => [name, result])).toEqual([
      ['a', 'kept'],
      ['b', 'cut'],
      ['c', 'kept'],
    ]);
    const { id } = await change(customer, { toPlanId: 'basic' });
    expect(refusalOf(await chooseKept(ctx, owner, subscriptionId, id, ids))).toEqual({
      code: 'too_many_kept',
      kind: 'boards',
      limit: 2,
      chosen: 3,
    });
    expect(refusalOf(await chooseKept(ctx, owner, subscriptionId, id, [subscriptionId])).code).toBe('resource_not_found');
    const chosen = unwrap(await chooseKept(ctx, owner, subscriptionId, id, [ids[2]!, ids[1]!]));
    expect(chosen.items.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'planned'],
      ['b', 'kept'],
      ['c', 'kept'],
    ]);
    clock.set('2026-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    const states = [];
    for (const one of ids) states.push(unwrap(await getResource(ctx, owner, one)).state);
    expect(states).toEqual(['archived', 'active', 'active']);
    expect(refusalOf(await chooseKept(ctx, owner, subscriptionId, id, []))).toEqual({ code: 'change_closed', state: 'applied' });
    expect(refusalOf(await withdrawChange(ctx, owner, subscriptionId, id))).toEqual({ code: 'change_closed', state: 'applied' });
  });
});

describe('notices', () => {
  test('CH-13: told when it is scheduled, a week and a day before, each with the items of that moment, and never after a withdrawal', async () => {
    const customer = await aCustomer('whole-month', 'growth', { now: '2026-04-01T09:00:00.000Z', timeZone: 'Europe/Berlin' });
    const { ctx, clock, owner, subscriptionId } = customer;
    await inTenant(ctx, owner.tenantId, async ({ db }) => {
      await db.query(`update members set address = 'owner@sample.example' where tenant_id = $1`, [owner.tenantId]);
      await db.query(
        `insert into conversations (tenant_id, member_id, reference, updated_at, notices) values ($1, $2, '{"id":"chat"}', $3, true)`,
        [owner.tenantId, owner.memberId, ctx.now()],
      );
    });
    const told: Announcement[] = [];
    const messages = {
      sendAnnouncement: async (_reference: object, announcement: Announcement) => {
        told.push(announcement);
        return { outcome: 'sent' as const };
      },
    };
    const selling = {} as never;
    const deliver = () => runOutbox(ctx, planChangeHandlers(ctx, { selling, messages }), new TestClock(clock.now()));
    await item(customer, 'sla_groups', { name: 'Gold' });
    const { id } = await change(customer, { toPlanId: 'basic' });
    await deliver();
    await deliver();
    expect(told).toHaveLength(1);
    expect(told[0]!.title).toBe('Your plan changes on 1 May 2026');
    expect(told[0]!.text).toContain('“Basic” in place of “Growth”');
    expect(told[0]!.text).toContain('removed for good: Gold');
    clock.set('2026-04-23T21:59:59.000Z');
    await deliver();
    expect(told).toHaveLength(1);
    const another = await item(customer, 'templates', { name: 'Letter' });
    expect(another.state).toBe('active');
    clock.set('2026-04-23T22:00:00.000Z');
    await inTenant(ctx, owner.tenantId, ({ db }) => db.query(`update members set locale = 'de-DE' where tenant_id = $1`, [owner.tenantId]));
    await deliver();
    expect(told).toHaveLength(2);
    const mails = await inTenant(ctx, owner.tenantId, ({ db }) =>
      db.query<{ locale: string }>(`select locale from mail_deliveries where tenant_id = $1 and kind = 'plan_change' order by mail_key`, [
        owner.tenantId,
      ]),
    );
    expect(mails).toEqual([{ locale: 'en' }, { locale: 'de' }]);
    const composed = await changeMails.plan_change!.compose(ctx, owner.tenantId, { subject: id, locale: 'de' } as never);
    expect(composed!.subject).toBe('Kontingent: Ihr Tarif wechselt am 1. Mai 2026');
    expect(composed!.text).toContain('endgültig entfernt: Gold');

    // It waits for a renewal: as long as none comes, nothing is to be told.
    const isTold = async () =>
      (await changeMails.plan_change!.compose(ctx, owner.tenantId, { subject: id, locale: 'it' } as never)) !== null;
    unwrap(await cancelContract(ctx, owner, subscriptionId));
    expect(await isTold()).toBe(false);
    unwrap(await resumeContract(ctx, owner, subscriptionId));
    expect(await isTold()).toBe(true);

    unwrap(await withdrawChange(ctx, owner, subscriptionId, id));
    clock.set('2026-04-29T22:00:00.000Z');
    await deliver();
    expect(told).toHaveLength(2);
    expect(await isTold()).toBe(false);
    expect(await inTenant(ctx, owner.tenantId, (tx) => adminAddresses(tx, owner.tenantId))).toHaveLength(1);
  });
});

describe('tiers', () => {
  test.each([
    [49, []],
    [50, ['people-100']],
    [99, ['people-100']],
    [100, ['people-200']],
  ])('HO-13: with %i people beside the owner the bill date chooses %j', async (count, addons) => {
    const customer = await aCustomer('tiered-addon', 'club');
    await members(customer, count);
    customer.clock.set('2026-04-01T00:00:00.000Z');
    await rollContracts(customer.ctx);
    expect(await running(customer)).toEqual(['club', ...addons]);
  });

  test('HO-14: whoever cleans up is in the lower band from the next bill on, and billed by it', async () => {
    const customer = await aCustomer('tiered-addon', 'club');
    const { ctx, clock, owner } = customer;
    await members(customer, 119);
    clock.set('2026-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await running(customer)).toEqual(['club', 'people-200']);
    await leave(customer, 60, new Date('2026-04-20T09:00:00.000Z'));
    clock.set('2026-05-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await running(customer)).toEqual(['club', 'people-100']);
    await leave(customer, 20, new Date('2026-05-20T09:00:00.000Z'));
    clock.set('2026-06-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await running(customer)).toEqual(['club']);
    const lines = (await ledger(customer)).map(({ planId, amountMinor, periodStart }) => [periodStart.slice(0, 10), planId, amountMinor]);
    expect(lines.sort()).toEqual([
      ['2026-03-01', 'club', 2000],
      ['2026-04-01', 'club', 2000],
      ['2026-04-01', 'people-200', 2000],
      ['2026-05-01', 'club', 2000],
      ['2026-05-01', 'people-100', 1000],
      ['2026-06-01', 'club', 2000],
    ]);
    const addon = unwrap(await mySubscriptions(ctx, owner)).items.find(({ parentId }) => parentId)!;
    const { items } = unwrap(await listChanges(ctx, owner, addon.id, { limit: 5 }));
    expect(items).toMatchObject([{ cause: 'tier', state: 'applied', from: { planId: 'people-200' }, to: { planId: 'people-100' } }]);
  });

  test('HO-03, HO-16: one package is one purchase with all its grants; a second one is refused with what is owned and pending', async () => {
    const customer = await aCustomer('tiered-addon', 'club');
    const { ctx, owner } = customer;
    const addon = await customer.buy('people-100');
    const granted = () =>
      inTenant(ctx, owner.tenantId, ({ db }) =>
        db.query<{ meter: string; amount: number; state: string }>(
          `select meter, amount::int as amount, state from grants where tenant_id = $1 and source_id = $2 and source <> 'transition' order by meter, amount`,
          [owner.tenantId, addon.id],
        ),
      );
    expect(await granted()).toEqual([
      { meter: 'active_members', amount: 50, state: 'active' },
      { meter: 'teams', amount: 1, state: 'active' },
      { meter: 'teams', amount: 3, state: 'pending' },
    ]);
    await expect(customer.buy('people-100')).rejects.toThrow(/"code":"addon_owned".*"meter":"teams","amount":4,"pending":3/u);
    unwrap(await cancelContract(ctx, owner, addon.id));
    const limits = unwrap(await readUsage(ctx, owner, async () => null)).limits.map(({ meter, entitled }) => [meter, entitled]);
    expect(limits).toEqual([
      ['active_members', 50],
      ['teams', 10],
    ]);
  });
});

describe('cancelling', () => {
  test('a change that waits for the next term is void when accounting ends the contract, and that of an addition with it', async () => {
    const customer = await aCustomer('tiered-addon', 'club');
    const { ctx, owner, subscriptionId } = customer;
    const addon = await customer.buy('people-200');
    const { id, state } = await change({ ...customer, subscriptionId: addon.id }, { toPlanId: 'people-100' });
    expect(state).toBe('scheduled');
    const contract = { tenantId: owner.tenantId, subscriptionId };
    unwrap(await endContractFor(ctx, ACCOUNTING, contract, { when: 'now', reason: 'Agreed' }, endOfContract));
    expect(unwrap(await getChange(ctx, owner, addon.id, id))).toMatchObject({ state: 'withdrawn', endedAt: ctx.now().toISOString() });
  });

  const open = (customer: Customer) => customer.subscription();

  test('TW-23: within 72 hours to the second all the money comes back and it ends', async () => {
    const customer = await aCustomer('whole-month', 'growth');
    const { ctx, clock, owner, subscriptionId } = customer;
    clock.advance({ hours: 72 });
    unwrap(await cancelContract(ctx, owner, subscriptionId));
    expect((await open(customer)).status).toBe('Unsubscribed');
    expect((await ledger(customer)).map(({ kind, amountMinor }) => [kind, amountMinor])).toEqual([
      ['charge', 5900],
      ['refund', -5900],
    ]);
    // The owner of an ended organization may read, and change nothing any more.
    expect(refusalOf(await cancelContract(ctx, owner, subscriptionId)).code).toBe('subscription_inactive');
  });

  test('TW-24: a second later only the renewal is turned off; it ends with its term, and may be taken up again before', async () => {
    const customer = await aCustomer('whole-month', 'growth');
    const { ctx, clock, owner, subscriptionId } = customer;
    clock.advance({ hours: 72, seconds: 1 });
    unwrap(await cancelContract(ctx, owner, subscriptionId));
    unwrap(await cancelContract(ctx, owner, subscriptionId));
    expect(await open(customer)).toMatchObject({ status: 'Subscribed', autoRenew: false });
    unwrap(await resumeContract(ctx, owner, subscriptionId));
    expect((await open(customer)).autoRenew).toBe(true);
    unwrap(await cancelContract(ctx, owner, subscriptionId));
    const { id } = await change(customer, { toPlanId: 'basic' });
    clock.set('2026-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect((await open(customer)).status).toBe('Unsubscribed');
    expect(unwrap(await getChange(ctx, owner, subscriptionId, id)).state).toBe('withdrawn');
    expect((await ledger(customer)).map(({ amountMinor }) => amountMinor)).toEqual([5900]);
  });
});

describe('what is counted over a term', () => {
  test('EC-06, EC-11: is billed when the month is over, by what counted in it, late runs alike', async () => {
    const customer = await aCustomer('team-units', 'team');
    const { ctx, clock, owner } = customer;
    const teams = [];
    for (let count = 0; count < 7; count += 1) teams.push(await aTeam(ctx, owner));
    clock.set('2026-03-10T09:00:00.000Z');
    for (const { id, revision } of teams.slice(0, 2)) unwrap(await archiveTeam(ctx, owner, id, revision));
    expect(await ledger(customer)).toEqual([]);
    clock.set('2026-05-03T00:00:00.000Z');
    await rollContracts(ctx);
    expect(
      (await ledger(customer)).map(({ periodStart, amountMinor, formula }) => [periodStart.slice(0, 10), amountMinor, formula]),
    ).toEqual([
      ['2026-03-01', 8400, '7 active teams × €12.00'],
      ['2026-04-01', 6000, '5 active teams × €12.00'],
    ]);
  });

  test('G5: changed within the month, each plan pays its days of what was counted', async () => {
    const customer = await aCustomer('team-units', 'team');
    const { ctx, clock, owner } = customer;
    await aTeam(ctx, owner);
    clock.set('2026-03-17T09:00:00.000Z');
    const shown = await preview(customer, { toPlanId: 'team-plus' });
    expect(shown.money).toMatchObject({ isEstimate: true, totalMinor: 1587 });
    await change(customer, { toPlanId: 'team-plus' });
    expect(await ledger(customer)).toEqual([]);
    clock.set('2026-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect((await ledger(customer)).map(({ amountMinor }) => amountMinor)).toEqual([619, 968]);
  });

  test('G5, EC-13: a month that is over is billed by the plans held in it, whatever was changed before its bill', async () => {
    const customer = await aCustomer('team-units', 'team', { now: '2026-03-15T09:00:00.000Z' });
    const { ctx, clock, owner } = customer;
    for (let count = 0; count < 7; count += 1) await aTeam(ctx, owner);
    clock.set('2026-04-05T09:00:00.000Z');
    await change(customer, { toPlanId: 'team-plus' });
    const billed = async (at: string) => {
      clock.set(at);
      await rollContracts(ctx);
      return (await ledger(customer)).map(({ planId, periodStart, amountMinor }) => [periodStart.slice(0, 10), planId, amountMinor]);
    };
    const march = ['2026-03-01', 'team', 8400];
    expect(await billed('2026-04-16T00:00:00.000Z')).toEqual([march]);
    const april = [1120, 12133].map((amount) => ['2026-04-01', 'team-plus', amount]);
    expect(await billed('2026-05-16T00:00:00.000Z')).toEqual([march, ...april]);
  });

  test('G5, EC-11: moved to another zone, every month is billed once, from where the one before ended', async () => {
    const customer = await aCustomer('team-units', 'team', { timeZone: 'Europe/Berlin' });
    const { ctx, clock, owner } = customer;
    await aTeam(ctx, owner);
    const billed = async (at: string) => {
      clock.set(at);
      await rollContracts(ctx);
      return (await ledger(customer)).map(({ periodStart, periodEnd, amountMinor }) => [periodStart, periodEnd, amountMinor]);
    };
    const move = (timeZone: string) =>
      inTenant(ctx, owner.tenantId, ({ db }) =>
        db.query('update tenants set time_zone = $2 where tenant_id = $1', [owner.tenantId, timeZone]),
      );
    const march = ['2026-02-28T23:00', '2026-03-31T22:00', 1200];
    expect(await billed('2026-04-01T00:00:00.000Z')).toEqual([march]);
    await move('America/New_York');
    const april = ['2026-03-31T22:00', '2026-04-30T22:00', 1200];
    expect(await billed('2026-05-02T00:00:00.000Z')).toEqual([march, april]);
    const may = ['2026-04-30T22:00', '2026-06-01T04:00', 1200];
    expect(await billed('2026-06-02T00:00:00.000Z')).toEqual([march, april, may]);
    await move('Europe/Berlin');
    const june = ['2026-06-01T04:00', '2026-06-30T22:00', 1200];
    expect(await billed('2026-07-02T00:00:00.000Z')).toEqual([march, april, may, june]);
  });

  test('G5: from a price paid ahead to a counted one and back, each is billed once, for its own part', async () => {
    const { ctx, clock } = await testContext({ now: '2026-03-15T09:00:00.000Z' });
    const policies = { change: { downgrade: { effective: 'now' } } };
    const flat = await aDirectPlan(ctx, { policies, prices: [{ term: 'P1M', currency: 'EUR', minor: 2900, per: 'subscription' }] });
    const teams = await aDirectPlan(ctx, { policies, prices: [{ term: 'P1M', currency: 'EUR', minor: 1200, per: 'active_team' }] });
    const owner = anActor();
    const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en', timeZone: 'UTC' } as const;
    const first = { planId: flat.planId, term: 'P1M', quantity: null, consent: consentTo(flat), organization } as const;
    const { id: subscriptionId } = unwrap(await buyContract(ctx, owner, key(), first, billStart)).record;
    const customer = { ctx, clock, owner, subscriptionId } as Customer;
    await aTeam(ctx, owner);
    const steps = [
      ['2026-03-20T09:00:00.000Z', teams],
      ['2026-05-20T09:00:00.000Z', flat],
    ] as const;
    for (const [at, { planId }] of steps) {
      clock.set(at);
      await rollContracts(ctx);
      expect(await change(customer, { toPlanId: planId })).toMatchObject({ state: 'scheduled' });
    }
    clock.set('2026-07-16T00:00:00.000Z');
    await rollContracts(ctx);
    const billed = (await ledger(customer)).map(({ periodStart, amountMinor }) => [periodStart.slice(0, 10), amountMinor]);
    expect(billed.sort()).toEqual([
      ['2026-03-15', 2900],
      // Until the 15th the first plan was paid ahead.
      ['2026-04-01', 640],
      ['2026-05-01', 1200],
      // As the first counted month was divided, so is the last one.
      ['2026-06-01', 560],
      ['2026-06-15', 2900],
      ['2026-07-15', 2900],
    ]);
  });

  describe('ended within its term', () => {
    const leaving = { cancellation: { windowHours: 72, afterWindow: 'cancel_without_refund' } };
    const perTeam: PriceItem = { term: 'P1M', currency: 'EUR', minor: 1200, per: 'active_team' };
    const counted = async (prices = [perTeam]) => {
      const { ctx, clock } = await testContext({ now: '2026-03-01T09:00:00.000Z' });
      const plan = await aDirectPlan(ctx, { prices, policies: leaving });
      const owner = anActor();
      const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en', timeZone: 'UTC' } as const;
      const buy = async ({ planId }: Plan, term: 'P1M' | 'P1Y' = 'P1M') => {
        const consent = consentTo((await inTenant(ctx, owner.tenantId, ({ db }) => findPlan(db, planId)))!, term);
        const bought = unwrap(await buyContract(ctx, owner, key(), { planId, term, quantity: null, consent, organization }, billStart));
        return bought.record.id;
      };
      const lines = async () =>
        (await ledger({ ctx, owner })).map(({ periodStart, periodEnd, amountMinor, formula }) => [
          periodStart,
          periodEnd,
          amountMinor,
          formula,
        ]);
      return { ctx, clock, plan, owner, buy, lines };
    };

    test('what was counted so far is billed for the days that passed, once, and nothing comes later', async () => {
      const { ctx, clock, plan, owner, buy, lines } = await counted();
      const id = await buy(plan);
      const teams = [await aTeam(ctx, owner), await aTeam(ctx, owner), await aTeam(ctx, owner)];
      clock.set('2026-03-05T09:00:00.000Z');
      unwrap(await archiveTeam(ctx, owner, teams[0]!.id, teams[0]!.revision));
      clock.set('2026-03-11T12:00:00.000Z');
      unwrap(await cancelContract(ctx, owner, id));
      // Ten days of 31: the day of leaving belongs to what comes after it.
      const billed = [['2026-03-01T09:00', '2026-03-11T12:00', 1161, '3 active teams × €12.00 × 10/31 days']];
      expect(await lines()).toEqual(billed);
      clock.set('2026-06-01T00:00:00.000Z');
      await rollContracts(ctx);
      expect(await lines()).toEqual(billed);
    });

    test('within its window it costs nothing', async () => {
      const { ctx, clock, plan, owner, buy, lines } = await counted();
      const id = await buy(plan);
      await aTeam(ctx, owner);
      clock.advance({ hours: 72 });
      unwrap(await cancelContract(ctx, owner, id));
      expect(await lines()).toEqual([]);
    });

    test('a longer term is billed for its own days; what was paid ahead is billed no second time', async () => {
      const perPerson: PriceItem = { term: 'P1Y', currency: 'EUR', minor: 36500, per: 'active_member' };
      const { ctx, clock, plan, owner, buy, lines } = await counted([perPerson]);
      const id = await buy(plan, 'P1Y');
      clock.set('2026-05-10T09:00:00.000Z');
      unwrap(await cancelContract(ctx, owner, id));
      expect(await lines()).toEqual([['2026-03-01T09:00', '2026-05-10T09:00', 7000, '1 active member × €365.00 × 70/365 days']]);

      const flat = await counted([{ ...perTeam, per: 'subscription' }]);
      const paid = await flat.buy(flat.plan);
      flat.clock.set('2026-03-11T12:00:00.000Z');
      unwrap(await cancelContract(flat.ctx, flat.owner, paid));
      expect((await flat.lines()).map(([, , amount]) => amount)).toEqual([1200]);
    });

    test('a run that is months late carries no addition beyond the plan it belongs to, and bills it until there', async () => {
      const free: PriceItem[] = [{ ...perTeam, term: 'P1Y', per: 'subscription', minor: 0 }];
      const { ctx, clock, owner, buy, plan, lines } = await counted(free);
      const subscriptionId = await buy(plan, 'P1Y');
      const contract = { tenantId: owner.tenantId, subscriptionId };
      unwrap(await endContractFor(ctx, ACCOUNTING, contract, { when: 'term_end', reason: 'Agreed' }, endOfContract));
      await aTeam(ctx, owner);
      clock.set('2026-12-10T09:00:00.000Z');
      await buy(await aDirectPlan(ctx, { role: 'addon', prices: [perTeam], policies: leaving }));
      clock.set('2027-06-20T00:00:00.000Z');
      await rollContracts(ctx);
      expect((await lines()).filter(([, , amount]) => amount !== 0).map(([start, end, amount]) => [start, end, amount])).toEqual([
        ['2026-12-01T00:00', '2027-01-01T00:00', 1200],
        ['2027-01-01T00:00', '2027-02-01T00:00', 1200],
        // 19 days of 28: from the last term's first day to the end of the plan.
        ['2027-02-10T00:00', '2027-03-01T00:00', 814],
      ]);
    });

    test('an addition that is counted goes with its plan, and is billed for its own part', async () => {
      const { ctx, clock, owner, buy, plan, lines } = await counted([{ ...perTeam, per: 'subscription', minor: 0 }]);
      const base = await buy(plan);
      await aTeam(ctx, owner);
      clock.set('2026-03-10T09:00:00.000Z');
      await buy(await aDirectPlan(ctx, { role: 'addon', prices: [perTeam], policies: leaving }));
      clock.set('2026-03-25T09:00:00.000Z');
      unwrap(await cancelContract(ctx, owner, base));
      expect((await lines()).filter(([, , amount]) => amount !== 0)).toEqual([
        ['2026-03-10T09:00', '2026-03-25T09:00', 581, '1 active team × €12.00 × 15/31 days'],
      ]);
    });
  });
});
