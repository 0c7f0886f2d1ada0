import type { Billing } from '../../contract/billing';
import { type Locale, localeFor } from '../../contract/common';
import type { Help, PlanHelp } from '../../contract/help';
import deBot from '../../contract/locales/de/bot.json';
import de from '../../contract/locales/de/help.json';
import enBot from '../../contract/locales/en/bot.json';
import en from '../../contract/locales/en/help.json';
import itBot from '../../contract/locales/it/bot.json';
import it from '../../contract/locales/it/help.json';
import { isPeriodMeter } from '../../contract/meters';
import type { PlanOffer } from '../../contract/plans';
import type { Refusal } from '../../contract/refusals';
import type { Subscription } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { fill, instantInWords } from '../../platform/sentences';
import { billedBy } from '../billing/view-billing';
import { usagePeriodAt } from '../entitlements/periods.rules';
import { enter } from '../members/admit-member';
import { findPlan, type Plan } from '../plans/plans';
import type { LimitItem } from '../plans/policies';
import { entitlementName, presentPlan } from '../plans/present-plan';
import { subscriptionsOf } from '../subscriptions/list-subscriptions';
import { findTenant, type Tenant } from '../tenants/tenants';

const TEXTS: Record<Locale, typeof en> = { en, de, it };
const NOTICES: Record<Locale, (typeof enBot)['notice']> = { en: enBot.notice, de: deBot.notice, it: itBot.notice };

const RUNNING: readonly Subscription['status'][] = ['Subscribed', 'Suspended'];

/**
 * How the organization's own subscriptions work, in the reader's words (TW-33, HO-18, EC-01): every sentence is made from the
 * policies of the version they pin, whatever the scheme. `meter` narrows it to one meter or limit.
 */
export function explainPlans(ctx: Context, actor: Actor, meter: string | null, contact: string): Promise<Result<Help, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const locale = localeFor(actor.locale);
    const texts = TEXTS[locale];
    const tenant = (await findTenant(tx.db, actor.tenantId))!;
    const held = await heldPlans(tx, tenant, locale, at);
    const plans = held.map((one) => helpOf(one, tenant, meter, locale, at));
    return ok({
      headline: plans.map(({ planName, headline }) => `${planName}: ${headline}`).join(' ') || texts.none,
      plans,
      warnings: held.flatMap(({ plan }) => warningsOf(plan, meter, locale)),
      contact: { contact, href: '/api/v1/support', words: fill(texts.contact, { contact }, locale) },
    });
  });
}

interface Held {
  subscription: Subscription;
  plan: Plan;
  offer: PlanOffer;
  billed: Billing['subscriptions'][number];
}

async function heldPlans(tx: TxContext, { tenantId }: Tenant, locale: Locale, at: Date): Promise<Held[]> {
  const billed = await billedBy(tx, tenantId, locale, at);
  const held: Held[] = [];
  for (const subscription of await subscriptionsOf(tx, tenantId, locale, at)) {
    if (!RUNNING.includes(subscription.status)) continue;
    const plan = (await findPlan(tx.db, subscription.planId, subscription.planVersion))!;
    held.push({
      subscription,
      plan,
      offer: presentPlan(plan, locale),
      billed: billed.find((one) => one.subscriptionId === subscription.id)!,
    });
  }
  return held.sort((a, b) => Number(a.plan.role === 'addon') - Number(b.plan.role === 'addon'));
}

function helpOf({ subscription, plan, offer, billed }: Held, tenant: Tenant, meter: string | null, locale: Locale, at: Date): PlanHelp {
  const texts = TEXTS[locale];
  const price = offer.prices.find(({ term }) => term === subscription.termUnit) ?? offer.prices[0];
  const grants = offer.grants.filter(({ entitlement }) => meter === null || entitlement === meter);
  const sections: { about: PlanHelp['sections'][number]['about']; words: string[] }[] = [
    { about: 'billing', words: billingWords(price, subscription, offer.billing, locale) },
    {
      about: 'counting',
      words: grants.flatMap(({ name, words, details }) => [
        fill(texts.counting, { name: capital(name, locale), words }, locale),
        ...details,
      ]),
    },
    { about: 'reset', words: resetWords(plan, grants, tenant, locale, at) },
    ...offer.rules,
  ];
  const asked = meter === null ? sections : sections.filter(({ about }) => about === 'counting' || about === 'reset');
  return {
    subscriptionId: subscription.id,
    planId: offer.planId,
    planName: offer.name,
    headline: billed.headline,
    since: billed.since,
    sections: asked.filter(({ words }) => words.length > 0).map(({ about, words }) => ({ about, title: texts.titles[about], words })),
  };
}

function billingWords(
  price: PlanOffer['prices'][number] | undefined,
  { quantity }: Subscription,
  billing: PlanOffer['billing'],
  locale: Locale,
): string[] {
  const texts = TEXTS[locale].billing;
  if (!price || price.minor === 0) return [texts.free];
  return [
    fill(texts.price, { price: price.words }, locale),
    ...(quantity === null || price.per !== 'full_license' ? [] : [fill(texts.quantity, { quantity }, locale)]),
    texts[billing],
  ];
}

function resetWords(plan: Plan, grants: PlanOffer['grants'], { anchor, timeZone }: Tenant, locale: Locale, at: Date): string[] {
  const texts = TEXTS[locale].reset;
  const periods = new Set(
    plan.items
      .filter((item) => item.kind === 'metered' && grants.some(({ entitlement }) => entitlement === item.entitlement))
      .map(({ policy }) => policy.period ?? 'month'),
  );
  const isHeld = grants.some(({ kind }) => kind === 'stock');
  const words: string[] = [];
  if (anchor && periods.size > 0) {
    const { end } = usagePeriodAt(anchor, at);
    words.push(fill(texts.month, { day: Number(anchor.date.slice(8)), zone: timeZone }, locale));
    words.push(fill(texts.next, { date: instantInWords(end, locale, timeZone) }, locale));
    if (periods.has('year')) words.push(texts.year);
  }
  return isHeld ? [...words, texts.held] : words;
}

/** What the warning of each meter will look like, at its first threshold, in the plan's own numbers. */
function warningsOf(plan: Plan, meter: string | null, locale: Locale): Help['warnings'] {
  const notice = NOTICES[locale];
  return plan.items.flatMap(({ entitlement, kind, amount, policy }) => {
    const isCounted = kind === 'metered' || kind === 'stock';
    if (!isCounted || !amount || (meter !== null && entitlement !== meter)) return [];
    const percent = (policy as LimitItem).notice?.thresholds[0] ?? 80;
    const used = Math.ceil((amount * percent) / 100);
    const say = (sentence: string) =>
      fill(sentence, { used, limit: amount, meterName: entitlementName(plan, entitlement, locale) }, locale);
    const words = isPeriodMeter(entitlement) ? [say(notice.whatStops), say(notice.whatWorks)] : [say(notice.heldWhatStops)];
    return [{ meter: entitlement, percent, title: say(percent >= 100 ? notice.reached : notice.warning), words }];
  });
}

const capital = (words: string, locale: Locale): string => words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
