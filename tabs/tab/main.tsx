import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError, NetworkError } from '../api';
import { localeOf, startI18n } from '../shared/i18n';
import { readKept, writeKept } from '../shared/kept';
import { go, goBack, hashOfSubPage } from '../shared/router';
import { readSettings, SessionProvider } from '../shared/session';
import { loadTheme, Themed, type ThemeName, themeNameOf } from '../shared/theme';
import { App } from './app';
import { loadTabCatalog } from './catalog';
import { HostThemed } from './host-themed';
import { ConnectFailed, FirstSkeleton } from './start-screens';

const LAST_THEME = 'kontingent.theme';
const root = createRoot(document.getElementById('root')!);
const teams = import('../teams');

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // The offline state is shown by a banner; a query that cannot be sent fails and says so.
      networkMode: 'always',
      retry: (count, error) => count < 2 && (error instanceof NetworkError || (error instanceof ApiError && error.problem.status >= 500)),
    },
  },
});

const show = (node: ReactNode) => root.render(<StrictMode>{node}</StrictMode>);
const afterPaint = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** The theme of the last visit, so that the first paint does not flash. */
const lastTheme = (): ThemeName => themeNameOf(readKept<string>(LAST_THEME));

async function start(): Promise<void> {
  const guess = lastTheme();
  const guessed = await loadTheme(guess);
  show(
    <Themed name={guess} initial={guessed}>
      <FirstSkeleton />
    </Themed>,
  );
  await afterPaint();
  try {
    const { connect, notifyLoaded, notifySuccess, onBack } = await teams;
    const host = await connect();
    notifyLoaded();
    writeKept(LAST_THEME, host.theme);
    const [theme] = await Promise.all([
      loadTheme(host.theme),
      startI18n(readSettings(host).locale ?? localeOf(host.language), loadTabCatalog),
    ]);
    const deepLink = hashOfSubPage(host.subPage) ?? (window.location.hash ? null : hashOfSubPage(host.page));
    if (deepLink) go(deepLink, { replace: true });
    onBack(goBack);
    show(
      <HostThemed initialName={host.theme} initial={theme} onChange={(name) => writeKept(LAST_THEME, name)}>
        <QueryClientProvider client={queryClient}>
          <SessionProvider host={host}>
            <App />
          </SessionProvider>
        </QueryClientProvider>
      </HostThemed>,
    );
    await afterPaint();
    notifySuccess();
  } catch {
    await startI18n(localeOf(navigator.language), loadTabCatalog);
    show(
      <Themed name={guess} initial={guessed}>
        <ConnectFailed framed={window.parent !== window} />
      </Themed>,
    );
  }
}

void start();
