import i18next, { type i18n, type ResourceLanguage } from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Locale } from '../../src/contract/common';

/** How a page fetches its catalog of one language: namespace → keys. Each language is a chunk of its own. */
export type LoadCatalog = (locale: Locale) => Promise<Record<string, ResourceLanguage>>;

const LOCALES: readonly Locale[] = ['en', 'de', 'it'];

/** The language to show for a host's or browser's tag such as `de-AT`; English where we have none. */
export function localeOf(tag: string | null | undefined): Locale {
  const language = tag?.toLowerCase().split(/[-_]/u)[0];
  return LOCALES.find((locale) => locale === language) ?? 'en';
}

let load: LoadCatalog | undefined;

/** Starts i18next with one language; the first namespace that `loadCatalog` returns is the default one. */
export async function startI18n(locale: Locale, loadCatalog: LoadCatalog): Promise<i18n> {
  load = loadCatalog;
  const catalog = await loadCatalog(locale);
  await i18next.use(initReactI18next).init({
    lng: locale,
    fallbackLng: false,
    resources: { [locale]: catalog },
    ns: Object.keys(catalog),
    defaultNS: Object.keys(catalog)[0],
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  document.documentElement.lang = locale;
  return i18next;
}

/** Shows the page in another language from now on. */
export async function changeLocale(locale: Locale): Promise<void> {
  if (!load) throw new Error('startI18n comes first');
  const catalog = await load(locale);
  for (const [namespace, keys] of Object.entries(catalog)) i18next.addResourceBundle(locale, namespace, keys);
  await i18next.changeLanguage(locale);
  document.documentElement.lang = locale;
}
