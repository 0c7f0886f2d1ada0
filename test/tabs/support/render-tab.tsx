import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, configure, render } from '@testing-library/react';
import { localeOf, startI18n } from '../../../tabs/shared/i18n';
import { go } from '../../../tabs/shared/router';
import { SessionProvider } from '../../../tabs/shared/session';
import { Themed } from '../../../tabs/shared/theme';
import { toasts } from '../../../tabs/shared/toasts';
import { App } from '../../../tabs/tab/app';
import { loadTabCatalog } from '../../../tabs/tab/catalog';
import type { Host } from '../../../tabs/teams';
import type { FakeApi, Seen } from './fake-api';

// What jsdom leaves out and Fluent asks for.
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
Element.prototype.scrollIntoView ??= () => undefined;
globalThis.structuredClone ??= <T,>(value: T) => JSON.parse(JSON.stringify(value)) as T;

// Fluent's focus management takes what has no layout for invisible, and a dialog without the focus for one in the background.
Object.defineProperty(HTMLElement.prototype, 'offsetParent', {
  get(this: HTMLElement) {
    return this.parentNode;
  },
});
HTMLElement.prototype.getBoundingClientRect = () => new DOMRect(0, 0, 10, 10);
globalThis.DOMRect ??= class {
  constructor(
    readonly x: number,
    readonly y: number,
    readonly width: number,
    readonly height: number,
  ) {}
} as typeof DOMRect;

// Fluent takes its time in jsdom on a busy machine.
configure({ asyncUtilTimeout: 10_000 });

/** Lets the fake answer what `api.ts` sends; an act that is `lost` was done, but nobody hears of it. */
export function serve(fake: FakeApi): void {
  globalThis.fetch = (async (url: string, init: RequestInit) => {
    const headers = Object.fromEntries(
      Object.entries(init.headers as Record<string, string>).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const seen: Seen = {
      method: init.method ?? 'GET',
      path: url.replace('/api/v1', ''),
      headers,
      body: init.body ? JSON.parse(init.body as string) : undefined,
    };
    const answer = fake.answer(seen);
    if (answer === 'lost' || answer === 'unsent') throw new TypeError('Failed to fetch');
    return {
      ok: answer.status < 400,
      status: answer.status,
      statusText: '',
      headers: { get: (name: string) => answer.headers?.[name.toLowerCase()] ?? null },
      json: async () => structuredClone(answer.body),
    };
  }) as unknown as typeof fetch;
}

interface RenderOptions {
  at?: string;
  host?: Partial<Host>;
}

/** The running tab in a host, at a place such as `#/tickets`. */
export async function renderTab(fake: FakeApi, { at = '#/home', host = {} }: RenderOptions = {}) {
  serve(fake);
  const inHost: Host = { language: 'en-us', theme: 'default', phone: false, subPage: null, page: null, settingsKey: 't.p', ...host };
  await startI18n(localeOf(inHost.language), loadTabCatalog);
  go(at, { replace: true });
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: 'always', staleTime: 0 } } });
  const view = render(
    <Themed name="default">
      <QueryClientProvider client={queryClient}>
        <SessionProvider host={inHost}>
          <App />
        </SessionProvider>
      </QueryClientProvider>
    </Themed>,
  );
  return { ...view, queryClient };
}

/** Between tests: nothing typed, no toast, no place is left over. */
export function forgetEverything(): void {
  window.localStorage.clear();
  act(() => toasts.set([]));
}
