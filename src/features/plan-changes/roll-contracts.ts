import { type Context, inTenant, type TxContext } from '../../platform/context';
import { billStart } from '../billing/bill-start';
import { countsAt } from '../billing/counts';
import { isInArrears } from '../billing/mode.rules';
import { tierFor } from '../billing/tier.rules';
import { calendarDate } from '../entitlements/periods.rules';
import { listPlans, type Plan } from '../plans/plans';
import {
  type Contract,
  changeContract,
  dueContracts,
  endContract,
  lockContract,
  nextTermOf,
  postponeContract,
  startContract,
} from '../subscriptions/contracts';
import { isRenewed, nextDue } from '../subscriptions/contracts.rules';
import { heldSubscription, heldSubscriptions } from '../subscriptions/held';
import { lockTenant, type Tenant } from '../tenants/tenants';
import { refreshCounters } from '../usage/refresh-counters';
import { applyToContract, trimItems } from './apply-change';
import { billAhead, billCounted, billRest } from './bill-terms';
import { priceFor } from './change.rules';
import { isCountedMonthly } from './change-money.rules';
import { endOfContract } from './end-of-contract';
import { type ChangeRow, findOpenChange, insertChange, moveChange } from './plan-changes.store';
import { foreseeChange } from './present-change';
import { publishedPlan, situationOf } from './situation';

const BY_TIME = { actor: 'contract', via: 'contract' } as const;
/** Terms of one organization that are made up for in one run. */
const MOST_AT_ONCE = 120;
/** How long one that could not be renewed waits, so that it keeps no other from its turn. */
const TRIED_AGAIN_MS = 15 * 60_000;

/**
 * Renews the contracts whose term is over: what was ordered for its end takes effect, the band of a tier is chosen anew, the next
 * term is billed. Every step carries the instant of the edge, so that a run that is weeks late writes what a punctual one would have.
 */
export async function rollContracts(ctx: Context, limit = 100): Promise<number> {
  const due = await dueContracts(ctx, ctx.now(), limit);
  for (const tenantId of new Set(due.map((one) => one.tenantId))) await bringUpToDate(ctx, tenantId);
  return due.length;
}

/**
 * Renews an organization's contracts that are due, for whoever looks at them before the next run: edge by edge in the order of time,
 * each in a transaction of its own, so that no addition goes on beyond the plan it belongs to. One that cannot be renewed keeps no
 * other from it.
 */
export async function bringUpToDate(ctx: Context, tenantId: string): Promise<void> {
  const failed = new Set<string>();
  for (let edges = 0; edges < MOST_AT_ONCE; edges += 1) {
    const next = await inTenant(ctx, tenantId, async (tx) => nextDue(await heldSubscriptions(tx, tenantId), failed, tx.now()));
    if (!next) return;
    const { subscriptionId } = next;
    try {
      await inTenant(ctx, tenantId, (tx) => rollOnce(tx, tenantId, subscriptionId));
    } catch (error) {
      failed.add(subscriptionId);
      ctx.log.error({ err: error, tenantId, subscriptionId }, 'a contract could not be renewed');
      await postponeContract(ctx, tenantId, subscriptionId, new Date(ctx.now().getTime() + TRIED_AGAIN_MS));
    }
  }
}

/** Does what is due at the end of a contract's term; somebody else may have done it meanwhile. */
async function rollOnce(tx: TxContext, tenantId: string, subscriptionId: string): Promise<void> {
  const now = tx.now();
  const tenant = (await lockTenant(tx.db, tenantId))!;
  const contract = await lockContract(tx, tenantId, subscriptionId);
  if (!contract || contract.status === 'Unsubscribed' || contract.termEnd > now) return;
  const edge = contract.termEnd;
  const plan = await publishedPlan(tx, contract.planId, contract.planVersion);
  await billCounted(tx, tenant, contract, plan, { start: contract.termStart, end: edge }, edge);

  const next = await atEdge(tx, tenant, contract, plan, edge);
  if (next) {
    const held = await publishedPlan(tx, next.planId, next.planVersion);
    if (!isCountedMonthly(held, next.termUnit)) await billRest(tx, tenant, contract, plan, edge);
    const { renewed, wholeEnd } = await renew(tx, tenant, next, held, edge);
    await billAhead(tx, tenant, renewed, held, wholeEnd, edge);
    if (held.role === 'base') await startMissingTiers(tx, tenant, renewed, held, edge);
  }
  await refreshCounters(tx, tenantId, now);
}

/** The contract as it goes into its next term; null: it ends here. */
async function atEdge(tx: TxContext, tenant: Tenant, contract: Contract, plan: Plan, edge: Date): Promise<Contract | null> {
  const { tenantId } = tenant;
  const { subscriptionId } = contract;
  if (!isRenewed(contract)) {
    await endContract(tx, tenant, subscriptionId, 'now', { name: 'end', ...BY_TIME }, endOfContract, edge);
    return null;
  }
  const change = await findOpenChange(tx.db, tenantId, subscriptionId);
  if (!change || change.effectiveAt > edge) return chooseTier(tx, tenant, contract, plan, edge);
  const changed = await applyScheduled(tx, tenant, contract, change, edge);
  return chooseTier(tx, tenant, changed, await publishedPlan(tx, changed.planId, changed.planVersion), edge);
}

async function applyScheduled(tx: TxContext, tenant: Tenant, contract: Contract, change: ChangeRow, edge: Date): Promise<Contract> {
  const situation = await situationOf(tx, tenant, contract, edge);
  const { decision, outcome } = await foreseeChange(tx, tenant.tenantId, change, situation);
  const changed = await applyToContract(tx, situation, contract, decision, { name: 'change', ...BY_TIME }, edge, {
    termUnit: change.termUnit,
    ...(change.termUnit !== contract.termUnit && { anchorDate: calendarDate(edge, tenant.timeZone) }),
  });
  await trimItems(tx, situation, change, outcome, edge);
  await moveChange(tx.db, tenant.tenantId, change.changeId, { from: ['scheduled'], to: 'applied', endedAt: edge });
  return changed;
}

/** Bands of one group, and of one offer, are chosen by what is counted at the bill date (HO-13, HO-14), whatever was ordered for it. */
async function chooseTier(tx: TxContext, tenant: Tenant, contract: Contract, plan: Plan, edge: Date): Promise<Contract | null> {
  const { tenantId } = tenant;
  const { subscriptionId } = contract;
  const { tier } = plan.policies;
  if (!tier) return contract;
  const best = tierFor(await bandsOf(tx, plan.offerId, tier.group), await countsAt(tx, tenantId, plan, contract.quantity, edge));
  // A catalog may have stopped selling this term since; what is billed then is the band that was bought.
  if (best?.planId === plan.planId || (best && !priceFor(best, contract.termUnit))) return contract;
  if (!best) {
    await endContract(tx, tenant, subscriptionId, 'now', { name: 'tier', ...BY_TIME }, endOfContract, edge);
    return null;
  }
  const changes = { planId: best.planId, planVersion: best.version };
  await insertChange(tx.db, tenantId, {
    changeId: tx.newId(),
    subscriptionId,
    cause: 'tier',
    direction: best.rank > plan.rank ? 'upgrade' : 'downgrade',
    fromPlan: plan.planId,
    fromVersion: plan.version,
    fromQuantity: contract.quantity,
    toPlan: best.planId,
    toVersion: best.version,
    toQuantity: contract.quantity,
    termUnit: contract.termUnit,
    effectiveAt: edge,
    state: 'applied',
    estimate: {},
    consent: {},
    operationId: null,
    orderedBy: null,
    orderedAt: edge,
    endedAt: edge,
  });
  return changeContract(tx, tenantId, contract, changes, { name: 'tier', ...BY_TIME }, edge);
}

/** A group of which the organization has no band yet, although what is counted lies in one. */
async function startMissingTiers(tx: TxContext, tenant: Tenant, base: Contract, plan: Plan, edge: Date): Promise<void> {
  const { tenantId } = tenant;
  const addons = (await listPlans(tx.db, plan.offerId)).filter(({ policies }) => policies.tier !== null);
  const owned = new Set<string>();
  for (const row of await heldSubscriptions(tx, tenantId))
    if (row.status !== 'Unsubscribed') owned.add((await publishedPlan(tx, row.planId, row.planVersion)).policies.tier?.group ?? '');
  const counts = await countsAt(tx, tenantId, plan, base.quantity, edge);
  for (const group of new Set(addons.map(({ policies }) => policies.tier!.group))) {
    if (owned.has(group)) continue;
    const bands = addons.filter(({ policies }) => policies.tier!.group === group);
    const best = tierFor(bands, counts);
    // In the terms of the plan they belong to, or where they are not sold for these by the month: nothing longer begins unasked.
    const price = best && (priceFor(best, base.termUnit) ?? priceFor(best, 'P1M'));
    if (!price) continue;
    const order = { planId: best.planId, term: price.term, quantity: null, startsAt: null };
    const by = { name: 'tier', ...BY_TIME, buyer: { tenantId, objectId: null, address: null } };
    const started = await startContract(tx, tenant, order, by, billStart, edge);
    if (!started.ok) tx.log.warn({ refusal: started.refusal.code, planId: best.planId }, 'a band of a tier could not be started');
  }
}

const bandsOf = async (tx: TxContext, offerId: string, group: string): Promise<Plan[]> =>
  (await listPlans(tx.db, offerId)).filter(({ policies }) => policies.tier?.group === group);

/**
 * The next term. An addition's ends with the plan it belongs to, if that is not renewed: what is paid ahead is paid until there, and
 * what is counted is billed as it ends.
 */
async function renew(
  tx: TxContext,
  { tenantId, timeZone }: Tenant,
  contract: Contract,
  plan: Plan,
  edge: Date,
): Promise<{ renewed: Contract; wholeEnd: Date }> {
  const { start, end } = nextTermOf(contract, timeZone);
  const ending = await endOfBase(tx, tenantId, contract);
  const isLast = ending !== null && ending <= end;
  const price = priceFor(plan, contract.termUnit);
  const isCut = isLast && ending < end && !(price && isInArrears(price));
  const cut = isCut ? { termEnd: ending, anchorDate: calendarDate(ending, timeZone) } : { termEnd: end };
  const changes = { termStart: start, ...cut, ...(isLast && { autoRenew: false }) };
  const renewed = await changeContract(tx, tenantId, contract, changes, { name: 'renew', ...BY_TIME }, edge);
  return { renewed, wholeEnd: end };
}

/** When the plan that an addition belongs to ends for good; null: it goes on, or the contract belongs to none. */
async function endOfBase(tx: TxContext, tenantId: string, { parentId }: Contract): Promise<Date | null> {
  const base = parentId && (await heldSubscription(tx, tenantId, parentId));
  return base && base.source === 'direct' && base.status !== 'Unsubscribed' && !isRenewed(base) ? base.termEnd : null;
}
