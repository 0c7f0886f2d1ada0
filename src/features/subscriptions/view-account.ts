import type { AccountState, AccountSubscription } from '../../contract/account';
import { METERS } from '../../contract/meters';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { findPlan, type Plan, planName } from '../plans/plans';
import { findTenant } from '../tenants/tenants';
import { endingOf } from './account-ending';
import { adoptSnapshot, organizationOf } from './adopt-snapshot';
import { appointOwner, isBuyer, managesPlan, mayManage } from './buyer';
import { keepsAnchor } from './lifecycle.rules';
import { type MarketplaceSubscription, MarketplaceUnavailable, type Selling } from './marketplace.port';
import { soldPlan } from './sold-plan';
import { findInDirectory, findSubscription, listSubscriptions, type SubscriptionRow } from './subscriptions.store';

/** What brought the visitor: a purchase token, what it named before, or nothing. */
export type Purchase = { token: string } | { subscriptionId: string } | null;

export interface AccountView extends Pick<AccountState, 'state' | 'subscription' | 'others' | 'suggestedContact' | 'ending'> {
  /** The marketplace's id of what is shown or may be activated; null: nothing that came from outside. */
  subscriptionId: string | null;
}

const nothing: Omit<AccountView, 'state'> = { subscription: null, others: [], suggestedContact: null, ending: null, subscriptionId: null };

/** States that show a subscription to whoever manages it. */
const MANAGED: readonly AccountView['state'][] = ['active', 'suspended', 'ended'];

/** What a person who is signed in sees of a purchase, or of their organization's subscriptions. */
export async function viewAccount(ctx: Context, selling: Selling, actor: Actor, purchase: Purchase): Promise<AccountView> {
  try {
    const view = await (purchase ? viewPurchase(ctx, selling, actor, purchase) : viewOwn(ctx, actor));
    if (!view.subscription || !MANAGED.includes(view.state)) return view;
    return { ...view, ending: await endingOf(ctx, view.subscription.id) };
  } catch (error) {
    if (!(error instanceof MarketplaceUnavailable)) throw error;
    ctx.log.error({ err: error }, 'the account page could not reach the marketplace');
    return { state: 'marketplace_unavailable', ...nothing };
  }
}

async function viewPurchase(ctx: Context, selling: Selling, actor: Actor, purchase: NonNullable<Purchase>): Promise<AccountView> {
  const fetchedAt = selling.realTime.now();
  const marketplace = selling.marketplace.correlated(ctx.newId());
  const truth = await ('token' in purchase ? marketplace.resolve(purchase.token) : marketplace.getSubscription(purchase.subscriptionId));
  if (!truth) return { state: 'token_invalid', ...nothing };

  const plan = await soldPlan(ctx.database, truth);
  const shown = show({ ...truth, activatedAt: null }, plan, actor);
  if (!(await mayManage(ctx, truth, actor))) {
    if (organizationOf(truth) !== actor.tenantId) return { state: 'wrong_account', ...nothing, subscriptionId: truth.id };
    // Whoever did it is not named: a link to a purchase proves nothing about who follows it.
    const activatedAt = keepsAnchor(truth.status) ? await activationOf(ctx, truth) : null;
    const state = keepsAnchor(truth.status) ? 'activated' : 'visitor';
    return { state, ...nothing, subscription: { ...shown, activatedAt }, subscriptionId: truth.id };
  }
  const row = await heal(ctx, truth, fetchedAt, actor);
  const tenantId = organizationOf(truth)!;
  const status = row?.status ?? truth.status;
  return {
    state: STATES[status],
    subscription: { ...shown, status, activatedAt: row?.activatedAt?.toISOString() ?? null },
    ending: null,
    others: await othersOf(ctx, tenantId, truth.id, actor),
    suggestedContact: status === 'PendingFulfillmentStart' ? await contactFor(ctx, tenantId, actor, truth) : null,
    subscriptionId: truth.id,
  };
}

const STATES: Record<SubscriptionStatus, 'new' | 'active' | 'suspended' | 'ended'> = {
  PendingFulfillmentStart: 'new',
  Subscribed: 'active',
  Suspended: 'suspended',
  Unsubscribed: 'ended',
};

/** When a live purchase was activated; where we were not told, when its term began. */
async function activationOf(ctx: Context, { id, termStart }: MarketplaceSubscription): Promise<string | null> {
  const known = await findInDirectory(ctx.database, id);
  const row = known && (await inTenant(ctx, known.tenantId, ({ db }) => findSubscription(db, known.tenantId, known.subscriptionId)));
  return (row?.activatedAt ?? termStart)?.toISOString() ?? null;
}

/** A visit is an occasion to adopt what webhooks failed to say, and to hand an organization without owner to its buyer. */
async function heal(ctx: Context, truth: MarketplaceSubscription, fetchedAt: Date, actor: Actor): Promise<SubscriptionRow | null> {
  const isLive = keepsAnchor(truth.status);
  if (!isLive && !(await findInDirectory(ctx.database, truth.id))) return null;
  const adoption = await adoptSnapshot(ctx, truth, fetchedAt, {
    name: 'visit',
    actor: actor.memberId,
    also: async (tx, { tenant, row, at }) => {
      if (isLive && isBuyer(truth, actor)) await appointOwner(tx, tenant.tenantId, actor, row.beneficiary, at);
    },
  });
  return 'row' in adoption ? adoption.row : null;
}

async function othersOf(ctx: Context, tenantId: string, externalId: string, actor: Actor): Promise<AccountSubscription[]> {
  if (tenantId !== actor.tenantId) return [];
  return inTenant(ctx, tenantId, async (tx) => {
    const rows = (await listSubscriptions(tx.db, tenantId)).filter((row) => row.externalId !== externalId && keepsAnchor(row.status));
    return showRows(tx, rows, actor);
  });
}

async function contactFor(
  ctx: Context,
  tenantId: string,
  actor: Actor,
  truth: MarketplaceSubscription,
): Promise<{ organization: string; address: string }> {
  const tenant = await inTenant(ctx, tenantId, ({ db }) => findTenant(db, tenantId));
  const address = actor.address ?? truth.beneficiary.address ?? truth.purchaser.address ?? '';
  return suggest(tenant?.name, address);
}

/** What the buyer has to confirm only: where we know no name, the domain of the address is one to start from. */
function suggest(name: string | null | undefined, address: string): { organization: string; address: string } {
  const domain = /@([^@\s]+)$/u.exec(address)?.[1];
  return { organization: name ?? domain ?? '', address: domain ? address : '' };
}

/** Without a token: what one manages or bought. */
async function viewOwn(ctx: Context, actor: Actor): Promise<AccountView> {
  const managesAll = await managesPlan(ctx, actor);
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const all = await listSubscriptions(tx.db, actor.tenantId);
    const [main, ...rest] = managesAll ? all : all.filter((row) => isBuyer(row, actor));
    if (!main) return { state: all.length > 0 ? 'visitor' : 'no_purchase', ...nothing };
    const others = rest.filter((row) => keepsAnchor(row.status));
    const [subscription] = await showRows(tx, [main], actor);
    const isNew = main.status === 'PendingFulfillmentStart';
    const tenant = await findTenant(tx.db, actor.tenantId);
    return {
      state: STATES[main.status],
      subscription: subscription!,
      ending: null,
      others: await showRows(tx, others, actor),
      suggestedContact: isNew ? suggest(tenant?.name, actor.address ?? '') : null,
      subscriptionId: isNew ? main.externalId : null,
    };
  });
}

async function showRows(tx: TxContext, rows: readonly SubscriptionRow[], actor: Actor): Promise<AccountSubscription[]> {
  const shown: AccountSubscription[] = [];
  for (const row of rows) shown.push(show({ ...row, id: row.externalId }, await findPlan(tx.db, row.planId, row.planVersion), actor));
  return shown;
}

type Shown = Omit<MarketplaceSubscription, 'purchaser' | 'beneficiary' | 'allowedOperations'> & Pick<SubscriptionRow, 'activatedAt'>;

function show(subscription: Shown, plan: Plan | null, actor: Actor): AccountSubscription {
  const { id, name, offerId, planId, quantity, status, termUnit, termStart, termEnd, autoRenew, isFreeTrial, purchasedAt } = subscription;
  return {
    id,
    name,
    offerId,
    planId,
    planName: plan ? planName(plan, actor.locale ?? 'en') : planId,
    quantity,
    status,
    termUnit,
    termStart: termStart?.toISOString() ?? null,
    termEnd: termEnd?.toISOString() ?? null,
    autoRenew,
    isFreeTrial,
    purchasedAt: purchasedAt?.toISOString() ?? null,
    activatedAt: subscription.activatedAt?.toISOString() ?? null,
    limits: METERS.flatMap((meter) =>
      (plan?.items ?? [])
        .filter(({ entitlement, kind }) => entitlement === meter && kind === 'metered')
        .map(({ amount }) => ({ meter, amount })),
    ),
  };
}
