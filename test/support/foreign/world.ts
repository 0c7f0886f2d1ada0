import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWTPayload } from 'jose';
import { createIssuer, type TestIssuer } from '../issuer';
import { freePort } from '../server-process';
import { ForeignAuthority, type Person } from './authority';
import { type Answer, Browser, send } from './browser';
import { selfSigned } from './certificate';
import { ForeignFramework } from './framework';
import { type IsolatedServer, startIsolated } from './isolated';
import { ForeignMarket, type Operation, type Purchase } from './market';

/** The marketplace's application, as every publisher's webhook sees it. */
const MARKETPLACE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7';

/** A server in staging mode and everybody it talks to, none of them the product's own. */
export interface World {
  server: IsolatedServer;
  authority: ForeignAuthority;
  market: ForeignMarket;
  framework: ForeignFramework;
  /** Who signs webhooks. */
  herald: TestIssuer;
  ids: { publisherTenant: string; marketplace: string; entra: string; bot: string };
  issuers: { v1: string; v2: string };
  newPerson(name: string, tenantId?: string): Person;
  visitor(): Browser;
  /** Opens the landing page with a purchase's token and signs in. */
  land(purchase: Purchase | { token: string }, person: Person): Promise<Browser>;
  activation(purchase: Purchase): object;
  claims(version: 'v1' | 'v2'): JWTPayload;
  deliver(body: unknown, token: string | null): Promise<Answer>;
  /** Delivers what the marketplace says of an operation, with a genuine token. */
  announce(operation: Operation, body?: object, version?: 'v1' | 'v2'): Promise<Answer>;
  /** The API as the tab of this person calls it. */
  api(person: Person, method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  /** An activity to the bot; `token` null sends none. */
  tell(activity: object, token?: string | null): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * `main`: the compiled server; `publicUrl` null: where it listens. Behind a proxy, which takes nothing, the connector is on
 * loopback, and the environment excepts the other counterparts.
 */
export async function startWorld(
  main: string,
  { isDescribed, publicUrl, isBehindProxy }: { isDescribed: boolean; publicUrl: string | null; isBehindProxy: boolean },
): Promise<World> {
  const ids = { publisherTenant: randomUUID(), marketplace: randomUUID(), entra: randomUUID(), bot: randomUUID() };
  const secrets = { marketplace: 'a secret & more = +%41', entra: 'entra-secret~1', bot: 'bot-secret~2' };
  const certificate = selfSigned(['login.foreign.test']);
  const registrations = (['marketplace', 'entra', 'bot'] as const).map((name) => ({ clientId: ids[name], clientSecret: secrets[name] }));
  const authority = await ForeignAuthority.start(certificate, registrations, { isDescribed });
  const isIssued = (token: string) => authority.issued.some((one) => one.token === token && one.clientId === ids.marketplace);
  const market = await ForeignMarket.start(isIssued);
  const framework = await ForeignFramework.start(ids.bot, isBehindProxy ? '127.0.0.1' : 'connector.foreign.test');
  const herald = await createIssuer();
  const heraldKeys = await serveKeys(herald);
  const issuers = { v1: `https://sts.foreign.test/${ids.publisherTenant}/`, v2: `https://login.foreign.test/${ids.publisherTenant}/v2.0` };

  const port = await freePort();
  const shownUrl = publicUrl ?? `http://localhost:${port}`;
  const stopOthers = () => Promise.all([authority.stop(), market.stop(), framework.stop(), heraldKeys.stop()]);
  const server = await startIsolated(
    main,
    {
      PORT: String(port),
      KONTINGENT_MODE: 'staging',
      PUBLIC_URL: `${shownUrl}/`,
      SUPPORT_CONTACT: 'help@foreign.test',
      SESSION_SECRET: 'a session secret that is long enough to be one',
      LOG_LEVEL: 'info',
      MARKETPLACE_API_URL: `${market.url}/`,
      MARKETPLACE_AUTHORITY: `${authority.url}/${ids.publisherTenant}`,
      MARKETPLACE_TENANT_ID: ids.publisherTenant.toUpperCase(),
      MARKETPLACE_CLIENT_ID: ids.marketplace,
      MARKETPLACE_CLIENT_SECRET: secrets.marketplace,
      MARKETPLACE_WEBHOOK_ISSUERS: `${issuers.v2}, ${issuers.v1}`,
      MARKETPLACE_WEBHOOK_JWKS_URL: heraldKeys.url,
      ENTRA_CLIENT_ID: ids.entra.toUpperCase(),
      ENTRA_CLIENT_SECRET: secrets.entra,
      ENTRA_AUTHORITY: `${authority.url}/organizations`,
      ENTRA_JWKS_URL: authority.keysUrl,
      ENTRA_ISSUER_TEMPLATE: authority.issuerTemplate,
      BOT_APP_ID: ids.bot,
      BOT_APP_PASSWORD: secrets.bot,
      BOT_TENANT_ID: ids.publisherTenant,
      BOT_LOGIN_URL: authority.url,
      BOT_OPENID_METADATA_URL: framework.metadataUrl,
      BOT_TOKEN_ISSUER: framework.tokenIssuer,
      ...(isBehindProxy && { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '.foreign.test' }),
    },
    certificate.cert,
  ).catch(async (error: unknown) => {
    await stopOthers();
    throw error;
  });

  const visitor = () => new Browser(shownUrl, server.url);
  const claims: World['claims'] = (version) => ({
    aud: version === 'v2' ? ids.marketplace : ids.marketplace.toUpperCase(),
    tid: ids.publisherTenant,
    oid: randomUUID(),
    sub: randomUUID(),
    ...(version === 'v2'
      ? { iss: issuers.v2, ver: '2.0', azp: MARKETPLACE, azpacr: '2' }
      : { iss: issuers.v1, ver: '1.0', appid: MARKETPLACE, appidacr: '2' }),
  });
  const deliver: World['deliver'] = (body, token) =>
    send(`${server.url}/api/marketplace/webhook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', ...(token !== null && { authorization: `Bearer ${token}` }) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  return {
    server,
    authority,
    market,
    framework,
    herald,
    ids,
    issuers,
    newPerson: (name, tenantId = randomUUID()) => ({ tenantId, objectId: randomUUID(), name }),
    visitor,
    async land({ token }, person) {
      const browser = visitor();
      const landed = await browser.open(`/account?token=${encodeURIComponent(token)}`);
      if (landed.status !== 303 || landed.headers.location !== '/account') throw new Error(`landing answers ${landed.status}`);
      const { headers, status, text } = await browser.open('/account/sign-in');
      if (status !== 302) throw new Error(`sign-in answers ${status} ${text}`);
      await browser.open(browser.own(await authority.signIn(headers.location!, person)));
      return browser;
    },
    activation: ({ id }) => ({
      subscriptionId: id,
      organization: 'A foreign organization',
      contactAddress: 'office@sample.example',
      locale: 'de',
      timeZone: 'Europe/Rome',
    }),
    claims,
    deliver,
    async announce({ id, purchase, action, planId }, body = {}, version = 'v2') {
      return deliver(
        { id, subscriptionId: purchase.id.toLowerCase(), action, ...(planId && { planId }), ...body },
        await herald.sign(claims(version)),
      );
    },
    async api(person, method, path, body, headers = {}) {
      return send(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await authority.tabToken(ids.entra, person)}`,
          ...(body && { 'content-type': 'application/json' }),
          ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      });
    },
    async tell(activity, token) {
      const bearer = token === undefined ? await framework.token() : token;
      return send(`${server.url}/api/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', ...(bearer !== null && { authorization: `Bearer ${bearer}` }) },
        body: JSON.stringify(activity),
      });
    },
    async stop() {
      await server.stop();
      await stopOthers();
    },
  };
}

async function serveKeys(issuer: TestIssuer): Promise<{ url: string; stop(): Promise<void> }> {
  const server: Server = createServer(
    (_req, res) => void res.writeHead(200, { 'content-type': 'text/plain' }).end(JSON.stringify(issuer.keySet())),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `http://keys.foreign.test:${(server.address() as AddressInfo).port}/for/the/publisher`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
