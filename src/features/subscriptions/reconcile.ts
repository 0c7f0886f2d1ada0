import { type Context, inTenant } from '../../platform/context';
import { listPlans } from '../plans/plans';
import { organizationOf } from './adopt-snapshot';
import { askedFirst, completed, differencesOf } from './drift.rules';
import {
  type DriftRow,
  keepPending,
  knownPurchases,
  lastReconciliations,
  mendDrift,
  noteDrift,
  noteReconciliation,
  openDrift,
  type PendingPurchase,
  savePending,
} from './drift.store';
import { keepsAnchor, offerOf } from './lifecycle.rules';
import { isStop, type ListedSubscription, type Marketplace, type MarketplaceSubscription, type Selling } from './marketplace.port';
import { type Compared, mendSubscription } from './mend-subscription';
import { answerOpenOperations } from './open-operations';
import { soldPlan } from './sold-plan';
import { findSubscription, listSubscriptions, type SubscriptionRow } from './subscriptions.store';

/** Between two looks at operations after a downtime: Microsoft publishes no limit, and nobody waits. */
const PACE_MS = 100;
/** Purchases that we hold and a whole list lacks are asked for one by one, so many a run; more of them at once are no accident of a list. */
const MOST_UNLISTED = 100;
/** So few are asked for their operations at every start: it costs half a minute, and nobody waits. */
const FEW = 100;
/** Longer than from one run to the next: nobody listened meanwhile. Shorter absences the marketplace bridges: it repeats for hours. */
const DOWNTIME_MS = 65 * 60_000;

/**
 * Repairs what lost or late webhooks left behind (G6): one crawl of the list, then calls only for what differs from what we hold.
 * What differed is written down, with since when and whether it was mended. The list holds all offers of the publisher; purchases of
 * other offers are none of ours. `afterDowntime`: operations that began meanwhile may wait for an answer, so all are looked for;
 * `atStart`: they are if that is quick.
 */
export async function reconcileSubscriptions(
  ctx: Context,
  selling: Selling,
  { afterDowntime = false, atStart = false }: { afterDowntime?: boolean; atStart?: boolean } = {},
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
  const living: string[] = [];
  const differing: string[] = [];
  for await (const one of compare(ctx, holdings, askedAt)) {
    if (one.differs) await mend(one);
    else if (holdings.drifted.has(one.subscriptionId.toLowerCase())) await mendDrift(ctx.database, one.subscriptionId, ctx.now());
    if (!keepsAnchor(one.listed!.status)) continue;
    living.push(one.subscriptionId);
    if (one.differs) differing.push(one.subscriptionId);
  }
  if (failure === null) {
    const lacking = await unlisted(ctx, holdings, askedAt);
    for (const one of lacking.slice(0, MOST_UNLISTED)) await mend(one);
    await noteUnasked(ctx, holdings, lacking.slice(MOST_UNLISTED));
  }
  await keepPendingPurchases(ctx, holdings, failure === null);
  const run = { seen: listed.length, repaired };
  if (repaired > 0) ctx.log.warn(run, 'subscriptions differed from the marketplace and were repaired');
  const isEachAsked = afterDowntime || (atStart && living.length <= FEW);
  await answerAll(ctx, act, isEachAsked ? living : differing, isEachAsked ? PACE_MS : 0);
  // Noted at the very end: a stop before leaves the downtime to be seen by the next start.
  const error = failure === null ? null : (failure as Error).message;
  await noteReconciliation(ctx.database, ctx.newId(), { startedAt, endedAt: ctx.now(), ...run, error });
  if (failure !== null) throw failure;
  return run;
}

async function answerAll(ctx: Context, selling: Selling, subscriptionIds: readonly string[], paceMs: number): Promise<void> {
  for (const subscriptionId of subscriptionIds) {
    await answerOpenOperations(ctx, selling, subscriptionId);
    await selling.pause(paceMs);
  }
}

/** The whole list, or what of it came before it broke off. */
async function crawl(marketplace: Marketplace): Promise<{ listed: ListedSubscription[]; failure: unknown }> {
  const listed = new Map<string, ListedSubscription>();
  try {
    for await (const truth of marketplace.listSubscriptions()) listed.set(truth.id.toLowerCase(), truth);
    return { listed: [...listed.values()], failure: null };
  } catch (failure) {
    if (isStop(failure)) throw failure;
    return { listed: [...listed.values()], failure };
  }
}

/** What we know before we compare; all by the marketplace's id in small letters. */
interface Holdings {
  /** Purchases of ours that the marketplace lists. */
  listed: Map<string, ListedSubscription>;
  /** Purchases that we know. */
  known: Map<string, { tenantId: string; subscriptionId: string }>;
  /** What differed before and was not mended. */
  drifted: Map<string, Pick<DriftRow, 'why' | 'lastAt'>>;
}

async function openHoldings({ database }: Context, all: ListedSubscription[]): Promise<Holdings> {
  const known = new Map((await knownPurchases(database)).map(({ externalId, ...entry }) => [externalId, entry]));
  const drifted = new Map((await openDrift(database)).map(({ subscriptionId, ...seen }) => [subscriptionId, seen]));
  const sold = (await listPlans(database, null)).filter(({ billing }) => billing === 'marketplace');
  const offers = new Set(sold.map(({ offerId }) => offerId));
  const listed = new Map<string, ListedSubscription>();
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
  const byTenant = new Map<string, ListedSubscription[]>();
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
      const differs = held === null || (!isNewer && differencesOf(held, completed(held, truth)).length > 0);
      yield { subscriptionId: truth.id, listed: truth, held, tenantId, differs };
    }
  }
}

/** Purchases that we hold as living and a whole list lacks; those whose turn it is to be asked for first. */
async function unlisted(
  ctx: Context,
  { listed, known, drifted }: Holdings,
  askedAt: Date,
): Promise<(Compared & { held: SubscriptionRow })[]> {
  const lacking: (Compared & { held: SubscriptionRow })[] = [];
  for (const [id, { tenantId, subscriptionId }] of known) {
    if (listed.has(id)) continue;
    const held = await inTenant(ctx, tenantId, ({ db }) => findSubscription(db, tenantId, subscriptionId));
    if (!held || held.status === 'Unsubscribed' || held.snapshotAt >= askedAt) continue;
    lacking.push({ subscriptionId: held.externalId, listed: null, held, tenantId });
  }
  const seen = ({ subscriptionId }: Compared) => drifted.get(subscriptionId.toLowerCase());
  return lacking.sort((one, other) => askedFirst(seen(one), seen(other)));
}

/** What is not asked for in this run is shown as well. */
async function noteUnasked(ctx: Context, { drifted }: Holdings, rest: (Compared & { held: SubscriptionRow })[]): Promise<void> {
  if (rest.length > 0) ctx.log.error({ unasked: rest.length }, 'the marketplace’s list lacks many subscriptions that we hold');
  for (const { subscriptionId, tenantId, held } of rest)
    if (!drifted.has(subscriptionId.toLowerCase()))
      await noteDrift(
        ctx.database,
        {
          driftId: ctx.newId(),
          subscriptionId,
          tenantId,
          why: 'not_read',
          differences: [{ field: 'status', ours: held.status, theirs: null }],
        },
        ctx.now(),
      );
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

/** The repair of one process. Operations that began while nobody listened are looked for where nobody did for long, or few could have any. */
export function createReconciliation(selling: Selling): (ctx: Context) => Promise<void> {
  let atStart = true;
  return async (ctx) => {
    const { whole } = await lastReconciliations(ctx.database);
    const afterDowntime = whole === null || ctx.now().getTime() - whole.endedAt.getTime() > DOWNTIME_MS;
    try {
      await reconcileSubscriptions(ctx, selling, { afterDowntime, atStart });
      atStart = false;
    } catch (error) {
      // The program stops: the next one repairs.
      if (!isStop(error)) throw error;
    }
  };
}
