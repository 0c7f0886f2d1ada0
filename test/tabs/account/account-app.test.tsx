/** @jest-environment jsdom */
import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import {
  type AccountChange,
  type AccountChoices,
  type AccountPreview,
  AccountState,
  type AccountSubscription,
  Activation,
} from '../../../src/contract/account';
import { AccountApp } from '../../../tabs/account/account-app';
import { startI18n } from '../../../tabs/shared/i18n';

const subscription: AccountSubscription = {
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
  activatedAt: null,
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
let choices: Reply;
let answer: (call: Call) => Reply | Promise<Reply>;

beforeAll(async () => {
  globalThis.fetch = jest.fn(async (path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) => {
    const call = { path, headers: init.headers ?? {}, body: init.body ? JSON.parse(init.body) : null };
    if (init.method === 'POST') calls.push(call);
    const reply = init.method === 'POST' ? await answer(call) : path.startsWith('/account/choices') ? choices : state;
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
  ['activated', 'Already activated', 'Open in Microsoft Teams'],
  ['wrong_account', 'This account does not fit the purchase', 'Use another account'],
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

test.each(['visitor', 'activated', 'wrong_account'] as const)('%s sees no way to activate or manage', async (state) => {
  await open(account(state, { subscription }));
  expect(screen.queryByRole('button', { name: 'Activate' })).toBeNull();
  expect(screen.queryByRole('link', { name: /admin center/ })).toBeNull();
});

test.each([
  ['en', /activated this subscription on October 28, 2026\. There is nothing left for you to do/, /app bar/],
  ['de', /am 28\. Oktober 2026 aktiviert\. Für Sie ist nichts mehr zu tun/, /App-Leiste/],
  ['it', /il 28 ottobre 2026\. Non resta nulla da fare/, /barra delle app/],
] as const)(
  'what a colleague has activated says so in %s: when, that nothing is left to do, and where to go',
  async (locale, done, where) => {
    await open(account('activated', { subscription: { ...subscription, activatedAt: '2026-10-28T09:00:00Z' }, locale }));
    expect(await screen.findByText(done)).toBeTruthy();
    expect(screen.getByText(where)).toBeTruthy();
  },
);

test('a purchase of a colleague that is not activated yet, and a personal account, have words of their own', async () => {
  await open(account('visitor', { subscription }));
  expect(screen.getByText(/It is not activated yet/)).toBeTruthy();
  expect(screen.queryByRole('link', { name: 'Open in Microsoft Teams' })).toBeNull();
  cleanup();
  const organizationId = '9188040d-6c67-4c5b-b112-36a304b66dad';
  await open(account('wrong_account', { signedInAs: { name: 'Olivia', address: 'olivia@outlook.example', organizationId } }));
  expect(screen.getByText(/A personal Microsoft account belongs to none/)).toBeTruthy();
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
    deletedAt: null,
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

  test.each([
    ['refused', /Microsoft did not carry it out: the subscription goes on/],
    ['lost', /never said what became of it/],
  ] as const)('a cancellation that came to nothing is told (%s), and can be asked for again', async (as, words) => {
    await open(shown({ failed: { as, askedAt: '2026-11-28T08:00:00Z' } }));
    expect(screen.getByText(words).textContent).toContain('On November 28, 2026');
    expect(screen.getByRole('button', { name: 'Cancel the subscription' })).toBeTruthy();
  });

  test('the server’s no is shown, and nothing is said to be under way', async () => {
    answer = () => ({ status: 409, body: { code: 'cancellation_window_closed', refundableUntil: '2026-11-30T08:00:00.000Z' } });
    await open(shown({}));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel the subscription' }));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel it now' }));
    expect(await screen.findByText(/Cancelling with a refund was possible until November 30, 2026/)).toBeTruthy();
    expect(screen.queryByText(/was sent to Microsoft/)).toBeNull();
  });

  test('of what has ended: until when everything stays, and the way to take it along', async () => {
    await open({ ...shown({ offer: null, keptUntil: '2026-12-30T08:00:00Z' }), state: 'ended' });
    expect(screen.getByText(/stays readable until/)).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Export everything' }).getAttribute('href')).toBe('/account/export');
  });
});

describe('changing plan and seats', () => {
  const ref = (planId: string, name: string, quantity: number | null = null) => ({ planId, version: 1, name, rank: 10, quantity });
  const change: AccountChange = { barred: null, hasSeats: false, latest: null };
  const latest = (what: NonNullable<AccountChange['latest']>['state'], to = ref('premium', 'Premium')): AccountChange['latest'] => ({
    id: '11111111-1111-4111-8111-111111111111',
    state: what,
    direction: 'upgrade',
    from: ref('standard', 'Standard'),
    to,
    effectiveAt: '2026-12-27T00:00:00Z',
    orderedAt: '2026-11-28T08:00:00Z',
    endedAt: what === 'awaiting_marketplace' || what === 'scheduled' ? null : '2026-11-28T08:10:00Z',
  });
  const shown = (some: Partial<AccountChange> = {}, more: Partial<AccountState> = {}) => ({
    ...active,
    change: { ...change, ...some },
    ...more,
  });
  const seated = { ...active.subscription!, planId: 'starter', planName: 'Starter', quantity: 20 };
  const offered = (some: Partial<AccountChoices['plans'][number]> = {}): AccountChoices['plans'][number] => ({
    planId: 'premium',
    version: 1,
    name: 'Premium',
    direction: 'upgrade',
    price: '€59.00 per month',
    grants: [{ name: 'Tickets', words: '500 a month' }],
    endsTrial: false,
    seats: null,
    ...some,
  });
  type Allowed = Extract<AccountPreview['preview'], { allowed: true }>;
  const previewed = (some: Partial<Allowed> = {}): AccountPreview => ({
    preview: {
      allowed: true,
      previewId: 'preview-1',
      direction: 'upgrade',
      from: ref('standard', 'Standard'),
      to: ref('premium', 'Premium'),
      term: 'P1M',
      effective: 'now',
      effectiveAt: '2026-11-28T08:00:00Z',
      money: {
        currency: 'EUR',
        lines: [{ words: 'Premium', formula: '€59.00 × 10/30 days', quantity: 1, amountMinor: 1967 }],
        refunds: [],
        totalMinor: 1967,
        periodStart: '2026-11-28T00:00:00Z',
        periodEnd: '2026-12-27T00:00:00Z',
        isEstimate: true,
      },
      limits: [
        { meter: 'tickets', before: 100, after: 500 },
        { meter: 'teams', before: null, after: null },
      ],
      exceeds: [],
      trim: [],
      irreversible: [],
      frozen: [],
      licenses: null,
      fits: null,
      ...some,
    },
    names: { tickets: 'tickets', boards: 'boards' },
  });
  const replies = (preview: AccountPreview, order: Reply = { status: 200, body: shown({ latest: latest('awaiting_marketplace') }) }) => {
    answer = ({ path }) => (path.endsWith('/preview') ? { status: 200, body: preview } : order);
  };
  const press = (name: string | RegExp) => fireEvent.click(screen.getByRole('button', { name }));

  beforeEach(() => {
    choices = { status: 200, body: { plans: [offered(), offered({ planId: 'free', name: 'Free', direction: 'downgrade' })], seats: null } };
    replies(previewed());
  });

  async function toReview(): Promise<void> {
    await open(shown());
    press('Change the plan');
    fireEvent.click(await screen.findByRole('radio', { name: /^Premium/ }));
    press('Continue');
    await screen.findByRole('heading', { name: 'Check and order' });
  }

  test('a plan is chosen, its meaning read, agreed to and ordered once however often it is pressed', async () => {
    await toReview();
    expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Check and order' }));
    expect(screen.getByText('tickets: 100 now, then 500')).toBeTruthy();
    expect(screen.queryByText(/teams:/)).toBeNull();
    expect(screen.getByText(/An estimate\. Microsoft calculates and invoices/)).toBeTruthy();
    press('Order the change');
    expect(screen.getByRole('alert').textContent).toBe('Please confirm the change.');
    expect(document.activeElement).toBe(screen.getByRole('checkbox'));
    expect(calls.map(({ path }) => path)).toEqual(['/account/changes/preview']);

    fireEvent.click(screen.getByRole('checkbox'));
    press('Order the change');
    fireEvent.submit(screen.getByRole('checkbox').closest('form')!);
    expect(await screen.findByText('Under way: change from Standard to Premium')).toBeTruthy();
    expect(calls.slice(1)).toMatchObject([
      {
        path: '/account/changes',
        headers: { 'x-csrf-token': 'csrf-1' },
        body: { subscriptionId: 's1', previewId: 'preview-1', consent: { change: true } },
      },
    ]);
    expect(screen.queryByRole('button', { name: 'Change the plan' })).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Plan' }));
  });

  test('an order is followed until Microsoft has settled it, and then said to be done', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
    try {
      await open(shown({ latest: latest('awaiting_marketplace') }));
      await act(() => jest.advanceTimersByTimeAsync(5_000));
      expect(screen.getByText(/^Under way/)).toBeTruthy();
      state = { status: 200, body: shown({ latest: latest('applied') }) };
      await act(() => jest.advanceTimersByTimeAsync(6_000));
      expect(screen.getByText('Done: change from Standard to Premium.').closest('[role=status]')).toBeTruthy();
      const asked = jest.mocked(globalThis.fetch).mock.calls.length;
      await act(() => jest.advanceTimersByTimeAsync(120_000));
      expect(jest.mocked(globalThis.fetch).mock.calls.length).toBe(asked);
    } finally {
      jest.useRealTimers();
    }
  });

  test.each([
    ['refused by Microsoft', { latest: latest('refused') }, /Microsoft did not carry it out: change from Standard to Premium/, true],
    ['lost at Microsoft', { latest: latest('lost') }, /never said what became of it: change from Standard to Premium/, true],
    ['planned', { latest: latest('scheduled') }, /Planned for December 27, 2026: change from Standard to Premium/, false],
    ['sold by a partner', { barred: 'by_partner' }, /A Microsoft partner sold this subscription and manages it/, false],
    ['one whose plan never changes', { barred: 'no_changes' }, /This plan cannot be changed/, false],
  ] as const)(
    'of a subscription that is %s it is said, and ordering is offered where it is possible',
    async (_name, some, words, offers) => {
      await open(shown(some));
      expect(screen.getByText(words)).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'Change the plan' }) !== null).toBe(offers);
    },
  );

  test('what was done before this visit is no news', async () => {
    await open(shown({ latest: latest('applied') }));
    expect(screen.queryByText(/^Done/)).toBeNull();
  });

  test('what is suspended, has ended or is being cancelled offers no change', async () => {
    for (const some of [
      account('suspended', { subscription }),
      account('ended', { subscription }),
      shown(
        {},
        {
          ending: {
            offer: null,
            refundableUntil: null,
            askedAt: '2026-11-28T08:00:00Z',
            byPartner: false,
            keptUntil: null,
            deletedAt: null,
          },
        },
      ),
    ]) {
      await open(some);
      expect(screen.queryByRole('button', { name: 'Change the plan' })).toBeNull();
      cleanup();
    }
  });

  test('a planned change is withdrawn', async () => {
    answer = () => ({ status: 200, body: shown({ latest: latest('withdrawn') }) });
    await open(shown({ latest: latest('scheduled') }));
    press('Withdraw the change');
    expect(await screen.findByText(/^Withdrawn/)).toBeTruthy();
    expect(calls).toMatchObject([{ path: '/account/changes/withdraw', body: { subscriptionId: 's1', changeId: latest('scheduled')!.id } }]);
  });

  test('a free trial is said to end with a plan that has none, before and in the order', async () => {
    choices = { status: 200, body: { plans: [offered({ endsTrial: true })], seats: null } };
    await open(shown({}, { subscription: { ...active.subscription!, isFreeTrial: true } }));
    expect(screen.getByText(/Your free trial is running/)).toBeTruthy();
    press('Change the plan');
    expect(await screen.findByText('Ends the free trial')).toBeTruthy();
  });

  test('seats: bounds and given licenses are said beforehand, what was typed stays, too few are warned of with numbers', async () => {
    choices = {
      status: 200,
      body: { plans: [offered({ seats: { min: 25, max: 5000 } })], seats: { held: 20, taken: 18, min: 1, max: 50 } },
    };
    replies(previewed({ limits: [], money: null, licenses: { taken: 18, purchased: 15, graceDays: 30 } }));
    await open(shown({ hasSeats: true }, { subscription: seated }));
    press('Change the seats');
    const field = await screen.findByLabelText<HTMLInputElement>('Seats');
    expect(screen.getByText(/Now 20\. Possible are 1 to 50\..*invitation: 18/)).toBeTruthy();
    for (const wrong of ['', '0', '51', '20', '1.5']) {
      fireEvent.change(field, { target: { value: wrong } });
      press('Continue');
      expect(screen.getByText('Enter a whole number from 1 to 50, other than 20.')).toBeTruthy();
      expect([document.activeElement, field.value]).toEqual([field, wrong]);
    }
    expect(calls).toEqual([]);
    fireEvent.change(field, { target: { value: '15' } });
    press('Continue');
    expect(await screen.findByText(/18 licenses are given to people or offered by invitation, 15 would be left/)).toBeTruthy();
    expect(screen.getByText(/for 30 days you choose who keeps one/)).toBeTruthy();
    expect(calls[0]!.body).toEqual({ subscriptionId: 's1', toPlanId: 'starter', quantity: 15 });
    press('Back');
    expect((await screen.findByLabelText<HTMLInputElement>('Seats')).value).toBe('15');
    press('Do not change');
    press('Change the plan');
    expect((await screen.findByRole<HTMLInputElement>('radio')).disabled).toBe(true);
    expect(screen.getByText('Takes 25 to 5,000 seats. Change the seats first.')).toBeTruthy();
  });

  test('what cannot be undone needs a word of its own', async () => {
    const gone = {
      id: latest('applied')!.id,
      kind: 'boards',
      name: 'Archive',
      result: 'removed' as const,
      meter: 'boards',
      before: null,
      after: null,
      reversible: false,
    };
    replies(previewed({ trim: [gone], irreversible: [gone], frozen: [{ meter: 'tickets', held: 64, limit: 10 }] }));
    await toReview();
    expect(screen.getByText('tickets: 64 in use, 10 allowed')).toBeTruthy();
    fireEvent.click(screen.getByRole('checkbox'));
    press('Order the change');
    expect(screen.getByText('Choose what is to happen to them.')).toBeTruthy();
    fireEvent.click(screen.getByRole('radio', { name: /^They are to stay/ }));
    press('Order the change');
    await screen.findByText(/^Under way/);
    expect(calls[1]!.body).toMatchObject({ consent: { change: true, removal: false } });
  });

  test('a preview that is out of date is made anew, and asks for the consent again', async () => {
    replies(previewed(), problem(409, 'preview_outdated', { previewedAt: null }));
    await toReview();
    fireEvent.click(screen.getByRole('checkbox'));
    press('Order the change');
    expect((await screen.findByRole('alert')).textContent).toMatch(/changed since the preview|has changed/i);
    replies({ ...previewed(), preview: { ...previewed().preview, previewId: 'preview-2' } as Allowed });
    press('Load the current state');
    await waitFor(() => expect(screen.getByRole<HTMLInputElement>('checkbox').checked).toBe(false));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('no plans, a marketplace that is away and a refusal are said, each with a way on', async () => {
    choices = { status: 200, body: { plans: [], seats: null } };
    await open(shown());
    press('Change the plan');
    expect(await screen.findByText(/Microsoft lists no other plan/)).toBeTruthy();
    press('Do not change');
    choices = problem(503, 'marketplace_unavailable');
    press('Change the plan');
    expect((await screen.findByRole('alert')).textContent).toMatch(/marketplace does not answer/);
    choices = { status: 200, body: { plans: [offered()], seats: null } };
    press('Try again');
    fireEvent.click(await screen.findByRole('radio'));
    replies({
      preview: { allowed: false, refusal: { code: 'change_not_allowed', reason: 'by_partner', toPlanId: 'premium' }, fits: null },
      names: {},
    });
    press('Continue');
    expect((await screen.findByRole('alert')).textContent).toMatch(/partner/);
    expect(screen.getByRole<HTMLInputElement>('radio').checked).toBe(true);
  });
});

test('what will be deleted is said with its day; what has gone is not promised', async () => {
  const ending = {
    offer: null,
    refundableUntil: null,
    askedAt: null,
    byPartner: false,
    keptUntil: '2026-12-30T08:00:00Z',
    deletedAt: '2027-01-02T08:00:00Z',
  };
  await open(account('ended', { subscription, ending }));
  expect(screen.getByText(/will be deleted on January 2, 2027\. Export what you want to keep/)).toBeTruthy();
  cleanup();
  await open(account('ended', { subscription, ending: { ...ending, keptUntil: null, deletedAt: null } }));
  expect(screen.getByText(/Nothing of it is stored here any more/)).toBeTruthy();
});
