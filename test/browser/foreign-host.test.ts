import type { Browser, Frame, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser, openPage } from './support/browser';
import { eventually } from './support/eventually';
import { type ForeignHost, openInForeignHost } from './support/foreign-host';
import { apiOf, type Person, type SandboxApi, subscribe } from './support/sandbox';
import { type RunningServer, startServer } from './support/server';

jest.setTimeout(180_000);

/** What may not stand on a phone: prices, larger plans, ways to one. */
const SELLING = /price|upgrade|larger plan|more in the browser|buy|subscription page|admin center|€|\$/iu;
const PLACES = ['home', 'tickets', 'checklists', 'crm', 'usage', 'settings', 'drafts'];

describeInBrowser('In a Teams that is not the project’s own', () => {
  let server: RunningServer;
  let browser: Browser;
  let api: SandboxApi;

  beforeAll(async () => {
    // Newer Chromium keeps pages of the internet from framing pages of this machine.
    [server, browser] = await Promise.all([startServer(), launchBrowser('--disable-features=LocalNetworkAccessChecks')]);
    api = apiOf(server.url);
    await subscribe(browser, server.url, 'owner', 'Free');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function open(person: Person, about: Partial<ForeignHost>): Promise<{ page: Page; tab: Frame; asked: string[] }> {
    const phone = about.clientType === 'android';
    const { page } = await openPage(browser, {
      locale: 'fr-FR',
      viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    });
    const { asked } = await openInForeignHost(page, server.url, {
      clientType: 'web',
      theme: 'default',
      locale: 'en-us',
      supports: {},
      token: () => api.tokenOf(person),
      ...about,
    });
    const tab = (await (await page.waitForSelector('iframe')).contentFrame())!;
    return { page, tab, asked };
  }

  const goTo = async (tab: Frame, place: string) => {
    await tab.evaluate((hash) => {
      window.location.hash = hash;
    }, `#/${place}`);
    await tab.locator('main h1').waitFor();
    await tab.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  };

  it('loads without any optional capability, in an unknown theme, and in English where its language is not spoken', async () => {
    const { page, tab, asked } = await open('owner', { theme: 'glass', locale: 'fr-FR' });
    await tab.getByRole('heading', { name: 'My work' }).waitFor();
    expect(await tab.evaluate(() => document.documentElement.lang)).toBe('en');
    expect(await tab.evaluate(() => document.documentElement.style.colorScheme)).toBe('light');
    await eventually(async () => expect(asked).toContain('appInitialization.success'));
    await page.context().close();
  });

  it('takes who somebody is from the token alone, not from what the host says', async () => {
    const { page, tab } = await open('agent', { locale: 'en-gb' });
    await goTo(tab, 'settings');
    await tab.getByText('Adam Agent').first().waitFor();
    await page.context().close();
  });

  it('creates a ticket, and opens the account page the host’s way', async () => {
    const { page, tab, asked } = await open('owner', {});
    await tab.getByRole('button', { name: 'New ticket' }).first().click();
    await tab.getByRole('dialog').getByLabel('Title').fill('From another host');
    await tab.getByRole('dialog').getByRole('button', { name: 'Create ticket' }).click();
    await tab.getByRole('article', { name: 'From another host' }).waitFor();
    await goTo(tab, 'usage');
    await tab.getByRole('button', { name: 'Open subscription page in browser' }).click();
    await eventually(async () => expect(asked).toContain('executeDeepLink'));
    await page.context().close();
  });

  it('asks again, with a prompt, when the host wants consent first', async () => {
    let refusals = 1;
    const token = () => (refusals-- > 0 ? Promise.reject(new Error('consent')) : api.tokenOf('owner'));
    const { page, tab, asked } = await open('owner', { token });
    await tab.getByRole('heading', { name: 'My work' }).waitFor();
    expect(asked.filter((func) => func === 'authentication.getAuthToken').length).toBeGreaterThan(1);
    await page.context().close();
  });

  describe('on a phone without monetization', () => {
    it.each(['owner', 'member'] as const)(
      'shows %s no price, no larger plan and no way to one, on any page and at the limit',
      async (person) => {
        const missing = (await api.meter('owner', 'tickets')).remaining ?? 0;
        for (let made = 0; made < missing; made += 1) await api.create('owner', '/tickets', { title: `Ticket ${made}` });
        const { page, tab, asked } = await open(person, { clientType: 'android' });
        for (const place of PLACES) {
          await goTo(tab, place);
          await sellsNothing(tab);
        }
        await goTo(tab, 'tickets');
        await tab.getByRole('button', { name: 'New ticket' }).first().click();
        await tab.getByRole('dialog').getByLabel('Title').fill('One too many');
        await tab.getByRole('dialog').getByRole('button', { name: 'Create ticket' }).click();
        await tab.getByRole('alert').getByText('The limit is reached: 10 of 10 tickets used').waitFor();
        await tab.getByText('An owner or administrator of Kontingent in your organization can help.').waitFor();
        await sellsNothing(tab);
        expect(asked).not.toContain('executeDeepLink');
        await page.context().close();
      },
    );

    it('tells an organization without a subscription whom to ask, and nothing else', async () => {
      const { page, tab } = await open('other', { clientType: 'android' });
      await tab.getByText('Please ask your administrator to set up Kontingent for your organization.').waitFor();
      await sellsNothing(tab);
      await page.context().close();
    });
  });

  async function sellsNothing(tab: Frame): Promise<void> {
    expect((await tab.locator('body').textContent()) ?? '').not.toMatch(SELLING);
    const leading = await tab.locator('a[href]').evaluateAll((links) => links.map((link) => link.getAttribute('href')!));
    expect(leading.filter((href) => !href.startsWith('#/') && !href.startsWith('mailto:'))).toEqual([]);
  }
});
