import { changeClasses, changeMember } from '../../../src/features/members/members';
import { runOutbox } from '../../../src/features/outbox/outbox';
import { describeMe } from '../../../src/features/subscriptions/describe-me';
import { LIMIT_STALE_TOPIC, refreshStaleLimit } from '../../../src/features/teams/refresh-stale-limit';
import { archiveTeam, joinTeam, unarchiveTeam } from '../../../src/features/teams/teams';
import { refreshCounter } from '../../../src/features/usage/refresh-counters';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { LINKS } from '../../support/app';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam, stockBooks } from '../../support/teams';
import { anActor, aTenant, type TestTenant } from '../../support/tenant';

const meet = (ctx: Context, actor: Actor) => describeMe(ctx, actor, LINKS);

/** Support gives places from one day to another; nobody looks at the limit when they begin or end. */
async function aLoan(active: 'class_active' | 'in_active_team', own: number, lent: number, { from = 0, until = 1 } = {}) {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx, { active, people: own }) });
  const day = (count: number) => new Date(ctx.now().getTime() + count * 86_400_000);
  await inTenant(ctx, tenant.tenantId, async (tx) => {
    await tx.db.query(
      `insert into grants (tenant_id, grant_id, meter, source, source_id, amount, effective_at, expires_at, state, activated_at, created_at)
       values ($1, $2, 'active_members', 'support', 'loan', $3, $4, $5, 'active', $4, $6)`,
      [tenant.tenantId, tx.newId(), lent, day(from), day(until), ctx.now()],
    );
    await refreshCounter(tx, tenant.tenantId, 'active_members', ctx.now());
  });
  return { ctx, clock, tenant };
}

const newcomer = ({ tenantId }: TestTenant): Actor => anActor({ tenantId });
const full = (limit: number, used: number) => ({ code: 'limit_reached', meter: 'active_members', limit, used, held: 0 });
/** All that waits, as the app does it within a second. */
const upkeep = (ctx: Context): Promise<number> => runOutbox(ctx, { [LIMIT_STALE_TOPIC]: (event) => refreshStaleLimit(ctx, event) });

test('HO-13 a first contact is decided by the limit that holds at its instant, when a grant has ended since anybody looked', async () => {
  const { ctx, clock, tenant } = await aLoan('class_active', 2, 1);
  unwrap(await meet(ctx, newcomer(tenant)));
  clock.advance({ days: 1 });
  expect(refusalOf(await meet(ctx, newcomer(tenant)))).toEqual(full(2, 2));
  unwrap(await meet(ctx, tenant.owner));
});

test('HO-13 it is admitted by a grant that has begun since anybody looked, and no further', async () => {
  const { ctx, clock, tenant } = await aLoan('class_active', 1, 1, { from: 1, until: 2 });
  expect(refusalOf(await meet(ctx, newcomer(tenant)))).toEqual(full(1, 1));
  clock.advance({ hours: 23, minutes: 59, seconds: 59 });
  expect(refusalOf(await meet(ctx, newcomer(tenant)))).toEqual(full(1, 1));
  clock.advance({ seconds: 1 });
  unwrap(await meet(ctx, newcomer(tenant)));
  expect(refusalOf(await meet(ctx, newcomer(tenant)))).toEqual(full(2, 2));
  clock.advance({ days: 1 });
  expect(refusalOf(await meet(ctx, newcomer(tenant)))).toEqual(full(1, 2));
  await upkeep(ctx);
  expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 2, ledger: 2 });
});

test('HO-12 a class that counts is given or refused by the limit that holds at its instant', async () => {
  const { ctx, clock, tenant } = await aLoan('class_active', 2, 1);
  const guest = await tenant.member('member', 'Guest');
  unwrap(await changeMember(ctx, tenant.owner, guest.memberId, { class: 'external' }, 1));
  unwrap(await meet(ctx, newcomer(tenant)));
  clock.advance({ days: 1 });
  expect(refusalOf(await changeMember(ctx, tenant.owner, guest.memberId, { class: 'active' }, 2))).toEqual(full(2, 2));
  expect(refusalOf(await changeClasses(ctx, tenant.owner, { memberIds: [guest.memberId], class: 'active' }))).toEqual(full(2, 2));
  expect(unwrap(await changeClasses(ctx, tenant.owner, { memberIds: [guest.memberId], class: 'restricted' })).changed).toBe(1);
});

test('joining, creating and bringing back a team look at the limit that holds now, whatever the row says', async () => {
  const { ctx, clock, tenant } = await aLoan('in_active_team', 1, 1);
  const [a, b] = [await tenant.member('member', 'A'), await tenant.member('member', 'B')];
  const team = await aTeam(ctx, tenant.owner, [a]);
  const old = await aTeam(ctx, tenant.owner, [b], { name: 'Old' });
  unwrap(await archiveTeam(ctx, tenant.owner, old.id, old.revision));
  clock.advance({ days: 1 });
  expect(refusalOf(await joinTeam(ctx, b, team.id))).toEqual(full(1, 1));
  expect(refusalOf(await unarchiveTeam(ctx, tenant.owner, old.id, key()))).toEqual(full(1, 1));
  await expect(aTeam(ctx, tenant.owner, [b], { name: 'Refused' })).rejects.toThrow('active_members');
  expect((await aTeam(ctx, tenant.owner, [a], { name: 'Fits' })).memberCount).toBe(1);
});

test('G7 nobody is warned by a limit that does not hold any more', async () => {
  const { ctx, clock, tenant } = await aLoan('class_active', 2, 8, { from: 1, until: 2 });
  const told = () =>
    inTenant(ctx, tenant.tenantId, ({ db }) => db.query('select threshold from notices where tenant_id = $1', [tenant.tenantId]));
  clock.advance({ days: 1 });
  unwrap(await meet(ctx, newcomer(tenant)));
  await upkeep(ctx);
  expect(await told()).toEqual([]);
  clock.advance({ days: 1 });
  await upkeep(ctx);
  expect(refusalOf(await meet(ctx, newcomer(tenant)))).toEqual(full(2, 2));
});
