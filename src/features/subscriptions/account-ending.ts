import type { AccountEnding } from '../../contract/account';
import { type Context, inTenant } from '../../platform/context';
import { findPlan } from '../plans/plans';
import { cancellationAt } from './cancellation.rules';
import { findFailedCancellation, findOpenCancellation } from './cancellations.store';
import { purgeAt } from './retention.rules';
import { findRetention } from './retention.store';
import { findInDirectory, findSubscription } from './subscriptions.store';

/** How long what came of an order is news on the account page. */
export const NEWS_MS = 7 * 24 * 3_600_000;

/** How a purchase may be ended by whoever manages it, or until when its organization's data is kept; null: not known here. */
export async function endingOf(ctx: Context, externalId: string): Promise<AccountEnding | null> {
  const known = await findInDirectory(ctx.database, externalId);
  if (!known) return null;
  const { tenantId, subscriptionId } = known;
  return inTenant(ctx, tenantId, async ({ db, now }) => {
    const row = (await findSubscription(db, tenantId, subscriptionId))!;
    const plan = await findPlan(db, row.planId, row.planVersion);
    const cancellation = plan && cancellationAt(row, plan.policies.cancellation, now());
    const asked = await findOpenCancellation(db, tenantId, subscriptionId);
    const failed = asked ? null : await findFailedCancellation(db, tenantId, subscriptionId, new Date(now().getTime() - NEWS_MS));
    const retention = await findRetention(db, tenantId);
    return {
      offer: cancellation?.offer ?? null,
      refundableUntil: cancellation?.refundableUntil.toISOString() ?? null,
      askedAt: asked?.askedAt.toISOString() ?? null,
      failed: failed && { as: failed.state, askedAt: failed.askedAt.toISOString() },
      byPartner: !row.allowedOperations.includes('Delete'),
      keptUntil: retention?.keptUntil.toISOString() ?? null,
      deletedAt: retention?.toldAt ? purgeAt(retention.keptUntil, retention.toldAt).toISOString() : null,
    };
  });
}
