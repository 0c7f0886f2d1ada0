import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { CancellationPolicy } from '../plans/policies';

export interface Cancellation {
  /** The last instant at which cancelling is refunded. */
  refundableUntil: Date;
  /** What is offered to whoever wants to leave; null: it ends by itself already. */
  offer: 'cancel_with_refund' | 'renewal_off' | 'cancel_without_refund' | null;
}

const HOUR = 3_600_000;

/**
 * What ending a subscription means at an instant (TW-23, TW-24). The seller decides: where Microsoft sells, this is what its
 * terms say. Null where there is nothing to end.
 */
export function cancellationAt(
  held: { status: SubscriptionStatus; purchasedAt: Date; autoRenew: boolean },
  { windowHours, afterWindow }: CancellationPolicy,
  at: Date,
): Cancellation | null {
  if (held.status !== 'Subscribed' && held.status !== 'Suspended') return null;
  const refundableUntil = new Date(held.purchasedAt.getTime() + windowHours * HOUR);
  if (windowHours > 0 && at <= refundableUntil) return { refundableUntil, offer: 'cancel_with_refund' };
  return { refundableUntil, offer: afterWindow === 'renewal_off' && !held.autoRenew ? null : afterWindow };
}
