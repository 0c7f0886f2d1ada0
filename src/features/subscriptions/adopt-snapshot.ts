import type { SubscriptionStatus } from '../../contract/subscriptions';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { isId } from '../../platform/page';
import { findPlan, type Plan } from '../plans/plans';
import { ensureTenant, lockTenant, type Tenant } from '../tenants/tenants';
import { factsOf, keepSubscription } from './keep-subscription';
import { adoptedStatus, adoptedTerm, keepsAnchor } from './lifecycle.rules';
import { type MarketplaceSubscription, MarketplaceUnavailable, type Selling } from './marketplace.port';
import { soldPlan, whyUnsold } from './sold-plan';
import { enterInDirectory, findInDirectory, lockSubscription, type SubscriptionRow, stampSnapshot } from './subscriptions.store';

/** Why the marketplace was asked, and for whom. */
export interface Cause {
  /** A webhook's action, `activate`, `visit` or `reconcile`. */
  name: string;
  actor: string | null;
  /** When a renewal was announced, if that is why. */
  renewedAt?: Date | null;
  /** What else belongs into the transaction, after the row was saved. */
  also?(tx: TxContext, adopted: { tenant: Tenant; row: SubscriptionRow; at: Date }): Promise<void>;
}

export type Adoption =
  | {
      outcome: 'adopted' | 'unchanged';
      tenantId: string;
      row: SubscriptionRow;
      /** The status held before; null: not known here. */
      before: SubscriptionStatus | null;
      /** False: the marketplace names a plan that we do not sell; the one held before goes on. */
      isPlanKnown: boolean;
    }
  /** Somebody has adopted a later answer: ask the marketplace again. */
  | { outcome: 'stale' }
  /** Nothing was written: an operator has to look. */
  | { outcome: 'plan_unknown' | 'owner_unknown' };

/** The tenant that all personal Microsoft accounts share: no organization, and never one's data. Source: Entra token claims. */
const PERSONAL_ACCOUNTS = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** The organization that uses the purchase; a purchase for somebody else's organization belongs to that one. */
export const organizationOf = ({ beneficiary, purchaser }: Pick<MarketplaceSubscription, 'beneficiary' | 'purchaser'>): string | null =>
  [beneficiary.tenantId, purchaser.tenantId].find((tenantId) => isId(tenantId) && tenantId !== PERSONAL_ACCOUNTS) ?? null;

/**
 * Makes the marketplace's word ours, in one transaction: row, log, usage anchor, grants, counters. The one place where a
 * subscription changes. `fetchedAt` is the real time before the marketplace was asked; an answer older than the one held is stale.
 */
export async function adoptSnapshot(ctx: Context, truth: MarketplaceSubscription, fetchedAt: Date, cause: Cause): Promise<Adoption> {
  const known = await findInDirectory(ctx.database, truth.id);
  const tenantId = known?.tenantId ?? organizationOf(truth);
  if (!tenantId) {
    ctx.log.error({ subscriptionId: truth.id }, 'a purchase names no organization');
    return { outcome: 'owner_unknown' };
  }
  const at = ctx.now();
  return inTenant(ctx, tenantId, async (tx) => {
    const newest = await soldPlan(tx.db, truth);
    if (!newest)
      tx.log.error(
        { subscriptionId: truth.id, offerId: truth.offerId, planId: truth.planId, plan: await whyUnsold(tx.db, truth) },
        'the marketplace sold a plan that the catalog does not sell there',
      );
    if (!newest && !known) return { outcome: 'plan_unknown' };

    await ensureTenant(tx.db, tenantId, at);
    const tenant = (await lockTenant(tx.db, tenantId))!;
    const entry = await enterInDirectory(tx.db, truth.id, tenantId, tx.newId());
    const before = await lockSubscription(tx.db, tenantId, entry.subscriptionId);
    if (before && before.snapshotAt >= fetchedAt) return { outcome: 'stale' };
    if (!before && truth.unknownStatus) throw new MarketplaceUnavailable(`A purchase is “${truth.unknownStatus}”, which we do not know.`);

    const plan = await planOf(tx, truth, before, newest);
    if (!plan) return { outcome: 'plan_unknown' };
    // What has ended is final: not even its persons are taken up again, of whom nothing may be left here.
    const row =
      before?.status === 'Unsubscribed'
        ? before
        : merge(truth, before, plan, { subscriptionId: entry.subscriptionId, fetchedAt, at, renewedAt: cause.renewedAt ?? null });
    const isChanged = before === null || fingerprint(factsOf(before)) !== fingerprint(factsOf(row));
    if (isChanged) await keepSubscription(tx, tenantId, before, row, plan, causeOf(cause), at);
    else await stampSnapshot(tx.db, tenantId, row.subscriptionId, fetchedAt);
    await cause.also?.(tx, { tenant, row, at });
    return { outcome: isChanged ? 'adopted' : 'unchanged', tenantId, row, before: before?.status ?? null, isPlanKnown: newest !== null };
  });
}

const causeOf = ({ name, actor }: Cause) => ({ name, actor: actor ?? 'marketplace', via: actor ? 'account' : 'marketplace' });

/** Enough for any number of callers at once: each loses only to one that asked later. */
const TRIES = 6;

/** Asks the marketplace and adopts its answer; null: it does not know the subscription. @throws MarketplaceUnavailable */
export async function readAndAdopt(
  ctx: Context,
  selling: Selling,
  subscriptionId: string,
  cause: Cause,
): Promise<{ truth: MarketplaceSubscription; adoption: Exclude<Adoption, { outcome: 'stale' }> } | null> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const fetchedAt = selling.realTime.now();
    const truth = await selling.marketplace.getSubscription(subscriptionId);
    if (!truth) return null;
    const adoption = await adoptSnapshot(ctx, truth, fetchedAt, cause);
    if (adoption.outcome !== 'stale') {
      const status = truth.unknownStatus && 'row' in adoption ? adoption.row.status : truth.status;
      return { truth: { ...truth, status }, adoption };
    }
    await selling.pause(5 * tries);
  }
  throw new MarketplaceUnavailable('The subscription changes faster than it can be read.');
}

/** The pinned version of the plan held, the newest of another one, and the plan held when the other is not sold. */
async function planOf(
  tx: TxContext,
  truth: MarketplaceSubscription,
  before: SubscriptionRow | null,
  newest: Plan | null,
): Promise<Plan | null> {
  const stays = before !== null && (newest === null || before.planId === truth.planId);
  return stays ? findPlan(tx.db, before.planId, before.planVersion) : newest;
}

function merge(
  truth: MarketplaceSubscription,
  before: SubscriptionRow | null,
  plan: Plan,
  { subscriptionId, fetchedAt, at, renewedAt }: { subscriptionId: string; fetchedAt: Date; at: Date; renewedAt: Date | null },
): SubscriptionRow {
  const status = before && truth.unknownStatus ? before.status : adoptedStatus(before?.status ?? null, truth.status);
  const hasEnded = status === 'Unsubscribed';
  return {
    subscriptionId,
    parentId: before?.parentId ?? null,
    source: 'marketplace',
    externalId: truth.id,
    name: truth.name,
    offerId: truth.offerId,
    planId: plan.planId,
    planVersion: plan.version,
    // Nobody loses a seat by silence: all plans of an offer are sold alike, so none means none only from the beginning.
    quantity: truth.quantity ?? before?.quantity ?? null,
    status,
    termUnit: truth.termUnit ?? before?.termUnit ?? null,
    ...adoptedTerm(before, truth, renewedAt),
    anchorDate: null,
    autoRenew: truth.autoRenew,
    isFreeTrial: truth.isFreeTrial,
    allowedOperations: [...truth.allowedOperations].sort(),
    purchaser: truth.purchaser,
    beneficiary: truth.beneficiary,
    purchasedAt: before?.purchasedAt ?? truth.purchasedAt ?? at,
    activatedAt: before?.activatedAt ?? (keepsAnchor(status) ? at : null),
    endedAt: before?.endedAt ?? (hasEnded ? at : null),
    snapshotAt: fetchedAt,
    revision: (before?.revision ?? 0) + 1,
  };
}
