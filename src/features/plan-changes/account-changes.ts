import type {
  AccountChange,
  AccountChangeOrder,
  AccountChangeQuestion,
  AccountChoices,
  AccountPreview,
  AccountWithdrawal,
} from '../../contract/account';
import { type Locale, localeFor } from '../../contract/common';
import type { Preview } from '../../contract/plan-changes';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { poolOf } from '../licenses/pool';
import { enter } from '../members/admit-member';
import { listPlans, type Plan } from '../plans/plans';
import { entitlementName, presentPlan } from '../plans/present-plan';
import { NEWS_MS } from '../subscriptions/account-ending';
import { reachPurchase } from '../subscriptions/buyer';
import { heldSubscription } from '../subscriptions/held';
import type { MarketplacePlan, Selling } from '../subscriptions/marketplace.port';
import { findTenant } from '../tenants/tenants';
import { type Admit, asBuyer } from './admit';
import { decideChange, type Held, isByNumber } from './change.rules';
import { orderChange } from './order-change';
import { withdrawChange } from './plan-changes';
import { type ChangeRow, findChanges } from './plan-changes.store';
import { previewChange, refOf } from './preview-change';
import { publishedPlan, situationOf } from './situation';

/** Changes from the account page: by the marketplace's id, and for the buyer too, whoever they are in the organization. */
interface Reached {
  /** In the organization that the purchase belongs to. */
  actor: Actor;
  subscriptionId: string;
  admit: Admit;
}

async function reach(ctx: Context, actor: Actor, externalId: string): Promise<Reached | null> {
  const reached = await reachPurchase(ctx, actor, externalId);
  if (!reached) return null;
  const { tenantId, subscriptionId, isBuyer } = reached;
  return { actor: { ...actor, tenantId }, subscriptionId, admit: isBuyer ? asBuyer : enter };
}

async function reaching<T>(
  ctx: Context,
  actor: Actor,
  externalId: string,
  run: (reached: Reached) => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  const reached = await reach(ctx, actor, externalId);
  return reached ? run(reached) : refuse({ code: 'subscription_not_found' });
}

/** Whether a purchase can be changed, and what became of the last order; for who manages it. null: not known here, or not running. */
export async function viewChanges(ctx: Context, actor: Actor, externalId: string): Promise<AccountChange | null> {
  const reached = await reach(ctx, actor, externalId);
  if (!reached) return null;
  const { tenantId } = reached.actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const row = (await heldSubscription(tx, tenantId, reached.subscriptionId))!;
    if (row.status !== 'Subscribed') return null;
    const plan = await publishedPlan(tx, row.planId, row.planVersion);
    const query = { subscriptionId: row.subscriptionId, before: null, limit: 1 };
    const [newest] = await findChanges(tx.db, tenantId, query);
    const isNews = newest?.cause === 'ordered' && (newest.endedAt ?? tx.now()).getTime() > tx.now().getTime() - NEWS_MS;
    return {
      barred: !row.allowedOperations.includes('Update') ? 'by_partner' : plan.policies.change.allowed === 'none' ? 'no_changes' : null,
      hasSeats: isByNumber(plan),
      latest: isNews ? await latest(tx, newest, localeFor(actor.locale)) : null,
    };
  });
}

async function latest(tx: TxContext, row: ChangeRow, locale: Locale): Promise<AccountChange['latest']> {
  const { changeId, state, direction, effectiveAt, orderedAt, endedAt } = row;
  return {
    id: changeId,
    state,
    direction,
    from: refOf(await publishedPlan(tx, row.fromPlan, row.fromVersion), row.fromQuantity, locale),
    to: refOf(await publishedPlan(tx, row.toPlan, row.toVersion), row.toQuantity, locale),
    effectiveAt: effectiveAt.toISOString(),
    orderedAt: orderedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}

/**
 * What a purchase may become: what the catalog sells in its offer and term, as far as the marketplace lists it for this customer.
 * @throws MarketplaceUnavailable
 */
export function listChoices(ctx: Context, selling: Selling, actor: Actor, externalId: string): Promise<Result<AccountChoices, Refusal>> {
  return reaching(ctx, actor, externalId, async (reached) => {
    const { tenantId, locale } = reached.actor;
    const access = await inTenant(ctx, tenantId, (tx) => reached.admit(tx, reached.actor, 'manage_plan'));
    if (!access.ok) return access;
    const listed = await selling.marketplace.correlated(ctx.newId()).listPlans(externalId);
    return inTenant(ctx, tenantId, async (tx) => {
      const row = (await heldSubscription(tx, tenantId, reached.subscriptionId))!;
      const { held, open } = await situationOf(tx, (await findTenant(tx.db, tenantId))!, row, tx.now());
      const own = listed.find(({ id }) => id === row.planId);
      const pool = isByNumber(held.plan) ? await poolOf(tx, tenantId) : null;
      const choices: AccountChoices['plans'] = [];
      for (const plan of await listPlans(tx.db, held.plan.offerId)) {
        const there = listed.find(({ id }) => id === plan.planId);
        const choice = there && !there.isStopSell ? choiceOf(held, plan, there, open !== null, localeFor(locale)) : null;
        if (choice) choices.push({ ...choice, endsTrial: row.isFreeTrial && !there!.hasFreeTrials });
      }
      return ok({
        plans: choices,
        seats: isByNumber(held.plan) ? { held: held.quantity ?? 1, taken: pool?.taken ?? null, ...boundsOf(held.plan, own) } : null,
      });
    });
  });
}

/** null: it is not to be had instead. Of a plan for another number of seats these are named: they are changed first. */
function choiceOf(
  held: Held,
  plan: Plan,
  there: MarketplacePlan,
  isOpen: boolean,
  locale: Locale,
): Omit<AccountChoices['plans'][number], 'endsTrial'> | null {
  if (plan.planId === held.plan.planId || isOpen) return null;
  const decided = decideChange(held, { toPlanId: plan.planId }, plan, null);
  if (!decided.ok && decided.refusal.code !== 'quantity_out_of_bounds') return null;
  const { planId, version, name, prices, grants } = presentPlan(plan, locale);
  const bounds = isByNumber(plan) ? boundsOf(plan, there) : null;
  const fits = bounds === null || (held.quantity !== null && held.quantity >= bounds.min && held.quantity <= bounds.max);
  return {
    planId,
    version,
    name,
    direction: plan.rank > held.plan.rank ? 'upgrade' : 'downgrade',
    price: prices.find(({ term }) => term === held.termUnit)?.words ?? '',
    grants: grants.filter(({ kind }) => kind === 'metered' || kind === 'stock').map(({ name: what, words }) => ({ name: what, words })),
    seats: fits ? null : bounds,
  };
}

/** What both the catalog and the marketplace let one have. */
function boundsOf({ policies }: Plan, there: MarketplacePlan | undefined): { min: number; max: number } {
  const { min, max } = policies.quantity ?? { min: 1, max: 10_000 };
  return { min: Math.max(min, there?.minQuantity ?? min), max: Math.min(max, there?.maxQuantity ?? max) };
}

export const previewFromAccount = (
  ctx: Context,
  actor: Actor,
  { subscriptionId, ...wanted }: AccountChangeQuestion,
): Promise<Result<AccountPreview, Refusal>> =>
  reaching(ctx, actor, subscriptionId, async (reached) => {
    const previewed = await previewChange(ctx, reached.actor, reached.subscriptionId, wanted, reached.admit);
    if (!previewed.ok) return previewed;
    const preview = previewed.value;
    return ok({ preview, names: preview.allowed ? await namesIn(ctx, reached.actor, preview) : {} });
  });

function namesIn(ctx: Context, { tenantId, locale }: Actor, preview: Extract<Preview, { allowed: true }>): Promise<Record<string, string>> {
  return inTenant(ctx, tenantId, async (tx) => {
    const [from, to] = [preview.from, preview.to];
    const plans = [await publishedPlan(tx, from.planId, from.version), await publishedPlan(tx, to.planId, to.version)];
    const resources = Object.assign({}, ...plans.map((plan) => plan.resources));
    const { limits, exceeds, frozen } = preview;
    return Object.fromEntries(
      [...limits, ...exceeds, ...frozen].map(({ meter }) => [meter, entitlementName({ resources }, meter, localeFor(locale))]),
    );
  });
}

/** A preview is ordered once: it is its own key, however often and in however many windows it is sent. */
export const orderFromAccount = (
  ctx: Context,
  actor: Actor,
  { subscriptionId, ...order }: AccountChangeOrder,
): Promise<Result<true, Refusal>> =>
  reaching(ctx, actor, subscriptionId, async (reached) => {
    const key = { clientKey: fingerprint(order.previewId) };
    const ordered = await orderChange(ctx, reached.actor, key, reached.subscriptionId, order, reached.admit);
    return ordered.ok ? ok(true) : ordered;
  });

export const withdrawFromAccount = (
  ctx: Context,
  actor: Actor,
  { subscriptionId, changeId }: AccountWithdrawal,
): Promise<Result<true, Refusal>> =>
  reaching(ctx, actor, subscriptionId, async (reached) => {
    const withdrawn = await withdrawChange(ctx, reached.actor, reached.subscriptionId, changeId, reached.admit);
    return withdrawn.ok ? ok(true) : withdrawn;
  });
