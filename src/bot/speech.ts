import { LOCALES, type Locale } from '../contract/common';
import de from '../contract/locales/de/bot.json';
import en from '../contract/locales/en/bot.json';
import it from '../contract/locales/it/bot.json';
import type { Pending, Refusal, RefusalCode } from '../contract/refusals';
import { meterName, refusalTexts } from '../contract/texts';
import { withPending } from '../features/usage/explanation.rules';
import { counted, dateInWords, fill, instantInWords } from '../platform/sentences';

export type BotTexts = typeof en;

const TEXTS: Record<Locale, BotTexts> = { en, de, it };

/** How the bot talks to one person: their language, their organization's time zone. */
export interface Speech {
  locale: Locale;
  texts: BotTexts;
  say(sentence: string, values: Record<string, unknown>): string;
  count(texts: Record<string, string>, key: string, count: number): string;
  instant(at: string): string;
  date(date: string): string;
  meter(meter: string): string;
  /** Always the neutral words: a card looks the same on a phone, where nothing may be sold. */
  refusal(refusal: Refusal): string;
}

export function speechFor(locale: Locale, timeZone: string): Speech {
  const refusals = refusalTexts[locale];
  const say = (sentence: string, values: Record<string, unknown>) => fill(sentence, values, locale);
  const instant = (at: string) => instantInWords(new Date(at), locale, timeZone);
  const meter = (name: string) => meterName(name, locale);
  return {
    locale,
    texts: TEXTS[locale],
    say,
    count: (texts, key, count) => counted(texts, key, count, locale),
    instant,
    date: (date) => dateInWords(date, locale),
    meter,
    refusal: (refusal) => {
      const sentence = refusals[refusalKey(refusal)] ?? refusals[refusal.code];
      const facts: Record<string, unknown> = { ...refusal };
      if ('meter' in refusal) facts.meterName = meter(refusal.meter);
      if ('resetsAt' in refusal) facts.resetsAt = instant(refusal.resetsAt);
      return withPending(say(sentence, facts), refusal as { pending?: Pending; submitsItself?: true }, locale);
    },
  };
}

/** Some refusals have a sentence per reason. */
function refusalKey(refusal: Refusal): RefusalCode {
  if (refusal.code === 'not_allowed') return `not_allowed_${refusal.needs}` as RefusalCode;
  if (refusal.code === 'subscription_inactive') return `subscription_inactive_${refusal.status}` as RefusalCode;
  return refusal.code;
}

/** The first of these language tags (de-DE, it, …) that the product speaks; null: none. */
export function localeAmong(...tags: (string | null | undefined)[]): Locale | null {
  for (const tag of tags) {
    const language = tag?.toLowerCase().split(/[-_]/u)[0];
    const locale = LOCALES.find((known) => known === language);
    if (locale) return locale;
  }
  return null;
}
