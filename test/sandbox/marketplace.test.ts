import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { MARKETPLACE, PLANS, World } from './world';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const payloads = () => world.webhooks.map(({ body }) => body);
const change = (id: string, planId = 'large') =>
  world.http.post(`/api/marketplace/subscriptions/${id}/change-plan`, { person: 'owner', planId });
const act = (id: string, action: string) => world.http.post(`/api/marketplace/subscriptions/${id}/${action}`);
const acknowledge = (id: string, operationId: unknown, status: string) =>
  world.api('PATCH', `/${id}/operations/${operationId}`, { status });
const operation = (id: string, operationId: unknown) => world.api('GET', `/${id}/operations/${operationId}`);
const advance = (advanceDays: number) => world.http.post('/api/clock', { advanceDays });

describe('the purchase', () => {
  test('is resolved by its token as often as the buyer comes, in every status', async () => {
    const { id, token } = await world.buy();
    expect(token).toMatch(/\+.*/);
    expect(token).toContain('/');
    const resolve = () => world.api('POST', '/resolve', undefined, { 'x-ms-marketplace-token': token });
    expect((await resolve()).data).toMatchObject({
      id,
      offerId: 'kontingent',
      planId: 'small',
      subscription: {
        id,
        saasSubscriptionStatus: 'PendingFulfillmentStart',
        beneficiary: { tenantId: '11111111-1111-4111-8111-111111111111', objectId: 'aaaaaaaa-0001-4000-8000-000000000001' },
      },
    });
    await act(id, 'cancel');
    expect((await resolve()).data.subscription.saasSubscriptionStatus).toBe('Unsubscribed');
  });

  test('is not resolved by a token that lost its plus signs, is missing, or is a day old', async () => {
    const { token } = await world.buy();
    const resolve = async (given: string) => (await world.api('POST', '/resolve', undefined, { 'x-ms-marketplace-token': given })).status;
    expect(await resolve(token.replace(/\+/g, ' '))).toBe(400);
    expect((await world.api('POST', '/resolve')).status).toBe(400);
    await world.pass(24 * 3600_000 - 60_000);
    expect(await resolve(token)).toBe(200);
    await world.pass(60_000);
    expect(await resolve(token)).toBe(400);
  });

  test('shows no term and no quantity before a flat-rate plan is activated', async () => {
    const { id } = await world.buy();
    const { data } = await world.api('GET', `/${id}`);
    expect(data.term).toEqual({ termUnit: 'P1M', chargeDuration: null });
    expect(data).not.toHaveProperty('quantity');
    expect(data.created).toMatch(/\.\d{7}Z$/);
  });

  test('is subscribed a moment after the activation was accepted, once', async () => {
    const { id } = await world.buy();
    const [first, second] = await Promise.all([
      world.api('POST', `/${id}/activate`, { planId: 'small' }),
      world.api('POST', `/${id}/activate`),
    ]);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect((await world.status(id)).saasSubscriptionStatus).toBe('PendingFulfillmentStart');
    await world.pass(300);
    const { saasSubscriptionStatus, term } = await world.status(id);
    expect(saasSubscriptionStatus).toBe('Subscribed');
    expect(term.startDate).toMatch(/T00:00:00Z$/);
    expect(payloads().map(({ action }) => action)).toEqual(['Subscribe']);
    expect((await world.api('POST', `/${id}/activate`, { planId: 'small' })).status).toBe(400);
  });

  test('is not activated with another plan or quantity, nor after its end', async () => {
    const { id } = await world.buy('seats', { quantity: 5 });
    expect((await world.api('POST', `/${id}/activate`, { planId: 'small' })).status).toBe(400);
    expect((await world.api('POST', `/${id}/activate`, { planId: 'seats', quantity: 6 })).status).toBe(400);
    await act(id, 'cancel');
    expect((await world.api('POST', `/${id}/activate`)).status).toBe(404);
  });

  test('lapses when nobody activates it for 30 days', async () => {
    const { id } = await world.buy();
    await advance(29.9);
    expect((await world.status(id)).saasSubscriptionStatus).toBe('PendingFulfillmentStart');
    await advance(0.2);
    await world.pass();
    expect((await world.status(id)).saasSubscriptionStatus).toBe('Unsubscribed');
    expect(payloads()).toMatchObject([{ action: 'Unsubscribe', subscription: { saasSubscriptionStatus: 'Unsubscribed' } }]);
  });
});

describe('reading', () => {
  test('asks for the API version and answers with the ids it was given', async () => {
    const headers = { Authorization: `Bearer ${await world.appToken('marketplace')}`, 'x-ms-requestid': 'r1', 'x-ms-correlationid': 'c1' };
    const answer = await world.http.get('/marketplace/api/saas/subscriptions', { headers });
    expect(answer.status).toBe(400);
    expect(answer.headers).toMatchObject({ 'x-ms-requestid': 'r1', 'x-ms-correlationid': 'c1' });
    expect((await world.api('GET', '')).headers['x-ms-requestid']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('lists everything over pages whose links are followed as they are, and nothing as an empty body', async () => {
    expect((await world.api('GET', '')).data).toBe('');
    const bought: string[] = [];
    for (let n = 0; n < 12; n++) bought.push((await world.buy()).id);
    const headers = { Authorization: `Bearer ${await world.appToken('marketplace')}` };
    const listed: string[] = [];
    let link: string | undefined = `${world.url}/sandbox/marketplace/api/saas/subscriptions?api-version=2018-08-31`;
    for (let pages = 0; link && pages < 5; pages++) {
      const { data }: { data: { subscriptions: { id: string }[]; '@nextLink'?: string } } = await world.http.get(link, { headers });
      listed.push(...data.subscriptions.map(({ id }) => id));
      link = data['@nextLink'];
    }
    expect(listed).toEqual(bought);
    expect((await world.api('GET', '?continuationToken=nonsense')).status).toBe(400);
  });

  test('sells a plan at the term the buyer chose', async () => {
    const { id } = await world.buy('large', { termUnit: 'P1Y' });
    expect((await world.status(id)).term).toMatchObject({ termUnit: 'P1Y' });
    const { data } = await world.api('GET', `/${id}/listAvailablePlans`);
    expect(data.plans.map(({ planId }: { planId: string }) => planId)).toEqual(['large', 'yearly']);
    expect((await world.http.post('/api/marketplace/purchases', { person: 'owner', planId: 'small', termUnit: 'P1Y' })).status).toBe(400);
  });

  test('offers the plans of the same term and pricing', async () => {
    const { id } = await world.buy();
    const { data } = await world.api('GET', `/${id}/listAvailablePlans`);
    expect(data.plans.map(({ planId }: { planId: string }) => planId)).toEqual(['small', 'large']);
    expect(data.plans[1]).toMatchObject({
      isPricePerSeat: false,
      planComponents: {
        recurrentBillingTerms: [
          { price: 38, currency: 'EUR', termUnit: 'P1M' },
          { price: 380, termUnit: 'P1Y' },
        ],
      },
    });
    expect(data.plans[1]).not.toHaveProperty('minQuantity');
  });

  test.each(['', '/activate', '/operations', '/listAvailablePlans', '/operations/x'])('knows no other subscription (%s)', async (route) => {
    const method = route === '/activate' ? 'POST' : 'GET';
    expect((await world.api(method, `/00000000-0000-4000-8000-000000000000${route}`)).status).toBe(404);
  });
});

describe("a customer's change", () => {
  test('calls the webhook with a signed token and the payload of the contract', async () => {
    const id = await world.subscribe();
    expect((await change(id)).status).toBe(202);
    await world.pass();
    const [{ headers, body }] = world.webhooks as [(typeof world.webhooks)[0]];
    expect(body).toMatchObject({
      subscriptionId: id,
      action: 'ChangePlan',
      status: 'InProgress',
      planId: 'large',
      operationRequestSource: 'Azure',
      subscription: { id, planId: 'small', saasSubscriptionStatus: 'Subscribed' },
      purchaseToken: null,
    });
    const keys = createRemoteJWKSet(new URL(`${world.url}/sandbox/entra/${MARKETPLACE.tenantId}/discovery/v2.0/keys`));
    const { payload } = await jwtVerify(String(headers.authorization).replace('Bearer ', ''), keys, {
      issuer: `https://login.sandbox.invalid/${MARKETPLACE.tenantId}/v2.0`,
      audience: MARKETPLACE.webhookAudience,
    });
    expect(payload).toMatchObject({ azp: MARKETPLACE.callerId, tid: MARKETPLACE.tenantId, ver: '2.0' });
    expect(payload).not.toHaveProperty('appid');
  });

  test('waits for the acknowledgement, locks the subscription, and happens then', async () => {
    const id = await world.subscribe();
    await change(id);
    await world.pass(9_000);
    const operationId = payloads()[0]!.id;
    expect((await operation(id, operationId)).data).toMatchObject({ action: 'ChangePlan', status: 'InProgress', planId: 'large' });
    expect((await world.api('GET', `/${id}/operations`)).data.operations).toHaveLength(1);
    expect((await world.status(id)).planId).toBe('small');
    expect((await change(id)).status).toBe(409);
    expect((await world.api('PATCH', `/${id}`, { planId: 'large' })).status).toBe(409);
    expect((await world.api('DELETE', `/${id}`)).status).toBe(409);

    expect((await acknowledge(id, operationId, 'Success')).status).toBe(200);
    expect((await world.status(id)).planId).toBe('large');
    expect((await world.api('GET', `/${id}/operations`)).data).toEqual({});
    expect((await acknowledge(id, operationId, 'Failure')).status).toBe(409);
    expect((await operation(id, operationId)).data.status).toBe('Succeeded');
  });

  test('happens by silence ten seconds after the webhook was received', async () => {
    const id = await world.subscribe();
    await change(id);
    await world.pass(9_999);
    expect((await world.status(id)).planId).toBe('small');
    await world.pass(1);
    expect((await world.status(id)).planId).toBe('large');
    expect(world.webhooks).toHaveLength(1);
  });

  test.each([
    ['a 400 reply', (id: string) => void id, 400],
    ['an acknowledged failure', (id: string, operationId: unknown) => acknowledge(id, operationId, 'Failure'), 200],
    ['both', (id: string, operationId: unknown) => acknowledge(id, operationId, 'Failure'), 400],
  ])('is refused by %s, and announced back to the old value', async (_what, refuse, reply) => {
    const id = await world.subscribe();
    world.onWebhook = async ({ id: operationId, planId }) => {
      if (planId === 'small') return 200;
      await refuse(id, operationId);
      return reply;
    };
    await change(id);
    await world.pass();
    const [first, revert] = payloads();
    expect((await operation(id, first!.id)).data).toMatchObject({ status: 'Failed', errorStatusCode: '400' });
    expect(revert).toMatchObject({ action: 'ChangePlan', planId: 'small', subscription: { planId: 'small' } });
    await world.pass(60_000);
    expect((await world.status(id)).planId).toBe('small');
    expect(world.webhooks).toHaveLength(2);
    expect((await operation(id, revert!.id)).data.status).toBe('Succeeded');
  });

  test('is delivered again, unchanged and with growing pauses, until it is received', async () => {
    const id = await world.subscribe();
    world.onWebhook = () => 503;
    await change(id);
    await world.pass(7_500);
    expect(world.webhooks).toHaveLength(4); // after 0, 1, 3 and 7 seconds
    expect(new Set(payloads().map((body) => JSON.stringify(body))).size).toBe(1);
    expect((await world.status(id)).planId).toBe('small');
    world.onWebhook = () => 200;
    await world.pass(8_000 + 10_000);
    expect((await world.status(id)).planId).toBe('large');
  });

  test('fails for good when it was never received', async () => {
    const id = await world.subscribe();
    world.onWebhook = () => 500;
    await change(id);
    await world.pass(9 * 3600_000);
    expect(world.webhooks.length).toBeGreaterThan(400);
    expect((await operation(id, payloads()[0]!.id)).data.status).toBe('Failed');
    expect((await world.status(id)).planId).toBe('small');
  });

  test.each([
    ['to the current plan', { planId: 'small' }],
    ['to a plan of another term', { planId: 'yearly' }],
    ['to a plan per seat', { planId: 'seats' }],
    ['to a plan nobody sells', { planId: 'gold' }],
    ['of both at once', { planId: 'large', quantity: 2 }],
    ['of a quantity on a flat rate', { quantity: 2 }],
    ['of nothing', {}],
  ])('%s is not possible', async (_what, body) => {
    const id = await world.subscribe();
    expect((await world.api('PATCH', `/${id}`, body)).status).toBe(400);
    await world.pass(10_000);
    expect(world.webhooks).toHaveLength(0);
  });

  test("cannot touch another organization's subscription", async () => {
    const id = await world.subscribe();
    expect((await world.http.post(`/api/marketplace/subscriptions/${id}/change-plan`, { person: 'other', planId: 'large' })).status).toBe(
      404,
    );
    expect((await world.http.post(`/api/marketplace/subscriptions/${id}/manage`, { person: 'other' })).status).toBe(404);
    expect((await world.http.get('/api/marketplace?person=other')).data.subscriptions).toEqual([]);
  });
});

describe("the publisher's change", () => {
  test('is polled at its Operation-Location, announced by webhook, and happens then', async () => {
    const id = await world.subscribe();
    const { status, headers, data } = await world.api('PATCH', `/${id}`, { planId: 'large' });
    expect([status, data]).toEqual([202, '']);
    const location = headers['operation-location'];
    const poll = async () =>
      (await world.http.get(location, { headers: { Authorization: `Bearer ${await world.appToken('marketplace')}` } })).data.status;
    expect(await poll()).toBe('NotStarted');
    await world.pass(300);
    expect(await poll()).toBe('InProgress');
    expect(payloads()).toMatchObject([{ action: 'ChangePlan', planId: 'large', operationRequestSource: 'Partner' }]);
    await world.pass(10_000);
    expect(await poll()).toBe('Succeeded');
    expect((await world.status(id)).planId).toBe('large');
  });

  test('of a quantity keeps to the limits of the plan', async () => {
    const id = await world.subscribe('seats', { quantity: 5 });
    expect((await world.api('PATCH', `/${id}`, { quantity: 51 })).status).toBe(400);
    expect((await world.api('PATCH', `/${id}`, { quantity: 5 })).status).toBe(400);
    expect((await world.api('PATCH', `/${id}`, { quantity: 7 })).status).toBe(202);
    await world.pass(300);
    expect(payloads()).toMatchObject([{ action: 'ChangeQuantity', quantity: 7, subscription: { quantity: 5 } }]);
    await acknowledge(id, payloads()[0]!.id, 'Success');
    expect((await world.status(id)).quantity).toBe(7);
  });

  test('cancels a little later and says so by webhook', async () => {
    const id = await world.subscribe();
    expect((await world.api('DELETE', `/${id}`)).status).toBe(202);
    await world.pass(300);
    expect((await world.status(id)).saasSubscriptionStatus).toBe('Unsubscribed');
    expect(payloads()).toMatchObject([{ action: 'Unsubscribe', status: 'Succeeded' }]);
    expect((await world.api('PATCH', `/${id}`, { planId: 'large' })).status).toBe(400);
  });
});

describe('what the marketplace imposes', () => {
  test('suspends at once, and reinstates when the publisher agrees or says nothing', async () => {
    const id = await world.subscribe();
    await act(id, 'suspend');
    await world.pass();
    expect(payloads()).toMatchObject([{ action: 'Suspend', status: 'Succeeded', subscription: { saasSubscriptionStatus: 'Suspended' } }]);
    expect((await world.api('GET', `/${id}/operations/${payloads()[0]!.id}`)).status).toBe(404);
    await act(id, 'reinstate');
    await world.pass();
    expect(payloads()[1]).toMatchObject({ action: 'Reinstate', status: 'InProgress' });
    expect((await acknowledge(id, payloads()[1]!.id, 'Failure')).status).toBe(400);
    await world.pass(10_000);
    expect((await world.status(id)).saasSubscriptionStatus).toBe('Subscribed');
  });

  test('ends what stays suspended for 30 days', async () => {
    const id = await world.subscribe();
    await act(id, 'suspend');
    await advance(31);
    await world.pass();
    expect((await world.status(id)).saasSubscriptionStatus).toBe('Unsubscribed');
  });

  test('a notice is repeated after any answer but a good one', async () => {
    const id = await world.subscribe();
    world.onWebhook = () => 401;
    await act(id, 'suspend');
    await world.pass(3_500);
    expect(world.webhooks).toHaveLength(3);
    world.onWebhook = () => 200;
    await world.pass(60_000);
    expect(world.webhooks).toHaveLength(4);
    const { data } = await world.http.get('/api/marketplace?person=owner');
    expect(data.subscriptions[0].lastWebhook).toMatchObject({ action: 'Suspend', status: 200 });
  });
});

describe('the clock', () => {
  test('moves forward only, and stays where it is over a restart', async () => {
    const before = (await world.http.get('/api/state')).data.now;
    expect((await world.http.post('/api/clock', { to: before })).status).toBe(409);
    expect((await world.http.post('/api/clock', { to: '2020-01-01T00:00:00Z' })).status).toBe(409);
    expect((await world.http.post('/api/clock', { advanceDays: -1 })).status).toBe(400);
    expect((await advance(40)).data.now).toBe(new Date(Date.parse(before) + 40 * 86_400_000).toISOString());
    await world.restart();
    expect(world.sandbox.clock.now().toISOString()).toBe((await world.http.get('/api/state')).data.now);
    expect(world.sandbox.clock.now().getTime()).toBe(Date.parse(before) + 40 * 86_400_000);
  });

  test('renews once for every term it passes, counted from the activation', async () => {
    await world.http.post('/api/clock', { to: `${world.now().getUTCFullYear() + 1}-01-31T12:00:00Z` });
    const id = await world.subscribe();
    const terms = [(await world.status(id)).term];
    for (let n = 0; n < 2; n++) {
      await advance(29);
      await world.pass();
      terms.push((await world.status(id)).term);
    }
    const days = terms.map(({ startDate, endDate }) => `${startDate.slice(5, 10)}–${endDate.slice(5, 10)}`);
    expect(days[0]).toMatch(/^01-31–02-2[78]$/);
    expect(days[1]).toMatch(/^02-2[89]–03-30$/);
    expect(payloads().map(({ action }) => action)).toEqual(['Renew']);
    await advance(180);
    await world.pass();
    expect((await world.status(id)).term.startDate.slice(8, 10)).toMatch(/30|31/);
    expect(new Set(payloads().map(({ action }) => action))).toEqual(new Set(['Renew']));
    expect(payloads().length).toBeGreaterThanOrEqual(6);
  });

  test('ends a subscription at its term when the customer turned renewal off', async () => {
    const id = await world.subscribe();
    await world.http.post(`/api/marketplace/subscriptions/${id}/auto-renew`, { person: 'owner', autoRenew: false });
    await advance(32);
    await world.pass();
    expect(payloads()).toMatchObject([{ action: 'Unsubscribe' }]);
    expect((await world.status(id)).saasSubscriptionStatus).toBe('Unsubscribed');
  });

  test('a renewal by hand begins a term today', async () => {
    const id = await world.subscribe();
    await advance(3);
    await act(id, 'renew');
    await world.pass();
    expect(payloads()).toMatchObject([{ action: 'Renew', status: 'Succeeded' }]);
    expect((await world.status(id)).term.startDate.slice(0, 10)).toBe(world.sandbox.clock.now().toISOString().slice(0, 10));
  });
});

describe('over a restart', () => {
  test('an undelivered webhook is delivered with the same id', async () => {
    const id = await world.subscribe();
    world.onWebhook = () => 503;
    await change(id);
    await world.pass();
    await world.restart();
    world.onWebhook = () => 200;
    await world.pass(20_000);
    expect(new Set(payloads().map((body) => body.id)).size).toBe(1);
    expect((await world.status(id)).planId).toBe('large');
  });

  test('stopping does not wait for a webhook that hangs, and the next start delivers it again', async () => {
    const id = await world.subscribe();
    let arrived = () => {};
    const hasArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    world.onWebhook = () => {
      arrived();
      return new Promise(() => {});
    };
    await change(id);
    const passing = world.pass();
    await hasArrived;
    await world.restart();
    await passing;
    world.onWebhook = () => 200;
    await world.pass(10_000);
    expect(payloads().map((body) => body.id)).toEqual([payloads()[0]!.id, payloads()[0]!.id]);
    expect((await world.status(id)).planId).toBe('large');
  });

  test('an accepted activation and a delivered change still happen', async () => {
    const { id } = await world.buy();
    await world.api('POST', `/${id}/activate`);
    await world.restart();
    await world.pass(300);
    expect((await world.status(id)).saasSubscriptionStatus).toBe('Subscribed');
    await change(id);
    await world.pass();
    await world.restart();
    await world.pass(10_000);
    expect((await world.status(id)).planId).toBe('large');
  });

  test('what was answered is on the disk at that moment', async () => {
    const { id } = await world.buy();
    const onDisk = JSON.parse(await readFile(path.join(world.dataDir, 'sandbox', 'marketplace.json'), 'utf8'));
    expect(onDisk.subscriptions).toMatchObject([{ id }]);
  });
});

test("the pages' view of a subscription names plan, term and the operation under way", async () => {
  const id = await world.subscribe();
  await change(id);
  const { data } = await world.http.get('/api/marketplace?person=agent');
  expect(data.plans).toEqual(PLANS);
  expect(data.subscriptions).toMatchObject([
    {
      id,
      planId: 'small',
      planName: 'small',
      quantity: null,
      status: 'Subscribed',
      termUnit: 'P1M',
      autoRenew: true,
      pendingOperation: { action: 'ChangePlan' },
    },
  ]);
  expect(data.subscriptions[0].termStart).toMatch(/T00:00:00\.000Z$/);
});
