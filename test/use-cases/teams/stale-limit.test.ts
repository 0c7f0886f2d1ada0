import { runOutbox } from '../../../src/features/outbox/outbox';
import { describeMe } from '../../../src/features/subscriptions/describe-me';
import { LIMIT_STALE_TOPIC, refreshStaleLimit } from '../../../src/features/teams/refresh-stale-limit';
import { joinTeam } from '../../../src/features/teams/teams';
import { refreshCounter } from '../../../src/features/usage/refresh-counters';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { refusalOf, unwrap } from '../../support/acts';
import { LINKS } from '../../support/app';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam } from '../../support/teams';
import { anActor, aTenant, type TestTenant } from '../../support/tenant';

const meet = (ctx: Context, actor: Actor) => describeMe(ctx, actor, LINKS);

/** Support gives places until a day; nobody looks at the limit when they end. */
async function aLoan(active: 'class_active' | 'in_active_team', own: number, lent: number) {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx, { active, people: own }) });
  const until = new Date(ctx.now().getTime() + 86_400_000);
  await inTenant(ctx, tenant.tenantId, async (tx) => {
    await tx.db.query(
      `insert into grants (tenant_id, grant_id, meter, source, source_id, amount, effective_at, expires_at, state, activated_at, created_at)
       values ($1, $2, 'active_members', 'support', 'loan', $3, $4, $5, 'active', $4, $4)`,
      [tenant.tenantId, tx.newId(), lent, ctx.now(), until],
    );
    await refreshCounter(tx, tenant.tenantId, 'active_members', ctx.now());
  });
  return { ctx, clock, tenant };
}

const newcomer = ({ tenantId }: TestTenant): Actor => anActor({ tenantId });

test('a first contact after a grant has ended brings the limit up to date within a moment, and the next is refused', async () => {
  const { ctx, clock, tenant } = await aLoan('class_active', 2, 1);
  unwrap(await meet(ctx, newcomer(tenant)));
  clock.advance({ days: 1 });
  // The row is out of date: nobody is refused by what may not hold any more.
  unwrap(await meet(ctx, newcomer(tenant)));
  unwrap(await meet(ctx, newcomer(tenant)));
  const handlers = { [LIMIT_STALE_TOPIC]: (event: Parameters<typeof refreshStaleLimit>[1]) => refreshStaleLimit(ctx, event) };
  expect(await runOutbox(ctx, handlers)).toBe(1);
  expect(refusalOf(await meet(ctx, newcomer(tenant)))).toMatchObject({ code: 'limit_reached', limit: 2, used: 4 });
});

test('joining and creating a team look at the limit that holds now, whatever the row says', async () => {
  const { ctx, clock, tenant } = await aLoan('in_active_team', 1, 1);
  const [a, b] = [await tenant.member('member', 'A'), await tenant.member('member', 'B')];
  const team = await aTeam(ctx, tenant.owner, [a]);
  clock.advance({ days: 1 });
  expect(refusalOf(await joinTeam(ctx, b, team.id))).toMatchObject({ code: 'limit_reached', meter: 'active_members', limit: 1, used: 1 });
  await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(`update usage_counters set valid_until = '2026-01-01' where tenant_id = $1 and meter = 'active_members'`, [tenant.tenantId]),
  );
  await expect(aTeam(ctx, tenant.owner, [b], { name: 'Refused' })).rejects.toThrow('active_members');
  expect((await aTeam(ctx, tenant.owner, [a], { name: 'Fits' })).memberCount).toBe(1);
});
