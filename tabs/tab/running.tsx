import type { Theme } from '@fluentui/react-components';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError, NetworkError } from '../api';
import { localeOf, startI18n } from '../shared/i18n';
import { go, goBack, hashOfSubPage } from '../shared/router';
import { readSettings, SessionProvider } from '../shared/session';
import type { ThemeName } from '../shared/theme-name';
import type { Host } from '../teams';
import { App } from './app';
import { loadTabCatalog } from './catalog';
import { ConnectFailed } from './connect-failed';
import { HostThemed } from './host-themed';

const createQueryClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // The offline state is shown by a banner; a query that cannot be sent fails and says so.
        networkMode: 'always',
        retry: (count, error) => count < 2 && (error instanceof NetworkError || (error instanceof ApiError && error.problem.status >= 500)),
      },
    },
  });

/** The app for a host that answered: in its language, at the place its deep link names. */
export async function prepare(host: Host, theme: Theme, onTheme: (name: ThemeName) => void): Promise<ReactNode> {
  await startI18n(readSettings(host).locale ?? localeOf(host.language), loadTabCatalog);
  const deepLink = hashOfSubPage(host.subPage) ?? (window.location.hash ? null : hashOfSubPage(host.page));
  if (deepLink) go(deepLink, { replace: true });
  const { onBack } = await import('../teams');
  onBack(goBack);
  return (
    <HostThemed initialName={host.theme} initial={theme} onChange={onTheme}>
      <QueryClientProvider client={createQueryClient()}>
        <SessionProvider host={host}>
          <App />
        </SessionProvider>
      </QueryClientProvider>
    </HostThemed>
  );
}

/** What is shown when no host answered; the browser's language is all there is to go by. */
export async function prepareFailure(): Promise<ReactNode> {
  await startI18n(localeOf(navigator.language), loadTabCatalog);
  return <ConnectFailed framed={window.parent !== window} />;
}
