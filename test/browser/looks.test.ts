import type { Browser, Frame, Page } from 'playwright-core';
import de from '../../src/contract/locales/de/tab.json';
import en from '../../src/contract/locales/en/tab.json';
import italian from '../../src/contract/locales/it/tab.json';
import { describeInBrowser, launchBrowser, type OpenedPage, openPage } from './support/browser';
import { barriers, sidewaysScrolling } from './support/looks';
import { addressOf, apiOf, buy, frameOf, say, subscribe, visit } from './support/sandbox';
import { type Seeded, seed } from './support/seed';
import { type RunningServer, startServer } from './support/server';

jest.setTimeout(180_000);

interface Look {
  lang: 'en' | 'de' | 'it';
  theme: 'light' | 'dark' | 'contrast';
  client: 'desktop' | 'phone';
}

const LOOKS: Look[] = [
  ...(['light', 'dark', 'contrast'] as const).flatMap((theme) =>
    (['desktop', 'phone'] as const).map((client) => ({ lang: 'de' as const, theme, client })),
  ),
  { lang: 'en', theme: 'light', client: 'desktop' },
  { lang: 'it', theme: 'light', client: 'desktop' },
];

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
/** The narrowest phone that must not scroll sideways (WCAG 1.4.10). */
const NARROW = { width: 320, height: 700 };
const WORDS = { en, de, it: italian };
const BROWSER_TAGS = { en: 'en-US', de: 'de-DE', it: 'it-IT' };

/** The refusal of a full quota is an answer, not an error; the console calls every answer from 400 on one. */
const isRefusal = (complaint: string) => /status of 40[23] /u.test(complaint);

describeInBrowser('Every screen, in every theme, size and language', () => {
  let server: RunningServer;
  let browser: Browser;
  let seeded: Seeded;
  let newPurchase: string;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    await subscribe(browser, server.url, 'owner', 'Free');
    seeded = await seed(apiOf(server.url));
    // A second purchase that waits: the account page offers to activate it.
    const { page } = await openPage(browser);
    await buy(page, server.url, 'other', 'Standard');
    newPurchase = (await page.locator('.landing-url').getAttribute('href'))!;
    await page.context().close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  describe.each(LOOKS)('$lang, $theme, $client', ({ lang, theme, client }) => {
    let opened: OpenedPage;
    let page: Page;
    let tab: Frame;
    const words = WORDS[lang];

    beforeAll(async () => {
      opened = await openPage(browser, { viewport: SIZES[client], locale: BROWSER_TAGS[lang] });
      page = opened.page;
      await visit(page, server.url, { lang, theme, client });
      tab = await frameOf(page);
    });
    afterAll(() => opened.page.context().close());

    /** Nothing keeps anybody out, nothing scrolls sideways, nothing was complained about. */
    async function isFine(frames?: Frame[]): Promise<void> {
      const found = await barriers(page, frames);
      const sideways = await sidewaysScrolling(page);
      if (client === 'phone') {
        await page.setViewportSize(NARROW);
        sideways.push(...(await sidewaysScrolling(page)));
        await page.setViewportSize(SIZES.phone);
      }
      expect({ found, sideways, complaints: opened.complaints.filter((complaint) => !isRefusal(complaint)) }).toEqual({
        found: [],
        sideways: [],
        complaints: [],
      });
    }

    const goTo = async (hash: string) => {
      await tab.evaluate((place) => {
        window.location.hash = place;
      }, hash);
      await tab.locator('main h1, main h2').first().waitFor();
      await tab.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
    };

    // The frame around the tab is looked at with the sandbox's own screens.
    it.each(['home', 'tickets', 'checklists', 'crm', 'crm?view=list', 'usage', 'settings', 'drafts'])('tab: %s', async (place) => {
      await goTo(`#/${place}`);
      await isFine([tab]);
    });

    it.each(['ticket', 'checklist', 'opportunity'] as const)('tab: one %s', async (kind) => {
      await goTo(`#/${{ ticket: 'tickets', checklist: 'checklists', opportunity: 'crm' }[kind]}/${seeded[kind].id}`);
      await tab.getByText(seeded[kind].title).first().waitFor();
      await isFine([tab]);
    });

    it('tab: create a ticket, and be refused at the limit', async () => {
      await goTo('#/tickets');
      await tab.getByRole('button', { name: words.ticket.new }).first().click();
      const dialog = tab.getByRole('dialog', { name: words.ticket.new });
      await dialog.getByLabel(words.ticket.title).waitFor();
      await isFine([tab]);
      await dialog.getByLabel(words.ticket.title).fill('Zu viel');
      await dialog.getByRole('button', { name: words.ticket.create }).click();
      await dialog.getByRole('alert').waitFor();
      await isFine([tab]);
    });

    it('sandbox: the chat', async () => {
      await visit(page, server.url, { lang, theme, client, view: 'chat', person: 'agent' });
      await say(page, { en: 'my work', de: 'meine arbeit', it: 'il mio lavoro' }[lang]);
      await isFine();
    });

    it('sandbox: the marketplace', async () => {
      await visit(page, server.url, { lang, theme, client, view: 'marketplace' });
      await page.locator('.subscription').first().waitFor();
      await isFine();
    });

    it('sandbox: what to try', async () => {
      await page.goto(addressOf(server.url, { lang, theme, client, view: 'marketplace', guide: 'on' }));
      await page.locator('.guide').waitFor();
      await page.locator('.subscription').first().waitFor();
      await isFine();
    });

    it('onboarding of an organization without a subscription', async () => {
      const onboarding = await visit(page, server.url, { lang, theme, client, person: 'other' });
      await onboarding.getByRole('heading', { level: 1 }).waitFor();
      await isFine();
    });
  });

  const ACCOUNT_LOOKS = [
    { lang: 'de', scheme: 'light', contrast: 'none', size: 'desktop' },
    { lang: 'de', scheme: 'dark', contrast: 'none', size: 'phone' },
    { lang: 'de', scheme: 'dark', contrast: 'active', size: 'desktop' },
    { lang: 'en', scheme: 'light', contrast: 'none', size: 'phone' },
    { lang: 'it', scheme: 'light', contrast: 'none', size: 'desktop' },
  ] as const;

  describe.each(ACCOUNT_LOOKS)('account page: $lang, $scheme, forced colors $contrast, $size', ({ lang, scheme, contrast, size }) => {
    let opened: OpenedPage;
    let page: Page;

    beforeAll(async () => {
      opened = await openPage(browser, {
        viewport: SIZES[size],
        locale: BROWSER_TAGS[lang],
        colorScheme: scheme,
        forcedColors: contrast,
      });
      page = opened.page;
    });
    afterAll(() => page.context().close());

    const signIn = async (name: string) => {
      await page.goto(`${server.url}/account/sign-in`);
      await page.getByRole('link', { name }).click();
      await page.locator('main h1').waitFor();
    };
    const changePlan = async () => {
      await page.locator('.change .button').first().click();
      await page.locator('.choice input').first().check();
      await page.locator('.change [type=submit]').click();
      await page.locator('.change form .facts').waitFor();
    };
    const states: [string, () => Promise<void>][] = [
      ['signed out', () => page.goto(`${server.url}/account`).then(() => undefined)],
      ['the choice of a person at the stand-in for Entra', () => page.goto(`${server.url}/account/sign-in`).then(() => undefined)],
      ['an active subscription', () => signIn('Olivia Owner')],
      ['a change of plan, chosen and to be agreed to', () => signIn('Olivia Owner').then(() => changePlan())],
      ['a visitor', () => signIn('Mara Member')],
      ['no purchase', () => signIn('Otto Other')],
      ['a purchase to be activated', () => page.goto(newPurchase).then(() => undefined)],
      ['a link that is not valid', () => page.goto(`${server.url}/account?token=worn-out`).then(() => undefined)],
    ];

    it.each(states)('%s', async (_name, reach) => {
      await reach();
      await page.locator('main h1').waitFor();
      const found = await barriers(page);
      const sideways = await sidewaysScrolling(page);
      await page.setViewportSize(NARROW);
      sideways.push(...(await sidewaysScrolling(page)));
      await page.setViewportSize(SIZES[size]);
      expect({ found, sideways, complaints: opened.complaints }).toEqual({ found: [], sideways: [], complaints: [] });
    });
  });
});
