import type { Refusal } from '../../contract/refusals';
import { type Context, inPublisher, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { ok, type Result, refuse } from '../../platform/result';
import { ownedGrants } from '../entitlements/owned-grants';
import { calendarDate, type UsagePeriod } from '../entitlements/periods.rules';
import { findPlan, listPlans, type Plan, planName } from '../plans/plans';
import type { PriceItem } from '../plans/policies';
import type { Tenant } from '../tenants/tenants';
import {
  contractTermAt,
  decideBeside,
  decideOrder,
  decidePurchase,
  type Order,
  type Owned,
  termFollowing,
  twinsOf,
} from './contracts.rules';
import { type ChangeCause, keepSubscription } from './keep-subscription';
import { keepsAnchor } from './lifecycle.rules';
import type { MarketplacePerson } from './marketplace.port';
import {
  dueInDirectory,
  enterContract,
  listSubscriptions,
  lockSubscription,
  postponeInDirectory,
  type SubscriptionRow,
} from './subscriptions.store';

/** A contract: a subscription bought here and not from a marketplace. Nothing that asks the marketplace ever touches one. */
export type Contract = SubscriptionRow & { source: 'direct'; termStart: Date; termEnd: Date; anchorDate: string };

/** What its beginning costs: handed in, because billing stands above subscriptions. Runs in the same transaction. */
export type BillStart = (
  tx: TxContext,
  tenant: Tenant,
  started: { contract: Contract; plan: Plan; price: PriceItem },
  at: Date,
) => Promise<void>;

/** What its ending costs, gives back and takes along; handed in alike, and called before it ends, additions first. */
export type OnEnd = (tx: TxContext, tenant: Tenant, contract: Contract, at: Date) => Promise<void>;

export interface ContractOrder extends Order {
  planId: string;
  /** When it began elsewhere, earlier than today; terms are counted from then. null: now. */
  startsAt: Date | null;
}

/** Whether an order would be taken, with its plan and price; writes nothing. */
export async function checkOrder(
  tx: TxContext,
  tenantId: string,
  order: Order & { planId: string },
): Promise<Result<{ plan: Plan; price: PriceItem; parentId: string | null }, Refusal>> {
  const plan = (await listPlans(tx.db, null)).find(({ planId }) => planId === order.planId);
  if (!plan) return refuse({ code: 'plan_unknown', planId: order.planId });
  const owned = await ownedBy(tx, tenantId);
  const decided = decideOrder(plan, order, owned);
  return decided.ok ? ok({ plan, ...decided.value }) : refuse(await withGrants(tx, tenantId, decided.refusal, plan, owned));
}

/** As checkOrder, of what somebody buys for their own organization. */
export async function checkPurchase(tx: TxContext, tenantId: string, order: Order & { planId: string }): ReturnType<typeof checkOrder> {
  const checked = await checkOrder(tx, tenantId, order);
  if (!checked.ok) return checked;
  const bought = decidePurchase(checked.value.plan, await ownedBy(tx, tenantId));
  return bought.ok ? checked : bought;
}

/** Whether a subscription may become this addition, beside what else runs. */
export async function checkBecoming(tx: TxContext, tenantId: string, subscriptionId: string, plan: Plan): Promise<Result<true, Refusal>> {
  if (plan.role === 'base') return ok(true);
  const others = (await ownedBy(tx, tenantId)).filter((one) => one.subscriptionId !== subscriptionId);
  const decided = decideBeside(plan, others);
  return decided.ok ? decided : refuse(await withGrants(tx, tenantId, decided.refusal, plan, others));
}

/** What is owned already says too what it grants, and what of it still waits (HO-16). */
async function withGrants(tx: TxContext, tenantId: string, refusal: Refusal, plan: Plan, owned: readonly Owned[]): Promise<Refusal> {
  if (refusal.code !== 'addon_owned') return refusal;
  const twins = twinsOf(plan, owned).map(({ subscriptionId }) => subscriptionId);
  return { ...refusal, grants: await ownedGrants(tx, tenantId, twins, tx.now()) };
}

/**
 * Begins a contract: it pins the plan's newest version, gets its term, grants and counters, and its first bill, all in this
 * transaction. The caller holds the organization and has asked who may.
 */
export async function startContract(
  tx: TxContext,
  tenant: Tenant,
  order: ContractOrder,
  by: ChangeCause & { buyer: MarketplacePerson },
  billStart: BillStart,
  at: Date,
): Promise<Result<Contract, Refusal>> {
  const { tenantId, timeZone } = tenant;
  const checked = await checkOrder(tx, tenantId, order);
  if (!checked.ok) return checked;
  const { plan, price, parentId } = checked.value;
  const startedAt = order.startsAt ?? at;
  const anchorDate = calendarDate(startedAt, timeZone);
  const term = contractTermAt({ startedAt, date: anchorDate, timeZone }, order.term, at);
  const subscriptionId = tx.newId();
  const contract: Contract = {
    subscriptionId,
    parentId,
    source: 'direct',
    externalId: subscriptionId,
    name: planName(plan, tenant.locale),
    offerId: plan.offerId,
    planId: plan.planId,
    planVersion: plan.version,
    quantity: order.quantity,
    status: 'Subscribed',
    termUnit: order.term,
    termStart: term.start,
    termEnd: term.end,
    anchorDate,
    autoRenew: true,
    isFreeTrial: false,
    allowedOperations: [],
    purchaser: by.buyer,
    beneficiary: by.buyer,
    purchasedAt: startedAt,
    activatedAt: startedAt,
    endedAt: null,
    snapshotAt: at,
    revision: 1,
  };
  await enterContract(tx.db, tenantId, subscriptionId, contract.termEnd);
  await keepSubscription(tx, tenantId, null, contract, plan, by, at);
  await billStart(tx, tenant, { contract, plan, price }, at);
  return ok(contract);
}

/** A contract as it is, held until the transaction ends; null: unknown, or bought from a marketplace. */
export async function lockContract(tx: TxContext, tenantId: string, subscriptionId: string): Promise<Contract | null> {
  const row = await lockSubscription(tx.db, tenantId, subscriptionId);
  return row?.source === 'direct' ? (row as Contract) : null;
}

export type ContractChanges = Partial<
  Pick<
    Contract,
    'planId' | 'planVersion' | 'quantity' | 'status' | 'termUnit' | 'termStart' | 'termEnd' | 'anchorDate' | 'autoRenew' | 'endedAt'
  >
>;

/** Writes what became of a contract, with all that follows from it; the caller holds organization and contract. */
export async function changeContract(
  tx: TxContext,
  tenantId: string,
  before: Contract,
  changes: ContractChanges,
  cause: ChangeCause,
  at: Date,
): Promise<Contract> {
  const contract: Contract = { ...before, ...changes, snapshotAt: at, revision: before.revision + 1 };
  const plan = await findPlan(tx.db, contract.planId, contract.planVersion);
  invariant(plan, 'a contract pins a published version');
  await enterContract(tx.db, tenantId, contract.subscriptionId, keepsAnchor(contract.status) ? contract.termEnd : null);
  await keepSubscription(tx, tenantId, before, contract, plan, cause, at);
  return contract;
}

/** The term that follows the present one, in the organization's zone as it is now. */
export const nextTermOf = ({ termEnd, anchorDate, termUnit }: Contract, timeZone: string): UsagePeriod =>
  termFollowing({ date: anchorDate, timeZone }, termUnit ?? 'P1M', termEnd);

/**
 * Ends a contract and the additions that belong to it: at once, or by not renewing it; additions run until it ends. Records stay readable (G8). Ending what
 * has ended, or does not renew any more, changes nothing. The caller holds the organization.
 */
export async function endContract(
  tx: TxContext,
  tenant: Tenant,
  subscriptionId: string,
  when: 'now' | 'term_end',
  cause: ChangeCause,
  onEnd: OnEnd,
  at: Date,
): Promise<Result<Contract, Refusal>> {
  const { tenantId } = tenant;
  const contract = await lockContract(tx, tenantId, subscriptionId);
  if (!contract) return refuse({ code: 'subscription_not_found' });
  if (contract.status === 'Unsubscribed' || (when === 'term_end' && !contract.autoRenew)) return ok(contract);
  const changes: ContractChanges = when === 'now' ? { status: 'Unsubscribed', endedAt: at, autoRenew: false } : { autoRenew: false };
  for (const row of await listSubscriptions(tx.db, tenantId))
    if (row.parentId === subscriptionId && (when === 'now' || reaches(row, contract)))
      await endContract(tx, tenant, row.subscriptionId, when, cause, onEnd, at);
  if (when === 'now') await onEnd(tx, tenant, contract, at);
  return ok(await changeContract(tx, tenantId, contract, changes, cause, at));
}

/** Whether an addition's term is its last one beside a plan that ends with its own; a shorter one is renewed until then. */
const reaches = ({ termEnd }: SubscriptionRow, base: Contract): boolean => termEnd !== null && termEnd >= base.termEnd;

/** Contracts of any organization whose term is over: to be renewed, changed or ended. */
export const dueContracts = (ctx: Context, at: Date, limit = 100): Promise<{ tenantId: string; subscriptionId: string }[]> =>
  inPublisher(ctx, ({ db }) => dueInDirectory(db, at, limit));

/** A contract that could not be renewed is looked at again then, and with it the additions that wait for it; others are first. */
export const postponeContract = (ctx: Context, tenantId: string, subscriptionId: string, until: Date): Promise<void> =>
  inTenant(ctx, tenantId, ({ db }) => postponeInDirectory(db, tenantId, subscriptionId, until));

async function ownedBy(tx: TxContext, tenantId: string): Promise<Owned[]> {
  const owned: Owned[] = [];
  for (const { subscriptionId, planId, planVersion, offerId, status } of await listSubscriptions(tx.db, tenantId)) {
    const plan = await findPlan(tx.db, planId, planVersion);
    owned.push({ subscriptionId, planId, offerId, status, role: plan!.role, tierGroup: plan!.policies.tier?.group ?? null });
  }
  return owned;
}
