import { billStart } from '../../../src/features/billing/bill-start';
import { rollContracts } from '../../../src/features/plan-changes/roll-contracts';
import { buyContract } from '../../../src/features/subscriptions/buy-contract';
import { mySubscriptions } from '../../../src/features/subscriptions/list-subscriptions';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, unwrap } from '../../support/acts';
import { aDirectPlan, consentTo } from '../../support/contracts';
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
