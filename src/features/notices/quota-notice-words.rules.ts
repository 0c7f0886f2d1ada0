import type { Locale } from '../../contract/common';
import type { Pending } from '../../contract/refusals';
import { meterName as nameOf } from '../../contract/texts';
import { dateInWords, fill, instantInWords } from '../../platform/sentences';
import { calendarDate } from '../entitlements/periods.rules';
import type { NoticeKind } from '../usage/counter.rules';
import { pendingWords, USAGE_TEXTS } from '../usage/explanation.rules';
import type { Outlook } from '../usage/forecast.rules';

/** The facts of a notice at the moment of sending. */
export interface NoticeFacts {
  kind: NoticeKind;
  meter: string;
  threshold: number;
  used: number;
  limit: number;
  /** null: nothing begins anew, a place is free when one is given up. */
  resetsAt: Date | null;
  /** What is owed and not available yet: neither number is said without the other. */
  pending: Pending | null;
  outlook: Outlook | null;
  advice: { hits: number; periods: number } | null;
}

interface Reader {
  locale: Locale;
  timeZone: string;
}

/** What a notice says: what stands how, until when, what still works. Neutral: no money in it. */
export function noticeWords(facts: NoticeFacts, { locale, timeZone }: Reader): { title: string; text: string } {
  const { notice, standing, advice } = USAGE_TEXTS[locale];
  const name = nameOf(facts.meter, locale);
  const remaining = Math.max(0, facts.limit - facts.used);
  const resetsAt = facts.resetsAt ? instantInWords(facts.resetsAt, locale, timeZone) : '';
  const say = (sentence: string, more: object = {}) =>
    capitalized(fill(sentence, { used: facts.used, limit: facts.limit, remaining, meterName: name, resetsAt, ...more }, locale), locale);
  const waits = facts.pending && `${pendingWords(facts.pending, locale)}.`;
  const stands = [say(facts.resetsAt ? standing.period : standing.held), waits].filter(Boolean).join(' ');
  switch (facts.kind) {
    case 'remaining':
      return { title: say(notice.remaining.title), text: `${stands} ${notice.works}` };
    case 'forecast':
      return { title: say(notice.forecast.title), text: `${forecastWords(facts.outlook, { locale, timeZone })} ${stands}` };
    case 'advice':
      return { title: notice.advice.title, text: say(advice, facts.advice ?? {}) };
    default: {
      const { title } = facts.threshold >= 100 ? notice.reached : notice.warning;
      return { title: say(title), text: `${stands} ${notice.works}` };
    }
  }
}

function forecastWords(outlook: Outlook | null, { locale, timeZone }: Reader): string {
  const texts = USAGE_TEXTS[locale].forecast;
  if (!outlook?.likely) return texts.lasts;
  const date = (at: Date | null) => (at ? dateInWords(calendarDate(at, timeZone), locale) : '');
  const { likely, from, until } = outlook;
  return fill(until ? texts.runs_out : texts.runs_out_open, { date: date(likely), from: date(from), until: date(until) }, locale);
}

const capitalized = (sentence: string, locale: Locale): string => `${sentence.charAt(0).toLocaleUpperCase(locale)}${sentence.slice(1)}`;
