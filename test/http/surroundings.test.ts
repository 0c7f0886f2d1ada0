import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { testApp } from '../support/app';
import { testContext } from '../support/database';
import { aTenant } from '../support/tenant';

async function app(settings: Record<string, string> = {}) {
  const { ctx } = await testContext();
  return { ctx, ...(await testApp(ctx, settings)) };
}

describe('headers', () => {
  test('the API is framed by nobody, cached by nobody and sniffed by nobody', async () => {
    const it = await app();
    const owner = await it.as((await aTenant(it.ctx)).owner);
    const { headers } = await owner.get('/me');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringMatching(/^max-age=\d{7,}/u),
    });
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test('the tab may be framed by Teams, Outlook and Microsoft 365, and nothing refuses frames besides', async () => {
    const { status, headers, text } = await request((await app()).app).get('/tab/tickets/1?x=y');
    expect([status, headers['cache-control']]).toEqual([200, 'no-cache']);
    expect(text).toContain('The tab, built');
    const policy = headers['content-security-policy']!;
    const frames = /frame-ancestors ([^;]+)/u.exec(policy)![1]!.split(' ');
    expect(frames).toEqual(
      expect.arrayContaining([
        "'self'",
        'https://teams.microsoft.com',
        'https://*.teams.microsoft.com',
        'https://*.cloud.microsoft',
        'https://outlook.office.com',
      ]),
    );
    expect(headers['x-frame-options']).toBeUndefined();
    expect(policy).toContain("object-src 'none'");
    expect(policy).toContain("base-uri 'none'");
    expect(/script-src ([^;]+)/u.exec(policy)![1]).toBe("'self'");
  });

  test('without https there is no promise of https', async () => {
    const it = await app({ PUBLIC_URL: 'http://localhost:4200' });
    const { headers } = await request(it.app).get('/api/v1/openapi.json');
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  test.each([
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/.env',
    '/.env',
    '/src/main.ts',
    '/sandbox/api/state',
  ])('no file and no stand-in is served under %s', async (path) => {
    const { status, text } = await request((await app()).app).get(path);
    expect([404, 403, 400]).toContain(status);
    expect(text).not.toContain('dependencies');
  });

  test('outside the sandbox the front door leads to the account page', async () => {
    const { status, headers } = await request((await app()).app).get('/');
    expect([status, headers.location]).toEqual([302, '/account']);
  });
});

describe('rate limit', () => {
  test('429 with Retry-After for the tenant that asks too much, whoever of it asks; nobody else is touched', async () => {
    const it = await app({ RATE_LIMIT_PER_MINUTE: '5' });
    const busy = await aTenant(it.ctx);
    const [one, two] = [await it.as(busy.owner), await it.as(await busy.member())];
    const calm = await it.as((await aTenant(it.ctx)).owner);
    const answers = [];
    for (let index = 0; index < 5; index += 1) answers.push((await (index % 2 ? one : two).get('/me')).status);
    expect(answers).toEqual(Array(5).fill(200));
    for (const caller of [one, two]) {
      const refused = await caller.post('/tickets', { title: 'x' });
      expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    }
    expect((await calm.get('/me')).status).toBe(200);
    expect((await request(it.app).get('/health/live')).status).toBe(200);
  });

  test('requests without a token that holds spend nobody’s share', async () => {
    const it = await app({ RATE_LIMIT_PER_MINUTE: '3' });
    const tenant = await aTenant(it.ctx);
    for (let index = 0; index < 10; index += 1) await request(it.app).get('/api/v1/me').set('Authorization', 'Bearer a.b.c');
    expect((await (await it.as(tenant.owner)).get('/me')).status).toBe(200);
  });
});

describe('health and metrics', () => {
  test('live answers, ready answers when the database does', async () => {
    const it = await app();
    expect((await request(it.app).get('/health/live')).body).toEqual({ status: 'live' });
    expect((await request(it.app).get('/health/ready')).status).toBe(200);
  });

  test('ready is 503 while the database is away, live goes on', async () => {
    const { ctx } = await testContext();
    const away = { ...ctx, database: { ...ctx.database, query: () => Promise.reject(new Error('the database is away')) } } as typeof ctx;
    const it = await testApp(away);
    const ready = await request(it.app).get('/health/ready');
    expect([ready.status, ready.body]).toEqual([503, { status: 'not ready' }]);
    expect((await request(it.app).get('/health/live')).status).toBe(200);
  });

  test('metrics ask for their token, and label no tenant and no id', async () => {
    const it = await app({ METRICS_TOKEN: 'a metrics token' });
    const tenant = await aTenant(it.ctx);
    await (await it.as(tenant.owner)).get(`/tickets/${randomUUID()}`);
    await (await it.as(tenant.owner)).post('/tickets', { title: 'x' });
    for (const authorization of ['', 'Bearer wrong', 'a metrics token', 'Bearer a metrics tokeN', `Bearer ä metrics token`]) {
      const refused = await request(it.app).get('/metrics').set('Authorization', Buffer.from(authorization).toString('latin1'));
      expect([authorization, refused.status]).toEqual([authorization, 401]);
    }
    const { status, text } = await request(it.app).get('/metrics').set('Authorization', 'Bearer a metrics token');
    expect(status).toBe(200);
    expect(text).toContain('kontingent_http_request_seconds_count{route="/api/v1/tickets/:ticketId",method="GET",status="404"} 1');
    expect(text).toContain('kontingent_admissions_total{meter="tickets",verdict="admitted"} 1');
    expect(text).not.toContain(tenant.tenantId);
  });

  test('the bot’s address answers 503 while no bot is configured', async () => {
    const { status, body } = await request((await app()).app)
      .post('/api/messages')
      .send({ type: 'message' });
    expect([status, body.code]).toEqual([503, 'unavailable']);
  });
});
