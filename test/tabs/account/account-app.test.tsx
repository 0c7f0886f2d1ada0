/** @jest-environment jsdom */
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { AccountState, Activation } from '../../../src/contract/account';
import { AccountApp } from '../../../tabs/account/account-app';
import { startI18n } from '../../../tabs/shared/i18n';

const subscription: AccountState['subscription'] = {
  id: 's1',
  name: 'Service desk',
  offerId: 'kontingent',
  planId: 'standard',
  planName: 'Standard',
  quantity: null,
  status: 'PendingFulfillmentStart',
  termUnit: 'P1M',
  termStart: null,
  termEnd: null,
  autoRenew: true,
  isFreeTrial: false,
  purchasedAt: '2026-11-27T08:00:00Z',
  limits: [
    { meter: 'tickets', amount: 1000 },
    { meter: 'opportunities', amount: null },
  ],
};
const account = (state: AccountState['state'], some: Partial<AccountState> = {}): AccountState =>
  AccountState.parse({
    state,
    csrfToken: 'csrf-1',
    signedInAs: { name: 'Olivia Owner', address: 'olivia@example.com', organizationId: 't1' },
    subscription: null,
    others: [],
    suggestedContact: { organization: 'Sample Logistics', address: 'olivia@example.com' },
    openTeamsUrl: 'https://teams.microsoft.com/l/entity/app/home',
    supportContact: 'support@example.com',
    locale: 'en',
    ...some,
  });
const active = account('active', {
  subscription: { ...subscription, status: 'Subscribed', termStart: '2026-11-27T00:00:00Z', termEnd: '2026-12-26T00:00:00Z' },
});

interface Call {
  path: string;
  headers: Record<string, string>;
  body: unknown;
}
const calls: Call[] = [];
type Reply = { status: number; body: unknown } | 'silence';
let state: Reply;
let answer: (call: Call) => Reply | Promise<Reply>;

beforeAll(async () => {
  globalThis.fetch = jest.fn(async (path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) => {
    const call = { path, headers: init.headers ?? {}, body: init.body ? JSON.parse(init.body) : null };
    if (init.method === 'POST') calls.push(call);
    const reply = init.method === 'POST' ? await answer(call) : state;
    if (reply === 'silence') throw new TypeError('Failed to fetch');
    return { ok: reply.status < 300, status: reply.status, json: async () => reply.body };
  }) as never;
  await startI18n('en', async (locale) => ({
    account: jest.requireActual(`../../../src/contract/locales/${locale}/account.json`),
    refusals: jest.requireActual(`../../../src/contract/locales/${locale}/refusals.json`),
  }));
});
beforeEach(() => {
  calls.length = 0;
  sessionStorage.clear();
  answer = () => ({ status: 200, body: active });
});

async function open(first: AccountState) {
  state = { status: 200, body: first };
  render(<AccountApp />);
  return screen.findByRole('heading', { level: 1 });
}
const problem = (status: number, code: string, facts: object = {}): Reply => ({
  status,
  body: { type: 'about:blank', title: code, status, code, ...facts },
});

test.each([
  ['signed_out', 'Set up and manage your subscription', 'Sign in with Microsoft'],
  ['no_purchase', 'No purchase found', 'Use another account'],
  ['token_invalid', 'This link is no longer valid', 'Open the Microsoft 365 admin center'],
  ['marketplace_unavailable', "Microsoft's marketplace does not answer", 'Try again'],
  ['visitor', 'Your organization has a subscription', 'Open in Microsoft Teams'],
  ['active', 'Kontingent Standard is active', 'Open in Microsoft Teams'],
  ['suspended', 'Kontingent Standard is suspended', 'Open the Microsoft 365 admin center'],
  ['ended', 'Kontingent Standard has ended', 'Open the Microsoft 365 admin center'],
] as const)('%s says what it is and how to go on', async (name, title, wayOn) => {
  const withSubscription = name === 'active' || name === 'suspended' || name === 'ended';
  const heading = await open(account(name, withSubscription ? { subscription } : {}));
  expect(heading.textContent).toBe(title);
  expect(screen.getByText(wayOn)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'support@example.com' }).getAttribute('href')).toBe('mailto:support@example.com');
});

test('a sign-in that came to nothing is said', async () => {
  window.history.replaceState(null, '', '/account?problem=sign_in');
  await open(account('signed_out', { signedInAs: null }));
  expect(screen.getByRole('alert').textContent).toBe('The sign-in was not completed. Please try again.');
  window.history.replaceState(null, '', '/account');
});

test('a visitor sees no way to activate or manage', async () => {
  await open(account('visitor', { subscription }));
  expect(screen.queryByRole('button', { name: 'Activate' })).toBeNull();
  expect(screen.queryByRole('link', { name: /admin center/ })).toBeNull();
});

test('a new purchase shows offer, plan, term and limits, and no price', async () => {
  await open(account('new', { subscription }));
  const text = document.querySelector('aside')!.textContent!;
  expect(text).toMatch(/kontingent/);
  expect(text).toMatch(/Standard/);
  expect(text).toMatch(/1 month/);
  expect(text).toMatch(/1,000 tickets per period/);
  expect(text).toMatch(/Unlimited opportunities/);
  expect(text).toMatch(/as decided by Microsoft/);
  expect(document.body.textContent).not.toMatch(/[€$£]/);
});

test('activating sends what the contract asks for, with the CSRF token, once however often it is clicked', async () => {
  await open(account('new', { subscription }));
  let respond: (reply: Reply) => void = () => undefined;
  answer = () => new Promise<Reply>((resolve) => (respond = resolve));
  fireEvent.change(screen.getByLabelText('Contact address'), { target: { value: 'desk@example.com' } });
  const button = screen.getByRole<HTMLButtonElement>('button', { name: 'Activate' });
  fireEvent.click(button);
  fireEvent.click(button);
  fireEvent.submit(button.form!);
  await waitFor(() => expect(button.disabled).toBe(true));
  await act(async () => respond({ status: 200, body: active }));
  expect(await screen.findByText('Activated. Kontingent is ready for your organization.')).toBeTruthy();
  expect(calls).toHaveLength(1);
  expect(calls[0]).toMatchObject({ path: '/account/activate', headers: { 'x-csrf-token': 'csrf-1' } });
  expect(Activation.parse(calls[0]!.body)).toMatchObject({
    subscriptionId: 's1',
    organization: 'Sample Logistics',
    contactAddress: 'desk@example.com',
    locale: 'en',
  });
  expect(document.activeElement).toBe(screen.getByRole('heading', { level: 1 }));
});

test('an activation that Microsoft has not confirmed yet is waited for, not offered again', async () => {
  const pending = account('new', { subscription });
  await open(pending);
  answer = () => ({ status: 200, body: pending });
  fireEvent.click(screen.getByRole('button', { name: 'Activate' }));
  expect(await screen.findByText('Microsoft is confirming the activation')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Activate' })).toBeNull();
});

test('without a suggested address one has to be entered', async () => {
  await open(account('new', { subscription, suggestedContact: null }));
  const contact = screen.getByLabelText<HTMLInputElement>('Contact address');
  expect(contact.value).toBe('');
  fireEvent.click(screen.getByRole('button', { name: 'Activate' }));
  expect(await screen.findByText('Enter a complete e-mail address.')).toBeTruthy();
  expect(calls).toEqual([]);
});

test('a refused field is marked, explained and focused; what was typed stays', async () => {
  await open(account('new', { subscription }));
  answer = () => problem(422, 'invalid_input', { errors: [{ path: 'contactAddress', message: 'Invalid' }] });
  const contact = screen.getByLabelText<HTMLInputElement>('Contact address');
  fireEvent.change(contact, { target: { value: 'olivia@example' } });
  fireEvent.click(screen.getByRole('button', { name: 'Activate' }));
  expect(await screen.findByText('Enter a complete e-mail address.')).toBeTruthy();
  expect(contact.getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(contact);
  expect(contact.value).toBe('olivia@example');
});

test.each<[string, Reply, RegExp, string | null]>([
  ['a stale page', problem(403, 'csrf'), /reload/i, 'Load the current state'],
  ['an ended session', problem(401, 'token_missing'), /not signed in/i, 'Sign in again'],
  [
    'a marketplace that is away',
    problem(503, 'activation_failed', { reason: 'marketplace_unavailable', requestId: 'req-9' }),
    /marketplace/i,
    'Load the current state',
  ],
  ['silence', 'silence', /nothing happens twice/i, null],
  ['an answer without a problem', { status: 502, body: null }, /try again/i, null],
])('after %s there is a sentence, a next step, and the button again', async (_what, reply, sentence, next) => {
  await open(account('new', { subscription }));
  answer = () => reply;
  fireEvent.click(screen.getByRole('button', { name: 'Activate' }));
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toMatch(sentence);
  if (next) expect(within(alert).getByText(next)).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Activate' }).disabled).toBe(false);
});

test('when nothing answers at all the page says so and tries again on request', async () => {
  state = 'silence';
  render(<AccountApp />);
  fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
  state = { status: 200, body: active };
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('Kontingent Standard is active')).toBeTruthy();
});

test('the language follows the account until the visitor chooses one', async () => {
  await open(account('signed_out', { locale: 'de', signedInAs: null }));
  expect(await screen.findByText('Mit Microsoft anmelden')).toBeTruthy();
  expect(document.documentElement.lang).toBe('de');
  fireEvent.change(screen.getByLabelText('Sprache'), { target: { value: 'it' } });
  expect(await screen.findByText('Accedere con Microsoft')).toBeTruthy();
  expect(document.documentElement.lang).toBe('it');
});

test('several subscriptions are all shown, for they add up', async () => {
  await open({ ...active, others: [{ ...subscription, id: 's2', name: 'Branch office', status: 'Subscribed' }] });
  expect(screen.getByText('Branch office')).toBeTruthy();
  expect(screen.getByText('Their allowances add up.')).toBeTruthy();
});

describe('ending', () => {
  const ending = {
    offer: 'cancel_with_refund',
    refundableUntil: '2026-11-30T08:00:00Z',
    askedAt: null,
    byPartner: false,
    keptUntil: null,
  } as const;
  const shown = (some: Partial<NonNullable<AccountState['ending']>>) => ({ ...active, ending: { ...ending, ...some } });

  test('a cancellation is sent once it was confirmed, with the consent to what was shown, and then said to be under way', async () => {
    answer = () => ({ status: 200, body: shown({ askedAt: '2026-11-28T08:00:00Z' }) });
    await open(shown({}));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel the subscription' }));
    expect(screen.getByRole('alert').textContent).toContain('ends at once for everybody');
    fireEvent.click(screen.getByRole('button', { name: 'Keep it' }));
    expect(calls).toEqual([]);
    fireEvent.click(screen.getByRole('button', { name: 'Cancel the subscription' }));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel it now' }));
    expect((await screen.findByText(/was sent to Microsoft/)).textContent).toBeTruthy();
    expect(calls).toMatchObject([
      { path: '/account/cancel', headers: { 'x-csrf-token': 'csrf-1' }, body: { subscriptionId: 's1', consent: 'cancel_with_refund' } },
    ]);
    expect(screen.queryByRole('button', { name: 'Cancel the subscription' })).toBeNull();
  });

  test.each([
    ['TW-24: after the window it is said how the renewal is turned off', { offer: 'renewal_off' }, /turn off its renewal/],
    ['that it ends by itself', { offer: null }, /does not renew/],
    ['that a partner sold it', { byPartner: true }, /A Microsoft partner sold/],
  ] as const)('%s, and there is nothing to press', async (_name, some, words) => {
    await open(shown(some));
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Cancel the subscription' })).toBeNull();
  });

  test('the server’s no is shown, and nothing is said to be under way', async () => {
    answer = () => ({ status: 409, body: { code: 'cancellation_window_closed', refundableUntil: '30 November' } });
    await open(shown({}));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel the subscription' }));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel it now' }));
    expect(await screen.findByText(/Cancelling with a refund was possible until/)).toBeTruthy();
    expect(screen.queryByText(/was sent to Microsoft/)).toBeNull();
  });

  test('of what has ended: until when everything stays, and the way to take it along', async () => {
    await open({ ...shown({ offer: null, keptUntil: '2026-12-30T08:00:00Z' }), state: 'ended' });
    expect(screen.getByText(/stays readable until/)).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Export everything' }).getAttribute('href')).toBe('/account/export');
  });
});
