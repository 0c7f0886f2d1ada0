import type { Refusal } from '../../contract/refusals';
import { orUndone, type TxContext } from '../../platform/context';
import type { Result } from '../../platform/result';
import { keepActiveLimit } from '../members/active-limit';
import type { PeoplePolicy } from '../plans/policies';
import { activeMemberIds, activeRule, countActiveMemberRows, countActiveTeamRows } from './teams.store';

type Rule = Pick<PeoplePolicy, 'active'>;

/**
 * Who counts as active at an instant, past ones too. One query of the database (active_members in 0035) stands behind this, the
 * list of members, the limit, the monthly snapshot and so the bill and its export (EC-12).
 */
export const activeMembers = (tx: TxContext, tenantId: string, { active }: Rule, at: Date): Promise<string[]> =>
  activeMemberIds(tx.db, tenantId, active, at);

export const countActiveMembers = (tx: TxContext, tenantId: string, { active }: Rule, at: Date): Promise<number> =>
  countActiveMemberRows(tx.db, tenantId, active, at);

/** Teams that are not archived at an instant: the billed units of a plan with a price per active team (EC-04). */
export const activeTeamCount = (tx: TxContext, tenantId: string, at: Date): Promise<number> => countActiveTeamRows(tx.db, tenantId, at);

/** What the plan in force at an instant calls active; a later change of plan does not change it. */
export const activeRuleAt = (tx: TxContext, tenantId: string, at: Date): Promise<PeoplePolicy['active']> => activeRule(tx.db, tenantId, at);

/** Does what changes who is active, and undoes it when more would be than the plan admits now. */
export function changingActiveMembers<T>(
  tx: TxContext,
  tenantId: string,
  act: { subject: string; actor: string },
  at: Date,
  work: () => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  return orUndone(tx, async () => {
    const done = await work();
    if (!done.ok) return done;
    const kept = await keepActiveLimit(tx, tenantId, act, at);
    return kept.ok ? done : kept;
  });
}
