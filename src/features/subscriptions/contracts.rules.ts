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
  const twins = twinsOf(plan, owned);
  if (policies.addon.stack === 'once' && twins.length > 0) return refuse({ code: 'addon_owned', planId, owned: twins.length, grants: [] });
  return ok({ price, parentId: base.subscriptionId });
}

/** What runs of the same plan already, or as another band of the same tier: of a tier one band holds at a time. */
export const twinsOf = ({ planId, offerId, policies: { tier } }: Plan, owned: readonly Owned[]): Owned[] =>
  owned.filter(
    (one) =>
      one.offerId === offerId && keepsAnchor(one.status) && (one.planId === planId || (tier !== null && one.tierGroup === tier.group)),
  );
