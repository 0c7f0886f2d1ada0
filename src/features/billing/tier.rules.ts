import type { Plan } from '../plans/plans';
import type { Counts } from './bill-lines.rules';

/** The add-on of one tier group whose band holds the count, both bounds included (HO-13); null: no band does. */
export function tierFor<P extends Pick<Plan, 'policies'>>(addons: readonly P[], counts: Counts): P | null {
  const fits = ({ policies: { tier } }: P): boolean => {
    if (!tier) return false;
    const count = tier.by === 'active_members' ? counts.activeMembers : counts.activeTeams;
    return count >= tier.min && (tier.max === null || count <= tier.max);
  };
  return addons.find(fits) ?? null;
}
