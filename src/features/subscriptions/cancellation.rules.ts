import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import { ok, type Result, refuse } from '../../platform/result';
import type { PlanPolicies } from '../plans/policies';

type CancellationPolicy = Pick<PlanPolicies['cancellation'], 'windowHours' | 'afterWindow'>;

export interface Cancellation {
  /** The last instant at which cancelling is refunded. */
  refundableUntil: Date;
  /** What is offered to whoever wants to leave; null: it ends by itself already. */
  offer: 'cancel_with_refund' | 'renewal_off' | 'cancel_without_refund' | null;
}

const HOUR = 3_600_000;

/**
 * What ending a subscription means at an instant (TW-23, TW-24). The seller decides: where Microsoft sells, this is what its
 * terms say. A trial can be left at any time: nothing was paid. Null where there is nothing to end.
 */
export function cancellationAt(
  held: { status: SubscriptionStatus; purchasedAt: Date; autoRenew: boolean; isFreeTrial?: boolean },
  { windowHours, afterWindow }: CancellationPolicy,
  at: Date,
): Cancellation | null {
  if (held.status !== 'Subscribed' && held.status !== 'Suspended') return null;
  const refundableUntil = new Date(held.purchasedAt.getTime() + windowHours * HOUR);
  if (windowHours > 0 && at <= refundableUntil) return { refundableUntil, offer: 'cancel_with_refund' };
  if (held.isFreeTrial) return { refundableUntil, offer: 'cancel_without_refund' };
  return { refundableUntil, offer: afterWindow === 'renewal_off' && !held.autoRenew ? null : afterWindow };
}

/** Where Microsoft's customers turn the renewal off; its interface has no call for that. */
export const RENEWAL_PAGE = 'https://admin.microsoft.com/Adminportal/Home#/subscriptions';

/** Ways of ending that somebody agrees to by name. */
export type Ending = 'cancel_with_refund' | 'cancel_without_refund';

/** Whether a purchase may be cancelled from here, and on the terms that were agreed to. Source: SaaS life cycle; refund policy. */
export function decideCancellation(
  held: Parameters<typeof cancellationAt>[0] & { planId: string; allowedOperations: readonly string[] },
  policy: CancellationPolicy,
  consent: Ending | null,
  at: Date,
): Result<{ ending: Ending; refundableUntil: Date }, Refusal> {
  if (!held.allowedOperations.includes('Delete'))
    return refuse({ code: 'change_not_allowed', reason: 'by_partner', toPlanId: held.planId });
  const cancellation = cancellationAt(held, policy, at);
  if (!cancellation) return refuse({ code: 'subscription_inactive', status: held.status });
  const { offer, refundableUntil } = cancellation;
  if (offer === null || offer === 'renewal_off')
    return refuse({
      code: 'cancellation_window_closed',
      refundableUntil: refundableUntil.toISOString(),
      renewal: offer === null ? 'off' : 'on',
      href: RENEWAL_PAGE,
    });
  if (consent !== offer) return refuse({ code: 'consent_missing', of: 'cancellation', items: [offer] });
  return ok({ ending: offer, refundableUntil });
}
