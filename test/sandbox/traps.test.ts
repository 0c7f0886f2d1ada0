import { createPublisherToken } from '../../src/clients/entra/publisher-token';
import { MarketplaceClient } from '../../src/clients/marketplace/marketplace-client';
import { SANDBOX_AUTHORITY } from '../../src/sandbox';
import { quiet } from '../support/database';
import { MARKETPLACE, World } from './world';

/** Every trap of the marketplace's API, and the real client that walks into it. */
let world: World;
let client: MarketplaceClient;
let pauses: number[];

beforeEach(async () => {
  world = await World.open();
  pauses = [];
  const apiUrl = `${world.url}/sandbox/marketplace/api`;
  const { clientId, clientSecret, tenantId } = MARKETPLACE;
  const authority = `${SANDBOX_AUTHORITY}/${tenantId}`;
  const token = createPublisherToken({ clientId, clientSecret, authority, networkClient: world.sandbox.networkClient });
  const pause = async (ms: number) => void pauses.push(ms);
  client = new MarketplaceClient({ apiUrl, apiHosts: [new URL(apiUrl).host] }, { token, log: quiet, pause, clientId });
});
afterEach(() => world.close());

async function set(traps: object): Promise<void> {
  expect((await world.http.post('/api/marketplace/traps', traps)).status).toBe(200);
}
const listed = async () => {
  const ids: string[] = [];
  for await (const { id } of client.listSubscriptions()) ids.push(id);
  return ids;
};

test('traps are shown, set by name, and all let go at once', async () => {
  const traps = () => world.http.get('/api/marketplace/traps');
  const { data: none } = await traps();
  expect(none).toMatchObject({ shortPages: false, throttle429: 0, revertAfterRefusal: true });
  await set({ throttle429: 2, shortPages: true });
  expect((await traps()).data).toEqual({ ...none, throttle429: 2, shortPages: true });
  expect((await world.http.post('/api/marketplace/traps', { throttle: 1 })).status).toBe(400);
  expect((await world.http.delete('/api/marketplace/traps')).data).toEqual(none);
});

test.each([[{ foreignNextLink: true }], [{ shortPages: true }], [{ foreignNextLink: true, shortPages: true }]])(
  '%j: the list is read whole all the same',
  async (traps) => {
    const bought: string[] = [];
    for (let n = 0; n < 7; n += 1) bought.push((await world.buy()).id);
    await set(traps);
    expect(await listed()).toEqual(bought);
  },
);

test('throttle429: what asks to come later is asked later', async () => {
  const { id } = await world.buy();
  await set({ throttle429: 2 });
  expect(await client.getSubscription(id)).toMatchObject({ id });
  expect(pauses).toEqual([1000, 1000]);
});

test('fail500: what fails is asked again, three times at most', async () => {
  const { id, token } = await world.buy();
  await set({ fail500: 2 });
  expect(await client.resolve(token)).toMatchObject({ id });
  await set({ fail500: 3 });
  await expect(client.resolve(token)).rejects.toMatchObject({ name: 'MarketplaceUnavailable' });
  expect(await client.resolve(token)).toMatchObject({ id });
});

test('forbid403: one fresh token, then words', async () => {
  const { id } = await world.buy();
  await set({ forbid403: 1 });
  expect(await client.getSubscription(id)).toMatchObject({ id });
  await set({ forbid403: 2 });
  await expect(client.getSubscription(id)).rejects.toThrow(/of another offer/u);
});

test('conflict409: a locked subscription is busy, not refused', async () => {
  const id = await world.subscribe();
  await set({ conflict409: 2 });
  expect([await client.change(id, { planId: 'large' }), await client.cancel(id)]).toEqual(['busy', 'busy']);
  expect(await client.change(id, { planId: 'large' })).toMatchObject({ operationId: expect.any(String) });
});

test('loseAnswers: a change whose answer is lost is begun once', async () => {
  const id = await world.subscribe();
  await set({ loseAnswers: 1 });
  expect(await client.change(id, { planId: 'large' })).toBe('busy');
  await world.pass(300);
  expect(world.webhooks.map(({ body }) => body.action)).toEqual(['ChangePlan']);
  expect(await client.listOperations(id)).toMatchObject([{ action: 'ChangePlan', status: 'InProgress', source: 'Partner' }]);
  await world.pass(10_000);
  expect(await client.getSubscription(id)).toMatchObject({ planId: 'large' });
  expect(world.webhooks).toHaveLength(1);
});

test('operationNotStarted: an operation is there before it has begun', async () => {
  const id = await world.subscribe();
  await set({ operationNotStarted: 60_000 });
  const { operationId } = (await client.change(id, { planId: 'large' })) as { operationId: string };
  await world.pass(60_000);
  expect(await client.getOperation(id, operationId)).toMatchObject({ status: 'NotStarted' });
  expect([await client.listOperations(id), world.webhooks]).toEqual([[], []]);
  await world.pass(300);
  expect(await client.getOperation(id, operationId)).toMatchObject({ status: 'InProgress' });
});

test('hideOperations: a 400 is nothing known, and no end', async () => {
  const id = await world.subscribe();
  const { operationId } = (await client.change(id, { planId: 'large' })) as { operationId: string };
  await set({ hideOperations: 1 });
  expect(await client.getOperation(id, operationId)).toBeNull();
  expect(await client.getOperation(id, operationId)).toMatchObject({ id: operationId });
});

test('bought through a reseller: read only', async () => {
  const id = await world.subscribe('small', { isResold: true });
  expect(await client.getSubscription(id)).toMatchObject({
    allowedOperations: ['Read'],
    purchaser: { address: 'orders@reseller.example' },
  });
  expect([await client.change(id, { planId: 'large' }), await client.cancel(id)]).toEqual(['refused', 'refused']);
});

test('a free trial is one until it renews', async () => {
  const id = await world.subscribe('small', { isFreeTrial: true });
  expect(await client.getSubscription(id)).toMatchObject({ isFreeTrial: true });
  await world.http.post('/api/clock', { advanceDays: 32 });
  expect(await client.getSubscription(id)).toMatchObject({ isFreeTrial: false });
});

test('plans of a subscription that has ended are not shown, those of another are', async () => {
  const id = await world.subscribe();
  expect((await client.listPlans(id)).map((plan) => [plan.id, plan.minQuantity])).toEqual([
    ['small', null],
    ['large', null],
  ]);
  const seats = await world.subscribe('seats', { quantity: 5 });
  expect(await client.listPlans(seats)).toMatchObject([{ id: 'seats', minQuantity: 1, maxQuantity: 50 }]);
  await client.cancel(id);
  await world.pass(300);
  await expect(client.listPlans(id)).rejects.toThrow(/or has ended/u);
  expect(await client.cancel(id)).toBe('ended');
});
