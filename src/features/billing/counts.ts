import type { TxContext } from '../../platform/context';
import type { Plan } from '../plans/plans';
import { activeRuleAt, activeTeamCount, countActiveMembers } from '../teams/active-members';
import type { Counts } from './bill-lines.rules';

/**
 * What a subscription's price may be multiplied by, at an instant: the figures that the pages of teams and members show (EC-12).
 * Who is active says the base plan, for an addition too. `quantity`: what the subscription was bought for; without one its plan
 * says how many full licenses it has.
 */
export async function countsAt(
  tx: TxContext,
  tenantId: string,
  { policies: { license } }: Pick<Plan, 'policies'>,
  quantity: number | null,
  at: Date,
): Promise<Counts> {
  return {
    activeTeams: await activeTeamCount(tx, tenantId, at),
    activeMembers: await countActiveMembers(tx, tenantId, { active: await activeRuleAt(tx, tenantId, at) }, at),
    fullLicenses: quantity ?? (typeof license.full === 'number' ? license.full : 0),
  };
}
