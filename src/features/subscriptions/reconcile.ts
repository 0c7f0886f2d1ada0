import type { Context } from '../../platform/context';
import { adoptSnapshot, type Cause, readAndAdopt } from './adopt-snapshot';
import type { MarketplaceSubscription, Selling } from './marketplace.port';
import { soldPlan } from './sold-plan';
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
    try {
      if (await repair(ctx, act, truth, askedAt)) repaired += 1;
    } catch (error) {
      ctx.log.error({ err: error, subscriptionId: truth.id }, 'a subscription could not be reconciled');
    }
  }
  if (repaired > 0) ctx.log.warn({ seen, repaired }, 'subscriptions differed from the marketplace and were repaired');
  return { seen, repaired };
}

/** True when ours differed. */
async function repair(ctx: Context, selling: Selling, truth: MarketplaceSubscription, askedAt: Date): Promise<boolean> {
  if (!(await isOurs(ctx, truth))) return false;
  const cause: Cause = { name: 'reconcile', actor: null };
  const adoption = await adoptSnapshot(ctx, truth, askedAt, cause);
  const outcome = adoption.outcome === 'stale' ? (await readAndAdopt(ctx, selling, truth.id, cause))?.adoption.outcome : adoption.outcome;
  return outcome === 'adopted';
}

async function isOurs(ctx: Context, truth: MarketplaceSubscription): Promise<boolean> {
  if (await findInDirectory(ctx.database, truth.id)) return true;
  if (truth.status === 'Unsubscribed') return false;
  return (await soldPlan(ctx.database, truth)) !== null;
}
