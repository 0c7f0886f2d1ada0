/** @jest-environment jsdom */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { MarketplaceView } from '../../../tabs/sandbox/marketplace-view';
import type { Person } from '../../../tabs/sandbox/sandbox-api';
import { startI18n } from '../../../tabs/shared/i18n';

const person = { key: 'owner', name: 'Olivia Owner', organization: 'Sample Logistics', address: 'olivia@sample.example' } as Person;
const price = { term: 'P1M', currency: 'EUR', minor: 5900, per: 'subscription', words: '€59.00 per month' };
const offers = [
  {
    planId: 'growth',
    version: 3,
    billing: 'direct',
    role: 'base',
    name: 'Growth',
    description: 'More of it',
    prices: [price],
    quantity: null,
  },
  {
    planId: 'standard',
    version: 1,
    billing: 'marketplace',
    role: 'base',
    name: 'Standard',
    description: '',
    prices: [price],
    quantity: null,
  },
];
const orders: { headers: Record<string, string>; body: unknown }[] = [];
let standing: { status: number; items: object[] };

beforeAll(async () => {
  HTMLDialogElement.prototype.showModal = function show() {
    this.open = true;
  };
  globalThis.fetch = jest.fn(async (path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) => {
    const answer = (body: object, status = 200) => ({
      ok: status < 300,
      status,
      headers: new Headers({ 'content-type': 'application/json' }),
      text: async () => JSON.stringify(body),
    });
    if (path.startsWith('/sandbox/api/marketplace')) return answer({ plans: [], subscriptions: [] });
    if (path.startsWith('/sandbox/api/token')) return answer({ token: 'a.b.c' });
    if (path === '/api/v1/plans') return answer({ yours: null, items: offers });
    if (init.method === 'POST') {
      orders.push({ headers: init.headers!, body: JSON.parse(init.body!) });
      return answer({ id: 'c1' }, 201);
    }
    return answer({ items: standing.items }, standing.status);
  }) as never;
  await startI18n('en', async (locale) => ({ host: jest.requireActual(`../../../src/contract/locales/${locale}/host.json`) }));
});
beforeEach(() => {
  orders.length = 0;
  standing = { status: 403, items: [] };
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <MarketplaceView person={person} lang="en" wanted={null} forgetWanted={() => {}} />
    </QueryClientProvider>,
  );
});

test('a catalog that is sold by contract is bought here as the chosen person, at the price that was shown and agreed to', async () => {
  fireEvent.click(await screen.findByRole('button', { name: 'Buy' }));
  expect(screen.queryByText('Standard')).toBeNull();
  fireEvent.click(screen.getByRole('checkbox', { name: 'I agree to the price: €59.00 per month' }));
  fireEvent.click(screen.getByRole('button', { name: 'Place order' }));
  await screen.findByText('Growth is active. Everybody of Sample Logistics can use it at once.');
  expect(orders).toMatchObject([
    {
      headers: { authorization: 'Bearer a.b.c', 'idempotency-key': expect.stringMatching(/^[\w-]{36}$/u) },
      body: {
        planId: 'growth',
        term: 'P1M',
        quantity: null,
        consent: { version: 3, currency: 'EUR', minor: 5900 },
        organization: { name: 'Sample Logistics', contactAddress: 'olivia@sample.example', locale: 'en', timeZone: expect.any(String) },
      },
    },
  ]);
});

test('the organization’s contracts are shown with their term; its purchases elsewhere are not', async () => {
  standing = {
    status: 200,
    items: [
      {
        id: 'c1',
        source: 'direct',
        planName: 'Growth',
        status: 'Subscribed',
        termStart: '2026-03-01T00:00:00Z',
        termEnd: '2026-04-01T00:00:00Z',
        autoRenew: true,
      },
      { id: 'm1', source: 'marketplace', planName: 'Premium', status: 'Subscribed', termStart: null, termEnd: null, autoRenew: true },
    ],
  };
  await waitFor(() => expect(screen.getByText(/Mar 1, 2026 to Apr 1, 2026/u)).toBeTruthy());
  expect(screen.queryByText('Premium')).toBeNull();
});
