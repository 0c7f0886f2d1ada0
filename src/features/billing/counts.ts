import type { TxContext } from '../../platform/context';
import type { Plan } from '../plans/plans';
import { activeTeamCount, countActiveMembers } from '../teams/active-members';
import type { Counts } from './bill-lines.rules';

/**
 * What a subscription's price may be multiplied by, at an instant: the figures that the pages of teams and members show (EC-12).
 * `quantity`: what the subscription was bought for; without one its plan says how many full licenses it has.
 */
export async function countsAt(
  tx: TxContext,
  tenantId: string,
  { policies: { people, license } }: Pick<Plan, 'policies'>,
  quantity: number | null,
  at: Date,
): Promise<Counts> {
  return {
    activeTeams: await activeTeamCount(tx, tenantId, at),
    activeMembers: await countActiveMembers(tx, tenantId, people, at),
    fullLicenses: quantity ?? (typeof license.full === 'number' ? license.full : 0),
  };
}
