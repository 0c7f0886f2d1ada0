/** @jest-environment jsdom */
import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { FakeApi, problem } from './support/fake-api';
import { forgetEverything, renderTab } from './support/render-tab';

jest.mock('../../tabs/teams', () => ({ getToken: async () => 'token', openInBrowser: () => undefined, canShareLink: () => false }));

afterEach(() => {
  cleanup();
  forgetEverything();
});

const click = async (name: RegExp | string) => fireEvent.click(await screen.findByRole('button', { name }));
const item = (text: string) => ({ text, assigneeId: null });
const deal = (title: string) => ({ title, customer: null, value: null, closesOn: null, ownerId: null });

async function withDrafts(meter: 'tickets' | 'opportunities', titles: string[]) {
  const fake = new FakeApi();
  fake.limits[meter] = 0;
  for (const [index, title] of titles.entries()) {
    const body =
      meter === 'tickets' ? { title, description: '', priority: 'normal', assigneeId: null, dueOn: null, tags: [] } : deal(title);
    fake.answer({ method: 'POST', path: `/${meter}`, headers: { authorization: 'x', 'idempotency-key': `refused-${index}` }, body });
  }
  fake.seen.length = 0;
  return fake;
}

describe('an organization without a subscription', () => {
  test('sees what to do instead of the tools, and on a phone only whom to ask', async () => {
    const fake = new FakeApi();
    fake.me = { ...fake.me, subscription: null, member: null };
    await renderTab(fake);
    expect(await screen.findByText(/Teams store or on Microsoft AppSource/u)).toBeTruthy();
    cleanup();
    await renderTab(fake, { host: { phone: true } });
    expect(await screen.findByText(/Please ask your administrator/u)).toBeTruthy();
    expect(screen.queryByText(/plan|store|AppSource|browser/iu)).toBeNull();
    expect(screen.queryByRole('button')).toBeNull();
  });

  test('is recognized by the refusal no_subscription as well', async () => {
    const fake = new FakeApi();
    fake.answer = () => problem(403, 'no_subscription');
    await renderTab(fake);
    expect(await screen.findByRole('heading', { name: /not set up for your organization yet/u })).toBeTruthy();
  });
});

test('a suspended subscription is announced as read-only', async () => {
  const fake = new FakeApi();
  fake.me = {
    ...fake.me,
    subscription: { ...fake.me.subscription!, status: 'Suspended' },
    may: { create: false, edit: false, manageMembers: true, managePlan: true },
  };
  fake.addTicket({ title: 'Printer' });
  await renderTab(fake, { at: '#/tickets' });
  expect(await screen.findByText(/read-only for your organization/u)).toBeTruthy();
  expect(await screen.findByText('Printer')).toBeTruthy();
});

test('what has ended says to everybody when everything stored will be deleted', async () => {
  const fake = new FakeApi();
  fake.me = {
    ...fake.me,
    subscription: { ...fake.me.subscription!, status: 'Unsubscribed' },
    dataDeletedAt: '2026-12-31T23:30:00.000Z',
    may: { create: false, edit: false, manageMembers: false, managePlan: false },
  };
  await renderTab(fake, { at: '#/tickets' });
  // By the organization's clock it is the next day already.
  expect(await screen.findByText('Everything stored will be deleted on Jan 1, 2027.')).toBeTruthy();
});

describe('usage', () => {
  test('says each meter in words with the reset in the organization’s zone, and how the limit is made up', async () => {
    const fake = new FakeApi();
    fake.used.tickets = 240;
    await renderTab(fake, { at: '#/usage' });
    expect(await screen.findByText('240 of 500, 260 left, resets Dec 15, 00:00 Europe/Berlin')).toBeTruthy();
    expect(screen.getAllByText('How this limit is made up')).toHaveLength(3);
    expect(screen.getAllByText(/Plan \(active\)/u)).toHaveLength(3);
  });

  test.each([
    ['owner', false, true],
    ['owner', true, false],
    ['member', false, false],
  ] as const)('the subscription page is linked for a(n) %s with phone=%s: %s', async (role, phone, linked) => {
    await renderTab(new FakeApi().as(role), { at: '#/usage', host: { phone } });
    await screen.findByText('What counts, and when');
    expect(screen.queryByRole('button', { name: /subscription page/u }) !== null).toBe(linked);
  });

  test('a warning is shown until it is dismissed, and the dismissal is stored', async () => {
    const fake = new FakeApi();
    fake.used.tickets = 400;
    fake.notices.set('tickets', { key: 'tickets-80', kind: 'threshold', threshold: 80 });
    await renderTab(fake);
    await screen.findByText(/400 of 500 used, 100 left until Dec 15/u);
    await click('Dismiss');
    await waitFor(() => expect(screen.queryByText(/400 of 500 used/u)).toBeNull());
    expect(fake.requests('POST', '/usage/dismissals')[0]!.body).toEqual({ key: 'tickets-80' });
  });
});

describe('waiting drafts', () => {
  test('are submitted in one act once there is quota again', async () => {
    const fake = await withDrafts('tickets', ['First', 'Second']);
    fake.limits.tickets = 100;
    await renderTab(fake, { at: '#/drafts' });
    await click('Submit all 2 drafts');
    expect(await screen.findByText('No draft is waiting')).toBeTruthy();
    expect(fake.tickets).toHaveLength(2);
    expect(fake.requests('POST', '/drafts')).toHaveLength(1);
  });

  test('cannot be submitted all while their limit is reached, and say until when', async () => {
    const fake = await withDrafts('tickets', ['First', 'Second']);
    await renderTab(fake, { at: '#/drafts' });
    expect(await screen.findByText(/can be submitted from Dec 15, 00:00/u)).toBeTruthy();
    expect((screen.getByRole('button', { name: 'Submit all 2 drafts' }) as HTMLButtonElement).disabled).toBe(true);
  });

  test('one that is discarded comes back by Undo and was never deleted', async () => {
    const fake = await withDrafts('opportunities', ['Spare parts']);
    await renderTab(fake, { at: '#/drafts' });
    await click('Discard draft “Spare parts”');
    expect(await screen.findByText('No draft is waiting')).toBeTruthy();
    await click('Undo');
    expect(await screen.findByText('Spare parts')).toBeTruthy();
    expect(fake.requests('DELETE', '/drafts')).toHaveLength(0);
  });

  test('keep everything that is not edited', async () => {
    const fake = await withDrafts('tickets', ['First']);
    await renderTab(fake, { at: '#/drafts' });
    await click('Edit draft “First”');
    fireEvent.change(await screen.findByLabelText(/^Title/u), { target: { value: 'Better' } });
    await click('Save');
    await waitFor(() => expect(fake.drafts[0]!.payload).toMatchObject({ title: 'Better', priority: 'normal', tags: [] }));
  });
});

describe('checklists', () => {
  test('an item is ticked at once, and Undo opens it again', async () => {
    const fake = new FakeApi();
    const list = fake.addChecklist({ title: 'Onboarding', items: [item('Laptop'), item('Badge')], submit: true });
    await renderTab(fake, { at: `#/checklists/${list.id}` });
    fireEvent.click(await screen.findByRole('checkbox', { name: 'Laptop' }));
    await waitFor(() => expect(fake.checklists[0]!.items[0]!.doneAt).not.toBeNull());
    await click('Undo');
    await waitFor(() => expect(fake.checklists[0]!.items[0]!.doneAt).toBeNull());
  });

  test('a tick over somebody else’s tick is not lost', async () => {
    const fake = new FakeApi();
    const list = fake.addChecklist({ title: 'Onboarding', items: [item('Laptop'), item('Badge')], submit: true });
    await renderTab(fake, { at: `#/checklists/${list.id}` });
    const badge = await screen.findByRole('checkbox', { name: 'Badge' });
    Object.assign(fake.checklists[0]!.items[0]!, { doneAt: '2026-11-27T09:00:00.000Z', doneBy: { id: 'x', name: 'Adam Agent' } });
    fake.checklists[0]!.revision = 5;
    fireEvent.click(badge);
    await waitFor(() => expect(fake.checklists[0]!.state).toBe('completed'));
  });

  test('several pasted lines become several items, and saving without starting counts nothing', async () => {
    const fake = new FakeApi();
    await renderTab(fake, { at: '#/checklists' });
    await click('New checklist');
    fireEvent.change(await screen.findByLabelText(/^Title/u), { target: { value: 'Stocktaking' } });
    fireEvent.paste(screen.getByLabelText('Item 1'), { clipboardData: { getData: () => '- Hall A\n- Hall B\n\n- Hall C' } });
    await click('Save without starting');
    await waitFor(() => expect(fake.checklists[0]).toMatchObject({ title: 'Stocktaking', state: 'draft' }));
    expect(fake.checklists[0]!.items.map((one) => one.text)).toEqual(['Hall A', 'Hall B', 'Hall C']);
    expect(fake.used.checklists).toBe(0);
  });
});

describe('crm', () => {
  test('an opportunity is moved by a menu, without dragging, and Undo moves it back', async () => {
    const fake = new FakeApi();
    fake.addOpportunity({ title: 'Pilot', value: { minor: 450_000, currency: 'EUR' } });
    await renderTab(fake, { at: '#/crm' });
    const column = async (name: string) => within(await screen.findByRole('region', { name }));
    expect((await column('New')).getByText('Pilot')).toBeTruthy();
    await click('Move “Pilot” to');
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Mark as won' }));
    await waitFor(async () => expect((await column('Won')).queryByText('Pilot')).toBeTruthy());
    await click('Undo');
    await waitFor(() => expect(fake.opportunities[0]!.stage).toBe('new'));
  });
});

test('language follows the host, and a person’s own choice is kept', async () => {
  const fake = new FakeApi();
  await renderTab(fake, { at: '#/settings', host: { language: 'de-de' } });
  fireEvent.change(await screen.findByLabelText('Sprache'), { target: { value: 'it' } });
  expect(await screen.findByRole('heading', { name: 'Impostazioni' })).toBeTruthy();
  expect(document.documentElement.lang).toBe('it');
  expect(JSON.parse(window.localStorage.getItem('kontingent.t.p.settings')!)).toMatchObject({ locale: 'it' });
});

test('a page has exactly one live region', async () => {
  const { container } = await renderTab(new FakeApi(), { at: '#/tickets' });
  await screen.findByText('No open tickets');
  expect(container.ownerDocument.querySelectorAll('[aria-live]')).toHaveLength(1);
});
