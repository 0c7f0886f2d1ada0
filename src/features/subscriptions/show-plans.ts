import { LOCALES, type Locale } from '../../contract/common';
import type { ComparedPlan, PlanList } from '../../contract/plans';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { plansInForce } from '../entitlements/plans-in-force';
import { enter } from '../members/admit-member';
import { amountDifferences, directionOf } from '../plans/compare-plans.rules';
import { listPlans, type Plan } from '../plans/plans';
import { entitlementName, presentPlan } from '../plans/present-plan';

/** Every plan that is sold, beside the one the reader's organization has: what a plan limits is known before it is bought (TW-07). */
export function showPlans(ctx: Context, actor: Actor): Promise<Result<PlanList, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok && access.refusal.code !== 'no_subscription') return access;
    const locale = LOCALES.find((one) => one === actor.locale) ?? 'en';
    const yours = (await plansInForce(tx, actor.tenantId)).find(({ role }) => role === 'base') ?? null;
    const sold = await listPlans(tx.db, null);
    return ok({ yours: yours && presentPlan(yours, locale), items: sold.map((plan) => compared(plan, yours, locale)) });
  });
}

function compared(plan: Plan, yours: Plan | null, locale: Locale): ComparedPlan {
  const offer = presentPlan(plan, locale);
  if (!yours) return { ...offer, comparison: null };
  const direction = directionOf(yours, plan);
  const resources = { ...yours.resources, ...plan.resources };
  const differences = direction === 'beside' ? [] : amountDifferences(yours, plan);
  return {
    ...offer,
    comparison: {
      direction,
      differences: differences.map(({ entitlement, from, to }) => ({
        entitlement,
        name: entitlementName({ resources }, entitlement, locale),
        yours: from,
        offered: to,
      })),
    },
  };
}
