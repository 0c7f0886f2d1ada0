import type { LimitUsage } from '../../../src/contract/usage';
import { createTeam } from '../../../src/features/teams/create-team';
import { archiveTeam } from '../../../src/features/teams/teams';
import { readUsage } from '../../../src/features/usage/read-usage';
import { notePayment, unlockGrants } from '../../../src/features/usage/unlock-grants';
import { type Context, inPublisher, inTenant } from '../../../src/platform/context';
import { creationOf, key, refusalOf, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { aPlanOf, becomes, buys } from '../../support/packages';
import { aTenant, type TestTenant } from '../../support/tenant';

const PEOPLE = { notice: { thresholds: [80, 100] as number[] } };
const waits = { activation: 'on_payment', immediately: 1 } as const;

/** A base of 10 groups; the package “51–100 active users + 4 groups”, of which one is there at once. */
async function aClub(): Promise<{ ctx: Context; clock: TestClock; club: TestTenant; packageId: string; teams: () => Promise<LimitUsage> }> {
  const { ctx, clock } = await testContext();
  const club = await aTenant(ctx, {
    plan: await aPlanOf(ctx, { limits: { teams: 10, active_members: { amount: 50, enforcement: 'warn' } } }),
  });
  clock.advance({ days: 3 });
  const addon = await aPlanOf(ctx, {
    role: 'addon',
    rank: 20,
    limits: { active_members: { amount: 50, enforcement: 'warn', ...PEOPLE } as never, teams: { amount: 4, ...waits } },
  });
  const packageId = await buys(ctx, club.tenantId, addon);
  return { ctx, clock, club, packageId, teams: () => limitOf(ctx, club, 'teams') };
}

async function limitOf(ctx: Context, tenant: TestTenant, meter: string): Promise<LimitUsage> {
  const usage = unwrap(await readUsage(ctx, tenant.owner, async () => null));
  return usage.limits.find((one) => one.meter === meter)!;
}

const team = (ctx: Context, tenant: TestTenant, name = 'Group') =>
  createTeam(ctx, tenant.owner, key(), { name, invitations: 'all_members', discoverable: true });

const pay = (ctx: Context, tenant: TestTenant, paymentId: string, billedAt = ctx.now()) =>
  inTenant(ctx, tenant.tenantId, (tx) => notePayment(tx, tenant.tenantId, { paymentId, paidAt: ctx.now(), billedAt }, ctx.now()));

const told = (ctx: Context, tenant: TestTenant) =>
  inPublisher(ctx, ({ db }) =>
    db.query(`select payload from outbox where tenant_id = $1 and topic = 'grants.unlocked' order by not_before`, [tenant.tenantId]),
  );

test('HO-01 the base product manages 10 groups: ten are created, the eleventh is refused with facts', async () => {
  const { ctx } = await testContext();
  const club = await aTenant(ctx, { plan: await aPlanOf(ctx, { limits: { teams: 10 } }) });
  for (let count = 1; count <= 10; count += 1) unwrap(await team(ctx, club, `Group ${count}`));
  expect(refusalOf(await team(ctx, club))).toMatchObject({ code: 'limit_reached', meter: 'teams', limit: 10, used: 10, held: 0 });
  expect(await limitOf(ctx, club, 'teams')).toMatchObject({ entitled: 10, available: 10, used: 10, remaining: 0, state: 'exhausted' });
});

test('HO-02 HO-03 one package raises users and groups by grants of one source; its end takes both', async () => {
  const { ctx, club, packageId, teams } = await aClub();
  const sources = await inTenant(ctx, club.tenantId, ({ db }) =>
    db.query(
      `select meter, sum(amount)::int as amount from grants where tenant_id = $1 and source = 'addon' and source_id = $2 group by meter order by meter`,
      [club.tenantId, packageId],
    ),
  );
  expect(sources).toEqual([
    { meter: 'active_members', amount: 50 },
    { meter: 'teams', amount: 4 },
  ]);
  expect(await limitOf(ctx, club, 'active_members')).toMatchObject({ entitled: 100, available: 100 });
  await becomes(ctx, club.tenantId, packageId, { status: 'Unsubscribed' });
  expect(await limitOf(ctx, club, 'active_members')).toMatchObject({ entitled: 50, available: 50 });
  expect(await teams()).toMatchObject({ entitled: 10, available: 10 });
});

test('HO-04 HO-05 HO-15 14 are owed and 11 available: the twelfth group cannot be made while three wait for the payment', async () => {
  const { ctx, club, teams } = await aClub();
  expect(await teams()).toMatchObject({ entitled: 14, available: 11, limit: 11 });
  for (let count = 1; count <= 11; count += 1) unwrap(await team(ctx, club, `Group ${count}`));
  expect(refusalOf(await team(ctx, club))).toMatchObject({ code: 'limit_reached', limit: 11, used: 11 });
});

test('HO-07 the payment of the next invoice unlocks what waits, once, and says so; the same payment again changes nothing', async () => {
  const { ctx, clock, club, teams } = await aClub();
  clock.advance({ days: 27 });
  for (let time = 0; time < 3; time += 1) {
    await pay(ctx, club, 'invoice-2');
    expect(await teams()).toMatchObject({ entitled: 14, available: 14, limit: 14 });
  }
  await pay(ctx, club, 'invoice-3');
  expect(await teams()).toMatchObject({ entitled: 14, available: 14 });
  expect(await told(ctx, club)).toEqual([{ payload: { meter: 'teams', amount: 3 } }]);
});

test('HO-07 the payment of the purchase itself, or of a bill before it, unlocks nothing', async () => {
  const { ctx, clock, club, teams } = await aClub();
  const bought = ctx.now();
  clock.advance({ minutes: 5 });
  await pay(ctx, club, 'invoice-1', bought);
  await pay(ctx, club, 'older', new Date(bought.getTime() - 1));
  expect(await teams()).toMatchObject({ entitled: 14, available: 11 });
  expect(await told(ctx, club)).toEqual([]);
});

test.each([
  ['a renewal', { termEnd: new Date('2026-05-01T00:00:00Z') }],
  ['the end of a suspension', { status: 'Subscribed' as const }],
])('HO-07 at the marketplace %s later than the grant is the evidence; the first activation is none', async (what, evidence) => {
  const { ctx, clock, club, packageId, teams } = await aClub();
  expect(await teams()).toMatchObject({ available: 11 });
  clock.advance({ days: 20 });
  if (what !== 'a renewal') {
    await becomes(ctx, club.tenantId, packageId, { status: 'Suspended' });
    expect(await teams()).toMatchObject({ entitled: 10, available: 10 });
    clock.advance({ days: 1 });
  }
  await becomes(ctx, club.tenantId, packageId, evidence);
  expect(await teams()).toMatchObject({ entitled: 14, available: 14 });
});

test('HO-08 support unlocks early; the later payment is a no-op', async () => {
  const { ctx, clock, club, teams } = await aClub();
  const unlock = () =>
    inTenant(ctx, club.tenantId, (tx) => unlockGrants(tx, club.tenantId, { meter: 'teams', actor: 'support' }, ctx.now()));
  expect(unwrap(await unlock())).toMatchObject([{ meter: 'teams', amount: 3 }]);
  expect(await teams()).toMatchObject({ entitled: 14, available: 14 });
  expect(refusalOf(await unlock())).toEqual({ code: 'nothing_to_unlock' });
  clock.advance({ days: 27 });
  await pay(ctx, club, 'invoice-2');
  expect(await teams()).toMatchObject({ entitled: 14, available: 14 });
  expect(await told(ctx, club)).toHaveLength(1);
});

test('HO-09 an unlock is for the named tenant only', async () => {
  const one = await aClub();
  const other = await aClub();
  await inTenant(one.ctx, one.club.tenantId, (tx) =>
    unlockGrants(tx, one.club.tenantId, { meter: 'teams', actor: 'support' }, one.ctx.now()),
  );
  expect([(await one.teams()).available, (await other.teams()).available]).toEqual([14, 11]);
});

test('HO-19 archiving a group frees its place at once, and only once', async () => {
  const { ctx, club, teams } = await aClub();
  const made = [];
  for (let count = 1; count <= 11; count += 1) made.push(unwrap(await team(ctx, club, `Group ${count}`)).record);
  unwrap(await archiveTeam(ctx, club.owner, made[3]!.id, made[3]!.revision));
  expect(await teams()).toMatchObject({ used: 10, remaining: 1 });
  unwrap(await team(ctx, club, 'Another'));
  expect(refusalOf(await team(ctx, club))).toMatchObject({ code: 'limit_reached' });
});

test('what was unlocked stays unlocked when the package becomes a larger one', async () => {
  const { ctx, clock, club, packageId, teams } = await aClub();
  clock.advance({ days: 30 });
  await pay(ctx, club, 'invoice-2');
  const larger = await aPlanOf(ctx, { role: 'addon', rank: 30, limits: { teams: { amount: 8, ...waits } } });
  await becomes(ctx, club.tenantId, packageId, { plan: larger });
  expect(await teams()).toMatchObject({ entitled: 18, available: 14 });
});

test('a package bought twice grants its amount twice', async () => {
  const { ctx, club, packageId, teams } = await aClub();
  await becomes(ctx, club.tenantId, packageId, { quantity: 2 });
  expect(await teams()).toMatchObject({ entitled: 18, available: 12 });
});

test('G1 a limit on what is held has one row that never resets, and the ledger says what it counts', async () => {
  const { ctx, clock, club } = await aClub();
  const made = unwrap(await team(ctx, club)).record;
  unwrap(await team(ctx, club));
  clock.advance({ days: 400 });
  unwrap(await archiveTeam(ctx, club.owner, made.id, made.revision));
  unwrap(await team(ctx, club));
  const rows = await inTenant(ctx, club.tenantId, ({ db }) =>
    db.query(
      `select c.used::int as used, c.period_start::text as period, (select sum(case kind when 'release' then -quantity else quantity end)::int
                from usage_records r where r.tenant_id = $1 and r.meter = 'teams') as ledger,
              (select count(*)::int from teams t where t.tenant_id = $1 and archived_at is null) as teams
         from usage_counters c where c.tenant_id = $1 and c.meter = 'teams'`,
      [club.tenantId],
    ),
  );
  expect(rows).toEqual([{ used: 2, period: '-infinity', ledger: 2, teams: 2 }]);
});

test('what a plan does not name is not part of it; teams and people are limited only where a plan says so', async () => {
  const { ctx } = await testContext();
  const club = await aTenant(ctx, { plan: await aPlanOf(ctx, { quotas: { tickets: 5 }, limits: { teams: 1 } }) });
  unwrap(await team(ctx, club));
  expect(refusalOf(await creationOf.opportunities(ctx, club.owner, key()))).toMatchObject({ code: 'quota_exhausted', limit: 0, used: 0 });
  await club.changePlan(await aPlanOf(ctx, { quotas: { opportunities: 5 } }));
  unwrap(await creationOf.opportunities(ctx, club.owner, key()));
  expect(refusalOf(await creationOf.tickets(ctx, club.owner, key()))).toMatchObject({ code: 'quota_exhausted', limit: 0 });
  expect(await limitOf(ctx, club, 'teams')).toMatchObject({ entitled: null, limit: null, used: 1, state: 'open' });
  unwrap(await team(ctx, club));
});
