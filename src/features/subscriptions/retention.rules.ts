import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { PlanPolicies } from '../plans/policies';

const DAY_MS = 86_400_000;

/** How long before it is deleted, at the least, an organization is told. */
export const TOLD_BEFORE_MS = 7 * DAY_MS;

/** Until when data is kept because of a subscription that has ended; null: it has not. */
export function keptUntil(
  { status, endedAt }: { status: SubscriptionStatus; endedAt: Date | null },
  { policies }: { policies: Pick<PlanPolicies, 'cancellation'> },
  at: Date,
): Date | null {
  if (status !== 'Unsubscribed') return null;
  return new Date((endedAt ?? at).getTime() + policies.cancellation.exportDays * DAY_MS);
}

/** When everything goes, as far as is known: nobody may have been told yet. */
export const goesAt = ({ keptUntil, toldAt }: { keptUntil: Date; toldAt: Date | null }): Date =>
  toldAt ? purgeAt(keptUntil, toldAt) : keptUntil;

/** When everything may go: as promised, and never sooner than a week after it was said. */
export const purgeAt = (promised: Date, toldAt: Date): Date => new Date(Math.max(promised.getTime(), toldAt.getTime() + TOLD_BEFORE_MS));
