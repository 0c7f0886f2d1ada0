import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import { ok, type Result, refuse } from '../../platform/result';
import { type UsageAnchor, type UsagePeriod, usagePeriodAt } from '../entitlements/periods.rules';
import type { Plan } from '../plans/plans';
import type { PriceItem } from '../plans/policies';
import { keepsAnchor } from './lifecycle.rules';

export type ContractTerm = PriceItem['term'];

/** What somebody wants to buy here. */
export interface Order {
  term: ContractTerm;
  /** What the plan is sold by the number of; null where it is not. */
  quantity: number | null;
}

/** What the organization has already. */
export interface Owned {
  subscriptionId: string;
  planId: string;
  offerId: string;
  role: Plan['role'];
  /** Of whose bands its plan is one; null: of none. */
  tierGroup: string | null;
  status: SubscriptionStatus;
}

/** The term that holds `at`, counted from the contract's own anchor as usage periods are, so that both end at the same midnights. */
export const contractTermAt = (anchor: UsageAnchor, unit: string, at: Date): UsagePeriod =>
  usagePeriodAt(anchor, at, unit === 'P1Y' ? 12 : 1);

/** What two zones lie apart at the most. */
const ZONES_APART_MS = 26 * 3_600_000;

/** The term that begins at `start`, counted from the anchor; an edge that another zone than before has hours after it is that same one. */
export const termFollowing = (anchor: Omit<UsageAnchor, 'startedAt'>, unit: string, start: Date): UsagePeriod => ({
  start,
  end: contractTermAt({ ...anchor, startedAt: start }, unit, new Date(start.getTime() + ZONES_APART_MS)).end,
});

/** Whether a plan can be bought here so, at which price, and to which plan an addition belongs. */
export function decideOrder(
  plan: Plan,
  { term, quantity }: Order,
  owned: readonly Owned[],
): Result<{ price: PriceItem; parentId: string | null }, Refusal> {
  const { planId, policies } = plan;
  if (plan.billing !== 'direct') return refuse({ code: 'plan_sold_elsewhere', planId });
  const price = plan.prices.find((one) => one.term === term);
  if (!price) return refuse({ code: 'term_unknown', planId, term, terms: plan.prices.map((one) => one.term) });
  const bounds = policies.quantity ?? (quantity === null ? null : { min: 1, max: 1 });
  if (bounds && (quantity === null || quantity < bounds.min || quantity > bounds.max))
    return refuse({ code: 'quantity_out_of_bounds', quantity: quantity ?? 0, min: bounds.min, max: bounds.max });
  if (plan.role === 'base') return ok({ price, parentId: null });

  const running = owned.filter((one) => one.offerId === plan.offerId && keepsAnchor(one.status));
  const base = running.find((one) => one.role === 'base');
  if (!base) return refuse({ code: 'base_plan_missing', planId });
  const beside = decideBeside(plan, owned);
  return beside.ok ? ok({ price, parentId: base.subscriptionId }) : beside;
}

/** Whether an addition may run beside what runs already. Whoever knows what is owned says what it grants. */
export function decideBeside(plan: Plan, owned: readonly Owned[]): Result<true, Refusal> {
  const twins = twinsOf(plan, owned);
  return plan.policies.addon.stack === 'once' && twins.length > 0
    ? refuse({ code: 'addon_owned', planId: plan.planId, owned: twins.length, grants: [] })
    : ok(true);
}

/**
 * Whether somebody may buy a plan for themselves: of one offer one plan runs, and is changed rather than bought again, for two would
 * both be billed. Accounting may enter several, where that was agreed.
 */
export function decidePurchase({ planId, offerId, role }: Plan, owned: readonly Owned[]): Result<true, Refusal> {
  const running = owned.find((one) => one.role === 'base' && one.offerId === offerId && keepsAnchor(one.status));
  if (role !== 'base' || !running) return ok(true);
  return refuse({ code: 'base_plan_owned', planId, ownedPlanId: running.planId, subscriptionId: running.subscriptionId });
}

/** A contract whose edges are passed one by one. */
export interface Running {
  subscriptionId: string;
  parentId: string | null;
  source: 'marketplace' | 'direct';
  status: SubscriptionStatus;
  termEnd: Date | null;
  autoRenew: boolean;
}

/** Whether another term follows the present one. */
export const isRenewed = ({ autoRenew, status }: Pick<Running, 'autoRenew' | 'status'>): boolean => autoRenew && status === 'Subscribed';

/**
 * The contract of an organization whose edge is passed next, the earliest first; null: none is due. At one instant a plan that ends
 * takes its additions along before they are renewed; one that goes on asks last which of them are there. Those that failed wait, and
 * their additions with them.
 */
export function nextDue<R extends Running>(held: readonly R[], failed: ReadonlySet<string | null>, now: Date): R | null {
  const rank = (one: R): number => (one.parentId !== null ? 1 : isRenewed(one) ? 2 : 0);
  const endOf = ({ source, status, termEnd }: R): number =>
    source === 'direct' && status !== 'Unsubscribed' && termEnd !== null ? termEnd.getTime() : Number.POSITIVE_INFINITY;
  const due = held.filter((one) => endOf(one) <= now.getTime() && !failed.has(one.subscriptionId) && !failed.has(one.parentId));
  return [...due].sort((a, b) => endOf(a) - endOf(b) || rank(a) - rank(b))[0] ?? null;
}

/** What runs of the same plan already, or as another band of the same tier: of a tier one band holds at a time. */
export const twinsOf = ({ planId, offerId, policies: { tier } }: Plan, owned: readonly Owned[]): Owned[] =>
  owned.filter(
    (one) =>
      one.offerId === offerId && keepsAnchor(one.status) && (one.planId === planId || (tier !== null && one.tierGroup === tier.group)),
  );
