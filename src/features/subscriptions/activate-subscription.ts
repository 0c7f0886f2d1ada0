import type { Activation } from '../../contract/account';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import type { Context, TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { roleOf } from '../members/admit-member';
import { describeTenant, type Tenant } from '../tenants/tenants';
import { type Adoption, adoptSnapshot, type Cause, readAndAdopt } from './adopt-snapshot';
import { appointOwner, mayManage } from './buyer';
import { type MarketplaceSubscription, MarketplaceUnavailable, type Selling } from './marketplace.port';
import { queueReread } from './reread.store';
import { soldPlan, whyUnsold } from './sold-plan';
import type { SubscriptionRow } from './subscriptions.store';

type ActivationFailed = Refusal & { code: 'activation_failed' };

/** When the marketplace is asked for the outcome on its own, should nobody wait for it. */
const REREAD_AFTER_MS = 30_000;

/**
 * Activates a purchase once, however often and by however many it is asked for. What the buyer told is kept first; then the
 * marketplace is asked, outside any transaction; then its own word is adopted. While it says PendingFulfillmentStart the
 * activation is under way: a webhook or the reread brings the outcome.
 */
export async function activateSubscription(
  ctx: Context,
  selling: Selling,
  actor: Actor,
  input: Activation,
): Promise<Result<SubscriptionRow, Refusal>> {
  const act = { ...selling, marketplace: selling.marketplace.correlated(ctx.newId()) };
  try {
    return await activate(ctx, act, actor, input);
  } catch (error) {
    if (!(error instanceof MarketplaceUnavailable)) throw error;
    ctx.log.error({ err: error, subscriptionId: input.subscriptionId }, 'an activation could not reach the marketplace');
    return failed('marketplace_unavailable');
  }
}

async function activate(ctx: Context, selling: Selling, actor: Actor, input: Activation): Promise<Result<SubscriptionRow, Refusal>> {
  const fetchedAt = selling.realTime.now();
  const truth = await selling.marketplace.getSubscription(input.subscriptionId);
  if (!truth) return refuse({ code: 'subscription_not_found' });
  if (!(await mayManage(ctx, truth, actor))) return refuse({ code: 'not_purchaser' });
  if (!(await soldPlan(ctx.database, truth))) {
    ctx.log.error(
      { subscriptionId: truth.id, offerId: truth.offerId, planId: truth.planId, plan: await whyUnsold(ctx.database, truth) },
      'a purchase of a plan that the catalog does not sell on the marketplace cannot be activated',
    );
    return refuse({ code: 'plan_unknown', planId: truth.planId });
  }

  const intent: Cause = { name: 'activate', actor: actor.memberId, also: (tx, adopted) => keepIntent(tx, selling, actor, input, adopted) };
  const kept = await adoptNow(ctx, selling, truth, fetchedAt, intent);
  if (!('row' in kept)) return refuse({ code: 'subscription_not_found' });
  if (kept.row.status === 'Unsubscribed') return failed('subscription_ended');
  if (kept.row.status !== 'PendingFulfillmentStart') return ok(kept.row);

  const started = await once(truth.id, () => start(selling, truth));
  const cause: Cause = { name: 'activate', actor: actor.memberId };
  const seen = started.ok ? started.value : null;
  const after = seen
    ? await adoptNow(ctx, selling, seen.truth, seen.fetchedAt, cause)
    : (await readAndAdopt(ctx, selling, truth.id, cause))?.adoption;
  if (!after || !('row' in after)) return refuse({ code: 'subscription_not_found' });
  const { row } = after;
  if (row.status === 'Unsubscribed') return failed('subscription_ended');
  if (row.status === 'PendingFulfillmentStart' && !started.ok) return started;
  return ok(row);
}

async function adoptNow(
  ctx: Context,
  selling: Selling,
  truth: MarketplaceSubscription,
  fetchedAt: Date,
  cause: Cause,
): Promise<Exclude<Adoption, { outcome: 'stale' }>> {
  const adoption = await adoptSnapshot(ctx, truth, fetchedAt, cause);
  if (adoption.outcome !== 'stale') return adoption;
  return (await readAndAdopt(ctx, selling, truth.id, cause))?.adoption ?? { outcome: 'owner_unknown' };
}

/** Runs in the transaction that adopts: who owns the organization, what it is called, and a reminder to look again. */
async function keepIntent(
  tx: TxContext,
  selling: Selling,
  actor: Actor,
  input: Activation,
  { tenant, row, at }: { tenant: Tenant; row: SubscriptionRow; at: Date },
): Promise<void> {
  const { tenantId } = tenant;
  await appointOwner(tx, tenantId, actor, row.beneficiary, at);
  const mayDescribe = tenant.name === null || (actor.tenantId === tenantId && (await roleOf(tx, tenantId, actor.memberId)) === 'owner');
  if (mayDescribe)
    await describeTenant(tx.db, tenantId, {
      name: input.organization,
      contactAddress: input.contactAddress,
      locale: input.locale,
      timeZone: input.timeZone,
    });
  if (row.status !== 'PendingFulfillmentStart') return;
  const notBefore = new Date(selling.realTime.now().getTime() + REREAD_AFTER_MS);
  await queueReread(tx.db, { outboxId: tx.newId(), tenantId, subscriptionId: row.externalId, notBefore });
}

/** The subscription as it was when it showed its activation; null: asked for, and not seen yet. */
type Started = { truth: MarketplaceSubscription; fetchedAt: Date } | null;

const starting = new Map<string, Promise<Result<Started, ActivationFailed>>>();

/** Several clicks at once share one activation. Instances besides this one are held apart by the marketplace's own status. */
function once(subscriptionId: string, run: () => Promise<Result<Started, ActivationFailed>>): Promise<Result<Started, ActivationFailed>> {
  const known = starting.get(subscriptionId);
  if (known) return known;
  const promise = run().finally(() => starting.delete(subscriptionId));
  starting.set(subscriptionId, promise);
  return promise;
}

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 300;
/** Who is asked to wait longer is told so: a browser waits for the answer. */
const LONGEST_PAUSE_MS = 10_000;

/** Asks for the activation and waits a little for its outcome. Asked again only when the marketplace says that nothing has begun. */
async function start(selling: Selling, { id, planId, quantity }: MarketplaceSubscription): Promise<Result<Started, ActivationFailed>> {
  // The status known so far may be older than another click's activation that has just ended.
  const before = await waitUntilStarted(selling, id, 1);
  if (typeof before === 'object') return ok(before);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    let pauseMs = FIRST_PAUSE_MS * attempt;
    const answer = await selling.marketplace.activate(id, { planId, quantity }).catch((error: unknown) => {
      if (error instanceof MarketplaceUnavailable) pauseMs = Math.max(pauseMs, error.retryAfterMs);
      return unavailable(error);
    });
    if (answer === 'ended') return failed('subscription_ended');
    const seen = await waitUntilStarted(selling, id, answer === null ? 1 : WAITS.length);
    if (typeof seen === 'object') return ok(seen);
    if (answer === 'accepted') return ok(null);
    if (answer === 'refused') return failed('refused_by_marketplace');
    if (seen === 'unseen' || pauseMs > LONGEST_PAUSE_MS) break;
    await selling.pause(pauseMs);
  }
  return failed('marketplace_unavailable');
}

/** Activation takes effect after its answer, mostly at once. Together 8 s. */
const WAITS = [0, 100, 200, 400, 800, 1500, 2000, 3000];

async function waitUntilStarted(
  { marketplace, pause, realTime }: Selling,
  id: string,
  looks: number,
): Promise<NonNullable<Started> | 'pending' | 'unseen'> {
  let seen: 'pending' | 'unseen' = 'unseen';
  for (const wait of WAITS.slice(0, looks)) {
    await pause(wait);
    const fetchedAt = realTime.now();
    const truth = await marketplace.getSubscription(id).catch(unavailable);
    if (truth && truth.status !== 'PendingFulfillmentStart') return { truth, fetchedAt };
    if (truth) seen = 'pending';
  }
  return seen;
}

/** Tried again or waited for; other faults go on. */
function unavailable(error: unknown): null {
  if (error instanceof MarketplaceUnavailable) return null;
  throw error;
}

const failed = (reason: ActivationFailed['reason']): { ok: false; refusal: ActivationFailed } =>
  refuse({ code: 'activation_failed', reason } as ActivationFailed);
