// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { request } from '../acceptance/support/http';
import { startWorld, type World } from '../acceptance/support/world';

jest.setTimeout(300_000);

/** Every trap of the marketplace's webhooks and windows, and the whole product that walks into it. */
let world: World;
let id: string;

beforeAll(async () => {
  world = await startWorld({ preset: 'license-pool' });
});

const api = (method: string, to: string, body?: object) =>
  request(method, `${world.url}/sandbox/api/marketplace${to}`, body, { origin: world.url, 'sec-fetch-site': 'same-origin' });
const set = async (traps: object) => expect((await api('POST', '/traps', traps)).status).toBe(200);
afterEach(() => api('DELETE', '/traps'));

const changeTo = (quantity: number) => api('POST', `/subscriptions/${id}/change-quantity`, { person: 'owner', quantity });
const changePlan = (planId: string) => api('POST', `/subscriptions/${id}/change-plan`, { person: 'owner', planId });
const impose = (action: string) => api('POST', `/subscriptions/${id}/${action}`, { person: 'owner' });

/** What the marketplace holds, and what the product does. */
async function both() {
  const [market] = await world.purchases('owner');
  const { items } = (await world.as('owner').get('/subscriptions')).body;
  return [market, items[0]].map(({ planId, quantity, status }: any) => [planId, quantity, status]);
}

/** Waits for what no operation shows: webhooks that come late. */
async function until(isSo: (held: any[]) => boolean): Promise<any[]> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    await world.settle();
    const held = await both();
    if (isSo(held) || performance.now() > deadline) return held;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
/** Waits for the marketplace alone, without mending anything. */
async function marketSays(status: string): Promise<void> {
  for (let look = 0; look < 600; look += 1) {
    if ((await world.purchases('owner'))[0].status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`the marketplace does not say ${status}`);
}
const agree = ([market, held]: any[]) => JSON.stringify(market) === JSON.stringify(held);
const twice = (held: unknown[]) => [held, held];

beforeAll(async () => {
  await world.buy('business-seats', { quantity: 5 });
  id = (await world.purchases('owner'))[0].id;
});

test('doubleWebhooks: a change that is told twice at once happens once', async () => {
  await set({ doubleWebhooks: true });
  await changeTo(7);
  expect(await until(([, held]) => held[1] === 7)).toEqual(twice(['business-seats', 7, 'Subscribed']));
});

test('minimalWebhooks: what a webhook does not say is read', async () => {
  await set({ minimalWebhooks: true });
  await changeTo(8);
  expect(await until(([, held]) => held[1] === 8)).toEqual(twice(['business-seats', 8, 'Subscribed']));
  await impose('suspend');
  expect(await until(([, held]) => held[2] === 'Suspended')).toEqual(twice(['business-seats', 8, 'Suspended']));
  await impose('reinstate');
  expect(await until(([, held]) => held[2] === 'Subscribed')).toEqual(twice(['business-seats', 8, 'Subscribed']));
});

test('slowPatchWindow: an answer that comes too late is none, and both sides hold the same', async () => {
  await set({ slowPatchWindow: 1 });
  await changeTo(9);
  expect(await until(([, held]) => held[1] === 9)).toEqual(twice(['business-seats', 9, 'Subscribed']));
});

test('reorderWebhooks: a suspension that is told after its end does not suspend', async () => {
  await set({ reorderWebhooks: 1000 });
  // Every other webhook is late; a renewal between them makes it the first of one pair and the second of the other.
  for (const next of ['renew', null]) {
    expect((await impose('suspend')).status).toBe(202);
    expect((await impose('reinstate')).status).toBe(202);
    await marketSays('Subscribed');
    if (next) expect((await impose(next)).status).toBe(202);
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await until(agree)).map(([, , status]) => status)).toEqual(['Subscribed', 'Subscribed']);
});

test('revertAfterRefusal: a plan nobody sells is refused, and the way back is accepted, or none is told', async () => {
  await set({ unannouncedPlan: true });
  expect((await changePlan('unannounced')).status).toBe(202);
  expect(await until(agree)).toEqual(twice(['business-seats', 9, 'Subscribed']));
  const [market] = await world.purchases('owner');
  expect(market).toMatchObject({ pendingOperation: null, lastWebhook: { action: 'ChangePlan', status: 200 } });

  await set({ revertAfterRefusal: false });
  expect((await changePlan('unannounced')).status).toBe(202);
  expect(await until(agree)).toEqual(twice(['business-seats', 9, 'Subscribed']));
  const [refused] = await world.purchases('owner');
  expect(refused).toMatchObject({ pendingOperation: null, lastWebhook: { action: 'ChangePlan', status: 400 } });
});

test('ignoreRefusal: a change that happens against our word takes nothing from the customer until it is understood', async () => {
  await set({ unannouncedPlan: true, ignoreRefusal: true });
  await changePlan('unannounced');
  const [market, held] = await until(([at]) => at[0] === 'unannounced');
  expect([market, held]).toEqual([
    ['unannounced', 9, 'Subscribed'],
    ['business-seats', 9, 'Subscribed'],
  ]);
  expect((await world.as('owner').get('/usage')).status).toBe(200);
  await set({ ignoreRefusal: false });
  await changePlan('business-seats');
  expect(await until(agree)).toEqual(twice(['business-seats', 9, 'Subscribed']));
});

test('loseWebhooks: what nobody told is found by looking', async () => {
  await set({ loseWebhooks: 1, slowPatchWindow: 1 });
  await changeTo(11);
  await until(([market]) => market[1] === 11);
  await world.advance({ hours: 2 });
  expect(await until(agree)).toEqual(twice(['business-seats', 11, 'Subscribed']));
});

test('failActivation: an activation that was accepted and failed leaves nobody a subscription, and says so', async () => {
  await set({ failActivation: 1 });
  await expect(world.buy('business-seats', { by: 'other', quantity: 3 })).rejects.toThrow(/"reason":"subscription_ended"/u);
  await world.settle();
  expect((await world.purchases('other')).map(({ status }) => status)).toEqual(['Unsubscribed']);
  const { body } = await world.as('other').get('/subscriptions');
  expect((body.items ?? []).filter(({ status }: any) => status !== 'Unsubscribed')).toEqual([]);
});
