import { localeFor } from '../../contract/common';
import { FREE_UNLESS_LIMITED, isPeriodMeter } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import { meterName } from '../../contract/texts';
import type { Explanation } from '../../contract/usage';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { everGranted } from '../entitlements/grants';
import { plansInForce } from '../entitlements/plans-in-force';
import { enter } from '../members/admit-member';
import { findPlan, type Plan, planName } from '../plans/plans';
import { entitlementName } from '../plans/present-plan';
import { findTenant } from '../tenants/tenants';
import { ceilingsOf, withLargest } from './ceilings';
import { explanationOf, type Reader } from './explanation.rules';
import { forecastAt } from './forecast';
import { meterAt } from './meter-at';

/**
 * Everything behind the numbers of a meter at an instant, in the caller's words: the query that every screen, card and refusal
 * shares with admission (G10). `at` may lie before or after now. Refused for a meter that nothing here counts.
 */
export function explain(
  ctx: Context,
  actor: Actor,
  { meter, at }: { meter: string; at?: Date | undefined },
): Promise<Result<Explanation, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    return explainTo(tx, actor.tenantId, actor.locale, { meter, at });
  });
}

/** As `explain`, for callers that have asked who may. */
export async function explainTo(
  tx: TxContext,
  tenantId: string,
  language: string | null,
  { meter, at: asked }: { meter: string; at?: Date | undefined },
): Promise<Result<Explanation, Refusal>> {
  const now = tx.now();
  const at = asked ?? now;
  const tenant = await findTenant(tx.db, tenantId);
  if (!tenant?.anchor) return refuse({ code: 'no_subscription' });
  const isKnown = isPeriodMeter(meter) || FREE_UNLESS_LIMITED.includes(meter) || (await everGranted(tx, tenantId)).includes(meter);
  if (!isKnown) return refuse({ code: 'meter_not_found', meter });
  const found = await meterAt(tx, tenantId, meter, tenant.anchor, { at, now });
  const locale = localeFor(language);
  const plans = await plansNamed(
    tx,
    tenantId,
    found.grants.map(({ reason }) => reason),
  );
  const ceiling = (await ceilingsOf(tx, tenantId)).get(meter);
  const isPast = at < now;
  const reader: Reader = {
    locale,
    timeZone: tenant.timeZone,
    counts: ceiling ? 'each' : 'all',
    // What the items of the past were is not kept.
    knowsLargest: !isPast,
    meterName: nameIn(plans, meter, locale),
    planName: (planId) => (plans.has(planId) ? planName(plans.get(planId)!, locale) : planId),
  };
  const forecast = isPast ? null : await forecastAt(tx, tenantId, meter, found.counter, tenant, { at, locale });
  const shown = isPast ? found : { ...found, counter: withLargest(found.counter, ceiling) };
  return ok({ ...explanationOf(meter, shown, at, reader), forecast, help: `/api/v1/help/plans?meter=${meter}` });
}

/** The plans that grants come from, and those in force, by id. */
async function plansNamed(tx: TxContext, tenantId: string, reasons: readonly (string | null)[]): Promise<Map<string, Plan>> {
  const plans = new Map((await plansInForce(tx, tenantId)).map((plan) => [plan.planId, plan]));
  for (const planId of new Set(reasons)) {
    if (planId === null || plans.has(planId)) continue;
    const plan = await findPlan(tx.db, planId);
    if (plan) plans.set(planId, plan);
  }
  return plans;
}

/** Kinds of resources are named by the catalog of one of the plans, everything else by the product. */
function nameIn(plans: ReadonlyMap<string, Plan>, meter: string, locale: Reader['locale']): string {
  const naming = [...plans.values()].find(({ resources }) => resources[meter] !== undefined);
  return naming ? entitlementName(naming, meter, locale) : meterName(meter, locale);
}
