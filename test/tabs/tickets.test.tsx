/** @jest-environment jsdom */
import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { FakeApi, problem } from './support/fake-api';
import { forgetEverything, renderTab } from './support/render-tab';

const openInBrowser = jest.fn();
jest.mock('../../tabs/teams', () => ({
  getToken: async () => 'token',
  openInBrowser: (url: string) => openInBrowser(url),
  canShareLink: () => false,
}));

afterEach(() => {
  cleanup();
  forgetEverything();
});

const type = (label: RegExp | string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const click = async (name: RegExp | string) => fireEvent.click(await screen.findByRole('button', { name }));

async function openCreate() {
  const [button] = await screen.findAllByRole('button', { name: 'New ticket' });
  fireEvent.click(button!);
  await screen.findByRole('dialog', { name: 'New ticket' });
}

describe('creating a ticket', () => {
  test('needs a title only, and the rest is defaulted', async () => {
    const fake = new FakeApi();
    await renderTab(fake, { at: '#/tickets' });
    await openCreate();
    type(/^Title/u, '  VPN down  ');
    await click('Create ticket');
    await waitFor(() => expect(fake.tickets).toHaveLength(1));
    expect(fake.requests('POST', '/tickets')[0]).toMatchObject({
      body: { title: 'VPN down', description: '', priority: 'normal', assigneeId: null, dueOn: null, tags: [] },
      headers: { authorization: 'Bearer token', 'idempotency-key': expect.stringMatching(/^.{8,200}$/u) },
    });
  });

  test('without a title says so beside the field and sends nothing', async () => {
    const fake = new FakeApi();
    await renderTab(fake, { at: '#/tickets' });
    await openCreate();
    await click('Create ticket');
    expect(await screen.findByText('Please enter a title.')).toBeTruthy();
    expect(fake.requests('POST', '/tickets')).toHaveLength(0);
  });

  test('whose answer was lost is retried with the same key and counts once', async () => {
    const fake = new FakeApi();
    await renderTab(fake, { at: '#/tickets' });
    await openCreate();
    type(/^Title/u, 'Only once');
    fake.next = (seen) => (seen.method === 'POST' ? 'lost' : null);
    await click('Create ticket');
    await screen.findByText(/cannot be reached/u);
    await click('Try again');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    const [first, second] = fake.requests('POST', '/tickets');
    expect(second!.headers['idempotency-key']).toBe(first!.headers['idempotency-key']);
    expect(fake.tickets).toHaveLength(1);
    expect(fake.used.tickets).toBe(1);
  });

  test('offers an undo that gives the unit back', async () => {
    const fake = new FakeApi();
    await renderTab(fake, { at: '#/tickets' });
    await openCreate();
    type(/^Title/u, 'A slip');
    await click('Create ticket');
    await click('Undo');
    await waitFor(() => expect(fake.tickets).toHaveLength(0));
    expect(fake.used.tickets).toBe(0);
  });

  test('keeps typed text when the dialog is closed without sending', async () => {
    const fake = new FakeApi();
    await renderTab(fake, { at: '#/tickets' });
    await openCreate();
    type(/^Title/u, 'Half a thought');
    await click('Cancel');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await openCreate();
    expect((screen.getByLabelText(/^Title/u) as HTMLInputElement).value).toBe('Half a thought');
  });

  test('leaves the page readable for screen readers and the focus at its opener when the dialog closes', async () => {
    const { container } = await renderTab(new FakeApi(), { at: '#/tickets' });
    const [opener] = await screen.findAllByRole('button', { name: 'New ticket' });
    opener!.focus();
    fireEvent.click(opener!);
    await screen.findByRole('dialog', { name: 'New ticket' });
    await waitFor(() => expect(container.getAttribute('aria-hidden')).toBe('true'));
    await click('Cancel');
    await waitFor(() => expect(container.getAttribute('aria-hidden')).toBeNull());
    await waitFor(() => expect(document.activeElement).toBe(opener));
  });

  test('is not offered to who may not create', async () => {
    const fake = new FakeApi();
    fake.me = { ...fake.me, may: { ...fake.me.may, create: false } };
    await renderTab(fake, { at: '#/tickets' });
    await screen.findByText('No open tickets');
    expect(screen.queryByRole('button', { name: 'New ticket' })).toBeNull();
  });
});

describe('at the limit', () => {
  const full = () => {
    const fake = new FakeApi();
    fake.limits.tickets = 10;
    fake.used.tickets = 10;
    return fake;
  };
  const refuse = async (fake: FakeApi, host = {}) => {
    await renderTab(fake, { at: '#/tickets', host });
    await openCreate();
    type(/^Title/u, 'One too many');
    await click('Create ticket');
    return within(await screen.findByRole('alert'));
  };

  test('the refusal says used, limit, reset date, what still works and where the text is; the dialog stays open', async () => {
    const alert = await refuse(full());
    expect(alert.getByText('The limit is reached: 10 of 10 tickets used')).toBeTruthy();
    expect(alert.getByText(/Dec 15, 00:00 Europe\/Berlin/u)).toBeTruthy();
    expect(alert.getByText(/can still be edited/u)).toBeTruthy();
    expect(alert.getByText(/kept as a draft/u)).toBeTruthy();
    expect((screen.getByLabelText(/^Title/u) as HTMLInputElement).value).toBe('One too many');
  });

  test('an owner on a desktop is shown the way to a larger plan, and that it leaves Teams', async () => {
    const alert = await refuse(full());
    fireEvent.click(alert.getByRole('button', { name: 'Get more in the browser (leaves Teams)' }));
    await waitFor(() => expect(openInBrowser).toHaveBeenCalledWith('https://kontingent.example/account'));
  });

  test.each([
    ['an owner on a phone', 'owner', true],
    ['an agent on a desktop', 'agent', false],
  ] as const)('%s is shown neither a plan nor a way to buy one', async (_, role, phone) => {
    const alert = await refuse(full().as(role), { phone });
    expect(alert.queryByRole('button')).toBeNull();
    expect(alert.queryByText(/plan|browser|upgrade/iu)).toBeNull();
    expect(alert.getByText(/owner or administrator/u)).toBeTruthy();
  });

  test('trying again after an upgrade submits the kept draft with what was changed since', async () => {
    const fake = full();
    await refuse(fake);
    fake.limits.tickets = 100;
    type(/^Title/u, 'One more, in better words');
    await click('Try again');
    await waitFor(() => expect(fake.tickets.map((ticket) => ticket.title)).toEqual(['One more, in better words']));
    expect(fake.drafts).toHaveLength(0);
    expect(fake.used.tickets).toBe(11);
    expect(fake.requests('POST', '/tickets')).toHaveLength(1);
  });
});

describe('an existing ticket', () => {
  test('saves a change under the revision it has shown', async () => {
    const fake = new FakeApi();
    const ticket = fake.addTicket({ title: 'Printer' }, { revision: 7 });
    await renderTab(fake, { at: `#/tickets/${ticket.id}` });
    fireEvent.change(await screen.findByLabelText('Status'), { target: { value: 'waiting' } });
    await waitFor(() => expect(fake.tickets[0]!.status).toBe('waiting'));
    expect(fake.requests('PATCH', '/tickets')[0]!.headers['if-match']).toBe('"7"');
  });

  test('changed by somebody else asks whose version stays, and keeping mine overwrites the newer one', async () => {
    const fake = new FakeApi();
    const ticket = fake.addTicket({ title: 'Old title' });
    await renderTab(fake, { at: `#/tickets/${ticket.id}` });
    await click('Edit title and description');
    fake.tickets[0]!.title = 'Their title';
    fake.tickets[0]!.revision = 2;
    type(/^Title/u, 'My title');
    await click('Save');
    const dialog = within(await screen.findByRole('alertdialog'));
    expect(dialog.getByText('Their title')).toBeTruthy();
    expect(dialog.getByText('My title')).toBeTruthy();
    await click('Keep mine');
    await waitFor(() => expect(fake.tickets[0]).toMatchObject({ title: 'My title', revision: 3 }));
  });

  test('changed by somebody else shows their version when theirs is taken', async () => {
    const fake = new FakeApi();
    const ticket = fake.addTicket({ title: 'Old title' });
    await renderTab(fake, { at: `#/tickets/${ticket.id}` });
    await click('Edit title and description');
    fake.tickets[0]!.title = 'Their title';
    fake.tickets[0]!.revision = 2;
    type(/^Title/u, 'My title');
    await click('Save');
    await click('Take theirs');
    expect(await screen.findByRole('heading', { name: 'Their title' })).toBeTruthy();
    expect(fake.tickets[0]!.title).toBe('Their title');
  });

  test('an internal note is sent as a note and marked as one; a member is not offered any', async () => {
    const fake = new FakeApi();
    const ticket = fake.addTicket({ title: 'Printer' });
    await renderTab(fake, { at: `#/tickets/${ticket.id}` });
    await click('Internal note');
    type('Write an internal note', 'Toner is in the cellar');
    await click('Add internal note');
    expect(await screen.findByText('Internal note, only agents see it')).toBeTruthy();
    expect(fake.requests('POST', `/tickets/${ticket.id}/comments`)[0]!.body).toEqual({ body: 'Toner is in the cellar', kind: 'note' });
    cleanup();
    await renderTab(fake.as('member'), { at: `#/tickets/${ticket.id}` });
    await screen.findByLabelText('Write a reply');
    expect(screen.queryByRole('button', { name: 'Internal note' })).toBeNull();
  });

  test('a reply whose sending failed is kept and sent again under the same key', async () => {
    const fake = new FakeApi();
    const ticket = fake.addTicket({ title: 'Printer' });
    await renderTab(fake, { at: `#/tickets/${ticket.id}` });
    await screen.findByLabelText('Write a reply');
    type('Write a reply', 'On my way');
    fake.next = (seen) => (seen.method === 'POST' ? 'lost' : null);
    await click('Reply to requester');
    await screen.findByText(/cannot be reached/u);
    await click('Reply to requester');
    expect(await screen.findByText('On my way', { selector: 'p' })).toBeTruthy();
    expect(fake.timelines.get(ticket.id)).toHaveLength(1);
  });

  test('that is gone says so instead of an endless wait', async () => {
    await renderTab(new FakeApi(), { at: '#/tickets/00000002-0000-4000-8000-000000000099' });
    expect(await screen.findByText('This ticket does not exist (any more).')).toBeTruthy();
  });
});

test('a failed list offers a retry and the number support asks for', async () => {
  const fake = new FakeApi();
  fake.addTicket({ title: 'Printer' });
  fake.next = (seen) => (seen.path.startsWith('/tickets') ? problem(500, 'internal') : null);
  const route = fake.next;
  const answer = fake.answer.bind(fake);
  let failing = true;
  fake.answer = (seen) => (failing ? (route(seen) ?? answer(seen)) : answer(seen));
  fake.next = null;
  await renderTab(fake, { at: '#/tickets' });
  expect(await screen.findByText('Number for support: req-1')).toBeTruthy();
  failing = false;
  await click('Try again');
  expect(await screen.findByText('Printer')).toBeTruthy();
});

describe('keys', () => {
  test('c opens a new ticket and ? the list of keys, but not while typing', async () => {
    const fake = new FakeApi();
    await renderTab(fake, { at: '#/tickets' });
    const search = await screen.findByRole('searchbox');
    fireEvent.keyDown(search, { key: 'c' });
    expect(screen.queryByRole('dialog')).toBeNull();
    fireEvent.keyDown(document.body, { key: '?' });
    expect(await screen.findByRole('dialog', { name: 'Keyboard shortcuts' })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    fireEvent.keyDown(document.body, { key: 'c' });
    expect(await screen.findByRole('dialog', { name: 'New ticket' })).toBeTruthy();
  });

  test('can be switched off in the settings', async () => {
    await renderTab(new FakeApi(), { at: '#/settings' });
    fireEvent.click(await screen.findByRole('switch', { name: 'Single-key shortcuts' }));
    fireEvent.keyDown(document.body, { key: '?' });
    expect(screen.queryByRole('dialog')).toBeNull();
  });
});
