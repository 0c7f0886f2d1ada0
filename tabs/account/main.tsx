import { createRoot } from 'react-dom/client';
import type { Locale } from '../../src/contract/common';
import { localeOf, startI18n } from '../shared/i18n';
import { AccountApp } from './account-app';
import { chosenLanguage } from './language';
import './account.css';

const catalogs = {
  en: () => Promise.all([import('../../src/contract/locales/en/account.json'), import('../../src/contract/locales/en/refusals.json')]),
  de: () => Promise.all([import('../../src/contract/locales/de/account.json'), import('../../src/contract/locales/de/refusals.json')]),
  it: () => Promise.all([import('../../src/contract/locales/it/account.json'), import('../../src/contract/locales/it/refusals.json')]),
};

async function loadCatalog(locale: Locale) {
  const [account, refusals] = await catalogs[locale]();
  return { account: account.default, refusals: refusals.default };
}

void startI18n(chosenLanguage() ?? localeOf(navigator.language), loadCatalog).then(() =>
  createRoot(document.getElementById('root')!).render(<AccountApp />),
);
