import type { Context } from '../../platform/context';
import { type Adoption, adoptSnapshot, type Cause, readAndAdopt } from './adopt-snapshot';
import { completed, type Difference, type DriftCause, differencesOf } from './drift.rules';
import { mendDrift, noteDrift } from './drift.store';
import { isStop, type ListedSubscription, type MarketplaceSubscription, type Selling } from './marketplace.port';
import type { SubscriptionRow } from './subscriptions.store';

/** A purchase as the marketplace's list says it, beside what we hold. */
export interface Compared {
  subscriptionId: string;
  /** null: a whole list lacks it. */
  listed: ListedSubscription | null;
  /** null: unknown here. */
  held: SubscriptionRow | null;
  tenantId: string | null;
}

const CAUSE: Cause = { name: 'reconcile', actor: null };

/**
 * Asks for one subscription that differs and adopts the answer; true when ours was changed. What differed is written down before, so
 * that it stays to be seen where it cannot be mended: the catalog lacks the plan, nobody owns it, or ours has ended for good.
 */
export async function mendSubscription(
  ctx: Context,
  selling: Selling,
  { subscriptionId, listed, held, tenantId }: Compared,
): Promise<boolean> {
  const note = (why: DriftCause, differences: Difference[]) =>
    noteDrift(ctx.database, { driftId: ctx.newId(), subscriptionId, tenantId, why, differences }, ctx.now());
  try {
    const fetchedAt = selling.realTime.now();
    const truth = await selling.marketplace.getSubscription(subscriptionId);
    const found = between(held, truth);
    if (!truth) {
      await note('unknown_there', found);
      return false;
    }
    // A purchase that waits for its buyer is new, and no webhook tells of it.
    const isNew = held === null && truth.status === 'PendingFulfillmentStart';
    if (found.length > 0 && !isNew) await note(held ? 'differs' : 'unknown_here', found);
    const adopted = await adopt(ctx, selling, truth, fetchedAt);
    if (!('row' in adopted.adoption)) {
      await note(adopted.adoption.outcome, found);
      return false;
    }
    const left = differencesOf(adopted.adoption.row, adopted.truth);
    if (left.length > 0) await note(adopted.adoption.isPlanKnown ? 'differs' : 'plan_unknown', left);
    else await mendDrift(ctx.database, subscriptionId, ctx.now());
    return adopted.adoption.outcome === 'adopted';
  } catch (error) {
    // The program stops while we wait: that says nothing of the subscription.
    if (isStop(error)) throw error;
    ctx.log.error({ err: error, subscriptionId }, 'a subscription could not be reconciled');
    await note('not_read', between(held, held && listed ? completed(held, listed) : listed));
    return false;
  }
}

type Settled = Exclude<Adoption, { outcome: 'stale' }>;

async function adopt(
  ctx: Context,
  selling: Selling,
  truth: MarketplaceSubscription,
  fetchedAt: Date,
): Promise<{ truth: MarketplaceSubscription; adoption: Settled }> {
  const adoption = await adoptSnapshot(ctx, truth, fetchedAt, CAUSE);
  if (adoption.outcome !== 'stale') return { truth, adoption };
  return (await readAndAdopt(ctx, selling, truth.id, CAUSE)) ?? { truth, adoption: { outcome: 'owner_unknown' } };
}

/** Of what one side does not know at all, the status stands for everything. */
function between(held: SubscriptionRow | null, truth: MarketplaceSubscription | null): Difference[] {
  if (held && truth) return differencesOf(held, truth);
  return [{ field: 'status', ours: held?.status ?? null, theirs: truth?.unknownStatus ?? truth?.status ?? null }];
}
