import { useMemo } from 'react';
import type { Locale } from '../../src/contract/common';
import type { Money } from '../../src/contract/opportunities';
import { serverNow } from './server-time';
import { useMe, useSession } from './session';

const REGION: Record<Locale, string> = { en: 'en-US', de: 'de-DE', it: 'it-IT' };

/** How dates, numbers and money read in one language; instants are shown in the organization's time zone. */
export interface Format {
  /** 28 Nov 2026, 14:00 */
  instant: (iso: string) => string;
  /** 15 Dec 00:00 Europe/Berlin: unmistakable, for a limit that many people share */
  reset: (iso: string) => string;
  /** a calendar day without a zone */
  day: (date: string) => string;
  dayOfInstant: (iso: string) => string;
  number: (value: number) => string;
  money: (money: Money) => string;
  /** 5 minutes ago */
  ago: (iso: string) => string;
  list: (words: string[]) => string;
}

export function createFormat(tag: string, timeZone: string): Format {
  const instant = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  const dayOfInstant = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeZone });
  const day = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeZone: 'UTC' });
  const date = new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short', timeZone });
  const time = new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });
  const number = new Intl.NumberFormat(tag);
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto', style: 'short' });
  const list = new Intl.ListFormat(tag);
  return {
    instant: (iso) => instant.format(new Date(iso)),
    reset: (iso) => `${date.format(new Date(iso))}, ${time.format(new Date(iso))} ${timeZone}`,
    day: (value) => day.format(new Date(`${value}T00:00:00Z`)),
    dayOfInstant: (iso) => dayOfInstant.format(new Date(iso)),
    number: (value) => number.format(value),
    money: ({ minor, currency }) => {
      const formatter = new Intl.NumberFormat(tag, {
        style: 'currency',
        currency,
        ...(minor % 10 ** minorDigits(currency) === 0 ? { maximumFractionDigits: 0 } : {}),
      });
      return formatter.format(minor / 10 ** minorDigits(currency));
    },
    ago: (iso) => {
      const seconds = (new Date(iso).getTime() - serverNow()) / 1000;
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(0, 'minute');
      if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
      if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
      if (size < 7 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
      return dayOfInstant.format(new Date(iso));
    },
    list: (words) => list.format(words),
  };
}

/** How many digits of an ISO 4217 currency are its minor unit: 2 for EUR, 0 for JPY. */
export function minorDigits(currency: string): number {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** The host's own variant of the chosen language (en-GB), or the one we prefer. */
export function languageTag(locale: Locale, hostLanguage: string): string {
  try {
    const tag = Intl.getCanonicalLocales(hostLanguage)[0];
    if (tag?.includes('-') && tag.split('-')[0] === locale) return tag;
  } catch {
    // a host may say anything
  }
  return REGION[locale];
}

export function useFormat(): Format {
  const { locale, host } = useSession();
  const { timeZone } = useMe();
  return useMemo(() => createFormat(languageTag(locale, host.language), timeZone), [locale, host.language, timeZone]);
}
