import { NewTeam, type Team } from '../../src/contract/teams';
import type { Plan, PlanItem } from '../../src/features/plans/plans';
import { createTeam } from '../../src/features/teams/create-team';
import type { Actor } from '../../src/platform/actor';
import { type Context, inTenant } from '../../src/platform/context';
import { key, unwrap } from './acts';
import { aDirectPlan } from './contracts';

const stock = (entitlement: string, amount: number | null, policy: PlanItem['policy'] = {}): PlanItem => ({
  entitlement,
  kind: 'stock',
  amount,
  policy,
});

/** A plan that counts people and teams. */
export const aPeoplePlan = (
  ctx: Context,
  {
    active = 'in_active_team',
    countRule = 'any_time',
    per = 'active_member',
    teams = null,
    people = null,
    enforcement = 'hard',
  }: {
    active?: 'class_active' | 'in_active_team';
    countRule?: 'any_time' | 'cut_off';
    per?: Plan['prices'][number]['per'];
    teams?: number | null;
    people?: number | null;
    enforcement?: 'hard' | 'soft' | 'warn';
  } = {},
): Promise<Plan> =>
  aDirectPlan(ctx, {
    prices: [{ term: 'P1M', currency: 'EUR', minor: 400, per }],
    policies: { people: { active, countRule } },
    items: [
      stock('teams', teams),
      stock('active_members', people, { enforcement }),
      { entitlement: 'tickets', kind: 'metered', amount: 100, policy: {} },
    ],
  });

/** A team with exactly these people, by default nobody. */
export const aTeam = async (ctx: Context, owner: Actor, people: readonly Actor[] = [], given: Partial<NewTeam> = {}): Promise<Team> =>
  unwrap(
    await createTeam(
      ctx,
      owner,
      key(),
      NewTeam.parse({ name: 'Sample team', memberIds: people.map(({ memberId }) => memberId), ...given }),
    ),
  ).record;

/** What the limit on teams and on active members counts, and what their ledgers add up to (G1). */
export async function stockBooks(ctx: Context, tenantId: string, meter: string): Promise<{ used: number; ledger: number }> {
  return inTenant(ctx, tenantId, async ({ db }) => {
    const [row] = await db.query<{ used: number; ledger: number }>(
      `select (select used from usage_counters where tenant_id = $1 and meter = $2 and period_start = '-infinity')::int as used,
              (select coalesce(sum(case kind when 'release' then -quantity else quantity end), 0)
                 from usage_records where tenant_id = $1 and meter = $2)::int as ledger`,
      [tenantId, meter],
    );
    return row!;
  });
}
