import type { Context } from '../../platform/context';
import { findPlan } from '../plans/plans';
import { adoptSnapshot, readAndAdopt } from './adopt-snapshot';
import { offerOf } from './lifecycle.rules';
import type { MarketplaceSubscription, Selling } from './marketplace.port';
import { findInDirectory } from './subscriptions.store';

/**
 * Repairs what lost or late webhooks left behind: every purchase that the marketplace lists is adopted as a webhook's would be
 * (G6). The list holds all offers of the publisher; unknown purchases of other offers are none of ours.
 */
export async function reconcileSubscriptions(ctx: Context, selling: Selling): Promise<{ seen: number; repaired: number }> {
  const act = { ...selling, marketplace: selling.marketplace.correlated(ctx.newId()) };
  let seen = 0;
  let repaired = 0;
  const askedAt = selling.realTime.now();
  for await (const truth of act.marketplace.listSubscriptions()) {
    seen += 1;
    if (await isOurs(ctx, truth)) {
      const adoption = await adoptSnapshot(ctx, truth, askedAt, { name: 'reconcile', actor: null });
      const outcome =
        adoption.outcome === 'stale'
          ? (await readAndAdopt(ctx, act, truth.id, { name: 'reconcile', actor: null }))?.adoption.outcome
          : adoption.outcome;
      if (outcome === 'adopted') repaired += 1;
    }
  }
  if (repaired > 0) ctx.log.warn({ seen, repaired }, 'subscriptions differed from the marketplace and were repaired');
  return { seen, repaired };
}

async function isOurs(ctx: Context, truth: MarketplaceSubscription): Promise<boolean> {
  if (await findInDirectory(ctx.database, truth.id)) return true;
  if (truth.status === 'Unsubscribed') return false;
  const plan = await findPlan(ctx.database, truth.planId);
  return plan !== null && plan.offerId === offerOf(truth.offerId);
}
