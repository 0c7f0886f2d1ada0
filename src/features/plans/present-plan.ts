import { LOCALES, type Locale } from '../../contract/common';
import de from '../../contract/locales/de/plans.json';
import en from '../../contract/locales/en/plans.json';
import it from '../../contract/locales/it/plans.json';
import { isPeriodMeter, METERS, type Meter } from '../../contract/meters';
import type { PLAN_RULES, PlanGrant, PlanOffer } from '../../contract/plans';
import { meterName } from '../../contract/texts';
import { counted, dateInWords, fill, moneyInWords } from '../../platform/sentences';
import { type Plan, type PlanItem, planName } from './plans';
import type { LimitItem, PriceItem, QuotaItem, TrimRule } from './policies';

const TEXTS: Record<Locale, typeof en> = { en, de, it };

type Rule = PlanOffer['rules'][number];

/** A plan as a person reads it: what it costs, what it grants, what happens at each limit, and what holds for changing it. */
export function presentPlan(plan: Plan, language: string): PlanOffer {
  const say = speaker(plan, LOCALES.find((locale) => locale === language) ?? 'en');
  const { quantity } = plan.policies;
  return {
    planId: plan.planId,
    version: plan.version,
    offerId: plan.offerId,
    role: plan.role,
    billing: plan.billing,
    rank: plan.rank,
    name: planName(plan, say.locale),
    description: plan.description[say.locale] ?? plan.description.en ?? '',
    prices: plan.prices.map((price) => ({ ...price, words: priceWords(price, say) })),
    quantity: quantity && { min: quantity.min, max: quantity.max },
    grants: [...plan.items].sort(asRead).map((item) => presentItem(plan, item, say)),
    rules: rulesOf(plan, say).filter(({ words }) => words.length > 0),
  };
}

/** What a reader calls something that a plan grants. */
export function entitlementName(plan: Pick<Plan, 'resources'>, entitlement: string, locale: Locale): string {
  return plan.resources[entitlement]?.name[locale] ?? meterName(entitlement, locale);
}

interface Speaker {
  locale: Locale;
  texts: typeof en;
  put(sentence: string, values?: Record<string, unknown>): string;
  name(entitlement: string): string;
  list(parts: string[]): string;
}

function speaker(plan: Plan, locale: Locale): Speaker {
  const lists = new Intl.ListFormat(locale, { type: 'conjunction' });
  return {
    locale,
    texts: TEXTS[locale],
    put: (sentence, values = {}) => fill(sentence, values, locale).trim(),
    name: (entitlement) => entitlementName(plan, entitlement, locale),
    list: (parts) => lists.format(parts),
  };
}

function priceWords({ minor, currency, term, per }: PriceItem, { texts, put, locale }: Speaker): string {
  return minor === 0 ? texts.prices.free : put(texts.prices.per[per][term], { price: moneyInWords(minor, currency, locale) });
}

// —— what it grants ——

const KINDS: readonly PlanItem['kind'][] = ['metered', 'stock', 'license', 'boolean', 'static'];

/** Quotas first, in the order of the product's tools, then limits and what is simply there. */
const asRead = (a: PlanItem, b: PlanItem): number =>
  KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || METERS.indexOf(a.entitlement as Meter) - METERS.indexOf(b.entitlement as Meter);

function presentItem(plan: Plan, item: PlanItem, say: Speaker): PlanGrant {
  const { entitlement, kind, amount } = item;
  const words = amountWords(plan, item, say);
  return {
    entitlement,
    kind,
    amount,
    name: say.name(entitlement),
    words: plan.role === 'addon' && kind !== 'boolean' ? say.put(say.texts.amounts.added, { words }) : words,
    details: kind === 'metered' || kind === 'stock' ? behavior(item, say) : [],
  };
}

function amountWords(plan: Plan, { entitlement, kind, amount, policy }: PlanItem, { texts: { amounts }, put }: Speaker): string {
  if (kind === 'boolean') return amount ? amounts.included : amounts.notIncluded;
  if (amount === null) return amounts.unlimited;
  if (amount === 0 && kind !== 'static') return amounts.none;
  if (kind === 'metered') return put(amounts[policy.period ?? 'month'], { amount });
  if (kind === 'stock') return put(amounts[plan.resources[entitlement]?.measure?.as ?? 'held'], { amount });
  return put(amounts.value, { amount });
}

/** What happens at the limit of something counted, who is told before, and when it is there at all. */
function behavior({ entitlement, amount, policy }: PlanItem, say: Speaker): string[] {
  const { texts, put } = say;
  const { items } = texts;
  const quota: Partial<QuotaItem> = policy;
  const item = policy as LimitItem;
  const isPeriod = isPeriodMeter(entitlement);
  const isLimited = amount !== null && amount > 0;
  return [
    ...(quota.countEvent === 'per_task' ? [items.per_task] : quota.countEvent === 'submitted' ? [items.submitted] : []),
    ...(item.activation === 'on_payment' || item.activation === 'manual'
      ? [put(items[item.activation], { reason: item.reason?.[say.locale] ?? '' })]
      : []),
    ...(item.immediately > 0 ? [put(items.immediately, { immediately: item.immediately })] : []),
    ...(isLimited ? [atTheLimit(quota, isPeriod, items)] : []),
    ...(item.tolerance > 0 ? [put(items.tolerance, { tolerance: item.tolerance })] : []),
    ...(isLimited && item.notice ? [toldWords(item.notice, say)] : []),
    ...(quota.releaseOn === 'delete' ? [items.release] : []),
    ...(quota.rollover ? [put(items.rollover, { cap: quota.rollover.cap })] : []),
    ...(quota.allocation === 'per_team' ? [items.allocation] : []),
    ...(quota.overage?.mode === 'metered' ? [items.overage] : []),
  ];
}

function atTheLimit({ enforcement, onExhausted }: Partial<QuotaItem>, isPeriod: boolean, items: (typeof en)['items']): string {
  if (enforcement === 'soft' || enforcement === 'warn') return items[enforcement];
  if (!isPeriod) return items.full;
  return onExhausted === 'hold' ? items.hold : items.block;
}

function toldWords({ thresholds, remaining, forecastDays, recipients, channels }: LimitItem['notice'], say: Speaker): string {
  const { items } = say.texts;
  const when = [
    ...thresholds.map((percent) => say.put(items.at, { percent })),
    ...remaining.map((left) => say.put(items.left, { remaining: left })),
    ...(forecastDays === null ? [] : [say.put(items.forecast, { days: forecastDays })]),
  ];
  return say.put(items.told, {
    recipients: say.list(recipients.map((one) => items.recipients[one])),
    when: say.list(when),
    channels: say.list(channels.map((one) => items.channels[one])),
  });
}

// —— what holds for it ——

function rulesOf(plan: Plan, say: Speaker): Rule[] {
  const { texts, put } = say;
  const { policies, role, prices } = plan;
  const { tier, transition, documents, advice, addon } = policies;
  const day = (instant: string) => dateInWords(instant.slice(0, 10), say.locale);
  const isBase = role === 'base';
  const countsPeople = prices.some(({ per }) => per === 'active_member' || per === 'active_team') || plan.items.some(isAboutPeople);
  const rules: Partial<Record<(typeof PLAN_RULES)[number], string[]>> = {
    change: isBase ? changeWords(policies.change, texts.change) : [],
    cancellation: [
      put(texts.cancellation.window, { hours: policies.cancellation.windowHours }),
      texts.cancellation[policies.cancellation.afterWindow],
    ].slice(policies.cancellation.windowHours === 0 ? 1 : 0),
    license: isBase ? licenseWords(plan, say) : [],
    people: isBase && countsPeople ? [texts.people[policies.people.active], texts.people[policies.people.countRule]] : [],
    addon: isBase ? [] : [texts.addon[addon.stack]],
    tier: tier ? [put(texts.tier[tier.by][tier.max === null ? 'from' : 'between'], { ...tier })] : [],
    transition: transition
      ? [
          put(texts.transition, {
            announceAt: day(transition.announceAt),
            enforceFrom: day(transition.enforceFrom),
            chargeFrom: day(transition.chargeFrom),
          }),
        ]
      : [],
    trim:
      isBase && policies.trim.length > 0
        ? [texts.trim.intro, ...policies.trim.map((rule) => trimWords(rule, say)), texts.trim.records]
        : [],
    documents: [texts.documents[documents.delivery], texts.documents[documents.billingContactChange]],
    advice: isBase ? [counted(texts.advice, 'hits', advice.periods, say.locale, { hits: advice.hits })] : [],
  };
  return Object.entries(rules).map(([about, words]) => ({ about: about as Rule['about'], words }));
}

const isAboutPeople = ({ entitlement }: PlanItem): boolean => entitlement === 'active_members';

function changeWords(
  { allowed, upgrade, downgrade, usageOnChange, proration, basis }: Plan['policies']['change'],
  texts: (typeof en)['change'],
): string[] {
  if (allowed === 'none') return [texts.none];
  return [
    texts[allowed],
    upgrade.effective === 'now' ? texts.upgrade[upgrade.anchor] : texts.upgrade.period_end,
    texts.downgrade[downgrade.effective],
    texts.proration[proration === 'days' && basis === 'fixed30' ? 'fixed30' : proration],
    texts.usage[usageOnChange],
  ];
}

function licenseWords({ policies: { license, quantity } }: Plan, { texts, put, locale }: Speaker): string[] {
  const { license: words } = texts;
  if (license.scope !== 'user') return [words[license.scope]];
  const { full } = license;
  const amount = full === 'quantity' || full === 'unlimited' ? words[full] : put(words.full, { full });
  const hasShortage = full !== 'unlimited';
  return [
    words.user,
    amount,
    ...(quantity ? [put(texts.prices.quantity, { ...quantity })] : []),
    ...(license.restricted
      ? [words.restricted, license.defaultForNew === 'full' ? words.newFull : words.newRestricted, words[license.model]]
      : []),
    ...(hasShortage ? [words.shortage[license.onShortage], words.requests[license.requests]] : []),
    ...(full === 'quantity' ? [counted(texts.grace, 'days', license.graceDays, locale)] : []),
  ];
}

function trimWords(rule: TrimRule, { texts: { trim }, put, name }: Speaker): string {
  const key = rule.rule === 'keep_top_by' ? (`keep_${rule.by}` as const) : rule.rule;
  return put(trim[key], { name: capital(name(rule.of)) });
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
