import { billStart } from '../../../src/features/billing/bill-start';
import { endContractFor } from '../../../src/features/operator/contracts';
import { endOfContract } from '../../../src/features/plan-changes/end-of-contract';
import { previewChange } from '../../../src/features/plan-changes/preview-change';
import { rollContracts } from '../../../src/features/plan-changes/roll-contracts';
import type { Plan } from '../../../src/features/plans/plans';
import type { PriceItem } from '../../../src/features/plans/policies';
import { buyContract } from '../../../src/features/subscriptions/buy-contract';
import { mySubscriptions } from '../../../src/features/subscriptions/list-subscriptions';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, unwrap } from '../../support/acts';
import { ACCOUNTING } from '../../support/billing';
import { aDirectPlan, consentTo, MONTHLY } from '../../support/contracts';
import { testContext } from '../../support/database';
import { aCustomer, change, ledger } from '../../support/plan-changes';
import { aTeam } from '../../support/teams';
import { anActor } from '../../support/tenant';

const join = ({ ctx, owner }: { ctx: Context; owner: Actor }, count: number) =>
  inTenant(ctx, owner.tenantId, ({ db }) =>
    db.query(
      `insert into members (tenant_id, member_id, name, role, created_at, last_active_at)
       select $1, gen_random_uuid(), 'Person ' || n, 'member', $2, $2 from generate_series(1, $3::int) n`,
      [owner.tenantId, ctx.now(), count],
    ),
  );
const billed = async (customer: { ctx: Context; owner: Actor }, planIds: string[]) =>
  (await ledger(customer))
    .filter(({ planId }) => planIds.includes(planId))
    .map(({ periodStart, planId, amountMinor }) => [periodStart.slice(0, 10), planId, amountMinor])
    .sort();

test('HO-13: a lower band ordered for the bill date gives way to the one that holds the count', async () => {
  const customer = await aCustomer('tiered-addon', 'club');
  const { ctx, clock, owner } = customer;
  await join(customer, 149);
  clock.set('2026-04-01T00:00:00.000Z');
  await rollContracts(ctx);
  const { id: subscriptionId } = unwrap(await mySubscriptions(ctx, owner)).items.find(({ parentId }) => parentId)!;
  for (const edge of ['2026-05-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z']) {
    await change({ ...customer, subscriptionId }, { toPlanId: 'people-100' });
    clock.set(edge);
    await rollContracts(ctx);
  }
  expect(await billed(customer, ['people-100', 'people-200'])).toEqual([
    ['2026-04-01', 'people-200', 2000],
    ['2026-05-01', 'people-200', 2000],
    ['2026-06-01', 'people-200', 2000],
  ]);
});

test('EC-12, G10: the band is chosen by the people whom the base plan calls active, at its start and at every bill', async () => {
  const { ctx, clock } = await testContext({ now: '2026-03-01T09:00:00.000Z' });
  const owner = anActor();
  const customer = { ctx, owner };
  const offerId = `tiers-${owner.tenantId}`;
  const base = await aDirectPlan(ctx, { offerId, policies: { people: { active: 'in_active_team' } } });
  const band = (min: number, max: number | null) =>
    aDirectPlan(ctx, { offerId, role: 'addon', policies: { tier: { group: 'people', by: 'active_members', min, max } } });
  const [low, high] = [await band(1, 3), await band(4, null)];
  const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en', timeZone: 'UTC' } as const;
  const order = { planId: base.planId, term: 'P1M' as const, quantity: null, consent: consentTo(base), organization };
  unwrap(await buyContract(ctx, owner, key(), order, billStart));
  await join(customer, 4);
  await aTeam(ctx, owner, [owner]);
  for (const edge of ['2026-04-01T00:00:00.000Z', '2026-05-01T00:00:00.000Z']) {
    clock.set(edge);
    await rollContracts(ctx);
  }
  expect(await billed(customer, [low.planId, high.planId])).toEqual([
    ['2026-04-01', low.planId, 5900],
    ['2026-05-01', low.planId, 5900],
  ]);
});

describe('of one offer of its own', () => {
  const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en', timeZone: 'UTC' } as const;
  const yearly = { ...MONTHLY, term: 'P1Y' as const };
  const world = async (prices: PriceItem[], now = '2026-03-01T09:00:00.000Z') => {
    const { ctx, clock } = await testContext({ now });
    const owner = anActor();
    const offerId = `tiers-${owner.tenantId}`;
    const addon = (given: { prices: PriceItem[]; policies?: object }) => aDirectPlan(ctx, { offerId, role: 'addon', ...given });
    const band = (min: number, max: number | null, own: PriceItem[]) =>
      addon({ prices: own, policies: { tier: { group: 'people', by: 'active_members', min, max } } });
    const base = await aDirectPlan(ctx, { offerId, prices });
    const buy = async (plan: Plan, term: 'P1M' | 'P1Y') => {
      const order = { planId: plan.planId, term, quantity: null, consent: consentTo(plan, term), organization };
      return unwrap(await buyContract(ctx, owner, key(), order, billStart)).record.id;
    };
    return { ctx, clock, owner, base, addon, band, buy, customer: { ctx, owner } };
  };

  test('HO-13: bands that are sold by the month only run by the month beside a yearly plan', async () => {
    const { ctx, clock, base, band, buy, customer } = await world([yearly]);
    const low = await band(3, null, [MONTHLY]);
    await buy(base, 'P1Y');
    await join(customer, 4);
    clock.set('2027-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await billed(customer, [low.planId])).toEqual([
      ['2027-03-01', low.planId, 5900],
      ['2027-04-01', low.planId, 5900],
    ]);
  });

  test('HO-13: a band that is sold only for longer terms than the plan runs in does not begin unasked', async () => {
    const { ctx, clock, base, band, buy, customer } = await world([MONTHLY, yearly]);
    const high = await band(3, null, [yearly]);
    await buy(base, 'P1M');
    await join(customer, 4);
    clock.set('2026-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await billed(customer, [high.planId])).toEqual([]);
  });

  test('G4, G5: an addition runs until its plan ends, whose renewal was turned off, and is paid for its part of the last term', async () => {
    const { ctx, clock, owner, base, addon, buy, customer } = await world([yearly]);
    const subscriptionId = await buy(base, 'P1Y');
    clock.set('2026-03-10T09:00:00.000Z');
    const rooms = await addon({ prices: [MONTHLY] });
    const id = await buy(rooms, 'P1M');
    const contract = { tenantId: owner.tenantId, subscriptionId };
    unwrap(await endContractFor(ctx, ACCOUNTING, contract, { when: 'term_end', reason: 'Agreed' }, endOfContract));
    const addition = async () => unwrap(await mySubscriptions(ctx, owner)).items.find((one) => one.id === id)!;
    clock.set('2027-02-11T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await addition()).toMatchObject({ status: 'Subscribed', autoRenew: false, termEnd: '2027-03-01T00:00:00.000Z' });
    clock.set('2027-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await addition()).toMatchObject({ status: 'Unsubscribed' });
    const lines = await billed(customer, [rooms.planId]);
    expect(lines).toHaveLength(12);
    expect(lines.slice(-2)).toEqual([
      ['2027-01-10', rooms.planId, 5900],
      // 19 of 28 days.
      ['2027-02-10', rooms.planId, 4004],
    ]);
  });

  test('G5: a change within an addition’s cut last term is divided by the days of a whole one', async () => {
    const { ctx, clock, owner, base, addon, buy } = await world([yearly]);
    const subscriptionId = await buy(base, 'P1Y');
    clock.set('2026-03-10T09:00:00.000Z');
    const now = { change: { downgrade: { effective: 'now' } } };
    const [rooms, halls] = [await addon({ prices: [MONTHLY], policies: now }), await addon({ prices: [{ ...MONTHLY, minor: 9900 }] })];
    const id = await buy(rooms, 'P1M');
    const contract = { tenantId: owner.tenantId, subscriptionId };
    unwrap(await endContractFor(ctx, ACCOUNTING, contract, { when: 'term_end', reason: 'Agreed' }, endOfContract));
    clock.set('2027-02-20T00:00:00.000Z');
    await rollContracts(ctx);
    const preview = unwrap(await previewChange(ctx, owner, id, { toPlanId: halls.planId }));
    // 10 and 9 of 28 days, less what was paid for 19.
    expect(preview).toMatchObject({ allowed: true, effective: 'now' });
    const lines = preview.allowed ? preview.money!.lines : [];
    expect(lines.map(({ amountMinor }) => amountMinor)).toEqual([2107, 3182, -4004]);
  });

  test('HO-13: a band that is not sold for the term held leaves the one that was bought, and its bill', async () => {
    const { ctx, clock, base, band, buy, customer } = await world([MONTHLY]);
    const [low, high] = [await band(1, 3, [MONTHLY]), await band(4, null, [yearly])];
    await buy(base, 'P1M');
    await buy(low, 'P1M');
    await join(customer, 4);
    clock.set('2026-04-01T00:00:00.000Z');
    await rollContracts(ctx);
    expect(await billed(customer, [low.planId, high.planId])).toEqual([
      ['2026-03-01', low.planId, 5900],
      ['2026-04-01', low.planId, 5900],
    ]);
  });

  test('HO-16: an addition is not changed into a second band of a tier, nor into a package that runs', async () => {
    const { ctx, owner, base, addon, band, buy } = await world([MONTHLY]);
    const [low, high] = [await band(1, 3, [MONTHLY]), await band(4, null, [MONTHLY])];
    const [rooms, halls] = [await addon({ prices: [MONTHLY] }), await addon({ prices: [MONTHLY] })];
    for (const plan of [base, low, halls]) await buy(plan, 'P1M');
    const id = await buy(rooms, 'P1M');
    for (const { planId } of [high, low, halls])
      expect(unwrap(await previewChange(ctx, owner, id, { toPlanId: planId }))).toMatchObject({
        allowed: false,
        refusal: { code: 'addon_owned', planId, owned: 1 },
      });
  });

  test('contracts that cannot be billed are not renewed, keep no other from its turn, and are tried again later', async () => {
    const { ctx, clock, owner, base, buy, customer } = await world([MONTHLY], '2025-11-01T09:00:00.000Z');
    const broken = await buy(base, 'P1M');
    const sellFor = (term: string) =>
      inTenant(ctx, owner.tenantId, ({ db }) =>
        db.query('update subscriptions set term_unit = $3 where tenant_id = $1 and subscription_id = $2', [owner.tenantId, broken, term]),
      );
    await sellFor('P3M');
    clock.set('2025-11-02T09:00:00.000Z');
    const next = anActor();
    const order = { planId: base.planId, term: 'P1M' as const, quantity: null, consent: consentTo(base), organization };
    unwrap(await buyContract(ctx, next, key(), order, billStart));
    clock.set('2025-12-02T00:00:00.000Z');
    await rollContracts(ctx, 1);
    await rollContracts(ctx, 1);
    const starts = async (of: { ctx: Context; owner: Actor }) => (await billed(of, [base.planId])).map(([start]) => start);
    expect(await starts(customer)).toEqual(['2025-11-01']);
    expect(await starts({ ctx, owner: next })).toEqual(['2025-11-02', '2025-12-02']);
    await sellFor('P1M');
    clock.advance({ minutes: 15 });
    await rollContracts(ctx, 1);
    expect(await starts(customer)).toEqual(['2025-11-01', '2025-12-01']);
  });
});
