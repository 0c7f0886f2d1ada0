import http from 'node:http';
import { World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** A raw request, because HTTP clients do not let a caller choose the Host header. */
function statusOf(path: string, headers: Record<string, string>, method = 'POST'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(world.url);
    const body = JSON.stringify({ person: 'owner', planId: 'small' });
    const request = http.request({
      port,
      host: '127.0.0.1',
      path: `/sandbox${path}`,
      method,
      headers: { 'content-type': 'application/json', ...headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.end(method === 'POST' ? body : undefined);
  });
}

const PURCHASE = '/api/marketplace/purchases';

test('a page of another origin changes nothing', async () => {
  const host = new URL(world.url).host;
  for (const origin of ['http://evil.example', 'null', `http://evil.example:${new URL(world.url).port}`, 'http://localhost:1'])
    expect(await statusOf(PURCHASE, { host, origin })).toBe(403);
  expect(await statusOf(PURCHASE, { host, 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect((await world.http.get('/api/marketplace?person=owner')).data.subscriptions).toEqual([]);
});

test('a rebound DNS name reaches nothing', async () => {
  for (const path of ['/api/state', '/api/token?person=owner', '/entra/common/discovery/v2.0/keys'])
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])
      expect(await statusOf(path, { host }, 'GET')).toBe(403);
});

test("the sandbox's own pages work under every loopback name", async () => {
  const { port } = new URL(world.url);
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
    expect(await statusOf(PURCHASE, { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).toBe(201);
});

test('a form of another page cannot pass for JSON', async () => {
  expect(await statusOf(PURCHASE, { host: new URL(world.url).host, 'content-type': 'text/plain' })).toBe(400);
});

test.each([
  ['/api/token?person=nobody', undefined],
  ['/api/clock', {}],
  ['/api/clock', { advanceDays: 1, to: '2099-01-01T00:00:00Z' }],
  ['/api/chat/messages', { person: 'owner', text: '' }],
  ['/api/chat/messages', { person: 'owner', text: 'x', locale: '../en' }],
  ['/api/marketplace/purchases', { person: 'owner', planId: 'gold' }],
  ['/api/marketplace/purchases', { person: 'owner', planId: 'seats', quantity: 51 }],
])('what cannot be meant is refused with a problem: %s %j', async (path, body) => {
  const { status, data } = body ? await world.http.post(path, body) : await world.http.get(path);
  expect(status).toBe(400);
  expect(data).toMatchObject({ status: 400, code: expect.any(String), detail: expect.any(String) });
});
