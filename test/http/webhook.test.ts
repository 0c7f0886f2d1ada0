import { createHmac, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import type { Express } from 'express';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import request from 'supertest';
import { type Config, parseConfig } from '../../src/config';
import { loadCatalog } from '../../src/features/plans/catalog';
import { publishPlans } from '../../src/features/plans/publish-plans';
import { createEventRunner, type EventRunner } from '../../src/features/subscriptions/event-runner';
import { marketplaceWebhookRoutes } from '../../src/http/routes/marketplace-webhook';
import { createServer } from '../../src/http/server';
import { createEntraVerifier } from '../../src/http/verify-entra-token';
import { createMarketplaceVerifier } from '../../src/http/verify-marketplace-token';
import type { Context } from '../../src/platform/context';
import { createLogger } from '../../src/platform/logger';
import { type KeyServer, stagingEnv, startKeyServer } from '../support/app';
import { testContext } from '../support/database';
import { FulfillmentApi } from '../support/fulfillment-api';
import { sellingAt } from '../support/selling';

const TENANT = '99999999-9999-4999-8999-999999999999';
const AUDIENCE = '99999999-0001-4000-8000-0000000000aa';
const MARKETPLACE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7';

let ctx: Context;
let app: Express;
let keys: KeyServer;
let api: FulfillmentApi;
let events: EventRunner;
let lines: string[];

beforeAll(async () => {
  ({ ctx } = await testContext());
  lines = [];
  ctx = { ...ctx, log: createLogger('info', { write: (line: string) => void lines.push(line) }) };
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
  [keys, api] = await Promise.all([startKeyServer(), FulfillmentApi.start()]);
  events = createEventRunner(ctx, sellingAt(api));
  app = appWith(keys.url);
});
afterEach(() => events.idle());
afterAll(() => Promise.all([keys.stop(), api.stop()]));

function appWith(jwksUrl: string): Express {
  const config: Config = parseConfig(stagingEnv({ MARKETPLACE_WEBHOOK_JWKS_URL: jwksUrl }));
  return createServer({
    ctx,
    config,
    version: '0.0.0-test',
    pages: tmpdir(),
    verify: createEntraVerifier(config.entra),
    api: [],
    operator: [],
    bot: null,
    webhook: marketplaceWebhookRoutes({
      ctx,
      selling: sellingAt(api),
      events,
      verify: createMarketplaceVerifier(config.marketplace.webhook),
    }),
    account: (_req, _res, next) => next(),
    sandbox: null,
    ready: async () => true,
  });
}

const v2 = (): JWTPayload => ({
  aud: AUDIENCE,
  iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  azp: MARKETPLACE,
  azpacr: '2',
  tid: TENANT,
  oid: randomUUID(),
  sub: randomUUID(),
  ver: '2.0',
});
const v1 = (): JWTPayload => {
  const { azp: _azp, azpacr: _azpacr, ...rest } = v2();
  return { ...rest, iss: `https://sts.windows.net/${TENANT}/`, appid: MARKETPLACE, ver: '1.0' };
};

const anEvent = (given: object = {}) => ({ id: randomUUID(), subscriptionId: randomUUID(), action: 'Renew', ...given });

async function deliver(body: unknown, token: string | null, to = app) {
  const call = request(to).post('/api/marketplace/webhook').set('Content-Type', 'application/json');
  if (token !== null) call.set('Authorization', `Bearer ${token}`);
  return call.send(typeof body === 'string' ? body : JSON.stringify(body));
}

const stored = async (eventId: string) =>
  (
    await ctx.database.query<{ answer: string; payload: Record<string, unknown> }>(
      'select answer, payload from marketplace_events where event_id = $1',
      [eventId.toLowerCase()],
    )
  )[0];

describe('the caller', () => {
  test.each([
    ['version 2, named by azp', v2],
    ['version 1, named by appid', v1],
    ['a version that only its issuer tells', () => ({ ...v2(), ver: undefined })],
  ])('a genuine token of %s is let in', async (_name, claims) => {
    const event = anEvent();
    const res = await deliver(event, await keys.issuer.sign(claims()));
    expect(res.status).toBe(200);
    expect(await stored(event.id)).toMatchObject({ answer: 'accept', payload: event });
  });

  test('a skew of a minute is forgiven', async () => {
    const late = await keys.issuer.sign(v2(), { expiresIn: -30 });
    const early = await keys.issuer.sign(v2(), { notBefore: 30 });
    for (const token of [late, early]) expect((await deliver(anEvent(), token)).status).toBe(200);
  });

  const forged: [string, () => Promise<string> | string][] = [
    ['with the signature of a stranger', async () => signedByStranger(v2())],
    ['with the signature of a stranger under our kid', async () => signedByStranger(v2(), keys.issuer.keySet().keys[0]!.kid)],
    ['signed by a key that it brings along', async () => signedByStranger(v2(), undefined, true)],
    ['with a changed payload', async () => withPayload(await keys.issuer.sign(v2()), { aud: AUDIENCE, changed: true })],
    ['without a signature', async () => (await keys.issuer.sign(v2())).replace(/[^.]+$/, '')],
    ['of the algorithm none', () => unsigned(v2())],
    ['of HS256 with our public key as secret', () => hs256(v2())],
    ['that has expired', () => keys.issuer.sign(v2(), { expiresIn: -120 })],
    ['that is not valid yet', () => keys.issuer.sign(v2(), { notBefore: 600 })],
    ['that never expires', () => keys.issuer.sign(v2(), { expiresIn: null })],
    ['for another audience', () => keys.issuer.sign({ ...v2(), aud: randomUUID() })],
    ['without audience', () => keys.issuer.sign({ ...v2(), aud: undefined })],
    ['of another issuer', () => keys.issuer.sign({ ...v2(), iss: `https://login.microsoftonline.com/${randomUUID()}/v2.0` })],
    ['of an issuer that only begins like ours', () => keys.issuer.sign({ ...v2(), iss: `https://sts.windows.net/${TENANT}/extra` })],
    ['without issuer', () => keys.issuer.sign({ ...v2(), iss: undefined })],
    ['of another tenant', () => keys.issuer.sign({ ...v2(), tid: randomUUID() })],
    ['without tenant', () => keys.issuer.sign({ ...v2(), tid: undefined })],
    ['of another caller', () => keys.issuer.sign({ ...v2(), azp: AUDIENCE })],
    ['without caller', () => keys.issuer.sign({ ...v2(), azp: undefined })],
    ['of version 2 with the caller where version 1 has it', () => keys.issuer.sign({ ...v2(), azp: randomUUID(), appid: MARKETPLACE })],
    ['of version 1 with the caller where version 2 has it', () => keys.issuer.sign({ ...v1(), appid: undefined, azp: MARKETPLACE })],
    ['of version 1 from the issuer of version 2', () => keys.issuer.sign({ ...v1(), iss: v2().iss })],
    ['of version 2 from the issuer of version 1', () => keys.issuer.sign({ ...v2(), iss: v1().iss })],
    [
      'without version, with the caller where its issuer does not name it',
      () => keys.issuer.sign({ ...v1(), ver: undefined, iss: v2().iss }),
    ],
    ['of a version that does not exist', () => keys.issuer.sign({ ...v2(), ver: '3.0' })],
    ['of an unknown key', () => keys.issuer.sign(v2(), { kid: 'unknown' })],
    ['that is none', () => 'not-a-token'],
    ['that is empty', () => ''],
  ];
  test.each(forged)('a token %s is turned away with 401 and nothing is stored', async (_name, token) => {
    const event = anEvent();
    const res = await deliver(event, await token());
    expect(res.status).toBe(401);
    expect(res.headers['content-type']).toContain('application/problem+json');
    expect(await stored(event.id)).toBeUndefined();
  });

  test('no token, another scheme and a token in the address are turned away', async () => {
    const event = anEvent();
    const token = await keys.issuer.sign(v2());
    const path = '/api/marketplace/webhook';
    const attempts = [
      request(app).post(path),
      request(app).post(path).set('Authorization', `Basic ${token}`),
      request(app).post(path).set('Authorization', token),
      request(app).post(`${path}?access_token=${token}`),
    ];
    for (const attempt of attempts) expect((await attempt.send(event)).status).toBe(401);
    expect(await ctx.metrics.registry.metrics()).toMatch(/_count\{route="\/api\/marketplace\/webhook",method="POST",status="401"\}/u);
    expect(await stored(event.id)).toBeUndefined();
  });

  test('the caller is checked before the body is read', async () => {
    expect((await deliver('{', null)).status).toBe(401);
    expect((await deliver(`"${'x'.repeat(300_000)}"`, 'not-a-token')).status).toBe(401);
  });

  test('when keys cannot be fetched the answer is 503, which is delivered again, never a refusal', async () => {
    const own = await startKeyServer();
    own.down = true;
    const other = appWith(own.url);
    const event = anEvent();
    const token = await own.issuer.sign(v2());
    expect((await deliver(event, token, other)).status).toBe(503);
    own.down = false;
    expect((await deliver(event, token, other)).status).toBe(200);
    await own.stop();
    const nobody = appWith('http://127.0.0.1:9/keys');
    expect((await deliver(anEvent(), token, nobody)).status).toBe(503);
  });

  test('a key that was rotated in is fetched when its first token comes; what the one that is gone signed is turned away', async () => {
    const own = await startKeyServer();
    const other = appWith(own.url);
    const old = await own.issuer.sign(v2());
    expect((await deliver(anEvent(), old, other)).status).toBe(200);
    await own.issuer.rotate();
    const fresh = await own.issuer.sign(v2());
    const now = Date.now;
    const moved = jest.spyOn(Date, 'now').mockImplementation(() => now() + 6_000);
    try {
      expect((await deliver(anEvent(), fresh, other)).status).toBe(200);
      expect((await deliver(anEvent(), old, other)).status).toBe(401);
      expect(own.asked).toBe(2);
    } finally {
      moved.mockRestore();
      await own.stop();
    }
  });

  test('unknown keys do not make us ask for keys again and again', async () => {
    const own = await startKeyServer();
    const other = appWith(own.url);
    for (let times = 0; times < 10; times += 1) await deliver(anEvent(), await own.issuer.sign(v2(), { kid: `unknown-${times}` }), other);
    expect(own.asked).toBeLessThanOrEqual(2);
    await own.stop();
  });
});

describe('the body', () => {
  const genuine = () => keys.issuer.sign(v2());

  test.each([
    ['no JSON', '{"id":', 400, 'malformed_json'],
    ['empty', '', 400, 'invalid_input'],
    ['a list', '[]', 400, 'invalid_input'],
    ['null', 'null', 400, 'malformed_json'],
    ['without id', JSON.stringify({ ...anEvent(), id: undefined }), 400, 'invalid_input'],
    ['with a number as id', JSON.stringify(anEvent({ id: 7 })), 400, 'invalid_input'],
    ['with a path as id', JSON.stringify(anEvent({ id: '../x' })), 400, 'invalid_input'],
    ['with a path as subscription', JSON.stringify(anEvent({ subscriptionId: '..' })), 400, 'invalid_input'],
    ['without subscription', JSON.stringify({ ...anEvent(), subscriptionId: undefined }), 400, 'invalid_input'],
    ['without action', JSON.stringify({ ...anEvent(), action: undefined }), 400, 'invalid_input'],
    ['too large', JSON.stringify(anEvent({ filler: 'x'.repeat(256 * 1024) })), 413, 'body_too_large'],
  ])('that is %s is answered as the caller’s fault', async (_name, body, status, code) => {
    const res = await deliver(body, await genuine());
    expect(res.body).toMatchObject({ status, code });
  });

  test('unknown actions, unknown fields and what a database cannot store are accepted', async () => {
    const event = anEvent({ action: 'Transfer', tomorrow: { a: [1] }, note: 'a\u0000b\ud800c \\u0000', purchaseToken: null });
    expect((await deliver(event, await genuine())).status).toBe(200);
    expect(await stored(event.id)).toMatchObject({ answer: 'note', payload: { tomorrow: { a: [1] }, note: 'abc \\u0000' } });
  });

  test('other spellings of its fields say the same', async () => {
    const [id, subscriptionId] = [randomUUID(), randomUUID()];
    const event = {
      Id: id.toUpperCase(),
      subscription_id: subscriptionId,
      ACTION: 'ChangePlan',
      'plan-id': 'nobody-sells-it',
      Subscription: {},
    };
    const res = await deliver(event, await keys.issuer.sign(v2()));
    expect([res.status, res.body.code]).toEqual([400, 'plan_unknown']);
    expect(await stored(id)).toMatchObject({ answer: 'refuse', payload: { ...event, planId: 'nobody-sells-it' } });
  });

  test('other methods are told which one is meant', async () => {
    const res = await request(app).get('/api/marketplace/webhook');
    expect(res.status).toBe(405);
    expect(res.headers.allow).toBe('POST');
  });
});

describe('the answer', () => {
  const genuine = () => keys.issuer.sign(v2());

  test('is given before any other system is asked', async () => {
    api.troubles.push('hang', 'hang', 'hang');
    const from = Date.now();
    const event = anEvent();
    expect((await deliver(event, await genuine())).status).toBe(200);
    expect(Date.now() - from).toBeLessThan(2_000);
    api.troubles.length = 0;
  });

  test('to a plan that is not sold is 400, the operation is refused, and a repetition gets the same', async () => {
    const bought = api.buy({ tenantId: randomUUID(), objectId: randomUUID(), status: 'Subscribed' });
    const operation = api.begin(bought.id, 'ChangePlan', { planId: 'mystery' });
    for (let times = 0; times < 2; times += 1) {
      const res = await deliver(api.webhookOf(operation), await genuine());
      expect(res.body).toMatchObject({ status: 400, code: 'plan_unknown', planId: 'mystery' });
    }
    await events.idle();
    expect(operation.status).toBe('Failed');
  });

  test('to what the marketplace holds by its own words is 200, whatever we think of it: so a refused change is taken back', async () => {
    const bought = api.buy({ tenantId: randomUUID(), objectId: randomUUID(), status: 'Subscribed', planId: 'mystery', quantity: 3 });
    for (const [action, wanted] of [
      ['ChangePlan', { planId: 'mystery' }],
      ['ChangeQuantity', { quantity: 3 }],
    ] as const) {
      const operation = api.begin(bought.id, action, wanted);
      const res = await deliver({ ...api.webhookOf(operation), subscription: { PlanId: 'mystery', quantity: 3 } }, await genuine());
      expect(res.status).toBe(200);
      await events.idle();
      expect(operation.status).toBe('Succeeded');
    }
  });

  test('of the same event at once is the same, and it is kept and applied once', async () => {
    const bought = api.buy({ tenantId: randomUUID(), objectId: randomUUID(), status: 'Subscribed' });
    const operation = api.begin(bought.id, 'ChangePlan', { planId: 'standard' });
    const token = await genuine();
    const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(api.webhookOf(operation), token)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    await events.idle();
    expect(api.callsTo('PATCH', new RegExp(operation.id))).toHaveLength(1);
    expect(operation.status).toBe('Succeeded');
  });

  test('and its ids are logged, the token is not', async () => {
    const event = anEvent();
    const token = await genuine();
    const correlationId = randomUUID();
    await request(app)
      .post('/api/marketplace/webhook')
      .set({ Authorization: `Bearer ${token}`, 'x-ms-correlationid': correlationId })
      .send(event);
    await events.idle();
    const log = lines.join('');
    expect(log).toContain(correlationId);
    expect(log).toContain(event.id);
    expect(log).not.toContain(token);
    expect(api.calls.some(({ headers }) => headers['x-ms-correlationid'] === correlationId)).toBe(true);
  });
});

async function signedByStranger(claims: JWTPayload, kid = 'stranger', embedded = false): Promise<string> {
  const stranger = await generateKeyPair('RS256', { extractable: true });
  const jwk = embedded ? { jwk: await exportJWK(stranger.publicKey) } : {};
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid, ...jwk })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(stranger.privateKey);
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function withPayload(token: string, claims: object): string {
  const [header, payload, signature] = token.split('.');
  return `${header}.${encode({ ...JSON.parse(Buffer.from(payload!, 'base64url').toString()), ...claims })}.${signature}`;
}

const lasting = (claims: JWTPayload) => ({ ...claims, exp: Math.floor(Date.now() / 1000) + 3600 });
const unsigned = (claims: JWTPayload) => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(lasting(claims))}.x`;

function hs256(claims: JWTPayload): string {
  const key = keys.issuer.keySet().keys[0]!;
  const signed = `${encode({ alg: 'HS256', typ: 'JWT', kid: key.kid })}.${encode(lasting(claims))}`;
  return `${signed}.${createHmac('sha256', JSON.stringify(key)).update(signed).digest('base64url')}`;
}
