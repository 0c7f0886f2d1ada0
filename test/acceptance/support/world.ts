// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose';
import { createApp } from '../../../src/app';
import { parseConfig } from '../../../src/config';
import type { Database } from '../../../src/platform/db/database';
import { openDatabase, quiet } from '../../support/database';
import { freePort } from '../../support/server-process';
import { type Answer, Browser, type Caller, callerAt, request } from './http';

/** The sandbox's people: the first three of one organization, the last the owner of another. */
export type Known = 'owner' | 'agent' | 'member' | 'other';
const KNOWN: readonly Known[] = ['owner', 'agent', 'member', 'other'];

/** Anybody of any organization; of the sandbox's first when none is named. */
export interface Someone {
  tenantId: string;
  memberId: string;
  name: string;
  /** App roles of the token. */
  roles: string[];
  /** As the directory has it; of the member's id when none is given. */
  address?: string;
}

export interface Span {
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
}

export interface Order {
  /** Who buys; the owner by default. */
  by?: 'owner' | 'other';
  term?: 'P1M' | 'P1Y';
  quantity?: number;
  timeZone?: string;
}

/** The whole product on one catalog, reached over HTTP and nothing else; its time is moved by the sandbox's own API. */
export interface World {
  url: string;
  as(who: Known | Someone): Caller;
  operator(who?: 'support' | 'accounting'): Caller;
  someone(given?: Partial<Someone>): Someone;
  now(): Date;
  /** Moves the clock, and waits until all that was due is done. */
  advance(span: Span): Promise<void>;
  moveTo(instant: string | Date): Promise<void>;
  /** Waits until all that is due is done: events, renewals, notices, mails, bills. */
  settle(): Promise<void>;
  /** Buys and activates, on the marketplace or by contract as the catalog says; the subscription as the API shows it. */
  buy(planId: string, order?: Order): Promise<any>;
  /** As `buy`, up to the purchase: the marketplace's subscription id. */
  order(planId: string, order?: Order): Promise<{ id: string; landingUrl: string }>;
  /** What a customer does in Microsoft's admin center, or the marketplace by itself: `suspend`, `change-plan` … */
  market(action: string, subscriptionId: string, body?: object): Promise<Answer>;
  /** The purchases of a person's organization as the marketplace holds them. */
  purchases(by: 'owner' | 'other'): Promise<any[]>;
  /** Mails that a mailbox has received, oldest first. */
  mails(to: string): Promise<any[]>;
  /** Stops the product and starts it on other words in the same catalog: how a publisher changes what is sold. */
  publish(edit: (yaml: string) => string): Promise<void>;
  stop(): Promise<void>;
  /** Charges and refunds that were asked for, oldest first. */
  payments(): Promise<any[]>;
  /** A person's chat with the bot, oldest first: texts, and the words of cards. */
  chat(who: Known): Promise<string[]>;
  /** Says it; what the bot answers to it, and not what it says of itself meanwhile. */
  say(who: Known, text: string): Promise<string[]>;
}

interface Catalog {
  /** A file of plans/presets, without its ending. */
  preset: string;
  /** Other words in it. */
  edit?: (yaml: string) => string;
  /** Begins at nine in the morning (UTC) of the first of the next such month. */
  month?: number;
}

const running = new Set<() => Promise<void>>();
afterAll(async () => {
  for (const stop of [...running]) await stop();
});

/** A world of the test file's own; stopped after it at the latest. */
export async function startWorld({ preset, edit, month }: Catalog): Promise<World> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'kontingent-acceptance-'));
  const catalog = path.join(dataDir, `${preset}.yaml`);
  await writeFile(catalog, (edit ?? ((yaml) => yaml))(await readFile(`plans/presets/${preset}.yaml`, 'utf8')));
  const port = await freePort();
  const config = parseConfig({
    PORT: String(port),
    DATA_DIR: dataDir,
    PLAN_CATALOG: catalog,
    RATE_LIMIT_PER_MINUTE: '1000000',
    LOG_LEVEL: 'silent',
  });
  const { database, drop } = await openDatabase();
  // It outlives the product, as a server does.
  const outliving: Database = {
    engine: database.engine,
    query: (...given) => database.query(...given),
    transaction: (...given) => database.transaction(...given),
    close: async () => {},
  };
  let app = await createApp(config, { database: outliving, log: quiet });
  const stop = async (): Promise<void> => {
    if (!running.delete(stop)) return;
    await app.stop();
    await database.close();
    await drop();
    await rm(dataDir, { recursive: true, force: true });
  };
  running.add(stop);
  await app.start();
  const url = config.publicUrl;
  const sign = await signerOf(dataDir);

  const sandbox = async (method: string, to: string, body?: object): Promise<Answer> => {
    const answer = await request(method, `${url}/sandbox/api${to}`, body, { origin: url, 'sec-fetch-site': 'same-origin' });
    if (answer.status >= 400) throw new Error(`${method} ${to} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const tokenOf = async (who: string): Promise<string> => (await sandbox('GET', `/token?person=${who}`)).body.token;
  const { tenantId: FIRST } = (await sandbox('GET', '/state')).body.people.find(({ key }: any) => key === 'owner');

  const as: World['as'] = (who) =>
    callerAt(`${url}/api/v1`, () =>
      typeof who === 'string' ? tokenOf(who) : sign(config.entra.issuerTemplate, config.entra.clientId, who),
    );

  async function untilNothingIsOpen(): Promise<void> {
    await eventually('the marketplace has nothing open', async () => {
      await app.settle();
      const shown = await Promise.all((['owner', 'other'] as const).map((person) => sandbox('GET', `/marketplace?person=${person}`)));
      return shown.every(({ body }) => body.subscriptions.every(({ pendingOperation }: any) => !pendingOperation));
    });
  }

  async function settle(): Promise<void> {
    await untilNothingIsOpen();
    await app.settle();
  }

  async function order(planId: string, { by = 'owner', term, quantity }: Order = {}): Promise<{ id: string; landingUrl: string }> {
    const { body } = await sandbox('POST', '/marketplace/purchases', { person: by, planId, termUnit: term, quantity });
    return { id: body.subscription.id, landingUrl: body.landingUrl };
  }

  /** Through the account page, as a buyer: token, sign-in, activation. */
  async function activate(landingUrl: string, { by = 'owner', timeZone = 'UTC' }: Order): Promise<void> {
    const browser = new Browser();
    await browser.go('GET', landingUrl);
    const signIn = (await browser.go('GET', `${url}/account/sign-in`)).headers.get('location')!;
    const back = (await browser.go('GET', `${signIn}&login_hint=${by}`)).headers.get('location')!;
    await browser.go('GET', back);
    const { body: page } = await browser.go('GET', `${url}/account/state`);
    const activation = {
      subscriptionId: page.subscription.id,
      organization: 'Sample Organization',
      contactAddress: `${by}@sample.example`,
      locale: 'en',
      timeZone,
    };
    const answer = await browser.go('POST', `${url}/account/activate`, activation, {
      'x-csrf-token': page.csrfToken,
      origin: url,
      'sec-fetch-site': 'same-origin',
    });
    if (answer.status !== 200) throw new Error(`the activation answered ${answer.status} ${JSON.stringify(answer.body)}`);
    await settle();
  }

  async function contract(planId: string, { by = 'owner', term = 'P1M', quantity, timeZone = 'UTC' }: Order): Promise<string> {
    const buyer = as(by);
    const plan = (await buyer.get('/plans')).body.items.find((one: any) => one.planId === planId);
    const price = plan.prices.find((one: any) => one.term === term);
    const { status, body } = await buyer.post('/subscriptions', {
      planId,
      term,
      quantity: quantity ?? null,
      consent: { version: plan.version, currency: price.currency, minor: price.minor },
      organization: { name: 'Sample Organization', contactAddress: `${by}@sample.example`, locale: 'en', timeZone },
    });
    if (status !== 201) throw new Error(`the contract answered ${status} ${JSON.stringify(body)}`);
    await settle();
    return body.id;
  }

  const world: World = {
    url,
    as,
    operator: (who = 'support') => callerAt(`${url}/api/operator/v1`, () => tokenOf(who)),
    someone: (given = {}) => ({ tenantId: FIRST, memberId: randomUUID(), name: 'Some Body', roles: [], ...given }),
    now: () => app.ctx.now(),
    async advance({ days = 0, hours = 0, minutes = 0, seconds = 0 }) {
      const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
      await world.moveTo(new Date(app.ctx.now().getTime() + ms));
    },
    async moveTo(instant) {
      await sandbox('POST', '/clock', { to: new Date(instant).toISOString() });
      await untilNothingIsOpen();
    },
    settle,
    async buy(planId, given = {}) {
      const plans = (await as(given.by ?? 'owner').get('/plans')).body.items;
      const isDirect = plans.find((one: any) => one.planId === planId)?.billing === 'direct';
      const before = new Set((await subscriptionsOf(given.by ?? 'owner')).map(({ id }) => id));
      if (isDirect) await contract(planId, given);
      else await activate((await order(planId, given)).landingUrl, given);
      return eventually('the subscription is there', async () =>
        (await subscriptionsOf(given.by ?? 'owner')).find(({ id, status }) => !before.has(id) && status === 'Subscribed'),
      );
    },
    order,
    async market(action, subscriptionId, body = {}) {
      const answer = await sandbox('POST', `/marketplace/subscriptions/${subscriptionId}/${action}`, { person: 'owner', ...body });
      await settle();
      return answer;
    },
    purchases: async (by) => (await sandbox('GET', `/marketplace?person=${by}`)).body.subscriptions,
    async mails(to) {
      await settle();
      return (await sandbox('GET', '/mails')).body.mails.filter((mail: any) => mail.to.includes(to));
    },
    stop,
    async publish(edit) {
      await app.stop();
      await writeFile(catalog, edit(await readFile(catalog, 'utf8')));
      app = await createApp(config, { database: outliving, log: quiet });
      await app.start();
    },
    async payments() {
      await settle();
      return (await sandbox('GET', '/payments')).body.movements;
    },
    async chat(who) {
      await settle();
      return (await fromBot(who)).map(wordsOf);
    },
    async say(who, text) {
      const { body: said } = await sandbox('POST', '/chat/messages', { person: who, text });
      await settle();
      return (await fromBot(who)).filter(({ replyTo }) => replyTo === said.id).map(wordsOf);
    },
  };

  const fromBot = async (who: Known): Promise<any[]> =>
    (await sandbox('GET', `/chat?person=${who}`)).body.messages.filter(({ from }: any) => from === 'bot');

  async function subscriptionsOf(who: Known): Promise<any[]> {
    const { status, body } = await as(who).get('/subscriptions');
    return status === 200 ? body.items : [];
  }

  // Who has opened the chat can be written to.
  for (const who of KNOWN) await sandbox('GET', `/chat?person=${who}`);
  if (month) await world.moveTo(nextFirstOf(month, world.now()));
  return world;
}

/** The first of the next month of this number, at nine in the morning. */
function nextFirstOf(month: number, now: Date): Date {
  const year = now.getUTCFullYear() + (now.getUTCMonth() >= month - 1 ? 1 : 0);
  return new Date(Date.UTC(year, month - 1, 1, 9));
}

/** Tries until it is so, for as long as work under way takes on a slow machine. */
async function eventually<T>(what: string, look: () => Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`it did not come about that ${what}`);
    await pause(50);
  }
}

/** Tokens as Teams hands them to a tab, for people the sandbox does not know; by the sandbox's own key. */
async function signerOf(dataDir: string) {
  const { entra } = JSON.parse(await readFile(path.join(dataDir, 'sandbox/keys.json'), 'utf8')) as { entra: JWK };
  const kid = await calculateJwkThumbprint(entra);
  const key = await importJWK(entra, 'RS256');
  return (issuer: string, clientId: string, { tenantId, memberId, name, roles, address }: Someone): Promise<string> =>
    new SignJWT({
      tid: tenantId,
      oid: memberId,
      name,
      preferred_username: address ?? `${memberId.slice(0, 8)}@sample.example`,
      scp: 'access_as_user',
      ver: '2.0',
      ...(roles.length > 0 && { roles }),
    })
      .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid })
      .setIssuer(issuer.replace('{tid}', tenantId))
      .setAudience(clientId)
      .setSubject(memberId)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(key);
}

/** All words of a message: its text, and every text of its cards. */
function wordsOf({ text, attachments = [] }: any): string {
  const inside = (node: any): string[] =>
    node && typeof node === 'object'
      ? Object.entries(node).flatMap(([name, value]) =>
          ['text', 'title', 'value'].includes(name) && typeof value === 'string' ? [value] : inside(value),
        )
      : [];
  return [...(text ? [text] : []), ...attachments.flatMap(({ content }: any) => inside(content))].join('\n');
}
