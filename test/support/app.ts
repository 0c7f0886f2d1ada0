import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Express } from 'express';
import type { JWTPayload } from 'jose';
import request, { type Response, type Test } from 'supertest';
import { type Config, parseConfig } from '../../src/config';
import type { Watch } from '../../src/features/operator/marketplace';
import { apiRoutes } from '../../src/http/routes/api-routes';
import { operatorRoutes } from '../../src/http/routes/operator/operator-routes';
import { createServer } from '../../src/http/server';
import { createEntraVerifier } from '../../src/http/verify-entra-token';
import type { Actor } from '../../src/platform/actor';
import { systemClock } from '../../src/platform/clock';
import type { Context } from '../../src/platform/context';
import { newSecret } from '../../src/platform/ids';
import { type ApiBase, checkAnswer } from './answers';
import { createIssuer, type TestIssuer } from './issuer';

export const CLIENT_ID = 'abcdef01-2345-4678-9abc-def012345678';
export const ISSUER = 'https://login.example/{tid}/v2.0';
export const LINKS = { accountUrl: 'https://kontingent.example/account', supportContact: 'support@kontingent.example' };

/** Settings of staging with counterparts that do not exist; named ones win. */
export const stagingEnv = (settings: Record<string, string> = {}): Record<string, string> => ({
  KONTINGENT_MODE: 'staging',
  PUBLIC_URL: 'https://kontingent.example',
  SUPPORT_CONTACT: LINKS.supportContact,
  SESSION_SECRET: 'a session secret of the tests, long enough',
  MARKETPLACE_TENANT_ID: '99999999-9999-4999-8999-999999999999',
  MARKETPLACE_CLIENT_ID: '99999999-0001-4000-8000-0000000000aa',
  MARKETPLACE_CLIENT_SECRET: 'a marketplace secret of the tests',
  ENTRA_CLIENT_ID: CLIENT_ID,
  ENTRA_CLIENT_SECRET: 'a sign-in secret of the tests',
  ENTRA_ISSUER_TEMPLATE: ISSUER,
  ...settings,
});

/** Serves an issuer's keys over HTTP; `down` makes it answer 500 until it is set back. */
export interface KeyServer {
  issuer: TestIssuer;
  url: string;
  asked: number;
  down: boolean;
  stop(): Promise<void>;
}

export async function startKeyServer(): Promise<KeyServer> {
  const issuer = await createIssuer();
  const server: Server = createHttpServer((_req, res) => {
    keys.asked += 1;
    if (keys.down) res.writeHead(500).end();
    else res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(issuer.keySet()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const keys: KeyServer = {
    issuer,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    asked: 0,
    down: false,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return keys;
}

/** The API as one person calls it. Paths are relative to its base; every answer is held to the OpenAPI document. */
export interface Caller {
  get(path: string): Promise<Response>;
  /** A new Idempotency-Key when none is given. */
  post(path: string, body?: object, key?: string): Promise<Response>;
  patch(path: string, body: object, revision: number | string): Promise<Response>;
  remove(path: string, revision: number | string): Promise<Response>;
  /** Any other request, signed in. */
  send(method: string, path: string, change?: (test: Test) => Test): Promise<Response>;
}

export interface TestApp {
  app: Express;
  config: Config;
  keys: KeyServer;
  /** Claims that the tab's token of this person holds; undefined ones are left out. */
  claimsOf(actor: Pick<Actor, 'tenantId' | 'memberId' | 'name' | 'appRoles'>): JWTPayload;
  token(actor: Actor, change?: JWTPayload, options?: Parameters<TestIssuer['sign']>[1]): Promise<string>;
  as(actor: Actor): Promise<Caller>;
  /** The operator API as one of the publisher's people calls it. */
  asOperator(person?: { appRoles: readonly string[]; memberId?: string }): Promise<Caller>;
}

/** The express app over `ctx`, not listening; the webhook, the account page and the bot are left out. Stops with the file. */
export async function testApp(ctx: Context, settings: Record<string, string> = {}, watch: Partial<Watch> = {}): Promise<TestApp> {
  const keys = await startKeyServer();
  running.push(keys);
  const config = parseConfig(stagingEnv({ ENTRA_JWKS_URL: keys.url, ...settings }));
  const app = createServer({
    ctx,
    config,
    version: '0.0.0-test',
    pages: path.join(__dirname, 'pages'),
    verify: createEntraVerifier(config.entra),
    api: apiRoutes(LINKS),
    operator: operatorRoutes({ ...NOBODY_WATCHED, ...watch }),
    bot: null,
    webhook: (_req, _res, next) => next(),
    account: (_req, _res, next) => next(),
    sandbox: null,
    ready: async () => (await ctx.database.query('select 1')).length === 1,
  });

  const claimsOf: TestApp['claimsOf'] = ({ tenantId, memberId, name, appRoles }) => ({
    aud: CLIENT_ID,
    iss: ISSUER.replace('{tid}', tenantId),
    tid: tenantId,
    oid: memberId,
    name,
    preferred_username: 'sample@example.com',
    scp: 'access_as_user',
    ver: '2.0',
    sub: memberId,
    ...(appRoles.length > 0 && { roles: [...appRoles] }),
  });
  const token: TestApp['token'] = (actor, change = {}, options = {}) => keys.issuer.sign({ ...claimsOf(actor), ...change }, options);

  const callerOf = (bearer: string, base: ApiBase): Caller => {
    const send: Caller['send'] = async (method, to, change = (test) => test) => {
      const agent = request(app) as unknown as Record<string, (url: string) => Test>;
      const res = await change(agent[method]!(`${base}${to}`).set('Authorization', `Bearer ${bearer}`));
      checkAnswer(method, to, res, base);
      return res;
    };
    return {
      send,
      get: (to) => send('get', to),
      post: (to, body = {}, key = newSecret()) => send('post', to, (test) => test.set('Idempotency-Key', key).send(body)),
      patch: (to, body, revision) => send('patch', to, (test) => test.set('If-Match', tag(revision)).send(body)),
      remove: (to, revision) => send('delete', to, (test) => test.set('If-Match', tag(revision))),
    };
  };

  return {
    app,
    config,
    keys,
    claimsOf,
    token,
    as: async (actor) => callerOf(await token(actor), '/api/v1'),
    asOperator: async ({ appRoles, memberId = randomUUID() } = { appRoles: ['Kontingent.Support'] }) =>
      callerOf(await token({ ...SOMEBODY, memberId, appRoles }), '/api/operator/v1'),
  };
}

/** What of the marketplace a test does not hand in is not there. */
const NOBODY_WATCHED: Watch = {
  selling: { marketplace: null as never, realTime: systemClock, pause: async () => {} },
  credentials: [],
  probe: async () => ({ url: 'https://kontingent.example', signed: false, status: null, durationMs: 0, said: 'not handed in' }),
};

/** One of the publisher's people; which of them, and what they may, is the caller's to say. */
const SOMEBODY: Actor = {
  tenantId: stagingEnv().MARKETPLACE_TENANT_ID!,
  memberId: '',
  name: 'Sofia Support',
  address: null,
  appRoles: [],
  locale: null,
  via: 'tab',
};

const tag = (revision: number | string): string => (typeof revision === 'number' ? `"${revision}"` : revision);

const running: KeyServer[] = [];
afterAll(async () => {
  for (const keys of running.splice(0)) await keys.stop();
});
