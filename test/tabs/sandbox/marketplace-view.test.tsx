/** @jest-environment jsdom */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { MarketplaceView } from '../../../tabs/sandbox/marketplace-view';
import type { Person, Plan, Subscription } from '../../../tabs/sandbox/sandbox-api';
import { startI18n } from '../../../tabs/shared/i18n';

const person = { key: 'owner', name: 'Olivia Owner', organization: 'Sample Logistics' } as Person;
const plan = (planId: string, name: string, rank: number, termUnit: string, priceMinor: number): Plan => ({
  offerId: 'kontingent',
  planId,
  name,
  description: '',
  termUnit,
  currency: 'EUR',
  priceMinor,
  rank,
  limits: { tickets: 100, checklists: 1, opportunities: null },
});
const plans = [
  plan('premium', 'Premium', 20, 'P1M', 5900),
  plan('standard', 'Standard', 10, 'P1M', 2900),
  plan('standard', 'Standard', 10, 'P1Y', 29000),
];
const subscription = (some: Partial<Subscription>): Subscription => ({
  id: 's1',
  name: 'Service desk',
  offerId: 'kontingent',
  planId: 'standard',
  planName: 'Standard',
  quantity: null,
  status: 'Subscribed',
  termUnit: 'P1M',
  termStart: '2026-11-15T00:00:00Z',
  termEnd: '2026-12-14T00:00:00Z',
  autoRenew: true,
  purchasedAt: '2026-11-15T00:00:00Z',
  pendingOperation: null,
  lastWebhook: null,
  ...some,
});

const posts: { path: string; body: unknown }[] = [];
let subscriptions: Subscription[];
const landingUrl = 'http://localhost:3978/account?token=ab%2Bcd';

beforeAll(async () => {
  HTMLDialogElement.prototype.showModal = function show() {
    this.open = true;
  };
  globalThis.fetch = jest.fn(async (path: string, init?: { body?: string }) => {
    if (init?.body) posts.push({ path, body: JSON.parse(init.body) });
    const body = init?.body ? { landingUrl, subscription: subscription({}) } : { plans, subscriptions };
    return { ok: true, status: 200, headers: new Headers({ 'content-type': 'application/json' }), text: async () => JSON.stringify(body) };
  }) as never;
  await startI18n('en', async (locale) => ({ host: jest.requireActual(`../../../src/contract/locales/${locale}/host.json`) }));
});
beforeEach(() => {
  posts.length = 0;
  subscriptions = [];
});

let client: QueryClient;
afterEach(() => client.clear());
async function open(wanted: string | null = null) {
  client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <MarketplaceView person={person} lang="en" wanted={wanted} forgetWanted={() => undefined} />
    </QueryClientProvider>,
  );
  await screen.findByRole('heading', { name: 'Plans' });
}

test('it says that it is a sandbox and that no money moves', async () => {
  await open();
  expect(screen.getByText('Sandbox: no money moves')).toBeTruthy();
});

test('each plan stands once, the smallest first, with its terms and limits', async () => {
  await open();
  const names = screen.getAllByRole('heading', { level: 3 }).map(({ textContent }) => textContent);
  expect(names).toEqual(['Standard', 'Premium']);
  expect(screen.getByText('€29')).toBeTruthy();
  expect(screen.getByText('or €290 per year')).toBeTruthy();
  expect(screen.getAllByText('1 checklist')).toHaveLength(2);
  expect(screen.getAllByText('Unlimited opportunities')).toHaveLength(2);
});

test('an order states its term and ends with the visible way to the account page', async () => {
  await open();
  fireEvent.click(screen.getAllByRole('button', { name: 'Buy' })[0]!);
  const dialog = screen.getByRole('dialog');
  fireEvent.click(within(dialog).getByRole('radio', { name: /€290/ }));
  const order = within(dialog).getByRole('button', { name: 'Place order' });
  fireEvent.click(order);
  fireEvent.click(order);
  const link = await within(dialog).findByRole('link', { name: 'Configure account now' });
  expect(link.getAttribute('href')).toBe(landingUrl);
  expect(within(dialog).getByText(landingUrl)).toBeTruthy();
  expect(posts).toEqual([
    { path: '/sandbox/api/marketplace/purchases', body: { person: 'owner', planId: 'standard', termUnit: 'P1Y', name: 'Standard' } },
  ]);
});

test('the plan that the app asked for is opened', async () => {
  await open('premium');
  expect(within(await screen.findByRole('dialog')).getByText('Premium')).toBeTruthy();
});

test('a subscription shows its status, term, pending operation and what became of the last webhook', async () => {
  subscriptions = [
    subscription({
      pendingOperation: { id: 'o', action: 'ChangePlan' },
      lastWebhook: { action: 'Renew', status: 503, at: '2026-11-15T00:00:03Z' },
    }),
  ];
  await open();
  const row = screen.getByText('Service desk').closest('li')!;
  expect(row.textContent).toMatch(/Active/);
  expect(row.textContent).toMatch(/Nov 15, 2026 to Dec 14, 2026, then it renews/);
  expect(row.textContent).toMatch(/ChangePlan: waiting/);
  expect(row.textContent).toMatch(/Renew refused with 503/);
});

test('a plan change offers the other plans only', async () => {
  subscriptions = [subscription({})];
  await open();
  const choice = screen.getByLabelText<HTMLSelectElement>('Choose another plan');
  expect([...choice.options].map(({ value }) => value)).toEqual(['', 'premium']);
  fireEvent.change(choice, { target: { value: 'premium' } });
  fireEvent.click(screen.getByRole('button', { name: 'Change plan' }));
  await waitFor(() =>
    expect(posts).toEqual([
      { path: '/sandbox/api/marketplace/subscriptions/s1/change-plan', body: { person: 'owner', planId: 'premium' } },
    ]),
  );
});

test('ending a subscription takes a second, different button', async () => {
  subscriptions = [subscription({})];
  await open();
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(posts).toEqual([]);
  fireEvent.click(screen.getByRole('button', { name: 'End the subscription' }));
  await waitFor(() => expect(posts).toMatchObject([{ path: '/sandbox/api/marketplace/subscriptions/s1/cancel' }]));
});

test.each([
  ['PendingFulfillmentStart', ['Configure account now', 'Cancel']],
  ['Suspended', ['Manage account', 'Reinstate', 'Cancel']],
  ['Unsubscribed', []],
])('a subscription that is %s offers what Microsoft would', async (status, names) => {
  subscriptions = [subscription({ status })];
  await open();
  const row = screen.getByText('Service desk').closest('li')!;
  expect(
    within(row)
      .queryAllByRole('button')
      .map(({ textContent }) => textContent?.trim()),
  ).toEqual(names);
});
