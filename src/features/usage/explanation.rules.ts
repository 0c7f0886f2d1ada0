import type { Locale } from '../../contract/common';
import de from '../../contract/locales/de/usage.json';
import en from '../../contract/locales/en/usage.json';
import it from '../../contract/locales/it/usage.json';
import type { Pending } from '../../contract/refusals';
import type { Explanation } from '../../contract/usage';
import { dateInWords, fill, instantInWords } from '../../platform/sentences';
import type { Grant } from '../entitlements/grants';
import { type GrantState, hasBegun, type Limit, stateOf } from '../entitlements/limits.rules';
import { calendarDate } from '../entitlements/periods.rules';
import { wholePolicy } from '../plans/quota-policy.rules';
import { type Counter, type Counts, figuresOf, levelOf, remainingOf, standingOf } from './counter.rules';
import { burntIn, type InForce } from './in-force.rules';
import { overageShown } from './overage.rules';

export const USAGE_TEXTS: Record<Locale, typeof en> = { en, de, it };

/** How the reader is spoken to. */
export interface Reader {
  locale: Locale;
  timeZone: string;
  counts: Counts;
  /** Of a limit on every single item: whether the counter tells the largest. */
  knowsLargest: boolean;
  /** What the meter and a plan are called. */
  meterName: string;
  planName(planId: string): string;
}

type Numbers = Pick<Limit, 'entitled' | 'available'>;

/** What is owed and not available yet, and what it waits for; null: nothing is. */
export function pendingOf({ entitled, available }: Numbers, grants: readonly Grant[], at: Date): Pending | null {
  if (available === null || entitled === available) return null;
  const waits = new Set(grants.filter((grant) => grant.counts && stateOf(grant, at) === 'pending').map(({ activation }) => activation));
  return { entitled, available, until: waits.size > 1 ? 'both' : waits.has('manual') ? 'support' : 'payment' };
}

/** “14 entitled, 11 available, 3 pending until payment” */
export function pendingWords({ entitled, available, until }: Pending, locale: Locale): string {
  const words = USAGE_TEXTS[locale].pending;
  if (entitled === null) return fill(words.unlimited, { available }, locale);
  return fill(words[until], { entitled, available, pending: entitled - available }, locale);
}

/** A refusal's sentence, and what becomes of the draft and of what is still owed. */
export function withPending(sentence: string, facts: { pending?: Pending; submitsItself?: true }, locale: Locale): string {
  const { pending, submitsItself } = facts;
  const more = [submitsItself && USAGE_TEXTS[locale].submitsItself, pending && `${pendingWords(pending, locale)}.`];
  return [sentence, ...more].filter(Boolean).join(' ');
}

/** The grants that an explanation names, as they are at `at`: what counts, what will, and what is still there of what ended. */
export function shownGrants({ counter, grants }: Pick<InForce, 'counter' | 'grants'>, at: Date): ShownGrant[] {
  const kept = new Set(burntIn(counter.periodStart, grants));
  const hasPlan = grants.some((grant) => grant.source !== 'rollover' && hasBegun(grant, at));
  return grants.flatMap((grant): ShownGrant[] => {
    const state = stateOf(grant, at);
    if (state === 'voided' || (state === 'expired' && !kept.has(grant))) return [];
    if (state === 'upcoming' && (grant.createdAt > at || isSecret(grant, at))) return [];
    if (state === 'expired') return [{ grant, state, amount: grant.burnt }];
    const counts = grant.counts && (grant.source !== 'rollover' || hasPlan);
    return [{ grant, state: counts ? state : 'suspended', amount: grant.amount }];
  });
}

export interface ShownGrant {
  grant: Grant;
  state: GrantState | 'suspended';
  amount: number | null;
}

/** A rule that is to come is not spoken of before it is announced. */
const isSecret = ({ policy }: Grant, at: Date): boolean => policy.announceAt !== undefined && new Date(policy.announceAt) > at;

/** Everything behind the numbers, in the reader's words. */
export function explanationOf(meter: string, found: InForce, at: Date, reader: Reader): Omit<Explanation, 'forecast' | 'help'> {
  const { counter, limit } = found;
  const { locale } = reader;
  const isPeriodic = counter.months > 0;
  const figures = figuresOf(counter, limit, reader.counts);
  const billed = overageShown(meter, counter, limit, locale);
  const waits = pendingOf(limit, found.grants, at);
  const pending = waits && pendingWords(waits, locale);
  const reserved = counter.held > 0 ? fill(USAGE_TEXTS[locale].reserved, { held: counter.held }, locale) : null;
  return {
    meter,
    name: reader.meterName,
    asOf: at.toISOString(),
    ...figures,
    enforcement: limit.policy?.enforcement ?? 'hard',
    period: isPeriodic ? { start: counter.periodStart.toISOString(), end: counter.periodEnd.toISOString() } : null,
    pending: waits === null ? 0 : waits.entitled === null ? null : waits.entitled - waits.available,
    pendingWords: pending,
    ...billed,
    words: [standingWords(counter, limit, reader), billed.overage?.words, reserved, pending && `${pending}.`].filter(Boolean).join(' '),
    grants: shownGrants(found, at).map(({ grant, state, amount }) => ({
      source: grant.source,
      name:
        grant.source === 'plan' || grant.source === 'addon'
          ? reader.planName(grant.reason ?? '')
          : USAGE_TEXTS[locale].source[grant.source],
      amount,
      state,
      reason: reasonOf(grant, state, locale),
      effectiveAt: grant.effectiveAt.toISOString(),
      expiresAt: grant.expiresAt?.toISOString() ?? null,
      unlock: unlockOf(grant, state, reader),
    })),
  };
}

function standingWords(counter: Counter, { policy }: Limit, { locale, timeZone, meterName, counts, knowsLargest }: Reader): string {
  const texts = USAGE_TEXTS[locale].standing;
  const level = levelOf(counter);
  const isPeriodic = counter.months > 0;
  const say = (sentence: string) =>
    fill(
      sentence,
      {
        meterName,
        used: counter.used,
        limit: level,
        remaining: remainingOf(counter) ?? 0,
        over: counter.used - (level ?? 0),
        resetsAt: isPeriodic ? instantInWords(counter.periodEnd, locale, timeZone) : '',
      },
      locale,
    );
  if (counts === 'each' && level !== 0)
    return [say(level === null ? texts.eachUnlimited : texts.each), knowsLargest && say(texts.largest)].filter(Boolean).join(' ');
  if (level === null) return say(isPeriodic ? texts.periodUnlimited : texts.heldUnlimited);
  if (policy === null && level === 0) return capitalized(say(texts.absent), locale);
  if (standingOf(counter) === 'over') return say(texts.over);
  return say(isPeriodic ? texts.period : texts.held);
}

const capitalized = (sentence: string, locale: Locale): string => `${sentence.charAt(0).toLocaleUpperCase(locale)}${sentence.slice(1)}`;

/** What waits says why in the plan's words; a goodwill in those of whoever gave it. */
function reasonOf(grant: Grant, state: GrantState | 'suspended', locale: Locale): string | null {
  if (grant.source === 'support') return grant.reason;
  return state === 'pending' ? (wholePolicy(grant.policy).reason?.[locale] ?? null) : null;
}

function unlockOf(grant: Grant, state: GrantState | 'suspended', { locale, timeZone }: Reader): string | null {
  const texts = USAGE_TEXTS[locale].unlock;
  const on = (sentence: string, at: Date) => fill(sentence, { date: dateInWords(calendarDate(at, timeZone), locale) }, locale);
  if (state === 'suspended') return texts.suspended;
  if (state === 'pending') return grant.activation === 'manual' ? texts.manual : texts.on_payment;
  if (state === 'upcoming') return on(texts.upcoming, grant.effectiveAt);
  if (state === 'expired') return on(texts.burnt, grant.expiresAt!);
  return grant.expiresAt ? on(texts.until, grant.expiresAt) : null;
}
