import { type Context, inTenant } from '../../platform/context';
import { listPlans } from '../plans/plans';
import { organizationOf } from './adopt-snapshot';
import { differencesOf } from './drift.rules';
import { keepPending, knownPurchases, mendDrift, noteReconciliation, openDrift, type PendingPurchase, savePending } from './drift.store';
import { keepsAnchor, offerOf } from './lifecycle.rules';
import type { Marketplace, MarketplaceSubscription, Selling } from './marketplace.port';
import { type Compared, mendSubscription } from './mend-subscription';
import { answerOpenOperations } from './open-operations';
import { soldPlan } from './sold-plan';
import { findSubscription, listSubscriptions } from './subscriptions.store';

/** Between two looks at operations after a downtime: Microsoft publishes no limit, and nobody waits. */
const PACE_MS = 100;
/** Purchases that we hold and a whole list lacks are asked for one by one; more of them at once are no accident of a list. */
const MOST_UNLISTED = 100;

/**
 * Repairs what lost or late webhooks left behind (G6): one crawl of the list, then calls only for what differs from what we hold.
 * What differed is written down, with since when and whether it was mended. The list holds all offers of the publisher; purchases of
 * other offers are none of ours. `afterDowntime`: operations that began meanwhile may wait for an answer, so all are looked for.
 */
export async function reconcileSubscriptions(
  ctx: Context,
  selling: Selling,
  { afterDowntime = false }: { afterDowntime?: boolean } = {},
): Promise<{ seen: number; repaired: number }> {
  const act = { ...selling, marketplace: selling.marketplace.correlated(ctx.newId()) };
  const startedAt = ctx.now();
  const askedAt = selling.realTime.now();
  const { listed, failure } = await crawl(act.marketplace);
  const holdings = await openHoldings(ctx, listed);

  let repaired = 0;
  const mend = async (one: Compared) => {
    if (await mendSubscription(ctx, act, one)) repaired += 1;
  };
  const waiting: string[] = [];
  for await (const one of compare(ctx, holdings, askedAt)) {
    if (one.differs) await mend(one);
    else if (holdings.drifted.has(one.subscriptionId.toLowerCase())) await mendDrift(ctx.database, one.subscriptionId, ctx.now());
    if ((one.differs || afterDowntime) && keepsAnchor(one.listed!.status)) waiting.push(one.subscriptionId);
  }
  if (failure === null) for await (const one of unlisted(ctx, holdings, askedAt)) await mend(one);
  await keepPendingPurchases(ctx, holdings, failure === null);
  const run = { seen: listed.length, repaired };
  const error = failure === null ? null : (failure as Error).message;
  await noteReconciliation(ctx.database, ctx.newId(), { startedAt, endedAt: ctx.now(), ...run, error });
  if (repaired > 0) ctx.log.warn(run, 'subscriptions differed from the marketplace and were repaired');
  await answerAll(ctx, act, waiting, afterDowntime ? PACE_MS : 0);
  if (failure !== null) throw failure;
  return run;
}

/** What a stop of the program leaves is looked for by the next start. */
async function answerAll(ctx: Context, selling: Selling, waiting: readonly string[], paceMs: number): Promise<void> {
  try {
    for (const subscriptionId of waiting) {
      await answerOpenOperations(ctx, selling, subscriptionId);
      await selling.pause(paceMs);
    }
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
  }
}

/** The whole list, or what of it came before it broke off. */
async function crawl(marketplace: Marketplace): Promise<{ listed: MarketplaceSubscription[]; failure: unknown }> {
  const listed = new Map<string, MarketplaceSubscription>();
  try {
    for await (const truth of marketplace.listSubscriptions()) listed.set(truth.id.toLowerCase(), truth);
    return { listed: [...listed.values()], failure: null };
  } catch (failure) {
    return { listed: [...listed.values()], failure };
  }
}

/** What we know before we compare; all by the marketplace's id in small letters. */
interface Holdings {
  /** Purchases of ours that the marketplace lists. */
  listed: Map<string, MarketplaceSubscription>;
  /** Purchases that we know. */
  known: Map<string, { tenantId: string; subscriptionId: string }>;
  /** What differed before and was not mended. */
  drifted: Set<string>;
}

async function openHoldings({ database }: Context, all: MarketplaceSubscription[]): Promise<Holdings> {
  const known = new Map((await knownPurchases(database)).map(({ externalId, ...entry }) => [externalId, entry]));
  const drifted = new Set((await openDrift(database)).map(({ subscriptionId }) => subscriptionId));
  const sold = (await listPlans(database, null)).filter(({ billing }) => billing === 'marketplace');
  const offers = new Set(sold.map(({ offerId }) => offerId));
  const listed = new Map<string, MarketplaceSubscription>();
  for (const truth of all) {
    const id = truth.id.toLowerCase();
    const isNew = !known.has(id) && truth.status !== 'Unsubscribed';
    if (known.has(id) || (isNew && (offers.has(offerOf(truth.offerId)) || (await soldPlan(database, truth)) !== null)))
      listed.set(id, truth);
  }
  return { listed, known, drifted };
}

/** Each listed purchase of ours, with what we hold of it and whether that differs; organizations are read one by one. */
async function* compare(ctx: Context, { listed, known }: Holdings, askedAt: Date): AsyncIterable<Compared & { differs: boolean }> {
  const byTenant = new Map<string, MarketplaceSubscription[]>();
  for (const [id, truth] of listed) {
    const tenantId = known.get(id)?.tenantId;
    if (tenantId === undefined)
      yield { subscriptionId: truth.id, listed: truth, held: null, tenantId: organizationOf(truth), differs: true };
    else byTenant.set(tenantId, [...(byTenant.get(tenantId) ?? []), truth]);
  }
  for (const [tenantId, truths] of byTenant) {
    const rows = await inTenant(ctx, tenantId, ({ db }) => listSubscriptions(db, tenantId));
    for (const truth of truths) {
      const held = rows.find(({ subscriptionId }) => subscriptionId === known.get(truth.id.toLowerCase())!.subscriptionId) ?? null;
      // What was adopted since the list was asked for is newer than the list.
      const isNewer = held !== null && held.snapshotAt >= askedAt;
      const differs = held === null || (!isNewer && differencesOf(held, truth).length > 0);
      yield { subscriptionId: truth.id, listed: truth, held, tenantId, differs };
    }
  }
}

/** Purchases that we hold as living and a whole list lacks. */
async function* unlisted(ctx: Context, { listed, known }: Holdings, askedAt: Date): AsyncIterable<Compared> {
  let found = 0;
  for (const [id, { tenantId, subscriptionId }] of known) {
    if (listed.has(id)) continue;
    const held = await inTenant(ctx, tenantId, ({ db }) => findSubscription(db, tenantId, subscriptionId));
    if (!held || held.status === 'Unsubscribed' || held.snapshotAt >= askedAt) continue;
    found += 1;
    if (found <= MOST_UNLISTED) yield { subscriptionId: held.externalId, listed: null, held, tenantId };
  }
  if (found > MOST_UNLISTED) ctx.log.error({ found }, 'the marketplace’s list lacks many subscriptions that we hold');
}

async function keepPendingPurchases(ctx: Context, { listed, known }: Holdings, isWhole: boolean): Promise<void> {
  const at = ctx.now();
  const pending = [...listed.values()].filter(({ status }) => status === 'PendingFulfillmentStart');
  for (const truth of pending) {
    const tenantId = known.get(truth.id.toLowerCase())?.tenantId ?? organizationOf(truth);
    if (tenantId !== null) await savePending(ctx.database, toPending(truth, tenantId, at), at);
  }
  if (isWhole)
    await keepPending(
      ctx.database,
      pending.map(({ id }) => id),
    );
}

const toPending = (
  { id, name, offerId, planId, purchaser, beneficiary, purchasedAt }: MarketplaceSubscription,
  tenantId: string,
  at: Date,
) =>
  ({
    subscriptionId: id,
    tenantId,
    name,
    offerId,
    planId,
    purchaser: purchaser.address ?? beneficiary.address,
    // Where the marketplace does not say when, it is counted from when we saw it first.
    purchasedAt: purchasedAt ?? at,
  }) satisfies PendingPurchase;

/** The repair of one process: its first whole run also looks for operations that began while nobody listened. */
export function createReconciliation(selling: Selling): (ctx: Context) => Promise<void> {
  let afterDowntime = true;
  return async (ctx) => {
    await reconcileSubscriptions(ctx, selling, { afterDowntime });
    afterDowntime = false;
  };
}
