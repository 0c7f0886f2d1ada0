import request from 'supertest';
import type { Context } from '../../src/platform/context';
import { createLogger } from '../../src/platform/logger';
import { testApp } from '../support/app';
import { testContext } from '../support/database';
import { aTenant } from '../support/tenant';

/** Everything that was logged while the test ran, at the most talkative level. */
async function logged() {
  const { ctx } = await testContext();
  const lines: string[] = [];
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  return { ctx: { ...ctx, log } as Context, log, text: () => lines.join(''), lines };
}

const SECRETS = {
  bearer: 'SECRET-bearer-word',
  purchase: 'SECRET+purchase/token==',
  cookie: 'SECRET-cookie',
  marketplace: 'SECRET-marketplace-header',
  csrf: 'SECRET-csrf',
  code: 'SECRET-code',
};

test('requests with secrets in headers, cookies, addresses and bodies leave none of them in a log', async () => {
  const { ctx, text, lines } = await logged();
  const it = await testApp(ctx);
  const token = await it.token((await aTenant(ctx)).owner);
  const paths = [
    `/account?token=${encodeURIComponent(SECRETS.purchase)}`,
    `/account/callback?code=${SECRETS.code}&state=${SECRETS.csrf}`,
    `/api/v1/me?access_token=${SECRETS.bearer}`,
    `/nothing?token=${encodeURIComponent(SECRETS.purchase)}#${SECRETS.code}`,
    `/tab/?id_token=${SECRETS.bearer}&token=a?b=${SECRETS.code}`,
    '/api/v1/tickets/%zz',
  ];
  for (const path of paths) {
    for (const method of ['get', 'post'] as const) {
      await request(it.app)
        [method](path)
        .set('Authorization', path.startsWith('/api') ? `Bearer ${token}` : `Bearer ${SECRETS.bearer}`)
        .set('Cookie', `session=${SECRETS.cookie}`)
        .set('x-ms-marketplace-token', SECRETS.marketplace)
        .set('X-CSRF-Token', SECRETS.csrf)
        .set('Idempotency-Key', 'a-key-of-the-test')
        .send(method === 'post' ? { token: SECRETS.purchase, title: 'x' } : undefined);
    }
  }
  expect(lines.length).toBeGreaterThanOrEqual(paths.length * 2);
  expect(text()).toContain('/account?token=…');
  expect(text()).not.toMatch(/SECRET/u);
  expect(text()).not.toContain(token.split('.')[1]);
  expect(text()).not.toContain(token.split('.')[2]);
});

test('a fault is logged once with its words, its place and the request’s id; the answer says nothing of it', async () => {
  const { ctx, lines } = await logged();
  const it = await testApp({
    ...ctx,
    database: {
      ...ctx.database,
      query: () => Promise.reject(axiosLike()),
      transaction: () => Promise.reject(axiosLike()),
    } as Context['database'],
  });
  const tenant = await aTenant(ctx);
  const res = await request(it.app)
    .get('/api/v1/tickets')
    .set('Authorization', `Bearer ${await it.token(tenant.owner)}`);
  expect([res.status, res.body.code]).toEqual([500, 'internal']);
  expect(JSON.stringify(res.body)).not.toMatch(/SECRET|upstream|\.ts/u);
  const faults = lines.map((line) => JSON.parse(line)).filter((line) => line.msg === 'a request failed');
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatchObject({
    level: 50,
    requestId: res.headers['x-request-id'],
    err: {
      message: expect.stringContaining('upstream said no'),
      stack: expect.stringContaining('logs.test'),
      code: 'ERR_BAD_REQUEST',
      status: 400,
    },
  });
  expect(lines.join('')).not.toMatch(/SECRET/u);
});

/** What axios throws: the request with its headers, the answer, and words that may quote an address. */
function axiosLike(): Error {
  return Object.assign(new Error('upstream said no to https://login.example/x?client_secret=SECRET-1&code=SECRET-2 with Bearer SECRET-3'), {
    code: 'ERR_BAD_REQUEST',
    config: { url: 'https://api.example/?token=SECRET', headers: { Authorization: 'Bearer SECRET' }, data: 'client_secret=SECRET' },
    request: { _header: 'POST / HTTP/1.1\r\nAuthorization: Bearer SECRET' },
    response: { status: 400, config: { headers: { Authorization: 'Bearer SECRET' } }, data: { access_token: 'SECRET' } },
  });
}

test.each<[string, object]>([
  ['an error', { err: axiosLike() }],
  ['an error under another name', { reason: axiosLike() }],
  ['an error deep inside', { facts: { list: [{ error: axiosLike() }] } }],
  ['headers', { headers: { authorization: 'SECRET', Cookie: 'SECRET', 'Set-Cookie': ['SECRET'], 'x-ms-marketplace-token': 'SECRET' } }],
  ['settings', { config: { sessionSecret: 'SECRET', appPassword: 'SECRET', metricsToken: 'SECRET', databaseUrl: 'postgres://SECRET' } }],
  [
    'an answer of a token server',
    { answer: { access_token: 'SECRET', refresh_token: 'SECRET', id_token: 'SECRET', client_assertion: 'SECRET' } },
  ],
  ['an address of a database', { where: 'postgres://kontingent:SECRET@db.example:5432/kontingent' }],
  ['a query', { url: 'https://kontingent.example/account?x=1&token=SECRET&code=SECRET' }],
  ['a header in a sentence', { said: 'Authorization: Bearer SECRET' }],
  ['a signed token in a sentence', { said: 'no key for eyJhbGciOiJSUzI1NiJ9.eyJTRUNSRVQiOjF9.SECRET' }],
  ['a form', { body: 'grant_type=x&client_secret=SECRET&assertion=SECRET' }],
])('%s is logged without its secrets', async (_what, fields) => {
  const { log, text } = await logged();
  log.warn(fields, 'something happened');
  log.child({ part: 'x' }).warn(fields);
  expect(text()).toContain('something happened');
  expect(text()).not.toMatch(/SECRET|eyJTRU/u);
});

test('an error that is the whole message loses its secrets too', async () => {
  const { log, text } = await logged();
  log.error(axiosLike());
  expect(text()).toContain('upstream said no');
  expect(text()).not.toMatch(/SECRET/u);
});

test('cycles, deep parts and long lists do not hurt', async () => {
  const { log, text } = await logged();
  const cycle: Record<string, unknown> = { token: 'SECRET' };
  cycle.self = cycle;
  log.warn({ cycle, many: Array(10_000).fill({ password: 'SECRET' }) }, 'round and round');
  expect(text()).toContain('round and round');
  expect(text().length).toBeLessThan(100_000);
  expect(text()).not.toMatch(/SECRET/u);
});

test('words that only look like secrets stay', async () => {
  const { log, lines } = await logged();
  log.info({ subscriptionId: 'abc', planId: 'pro', count: 3, at: new Date(0), url: '/api/v1/tickets?status=open' }, 'facts');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    subscriptionId: 'abc',
    planId: 'pro',
    count: 3,
    at: '1970-01-01T00:00:00.000Z',
    url: '/api/v1/tickets?status=open',
  });
});
