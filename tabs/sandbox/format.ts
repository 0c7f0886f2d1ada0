import type { Locale } from '../../src/contract/common';

const TAGS: Record<Locale, string> = { en: 'en-US', de: 'de-DE', it: 'it-IT' };

/** `minor` units of an ISO 4217 currency as money; whole amounts without decimals. */
export function money(lang: Locale, minor: number, currency: string): string {
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const amount = minor / 10 ** digits;
  return new Intl.NumberFormat(TAGS[lang], {
    style: 'currency',
    currency,
    ...(Number.isInteger(amount) ? { maximumFractionDigits: 0 } : {}),
  }).format(amount);
}

export const count = (lang: Locale, value: number) => new Intl.NumberFormat(TAGS[lang]).format(value);

/** Terms begin and end at midnight UTC: their days are days in UTC. */
export const day = (lang: Locale, iso: string) =>
  new Intl.DateTimeFormat(TAGS[lang], { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(iso));

export const clockDay = (lang: Locale, iso: string) =>
  new Intl.DateTimeFormat(TAGS[lang], { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(iso));

export const time = (lang: Locale, iso: string) => new Intl.DateTimeFormat(TAGS[lang], { timeStyle: 'medium' }).format(new Date(iso));

/** The same day of the next month, or its last day: 31 January becomes 28 February. */
export function aMonthLater(iso: string): string {
  const from = new Date(iso);
  const to = new Date(from);
  to.setUTCDate(1);
  to.setUTCMonth(from.getUTCMonth() + 1);
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return to.toISOString();
}
