import type { Billing, BillingContact, BillingContactPatch, BillingMode } from '../../contract/billing';
import { type Locale, localeFor } from '../../contract/common';
import de from '../../contract/locales/de/billing.json';
import en from '../../contract/locales/en/billing.json';
import it from '../../contract/locales/it/billing.json';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { dateInWords, fill } from '../../platform/sentences';
import { calendarDate } from '../entitlements/periods.rules';
import { findPlan, type Plan } from '../plans/plans';
import type { DocumentsPolicy } from '../plans/policies';
import { findTenant } from '../tenants/tenants';
import { unitsOf } from './bill-lines.rules';
import { type BilledRow, findBilledSubscriptions } from './bills.store';
import { changeContact, showContact } from './contact';
import { countsAt } from './counts';
import { enterBilling } from './enter-billing';
import { modeOf, priceOf } from './mode.rules';
import { plansHeld } from './plans-held';

const HEADLINES = { en: en.mode, de: de.mode, it: it.mode };

/** How the organization is billed, said first (EC-01); where bills go, and how. */
export function viewBilling(
  ctx: Context,
  actor: Actor,
  here: { mailIsOn: boolean; supportContact: string },
): Promise<Result<Billing, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enterBilling(tx, actor);
    if (!access.ok) return access;
    const locale = localeFor(actor.locale);
    const live = await livePlans(tx, tenantId);
    const subscriptions = await showAll(tx, tenantId, live, locale, at);
    const { delivery, billingContactChange } = policyOf(live.map(({ plan }) => plan));
    return ok({ subscriptions, contact: await showContact(tx, tenantId, billingContactChange, at), delivery, ...here });
  });
}

/** Changes where bills go; whether that takes the publisher's word is what the plans say. */
export const changeBillingContact = (
  ctx: Context,
  actor: Actor,
  patch: BillingContactPatch,
  revision: number,
): Promise<Result<BillingContact, Refusal>> =>
  changeContact(ctx, actor, patch, revision, async (tx, tenantId) => {
    return policyOf((await livePlans(tx, tenantId)).map(({ plan }) => plan)).billingContactChange;
  });

/** How each subscription is billed and since when; for callers that have asked who may. */
export const billedBy = async (tx: TxContext, tenantId: string, locale: Locale, at: Date): Promise<Billing['subscriptions']> =>
  showAll(tx, tenantId, await livePlans(tx, tenantId), locale, at);

interface Live {
  row: BilledRow;
  plan: Plan;
}

async function livePlans(tx: TxContext, tenantId: string): Promise<Live[]> {
  const live: Live[] = [];
  for (const row of await findBilledSubscriptions(tx.db, tenantId))
    live.push({ row, plan: (await findPlan(tx.db, row.planId, row.planVersion))! });
  return live;
}

/** Of several plans the strictest: one that leaves the mailbox to the publisher does so for the whole organization. */
function policyOf(plans: readonly Plan[]): DocumentsPolicy {
  const policies = plans.map(({ policies }) => policies.documents);
  const deliveries = new Set(policies.map(({ delivery }) => delivery));
  return {
    delivery: deliveries.size > 1 ? 'both' : (policies[0]?.delivery ?? 'download'),
    billingContactChange: policies.some((policy) => policy.billingContactChange === 'by_support') ? 'by_support' : 'self',
  };
}

async function showAll(
  tx: TxContext,
  tenantId: string,
  live: readonly Live[],
  locale: Locale,
  at: Date,
): Promise<Billing['subscriptions']> {
  const timeZone = (await findTenant(tx.db, tenantId))?.timeZone ?? 'UTC';
  const shown: Billing['subscriptions'] = [];
  for (const one of live) shown.push(await show(tx, tenantId, one, { locale, timeZone, at }));
  return shown;
}

async function show(
  tx: TxContext,
  tenantId: string,
  { row, plan }: Live,
  { locale, timeZone, at }: { locale: Locale; timeZone: string; at: Date },
): Promise<Billing['subscriptions'][number]> {
  const { per } = priceOf(plan, row.termUnit);
  const mode = modeOf(per);
  const since = await sinceWhen(tx, tenantId, row, mode);
  const counts = await countsAt(tx, tenantId, plan, row.quantity, at);
  return {
    subscriptionId: row.subscriptionId,
    name: row.name,
    planName: plan.name[locale] ?? plan.planId,
    source: row.source,
    mode,
    since: since.toISOString(),
    units: unitsOf(per, counts),
    headline: fill(HEADLINES[locale][mode], { since: dateInWords(calendarDate(since, timeZone), locale) }, locale),
  };
}

/** When the subscription came to be billed in this way: it may have changed its plan since without changing the way (EC-03). */
async function sinceWhen(tx: TxContext, tenantId: string, row: BilledRow, mode: BillingMode): Promise<Date> {
  let since: Date | null = row.purchasedAt;
  for (const held of await plansHeld(tx, tenantId, row.subscriptionId))
    since = modeOf(priceOf(held.plan, held.termUnit).per) === mode ? (since ?? held.since) : null;
  return since ?? row.purchasedAt;
}
