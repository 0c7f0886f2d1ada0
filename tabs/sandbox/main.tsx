import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import type { Locale } from '../../src/contract/common';
import { startI18n } from '../shared/i18n';
import { addressOf } from './address';
import { SandboxApp } from './sandbox-app';
import './sandbox.css';

const catalogs = {
  en: () => import('../../src/contract/locales/en/host.json'),
  de: () => import('../../src/contract/locales/de/host.json'),
  it: () => import('../../src/contract/locales/it/host.json'),
};
const loadCatalog = async (locale: Locale) => ({ host: (await catalogs[locale]()).default });

const { lang, theme } = addressOf(window.location.search, navigator.language);
document.documentElement.dataset.theme = theme;
const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 1000 } } });

void startI18n(lang, loadCatalog).then(() =>
  createRoot(document.getElementById('root')!).render(
    <QueryClientProvider client={client}>
      <SandboxApp />
    </QueryClientProvider>,
  ),
);
