import { randomUUID } from 'node:crypto';
import type { Browser, Frame, FrameLocator, Locator, Page } from 'playwright-core';
import type { Draft } from '../../../src/contract/drafts';
import type { Meter } from '../../../src/contract/meters';
import type { MeterUsage, Usage } from '../../../src/contract/usage';
import { openPage } from './browser';

export type Person = 'owner' | 'agent' | 'member' | 'other';

export const NAMES: Record<Person, string> = { owner: 'Olivia Owner', agent: 'Adam Agent', member: 'Mara Member', other: 'Otto Other' };

export interface Address {
  person?: Person;
  view?: 'tab' | 'chat' | 'marketplace';
  theme?: 'light' | 'dark' | 'contrast';
  client?: 'desktop' | 'phone';
  lang?: 'en' | 'de' | 'it';
  /** The app's page that a link names, such as `tickets`, and the place in it. */
  page?: string;
  sub?: string;
  guide?: 'on' | 'off';
}

export interface Bought {
  id: string;
  planId: string;
  status: string;
  lastWebhook: { action: string; status: number | null } | null;
}

/** The sandbox as a person at a browser meets it. */
export const addressOf = (url: string, address: Address = {}): string =>
  `${url}/?${new URLSearchParams({ lang: 'en', guide: 'off', ...address })}`;

/** The tab inside its frame. */
export const tabOf = (page: Page): FrameLocator => page.frameLocator('.tab-place iframe');

/** The tab's own document. */
export async function frameOf(page: Page): Promise<Frame> {
  const frame = await (await page.waitForSelector('.tab-place iframe')).contentFrame();
  if (!frame) throw new Error('The tab has no document.');
  return frame;
}

/** Goes to a view and waits until the host says that the tab is ready. */
export async function visit(page: Page, url: string, address: Address): Promise<FrameLocator> {
  await page.goto(addressOf(url, address));
  await page.locator('.teams-client, .market').first().waitFor();
  if (address.view === 'chat') await page.locator('.chat-lines .message-bot').first().waitFor();
  if ((address.view ?? 'tab') === 'tab') {
    await page.locator('.tab-cover').waitFor({ state: 'detached' });
    await tabOf(page).locator('main').waitFor();
  }
  return tabOf(page);
}

/** Whether the end of something can be seen inside what scrolls around it. */
export async function isInView(around: Locator, inside: Locator): Promise<boolean> {
  const [outer, inner] = [await around.boundingBox(), await inside.boundingBox()];
  return outer !== null && inner !== null && inner.y + inner.height <= outer.y + outer.height;
}

/** Says something to the bot and waits for its answer. */
export async function say(page: Page, text: string): Promise<Locator> {
  const mine = page.locator('.message-own').filter({ hasText: text });
  const before = await mine.count();
  const box = page.locator('.composer textarea');
  await box.fill(text);
  await box.press('Enter');
  const answers = mine.nth(before).locator('xpath=following-sibling::*').locator('.card .ac-adaptiveCard');
  await answers.first().waitFor();
  return answers.last();
}

/** What the people of the sandbox can ask the server directly. */
export function apiOf(url: string) {
  async function json<Answer>(path: string, options: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${url}${path}`, options);
    if (!response.ok) throw new Error(`${options.method ?? 'GET'} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  const tokenOf = async (person: Person) => (await json<{ token: string }>(`/sandbox/api/token?person=${person}`)).token;

  /** One request of the API in a person's name, whatever it answers. */
  async function ask(
    person: Person,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await tokenOf(person)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async function read<Answer>(person: Person, path: string): Promise<Answer> {
    const response = await ask(person, 'GET', path);
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  return {
    ask,
    read,
    tokenOf,
    /** A record that must come to be. */
    async create<Answer>(person: Person, path: string, body: unknown): Promise<Answer> {
      const response = await ask(person, 'POST', path, body);
      if (response.status !== 201) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as Answer;
    },
    async meter(person: Person, meter: Meter): Promise<MeterUsage> {
      return (await read<Usage>(person, '/usage')).meters.find((one) => one.meter === meter)!;
    },
    drafts: async (person: Person): Promise<Draft[]> => (await read<{ items: Draft[] }>(person, '/drafts')).items,
    bought: async (person: Person): Promise<Bought[]> =>
      (await json<{ subscriptions: Bought[] }>(`/sandbox/api/marketplace?person=${person}`)).subscriptions,
    chat: async (person: Person) =>
      (
        await json<{ messages: { from: string; text?: string; attachments?: { content: unknown }[] }[] }>(
          `/sandbox/api/chat?person=${person}`,
        )
      ).messages,
  };
}

export type SandboxApi = ReturnType<typeof apiOf>;

/** Buys a plan in the marketplace's view; leaves the dialog that says so open. */
export async function buy(page: Page, url: string, person: Person, plan: string): Promise<void> {
  await visit(page, url, { person, view: 'marketplace' });
  await page
    .locator('.plan')
    .filter({ has: page.getByRole('heading', { name: plan, exact: true }) })
    .getByRole('button', { name: 'Buy' })
    .click();
  await page.getByRole('button', { name: 'Place order' }).click();
  await page.getByRole('heading', { name: 'Order placed' }).waitFor();
}

/** From the open page of the marketplace to the filled form of the account page, signed in. Gives that page. */
export async function configure(page: Page, person: Person): Promise<Page> {
  const [account] = await Promise.all([
    page.context().waitForEvent('page'),
    page
      .getByRole('button', { name: 'Configure account now' })
      .or(page.getByRole('link', { name: 'Configure account now' }))
      .last()
      .click(),
  ]);
  await account.getByRole('link', { name: 'Sign in with Microsoft' }).click();
  await account.getByRole('link', { name: NAMES[person] }).click();
  await account.getByRole('heading', { name: /^Activate Kontingent/u }).waitFor();
  return account;
}

/** A whole purchase, from the shelf to the active plan. */
export async function subscribe(browser: Browser, url: string, person: Person, plan: string): Promise<void> {
  const { page } = await openPage(browser);
  await buy(page, url, person, plan);
  const account = await configure(page, person);
  await account.getByRole('button', { name: 'Activate' }).click();
  await account.getByRole('heading', { name: /is active$/u }).waitFor();
  await page.context().close();
}
