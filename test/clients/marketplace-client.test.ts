import { randomUUID } from 'node:crypto';
import { MarketplaceClient } from '../../src/clients/marketplace/marketplace-client';
import {
  MarketplaceForbidden,
  type MarketplaceSubscription,
  MarketplaceUnavailable,
  type NotedCall,
} from '../../src/features/subscriptions/marketplace.port';
import { quiet } from '../support/database';
import { FulfillmentApi } from '../support/fulfillment-api';

let api: FulfillmentApi;
let pauses: number[];
let noted: NotedCall[];

beforeEach(async () => {
  api = await FulfillmentApi.start();
  pauses = [];
  noted = [];
});
afterEach(() => api.stop());

const CLIENT_ID = 'abcdef01-2345-4678-9abc-def012345678';

function client({ token = async (_rejected?: string) => 'good', apiHosts = [api.host] } = {}) {
  const pause = async (ms: number) => void pauses.push(ms);
  return new MarketplaceClient(
    { apiUrl: api.url, apiHosts },
    { token, log: quiet, pause, calls: { noteCall: (call) => noted.push(call) }, clientId: CLIENT_ID },
  );
}

const buy = (given = {}) => api.buy({ tenantId: randomUUID(), objectId: randomUUID(), ...given });

async function all(marketplace: MarketplaceClient): Promise<MarketplaceSubscription[]> {
  const found: MarketplaceSubscription[] = [];
  for await (const one of marketplace.listSubscriptions()) found.push(one);
  return found;
}

test('every call names the version, the token, an id of its own and the id of its business act', async () => {
  const bought = buy();
  const act = client().correlated('the-act');
  await act.getSubscription(bought.id);
  await act.activate(bought.id, { planId: 'free', quantity: null });
  for (const { headers, query } of api.calls) {
    expect(query).toContain('api-version=2018-08-31');
    expect(headers).toMatchObject({
      authorization: 'Bearer good',
      'x-ms-correlationid': 'the-act',
      'x-ms-requestid': expect.stringMatching(/^[\w-]{36}$/),
    });
  }
  expect(api.calls[0]!.headers['x-ms-requestid']).not.toBe(api.calls[1]!.headers['x-ms-requestid']);
});

test('a subscription is read whole: directory ids in lower case, dates of seven digits, unknown fields passed over', async () => {
  const bought = buy({ status: 'Subscribed', termStart: '2026-01-14T00:00:00.0000000Z', termEnd: '2026-02-13T00:00:00', quantity: 3 });
  expect(await client().getSubscription(bought.id)).toEqual({
    id: bought.id,
    name: 'A purchase',
    offerId: 'kontingent',
    planId: 'free',
    quantity: 3,
    status: 'Subscribed',
    purchaser: { tenantId: bought.tenantId, objectId: bought.objectId, address: 'buyer@sample.example' },
    beneficiary: { tenantId: bought.tenantId, objectId: bought.objectId, address: 'buyer@sample.example' },
    termUnit: 'P1M',
    termStart: new Date('2026-01-14T00:00:00.000Z'),
    termEnd: new Date('2026-02-13T00:00:00.000Z'),
    autoRenew: true,
    isFreeTrial: false,
    allowedOperations: ['Delete', 'Read', 'Update'],
    purchasedAt: new Date('2026-03-01T08:30:14.123Z'),
  });
});

test('what is not known is null, whatever status says so', async () => {
  const bought = buy();
  expect(await client().getSubscription(randomUUID())).toBeNull();
  for (const status of [400, 404] as const) {
    api.habits.unknownOperation = status;
    expect(await client().getOperation(bought.id, randomUUID())).toBeNull();
  }
  expect(await client().resolve('wrong')).toBeNull();
  expect(await client().resolve('line\nbreak')).toBeNull();
});

test.each([500, 503, 429, 408])('a read that gets %d is repeated with growing pauses, then succeeds', async (status) => {
  const bought = buy();
  api.troubles.push(status, status);
  expect(await client().getSubscription(bought.id)).toMatchObject({ id: bought.id });
  expect(pauses).toHaveLength(2);
  expect(pauses[0]).toBeGreaterThanOrEqual(150);
  expect(pauses[1]).toBeGreaterThanOrEqual(300);
});

test('a wait that the API asks for is waited, one that is too long is left to the caller', async () => {
  const bought = buy();
  api.troubles.push({ status: 429, headers: { 'retry-after': '7' } });
  await client().getSubscription(bought.id);
  expect(pauses).toEqual([7000]);
  pauses = [];
  api.troubles.push({ status: 503, headers: { 'retry-after': new Date(Date.now() + 6_000).toUTCString() } });
  await client().getSubscription(bought.id);
  expect(pauses).toEqual([expect.any(Number)]);
  expect(pauses[0]).toBeGreaterThan(3_000);
  expect(pauses[0]).toBeLessThanOrEqual(6_000);
  api.troubles.push({ status: 429, headers: { 'retry-after': '120' } });
  await expect(client().getSubscription(bought.id)).rejects.toMatchObject({ name: 'MarketplaceUnavailable', retryAfterMs: 120_000 });
});

test('a change that fails is not repeated blindly', async () => {
  const bought = buy();
  api.troubles.push(503);
  await expect(client().activate(bought.id, { planId: 'free', quantity: null })).rejects.toMatchObject({ name: 'MarketplaceUnavailable' });
  expect(api.calls).toHaveLength(1);
});

test.each([401, 403])('a %d gets one fresh token, and only one', async (status) => {
  const bought = buy();
  const asked: (string | undefined)[] = [];
  const token = async (rejected?: string) => {
    asked.push(rejected);
    return rejected === undefined ? 'old' : 'new';
  };
  api.troubles.push(status);
  expect(await client({ token }).getSubscription(bought.id)).toMatchObject({ id: bought.id });
  expect(asked).toEqual([undefined, 'old']);
  expect(api.calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  api.troubles.push(status, status);
  await expect(client({ token }).getSubscription(bought.id)).rejects.toMatchObject({ name: 'MarketplaceForbidden' });
  expect(api.calls).toHaveLength(4);
});

test('no token is trouble on our way to the marketplace, not an answer of it', async () => {
  const token = () => Promise.reject(new Error('the authority is away'));
  await expect(client({ token }).getSubscription(randomUUID())).rejects.toMatchObject({ name: 'MarketplaceUnavailable' });
  expect(api.calls).toHaveLength(0);
});

test('the token follows no redirect', async () => {
  const stranger = await FulfillmentApi.start();
  const bought = buy();
  api.troubles.push({ status: 307, headers: { location: `${stranger.url}/saas/subscriptions/${bought.id}?api-version=2018-08-31` } });
  await expect(client().getSubscription(bought.id)).rejects.toMatchObject({ name: 'MarketplaceUnavailable' });
  expect(stranger.calls).toHaveLength(0);
  await stranger.stop();
});

test('a list goes on from page to page without encoding its tokens again', async () => {
  const bought = Array.from({ length: 7 }, () => buy().id);
  api.habits.pageSize = 3;
  expect((await all(client())).map(({ id }) => id)).toEqual(bought);
  expect(api.calls[1]!.query).toContain('continuationToken=%7b%22from%22%3a3%7d');
});

test('a link to a host that may not have our token is followed on our own base; an allowed host gets it', async () => {
  for (let bought = 0; bought < 4; bought += 1) buy();
  api.habits.pageSize = 2;
  api.habits.linkHost = 'evil.example';
  expect(await all(client())).toHaveLength(4);

  const second = await FulfillmentApi.start();
  second.habits.pageSize = 2;
  for (const [id, subscription] of api.subscriptions) second.subscriptions.set(id, subscription);
  api.habits.linkHost = second.host;
  expect(await all(client({ apiHosts: [api.host, second.host] }))).toHaveLength(4);
  expect(second.calls).toHaveLength(1);
  expect(await all(client())).toHaveLength(4);
  expect(second.calls).toHaveLength(1);
  await second.stop();
});

describe('a list', () => {
  let stranger: FulfillmentApi;
  beforeEach(async () => {
    stranger = await FulfillmentApi.start();
  });
  afterEach(() => stranger.stop());
  const ids = async () => (await all(client())).map(({ id }) => id);

  test('is read over pages that are short, empty, or the whole at once', async () => {
    const bought = Array.from({ length: 5 }, () => buy().id);
    api.habits.pageSize = 1;
    api.pages.push({ subscriptions: [], '@nextLink': `${api.url}/saas/subscriptions?continuationToken=%7b%22from%22%3a0%7d` });
    expect(await ids()).toEqual(bought);
    api.habits.bareArrays = true;
    expect(await ids()).toEqual(bought);
  });

  test.each([
    ['escaped', '%7b%22a%22%3a1%7d', '%7b%22a%22%3a1%7d'],
    ['bare', '{"a":"x+y&z=1/#"}', '%7B%22a%22%3A%22x%2By%26z%3D1%2F%23%22%7D'],
  ])('that names its next page by a token alone, %s, goes on with it', async (_how, token, sent) => {
    const bought = buy();
    api.pages.push({ items: [], continuationToken: token });
    expect(await ids()).toEqual([bought.id]);
    expect(api.calls.at(-1)!.query).toBe(`continuationToken=${sent}&api-version=2018-08-31`);
  });

  test('without anything is an empty answer, an empty object, or a list of nothing', async () => {
    expect(await ids()).toEqual([]);
    api.pages.push({}, { subscriptions: null }, { value: [], nextLink: null });
    for (let times = 0; times < 3; times += 1) expect(await ids()).toEqual([]);
  });

  test.each([
    [
      'a foreign host and another way to count',
      (at: string) => `https://${at}/deep/er?$skip=2&page=two`,
      '$skip=2&page=two&api-version=2018-08-31',
    ],
    [
      'a token that is not escaped at all',
      (at: string) => `https://${at}/x?continuationToken={"token":"+RID:~1#","a":1} &api-version=2018-08-31`,
      'continuationToken={%22token%22:%22+RID:~1%23%22,%22a%22:1}%20&api-version=2018-08-31',
    ],
    [
      'no host',
      () => '/api/saas/subscriptions?continuationToken=%7b%22a%22%3a1%7d',
      'continuationToken=%7b%22a%22%3a1%7d&api-version=2018-08-31',
    ],
    [
      'a user name before our host',
      (_at: string, own: string) => `http://user@${own}/api/saas/subscriptions?continuationToken=%7b%7d`,
      'continuationToken=%7b%7d&api-version=2018-08-31',
    ],
  ])('whose next link has %s goes on at our own host with its query, and nobody else gets the token', async (_what, link, query) => {
    const bought = buy();
    api.pages.push({ subscriptions: [], '@nextLink': link(stranger.host, api.host) });
    expect(await ids()).toEqual([bought.id]);
    expect(api.calls.map((call) => [call.path, call.query])).toEqual([
      ['/api/saas/subscriptions', 'api-version=2018-08-31'],
      ['/api/saas/subscriptions', query],
    ]);
    expect(stranger.calls).toHaveLength(0);
  });

  test('whose links go round in circles is ended, and is no whole list', async () => {
    const bought = buy();
    const [here, there] = ['a', 'b'].map((token) => `${api.url}/saas/subscriptions?continuationToken=${token}&api-version=2018-08-31`);
    api.pages.push({ '@nextLink': here }, { '@nextLink': there }, { '@nextLink': here });
    await expect(ids()).rejects.toThrow(MarketplaceUnavailable);
    expect(api.calls).toHaveLength(3);
    expect(await ids()).toEqual([bought.id]);
  });
});

test('what an entry of a list leaves out is told from what it says; what is not said to be forbidden is not', async () => {
  const { id } = buy({ quantity: 3 });
  expect(await all(client())).toMatchObject([{ id, leftOut: [] }]);
  api.habits.sparseLists = true;
  expect(await all(client())).toMatchObject([
    { id, allowedOperations: ['Read', 'Update', 'Delete'], leftOut: ['name', 'offerId', 'quantity', 'autoRenew', 'allowedOperations'] },
  ]);
});

test('plans and open operations are read from lists of any form, with numbers and truth values as words', async () => {
  const { id } = buy({ status: 'Subscribed' });
  const operation = api.begin(id, 'ChangePlan', { planId: 'standard' });
  for (const bareArrays of [false, true])
    for (const capitals of [false, true]) {
      Object.assign(api.habits, { bareArrays, capitals });
      expect(await client().listPlans(id)).toEqual([
        { id: 'free', name: 'Free', isPrivate: false, hasFreeTrials: false, isStopSell: false, minQuantity: null, maxQuantity: null },
        { id: 'standard', name: 'Standard', isPrivate: true, hasFreeTrials: true, isStopSell: true, minQuantity: 1, maxQuantity: 50 },
      ]);
      expect(await client().listOperations(id)).toEqual([
        {
          id: operation.id,
          subscriptionId: id,
          action: 'ChangePlan',
          status: 'InProgress',
          planId: 'standard',
          quantity: null,
          source: 'Azure',
        },
      ]);
    }
  operation.status = 'Pausing';
  expect(await client().getOperation(id, operation.id)).toMatchObject({ status: 'InProgress' });
  api.settle(Object.assign(operation, { status: 'InProgress' }));
  expect(await client().listOperations(id)).toEqual([]);
  expect([await client().listPlans(randomUUID()), await client().listOperations(randomUUID())]).toEqual([[], []]);
});

test('other spellings say the same', async () => {
  const { id } = buy();
  const said = {
    subscription_id: id,
    Plan_Id: ' gold ',
    Status: 'Cancelled ',
    QUANTITY: '7',
    'auto-renew': 'False',
    isFreeTrial: 'true',
    allowedCustomerOperations: 'read, DELETE, Fly',
    term: { TermUnit: 'P7Y', start_date: null },
  };
  for (const body of [said, { subscription: said }]) {
    api.pages.push(body);
    expect(await client().getSubscription(id)).toMatchObject({
      id,
      planId: 'gold',
      status: 'Unsubscribed',
      quantity: 7,
      autoRenew: false,
      isFreeTrial: true,
      allowedOperations: ['Read', 'Delete', 'Fly'],
      termUnit: 'P7Y',
      termStart: null,
      purchaser: { tenantId: null },
    });
  }
});

test('every request is noted with its ids, its outcome and what went wrong, and never with a token', async () => {
  const bought = buy();
  api.troubles.push({ status: 503, headers: {} });
  const act = client().correlated('the-act');
  await act.resolve(bought.token);
  await act.change(bought.id, { planId: 'standard' });
  expect(noted.map(({ method, status, subscriptionId, error }) => [method, status, subscriptionId, error])).toEqual([
    ['POST', 503, null, null],
    ['POST', 200, null, null],
    ['PATCH', 400, bought.id, '{"code":"BadArgument"}'],
  ]);
  expect(noted.map(({ requestId }) => requestId)).toEqual(api.calls.map(({ headers }) => headers['x-ms-requestid']));
  expect(new Set(noted.map(({ correlationId }) => correlationId))).toEqual(new Set(['the-act']));
  expect(noted[0]).toMatchObject({ path: '/api/saas/subscriptions/resolve', startedAt: expect.any(Date), durationMs: expect.any(Number) });
  expect(JSON.stringify(noted)).not.toMatch(new RegExp(`good|${bought.token.slice(-20)}`, 'u'));
});

describe('what is not allowed is explained', () => {
  const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
  const refusedWith = async (token: string, subscriptionId: string) => {
    api.troubles.push(403, 403);
    const error: unknown = await client({ token: async () => token })
      .getSubscription(subscriptionId)
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(MarketplaceForbidden);
    expect(error).toBeInstanceOf(MarketplaceUnavailable);
    return (error as Error).message;
  };

  test('by a token of another application, or without a service principal', async () => {
    const { id } = buy();
    expect(await refusedWith(jwt({ appid: 'someone-else', oid: 'x' }), id)).toMatch(
      /is of the application someone-else, not of MARKETPLACE_CLIENT_ID/u,
    );
    expect(await refusedWith(jwt({ appid: CLIENT_ID }), id)).toMatch(/names no service principal/u);
  });

  test('by the application entered in Partner Center, unless other calls are allowed: then by the offer', async () => {
    const { id } = buy();
    expect(await refusedWith(jwt({ azp: CLIENT_ID.toUpperCase(), oid: 'x' }), id)).toMatch(
      /technical configuration of the offer in Partner Center/u,
    );
    const same = client();
    await same.getSubscription(id);
    api.troubles.push(403, 403);
    await expect(same.correlated('x').getSubscription(id)).rejects.toThrow(/of another offer/u);
  });

  test.each([
    ['AADSTS7000222: the provided client secret keys are expired', /secret has expired.*MARKETPLACE_CLIENT_SECRET/u],
    ['AADSTS7000215: Invalid client secret provided', /secret’s value, not its id/u],
    ['AADSTS700027: Client assertion contains an invalid signature', /certificate is not among those/u],
    ['AADSTS700016: Application not found', /MARKETPLACE_CLIENT_ID and MARKETPLACE_TENANT_ID/u],
    ['AADSTS99999: something of tomorrow', /does not accept our credentials/u],
  ])('by what the authority says: %s', async (said, words) => {
    const token = () => Promise.reject(Object.assign(new Error(said), { errorCode: 'invalid_client' }));
    await expect(client({ token }).getSubscription(randomUUID())).rejects.toThrow(words);
    expect(api.calls).toHaveLength(0);
  });
});

test('an answer that cannot be read is trouble of theirs; in a list it does not hide the others', async () => {
  const bought = buy({ status: ' ' });
  await expect(client().getSubscription(bought.id)).rejects.toMatchObject({ name: 'MarketplaceUnavailable' });
  buy({ planId: '' });
  const [readable, odd] = [buy(), buy({ status: 'Dreaming' })];
  expect((await all(client())).map(({ id, unknownStatus }) => [id, unknownStatus])).toEqual([
    [readable.id, undefined],
    [odd.id, 'Dreaming'],
  ]);
});

test('an id cannot leave its place in the path', async () => {
  await client().getSubscription('../../operations?x=');
  expect(api.calls[0]!.path).toBe('/api/saas/subscriptions/..%2F..%2Foperations%3Fx%3D');
});

describe('asking for a change', () => {
  const bought = () => {
    const { id } = buy({ status: 'Subscribed' });
    return id;
  };

  test.each(['operation-id', 'operation-location', 'location', null] as const)('the operation is the one named by %s', async (by) => {
    api.habits.namesOperationBy = by;
    const answer = await client().change(bought(), { planId: 'standard' });
    expect(answer).toEqual({ operationId: by && [...api.operations.keys()][0] });
    expect(api.callsTo('PATCH', /./u).map(({ body }) => body)).toEqual([{ planId: 'standard' }]);
  });

  test('an operation under way, and a change that is not possible, are told apart; neither is asked twice', async () => {
    const id = bought();
    await client().change(id, { planId: 'standard' });
    expect(await client().change(id, { planId: 'premium' })).toBe('busy');
    expect(await client().change(bought(), { planId: 'free' })).toBe('refused');
    expect(await client().change(randomUUID(), { quantity: 3 })).toBe('refused');
    expect(api.callsTo('PATCH', /./u)).toHaveLength(4);
  });

  test('after an error the state is read first: what was begun is not asked for again, what was not is asked once more', async () => {
    const id = bought();
    api.habits.losesAnswers = true;
    const answer = await client().change(id, { planId: 'standard' });
    expect(answer).toEqual({ operationId: [...api.operations.keys()][0] });
    expect(api.calls.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)).toEqual([`PATCH ${id}`, 'GET operations']);

    api.habits.losesAnswers = false;
    api.calls.length = 0;
    const other = bought();
    api.troubles.push(503);
    expect(await client().change(other, { quantity: 3 })).toMatchObject({ operationId: expect.any(String) });
    expect(api.calls.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)).toEqual([
      `PATCH ${other}`,
      'GET operations',
      `GET ${other}`,
      `PATCH ${other}`,
    ]);
    api.troubles.push(...Array.from({ length: 20 }, () => 503));
    await expect(client().change(bought(), { quantity: 3 })).rejects.toThrow(MarketplaceUnavailable);
    expect(api.callsTo('PATCH', /./u)).toHaveLength(3);
  });

  test('after its answer was lost a cancellation is looked up, not asked for again', async () => {
    const id = bought();
    api.habits.losesAnswers = true;
    expect(await client().cancel(id)).toBe('ended');
    expect(api.callsTo('DELETE', /./u)).toHaveLength(1);

    const open = bought();
    const operation = Object.assign(api.begin(open, 'unsubscribe'), { status: 'InProgress' });
    api.troubles.push(503);
    expect(await client().cancel(open)).toEqual({ operationId: operation.id });
  });

  test('a cancellation names its operation; under way, not ours to do, and over are told apart', async () => {
    const id = bought();
    expect(await client().cancel(id)).toEqual({ operationId: [...api.operations.keys()][0] });
    expect([await client().cancel(id), await client().cancel(randomUUID())]).toEqual(['ended', 'ended']);
    expect(await client().cancel(buy({ status: 'Subscribed', allowed: ['Read'] }).id)).toBe('refused');
    const changing = bought();
    await client().change(changing, { planId: 'standard' });
    expect(await client().cancel(changing)).toBe('busy');
  });

  test('an acknowledgement whose answer was lost is repeated only while the operation waits', async () => {
    const id = bought();
    const operation = api.begin(id, 'ChangePlan', { planId: 'standard' });
    api.troubles.push(500);
    expect(await client().acknowledge(id, operation.id, 'Success')).toBe('noted');
    expect(api.callsTo('PATCH', /./u)).toHaveLength(2);
    api.troubles.push(500);
    expect(await client().acknowledge(id, operation.id, 'Failure')).toBe('settled');
    expect(api.callsTo('PATCH', /./u)).toHaveLength(3);
  });
});
