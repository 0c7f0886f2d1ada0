import type { PlanOffer } from '../../contract/subscriptions';
import { type Context, inPublisher } from '../../platform/context';
import { listPlans, type Plan, planName } from './plans';

/** Every plan that is offered now, in the reader's language; what a plan grants is known before it is bought (TW-07). */
export async function listOffers(ctx: Context, locale: string): Promise<PlanOffer[]> {
  const plans = await inPublisher(ctx, ({ db }) => listPlans(db, null));
  return plans.map((plan) => toOffer(plan, locale));
}

const toOffer = (plan: Plan, locale: string): PlanOffer => ({
  planId: plan.planId,
  version: plan.version,
  role: plan.role,
  billing: plan.billing,
  rank: plan.rank,
  name: planName(plan, locale),
  description: plan.description[locale] ?? plan.description.en ?? '',
  prices: plan.prices,
  quantity: plan.policies.quantity,
  grants: plan.items.map(({ entitlement, kind, amount }) => ({ entitlement, kind, amount })),
});
