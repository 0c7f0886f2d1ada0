import type { Browser, FrameLocator, Page } from 'playwright-core';
import type { Me } from '../../src/contract/me';
import type { Problem } from '../../src/contract/refusals';
import type { Ticket } from '../../src/contract/tickets';
import { describeInBrowser, launchBrowser, type OpenedPage, openPage } from './support/browser';
import { eventually } from './support/eventually';
import {
  apiOf,
  buy,
  configure,
  frameOf,
  isInView,
  NAMES,
  type Person,
  type SandboxApi,
  say,
  subscribe,
  tabOf,
  visit,
} from './support/sandbox';
import { keepPicture, picture, takesPictures } from './support/screenshots';
import { type RunningServer, startServer } from './support/server';
import { createSteps } from './support/steps';

jest.setTimeout(180_000);

/** Words that sell. A card of the bot is the same on a phone, where none of them may stand. */
const SELLING = /price|upgrade|larger plan|buy|purchase|subscri|€|\$|https?:/iu;

const PEOPLE = ['owner', 'agent', 'member', 'other'] as const;

describeInBrowser('The walk a newcomer takes', () => {
  const step = createSteps(() => keepPicture(page));
  let server: RunningServer;
  let browser: Browser;
  let opened: OpenedPage;
  let page: Page;
  let api: SandboxApi;
  let coffee: Ticket;

  const tabFor = (person: Person, place = 'home'): Promise<FrameLocator> => visit(page, server.url, { person, page: place });
  const chatFor = (person: Person) => visit(page, server.url, { person, view: 'chat' });
  const newTicket = (tab: FrameLocator) => tab.getByRole('button', { name: 'New ticket' }).first();
  const fillTo = async (percent: number) => {
    await visit(page, server.url, { person: 'owner', guide: 'on' });
    const step = page.locator('.step').filter({ hasText: 'Reach the limit' });
    if ((await step.locator('details').getAttribute('open')) === null) await step.locator('summary').click();
    await step.getByRole('button', { name: `Fill to ${percent} %` }).click();
    await step.getByText(/sample tickets? created/u).waitFor();
  };

  /** A queue as it looks in the middle of a day, on a desk and on a phone. */
  const takePictures = async () => {
    if (!takesPictures) return;
    const changes = [
      { status: 'in_progress', priority: 'high' },
      { priority: 'urgent', dueOn: '2030-01-15' },
      { status: 'waiting' },
      {},
      { status: 'in_progress' },
      { priority: 'low' },
    ];
    const { items } = await api.read<{ items: Ticket[] }>('owner', '/tickets');
    const ids = await Promise.all((['agent', 'owner'] as const).map(async (key) => (await api.read<Me>(key, '/me')).member!.id));
    for (const [index, ticket] of items.slice(1).entries()) {
      const change = { ...changes[index % changes.length], assigneeId: index % 3 === 2 ? null : ids[index % 2] };
      await api.ask('agent', 'PATCH', `/tickets/${ticket.id}`, change, { 'if-match': `"${ticket.revision}"` });
    }
    const tab = await tabFor('owner', 'tickets');
    await tab.getByText('Urgent').first().waitFor();
    await picture(page, 'tab-tickets');
    const phone = await openPage(browser, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
    const queue = await visit(phone.page, server.url, { person: 'agent', theme: 'dark', client: 'phone', page: 'tickets' });
    await queue.getByText('Urgent').first().waitFor();
    await picture(phone.page, 'dark-phone');
    await phone.page.context().close();
  };

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    opened = await openPage(browser, { viewport: { width: 1366, height: 820 } });
    page = opened.page;
    api = apiOf(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  describe('1 · looking around', () => {
    step('opens a small Teams: the tab, a chat, a marketplace, and a switch for person, theme, client and language', async () => {
      await page.goto(server.url);
      const places = page.getByRole('navigation', { name: 'Places' });
      for (const name of ['Kontingent', 'Chat', 'Marketplace']) await places.getByRole('button', { name }).waitFor();
      expect(await page.getByLabel('Person').locator('option').allTextContents()).toEqual([
        'Olivia Owner · owner',
        'Adam Agent · agent',
        'Mara Member · member',
        'Otto Other · Example Bakery',
      ]);
    });

    step('follows every switch at once, and the address leads back to the same view', async () => {
      const frame = await frameOf(page);
      await page.getByRole('radio', { name: 'Dark' }).check();
      await frame.waitForFunction(() => document.documentElement.style.colorScheme === 'dark');
      await page.getByRole('radio', { name: 'Phone' }).check();
      await page.locator('.sandbox[data-client="phone"] .tab-place iframe').waitFor();
      await page.getByRole('radio', { name: 'Deutsch' }).check();
      await page.getByLabel('Person').selectOption('member');
      const reached = new URL(page.url()).searchParams;
      expect(Object.fromEntries(reached)).toMatchObject({ person: 'member', theme: 'dark', client: 'phone', lang: 'de', view: 'tab' });
      await tabOf(page).getByRole('heading', { name: 'noch nicht eingerichtet' }).waitFor();
      await page.reload();
      await tabOf(page).getByRole('heading', { name: 'noch nicht eingerichtet' }).waitFor();
    });
  });

  describe('2 · before and after the purchase', () => {
    step('shows everybody what is missing, and refuses creation, while nobody has bought', async () => {
      for (const person of PEOPLE) {
        const tab = await tabFor(person);
        await tab.getByRole('heading', { name: 'Kontingent is not set up for your organization yet' }).waitFor();
        const refused = await api.ask(person, 'POST', '/tickets', { title: 'Too early' });
        expect(refused.status).toBe(403);
        expect(((await refused.json()) as Problem).code).toBe('no_subscription');
      }
    });

    step('sells the free plan like any other, and remembers the order when the plug is pulled', async () => {
      await buy(page, server.url, 'owner', 'Free');
      await server.pullThePlug();
      expect(await api.bought('owner')).toMatchObject([{ planId: 'free', status: 'PendingFulfillmentStart' }]);
    });

    step('signs the buyer in on the account page, shows what was bought, and activates once on a double click', async () => {
      await visit(page, server.url, { view: 'marketplace' });
      const account = await configure(page, 'owner');
      const order = account.getByRole('complementary');
      for (const fact of ['Offer', 'Plan', 'Free', 'Billing term', '1 month', '10 tickets per period'])
        await order.getByText(fact).first().waitFor();
      await picture(account, 'account');
      await account.getByRole('button', { name: 'Activate' }).dblclick();
      await account.getByRole('heading', { name: 'Kontingent Free is active' }).waitFor();

      const again = await account.evaluate(
        async (subscriptionId) => {
          const { csrfToken } = (await (await fetch('/account/state')).json()) as { csrfToken: string };
          const body = JSON.stringify({
            subscriptionId,
            organization: 'Sample Logistics',
            contactAddress: 'olivia@sample-logistics.example',
            locale: 'en',
            timeZone: 'Europe/Berlin',
          });
          const headers = { 'content-type': 'application/json', 'x-csrf-token': csrfToken };
          const answers = await Promise.all([1, 2].map(() => fetch('/account/activate', { method: 'POST', headers, body })));
          return answers.map(({ status }) => status);
        },
        (await api.bought('owner'))[0]!.id,
      );
      expect(again).toEqual([200, 200]);
      await account.reload();
      await account.getByRole('heading', { name: 'Kontingent Free is active' }).waitFor();
      await account.close();

      expect(await api.bought('owner')).toMatchObject([{ planId: 'free', status: 'Subscribed' }]);
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 0, limit: 10, grants: [{ source: 'plan', amount: 10 }] });
    });

    step('is still activated, once, after the plug was pulled', async () => {
      await server.pullThePlug();
      expect(await api.bought('owner')).toMatchObject([{ status: 'Subscribed' }]);
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 0, limit: 10 });
    });
  });

  describe('3 · working with tickets', () => {
    step('shows three tools and a meter for each', async () => {
      const tab = await tabFor('owner');
      const pages = tab.getByRole('navigation', { name: 'Pages' });
      for (const name of ['Tickets', 'Checklists', 'CRM']) await pages.getByRole('link', { name }).waitFor();
      await tab.getByRole('link', { name: /^Tickets: 0 of 10, 10 left, resets /u }).waitFor();
      await tab.getByRole('link', { name: /^Checklists: 0 of 5, 5 left/u }).waitFor();
      await tab.getByRole('link', { name: /^Opportunities: 0 of 5, 5 left/u }).waitFor();
    });

    step('creates, assigns, comments, closes and finds a ticket', async () => {
      await tabFor('agent');
      await tabFor('member');
      const tab = await tabFor('owner', 'tickets');
      await newTicket(tab).click();
      const form = tab.getByRole('dialog', { name: 'New ticket' });
      await form.getByLabel('Title').fill('Coffee machine in the kitchen leaks');
      await form.getByLabel('Description').fill('A bucket stands below it for now.');
      await form.getByRole('button', { name: 'Create ticket' }).click();

      const detail = tab.getByRole('article', { name: 'Coffee machine in the kitchen leaks' });
      await detail.waitFor();
      await tab.getByRole('link', { name: /^Tickets: 1 of 10, 9 left/u }).waitFor();

      await detail.getByLabel('Assignee').click();
      await tab.getByRole('option', { name: NAMES.agent }).click();
      await tab.getByText('Assigned to Adam Agent').first().waitFor();
      await detail.getByPlaceholder('Write a reply').fill('The repair service comes tomorrow.');
      await detail.getByRole('button', { name: 'Reply to requester' }).click();
      await detail.getByText('The repair service comes tomorrow.').waitFor();
      await detail.getByLabel('Status').selectOption('closed');
      await detail.getByText('Olivia Owner changed status: Open → Closed').waitFor();
      await detail.getByRole('button', { name: 'Close' }).click();

      await tab.getByText('No open tickets').waitFor();
      await tab.getByRole('searchbox', { name: 'Search tickets' }).fill('machine kitchen');
      await tab.getByRole('link', { name: /Coffee machine/u }).waitFor();
      const { items } = await api.read<{ items: Ticket[] }>('owner', '/tickets?status=closed');
      coffee = items[0]!;
      expect(coffee).toMatchObject({ status: 'closed', assignee: { name: NAMES.agent } });
    });

    step('takes a ticket in the chat too, and the same meter counts it', async () => {
      await chatFor('agent');
      const card = await say(page, 'new ticket Badge does not open gate 2');
      await card.getByText('The ticket is created.').waitFor();
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 2 });
    });

    step('has everything after the plug was pulled', async () => {
      await server.pullThePlug();
      const tab = await visit(page, server.url, { page: 'tickets', sub: `t/${coffee.id}` });
      const detail = tab.getByRole('article', { name: coffee.title });
      await detail.getByText('The repair service comes tomorrow.').waitFor();
      expect(await detail.getByLabel('Status').inputValue()).toBe('closed');
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 2 });
    });
  });

  describe('4 · the limit', () => {
    const WARNING = /^Tickets: 8 of 10 used, 2 left until /u;

    step('warns at 80 % who looks after open tickets or administers, and nobody else', async () => {
      const badge = (await api.read<{ items: Ticket[] }>('agent', '/tickets?q=Badge')).items[0]!;
      const { id } = (await api.read<{ member: { id: string } }>('agent', '/me')).member;
      const assigned = await api.ask('agent', 'PATCH', `/tickets/${badge.id}`, { assigneeId: id }, { 'if-match': `"${badge.revision}"` });
      expect(assigned.status).toBe(200);
      await chatFor('owner');
      await fillTo(80);
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 8, state: 'warning' });

      await (await tabFor('agent')).getByText(WARNING).waitFor();
      const members = await tabFor('member');
      await members.getByRole('link', { name: /^Tickets: 8 of 10/u }).waitFor();
      expect(await members.getByText(WARNING).count()).toBe(0);
      await (await tabFor('owner')).getByText(WARNING).waitFor();
    });

    step('says it once in the chat of each of them', async () => {
      const warnings = async (person: Person) =>
        (await api.chat(person)).filter((message) => JSON.stringify(message).includes('8 of 10 tickets are used')).length;
      await eventually(async () => expect([await warnings('owner'), await warnings('agent')]).toEqual([1, 1]));
      expect(await warnings('member')).toBe(0);
    });

    step('leaves a dismissed warning dismissed', async () => {
      const tab = tabOf(page);
      await tab.getByRole('button', { name: 'Dismiss' }).click();
      await tab.getByText(WARNING).waitFor({ state: 'detached' });
      await eventually(async () => expect(await api.meter('owner', 'tickets')).toMatchObject({ notice: null }));
      const again = await tabFor('owner');
      await again.getByRole('link', { name: /^Tickets: 8 of 10/u }).waitFor();
      expect(await again.getByText(WARNING).count()).toBe(0);
    });

    step('goes on creating between 80 % and the limit', async () => {
      await fillTo(100);
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 10, remaining: 0, state: 'exhausted' });
    });

    step('refuses in the tab with used, limit, the reset date and what still works, and keeps the text', async () => {
      const tab = await tabFor('owner', 'tickets');
      await newTicket(tab).click();
      const form = tab.getByRole('dialog', { name: 'New ticket' });
      await form.getByLabel('Title').fill('Forklift needs its yearly inspection');
      await form.getByRole('button', { name: 'Create ticket' }).click();
      const refusal = form.getByRole('alert');
      await refusal.getByText('The limit is reached: 10 of 10 tickets used').waitFor();
      await refusal.getByText(/^New ones can be created again from \w+ \d+, 00:00 Europe\/Berlin\.$/u).waitFor();
      await refusal.getByText('Your text is kept as a draft and can be submitted then.').waitFor();
      await refusal
        .getByText('Everything that exists can still be edited, commented and completed. The other tools are not affected.')
        .waitFor();
      expect(await form.getByLabel('Title').inputValue()).toBe('Forklift needs its yearly inspection');
      await picture(page, 'quota-exhausted');
      await form.getByRole('button', { name: 'Close' }).click();
      expect(await api.drafts('owner')).toMatchObject([{ meter: 'tickets', payload: { title: 'Forklift needs its yearly inspection' } }]);
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 10 });
    });

    step('refuses in the chat in neutral words, and keeps the text', async () => {
      await chatFor('agent');
      const card = await say(page, 'new ticket Air conditioning is too cold');
      await card.getByText('Air conditioning is too cold').waitFor();
      const words = (await card.textContent()) ?? '';
      expect(words).toContain('10 of 10 tickets are used');
      expect(words).toMatch(/can be created again from .+ 00:00/u);
      expect(words).toContain('Everything that exists can still be edited, and the other tools are not affected.');
      expect(words).not.toMatch(SELLING);
      await eventually(async () => expect(await isInView(page.locator('.chat-log'), card)).toBe(true));
      await picture(page, 'bot');
      expect(await api.drafts('agent')).toMatchObject([{ payload: { title: 'Air conditioning is too cold' } }]);
    });

    step('keeps what was typed when the plug is pulled right after the refusal', async () => {
      await server.pullThePlug();
      expect(await api.drafts('owner')).toHaveLength(1);
      expect(await api.drafts('agent')).toHaveLength(1);
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 10 });
      const tab = await tabFor('owner', 'drafts');
      await tab.getByText('Forklift needs its yearly inspection').waitFor();
    });

    step('leaves what exists editable, and the other two tools open', async () => {
      const tab = await visit(page, server.url, { page: 'tickets', sub: `t/${coffee.id}` });
      const detail = tab.getByRole('article', { name: coffee.title });
      await detail.getByRole('button', { name: 'Edit title and description' }).click();
      await detail.getByLabel('Title').fill('Coffee machine in the kitchen is repaired');
      await detail.getByRole('button', { name: 'Save' }).click();
      await tab.getByRole('article', { name: 'Coffee machine in the kitchen is repaired' }).waitFor();
      await tab.getByLabel('Status').selectOption('open');
      await tab.getByText('changed status: Closed → Open').first().waitFor();

      await tab.getByRole('link', { name: 'Checklists', exact: true }).click();
      await tab.getByRole('button', { name: 'New checklist' }).first().click();
      const checklist = tab.getByRole('dialog', { name: 'New checklist' });
      await checklist.getByLabel('Title').fill('First day of the trainee');
      await checklist.getByLabel('Item 1', { exact: true }).fill('Hand over the laptop');
      await checklist.getByRole('button', { name: 'Start checklist' }).click();
      await tab.getByRole('checkbox', { name: 'Hand over the laptop' }).click();
      await tab.getByRole('article', { name: 'First day of the trainee' }).getByText('Completed').first().waitFor();

      await tab.getByRole('link', { name: 'CRM', exact: true }).click();
      await tab.getByRole('button', { name: 'New opportunity' }).first().click();
      const opportunity = tab.getByRole('dialog', { name: 'New opportunity' });
      await opportunity.getByLabel('Title').fill('Cold storage for the bakery');
      await opportunity.getByRole('button', { name: 'Create opportunity' }).click();
      await tab.getByText('Cold storage for the bakery').first().waitFor();

      expect(await api.meter('owner', 'checklists')).toMatchObject({ used: 1, limit: 5 });
      expect(await api.meter('owner', 'opportunities')).toMatchObject({ used: 1, limit: 5 });
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 10, limit: 10 });
    });
  });

  describe('5 · a larger plan', () => {
    step('raises the quota with the webhook and goes on counting', async () => {
      await visit(page, server.url, { view: 'marketplace' });
      await page.getByLabel('Choose another plan').selectOption('standard');
      await page.getByRole('button', { name: 'Change plan' }).click();
      await page.getByText(/^ChangePlan answered with 200/u).waitFor();
      await eventually(async () => expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 10, limit: 100, remaining: 90 }));
    });

    step('submits the draft in one act: 11 are used, not 1', async () => {
      const tab = await tabFor('owner', 'tickets');
      await tab.getByText('There is room again: 1 waiting draft can be submitted.').waitFor();
      await tab.getByRole('button', { name: 'See drafts' }).click();
      await tab.getByRole('button', { name: 'Submit draft “Forklift needs its yearly inspection”' }).click();
      await tab.getByRole('article', { name: 'Forklift needs its yearly inspection' }).waitFor();
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 11, limit: 100 });
      expect(await api.drafts('owner')).toEqual([]);
    });

    step('submits the draft of the chat where it was kept', async () => {
      await chatFor('agent');
      await page.getByRole('button', { name: 'Submit again' }).click();
      await page.getByText('The ticket is created.').last().waitFor();
      await eventually(async () => expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 12 }));
      expect(await api.drafts('agent')).toEqual([]);
    });

    step('has it all after the plug was pulled', async () => {
      await server.pullThePlug();
      expect(await api.meter('owner', 'tickets')).toMatchObject({ used: 12, limit: 100 });
      expect(await api.bought('owner')).toMatchObject([{ planId: 'standard', status: 'Subscribed' }]);
    });
  });

  describe('6 · the next period', () => {
    step('begins with a fresh quota when the clock has moved', async () => {
      await takePictures();
      const tab = await tabFor('owner', 'tickets');
      await tab.getByRole('link', { name: /^Tickets: 12 of 100/u }).waitFor();
      await page.getByRole('button', { name: 'The sandbox’s clock' }).or(page.locator('.clock > .bar-button')).first().click();
      await page.getByRole('button', { name: 'Move to next month' }).click();
      await tab.getByRole('link', { name: /^Tickets: 0 of 100, 100 left/u }).waitFor();
      expect(await api.meter('owner', 'checklists')).toMatchObject({ used: 0 });
      await tab
        .getByRole('link', { name: /Forklift/u })
        .first()
        .waitFor();
    });
  });

  describe('7 · another organization', () => {
    step('sees nothing of the first, with a subscription of its own', async () => {
      await subscribe(browser, server.url, 'other', 'Free');
      const tab = await tabFor('other', 'tickets');
      await tab.getByText('No open tickets').waitFor();
      await tab.getByRole('link', { name: /^Tickets: 0 of 10/u }).waitFor();
      expect((await api.ask('other', 'GET', `/tickets/${coffee.id}`)).status).toBe(404);
      expect((await api.ask('other', 'DELETE', `/tickets/${coffee.id}`, undefined, { 'if-match': '"1"' })).status).toBe(404);
      const theirs = await visit(page, server.url, { person: 'other', page: 'tickets', sub: `t/${coffee.id}` });
      await theirs.getByText('This ticket does not exist (any more).').waitFor();
      expect(await theirs.getByText(coffee.title).count()).toBe(0);
    });
  });

  step('reached for nothing outside of this machine', async () => {
    expect(opened.abroad).toEqual([]);
  });
});
