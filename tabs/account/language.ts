import type { Locale } from '../../src/contract/common';
import { localeOf } from '../shared/i18n';

export const LANGUAGES: [Locale, string][] = [
  ['en', 'English'],
  ['de', 'Deutsch'],
  ['it', 'Italiano'],
];

const TAGS: Record<Locale, string> = { en: 'en-US', de: 'de-DE', it: 'it-IT' };
const KEY = 'kontingent.account.language';

/** What the visitor chose on this page, kept over the way to Microsoft's sign-in and back. */
export function chosenLanguage(): Locale | null {
  try {
    const chosen = sessionStorage.getItem(KEY);
    return chosen ? localeOf(chosen) : null;
  } catch {
    return null;
  }
}

export function keepLanguage(locale: Locale): void {
  try {
    sessionStorage.setItem(KEY, locale);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** Terms begin and end at midnight UTC: their days are days in UTC. */
export const day = (locale: string, iso: string) =>
  new Intl.DateTimeFormat(TAGS[localeOf(locale)], { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(iso));

/** The day of an instant by the reader's own clock. */
export const dayHere = (locale: string, iso: string) =>
  new Intl.DateTimeFormat(TAGS[localeOf(locale)], { dateStyle: 'long' }).format(new Date(iso));

/** To the minute, by the reader's own clock. */
export const instant = (locale: string, iso: string) =>
  new Intl.DateTimeFormat(TAGS[localeOf(locale)], { dateStyle: 'long', timeStyle: 'short' }).format(new Date(iso));

export const count = (locale: string, value: number) => new Intl.NumberFormat(TAGS[localeOf(locale)]).format(value);

/** Minor units, such as cents. */
export function money(locale: string, minor: number, currency: string): string {
  const format = new Intl.NumberFormat(TAGS[localeOf(locale)], { style: 'currency', currency });
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

export const browserTimeZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** Every zone the browser knows, its own among them. */
export function timeZones(): string[] {
  return [...new Set([...Intl.supportedValuesOf('timeZone'), browserTimeZone(), 'UTC'])].sort();
}
