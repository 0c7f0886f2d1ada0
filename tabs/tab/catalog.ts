import type { LoadCatalog } from '../shared/i18n';

const CATALOGS = {
  en: [() => import('../../src/contract/locales/en/tab.json'), () => import('../../src/contract/locales/en/refusals.json')],
  de: [() => import('../../src/contract/locales/de/tab.json'), () => import('../../src/contract/locales/de/refusals.json')],
  it: [() => import('../../src/contract/locales/it/tab.json'), () => import('../../src/contract/locales/it/refusals.json')],
} as const;

/** The tab's words, and the sentences of refusals which it shares with the other ways in. */
export const loadTabCatalog: LoadCatalog = async (locale) => {
  const [tab, refusals] = await Promise.all(CATALOGS[locale].map((load) => load()));
  return { tab: tab!.default, refusals: refusals!.default };
};
