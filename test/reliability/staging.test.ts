// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { createHmac, randomUUID } from 'node:crypto';
import { Cluster, postgresBinaries } from '../support/cluster';
import type { Person } from '../support/foreign/authority';
import { type Answer, type Browser, send } from '../support/foreign/browser';
import { type IsolatedServer, startIsolated } from '../support/foreign/isolated';
import type { Purchase } from '../support/foreign/market';
import { startWorld, type World } from '../support/foreign/world';
import { createIssuer } from '../support/issuer';
import { compileServer, freePort } from '../support/server-process';

jest.setTimeout(180_000);

let compiled: Awaited<ReturnType<typeof compileServer>>;
let world: World;

beforeAll(async () => {
  compiled = await compileServer();
  world = await startWorld(compiled.main, { isDescribed: true, publicUrl: 'https://kontingent.foreign.test', isBehindProxy: false });
});
afterAll(async () => {
  await world?.stop();
  await compiled.remove();
});

/** Looks again until the answer is the wanted one. */
async function until<T>(look: () => Promise<T> | T, isSo: (seen: T) => boolean, withinMs = 10_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(seen)}\n${world.server.said().slice(-4000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** An organization with an active plan, and whoever bought it. */
async function customer(planId = 'free'): Promise<{ owner: Person; purchase: Purchase }> {
  const owner = world.newPerson('Olivia Owner');
  const purchase = world.market.buy(planId, owner);
  const browser = await world.land(purchase, owner);
  const activated = await browser.act('/account/activate', world.activation(purchase));
  expect([activated.status, activated.json().state]).toEqual([200, 'active']);
  return { owner, purchase };
}

const meterOf = async (person: Person, meter = 'tickets') =>
  (await world.api(person, 'GET', '/usage')).json().meters.find((one: any) => one.meter === meter);
const statusOf = async (person: Person) => (await world.api(person, 'GET', '/me')).json().subscription?.status;
const newTicket = (person: Person, title: string, key: string = randomUUID()) =>
  world.api(person, 'POST', '/tickets', { title }, { 'idempotency-key': key });
const fill = async (person: Person, tickets: number) => {
  for (let count = 1; count <= tickets; count += 1) expect((await newTicket(person, `Ticket ${count}`)).status).toBe(201);
};

describe('a customer of a marketplace, a directory and a Teams of other makes', () => {
  let owner: Person;
  let purchase: Purchase;
  let browser: Browser;
  const said = () => world.framework.sent.at(-1)!;

  test('lands with the purchase, signs in, and activates once by two clicks in two windows', async () => {
    owner = world.newPerson('Olivia Owner');
    purchase = world.market.buy('free', owner);
    browser = await world.land(purchase, owner);
    const state = await browser.state();
    expect(state).toMatchObject({ state: 'new', subscription: { id: purchase.id, planId: 'free', quantity: null, termStart: null } });
    expect(state.signedInAs).toMatchObject({ name: 'Olivia Owner', organizationId: owner.tenantId });

    const other = await world.land(purchase, owner);
    const answers = await Promise.all([
      browser.act('/account/activate', world.activation(purchase)),
      browser.act('/account/activate', world.activation(purchase)),
      other.act('/account/activate', world.activation(purchase)),
    ]);
    expect(answers.map(({ status, text }) => [status, JSON.parse(text).state])).toEqual(Array(3).fill([200, 'active']));
    expect(world.market.callsTo('POST', /activate$/u).filter(({ status }) => status === 202)).toHaveLength(1);
  });

  test('finds the purchase again with the same token, which is now active', async () => {
    const again = await world.land(purchase, owner);
    expect(await again.state()).toMatchObject({ state: 'active', subscription: { id: purchase.id, status: 'Subscribed' } });
    expect((await again.act('/account/activate', world.activation(purchase))).json()).toMatchObject({ state: 'active' });
    expect(world.market.callsTo('POST', /activate$/u).filter(({ status }) => status === 202)).toHaveLength(1);
  });

  test('is the same person in the tab, whatever case the directory writes ids in', async () => {
    const capitals = { ...owner, tenantId: owner.tenantId.toUpperCase(), objectId: owner.objectId.toUpperCase() };
    const [me, again] = [await world.api(owner, 'GET', '/me'), await world.api(capitals, 'GET', '/me')];
    expect(me.json()).toMatchObject({
      organization: 'A foreign organization',
      member: { id: owner.objectId, role: 'owner' },
      subscription: { planId: 'free' },
    });
    expect(again.json().member).toEqual({ ...me.json().member, lastActiveAt: expect.any(String) });
    const mixed = { aud: world.ids.entra.toUpperCase(), iss: world.authority.issuerTemplate.replace('{tid}', owner.tenantId) };
    const token = await world.authority.tabToken(world.ids.entra, capitals, mixed);
    expect((await world.api(owner, 'GET', '/me', undefined, { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  test('creates tickets to the limit and not beyond', async () => {
    await fill(owner, 9);
    const answers = await Promise.all([newTicket(owner, 'The tenth'), newTicket(owner, 'One more'), newTicket(owner, 'Another')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 402, 402]);
    const refused = answers.find(({ status }) => status === 402)!.json();
    expect(refused).toMatchObject({ code: 'quota_exhausted', meter: 'tickets', limit: 10, used: 10, draftId: expect.any(String) });
    expect(await meterOf(owner)).toMatchObject({ used: 10, limit: 10, state: 'exhausted' });
  });

  test('is refused by the bot too, in neutral words, with the bot’s own token', async () => {
    const { status } = await world.tell(world.framework.message(owner, 'first-words', 'new ticket Printer on fire'));
    expect(status).toBe(200);
    // The notice of the full quota may come into the chat at the same moment.
    const replyTo = `a:${owner.objectId}/activities/first-words`;
    const { activity, authorization } = world.framework.sent.find(({ path }) => path === replyTo)!;
    const words = JSON.stringify(activity);
    expect(words).toContain('Printer on fire');
    expect(words).not.toMatch(/upgrade|price|€|buy|plan/iu);
    const issued = world.authority.issued.filter(({ clientId }) => clientId === world.ids.bot);
    expect(issued.map(({ token }) => `Bearer ${token}`)).toContain(authorization);
    expect(issued.map(({ scope }) => scope)).toEqual(['https://api.botframework.com/.default']);
    expect((await world.api(owner, 'GET', '/drafts')).json().items).toHaveLength(3);
  });

  test('changes the plan: the webhook is answered at once, confirmed within ten seconds, and the kept drafts are created', async () => {
    const operation = world.market.begin(purchase, 'ChangePlan', { planId: 'standard' });
    const at = Date.now();
    expect((await world.announce(operation, { planId: 'standard' }, 'v1')).status).toBe(200);
    await until(
      () => operation.answers.length,
      (count) => count > 0,
    );
    expect(operation.answers[0]!.at - at).toBeLessThan(5_000);
    await until(
      () => meterOf(owner),
      ({ limit }) => limit === 100,
    );
    expect(operation.answers.map(({ status }) => status)).toEqual(['Success']);
    const submitted = await world.api(owner, 'POST', '/drafts/submit-all', {});
    expect([submitted.json().submitted.length, submitted.json().remaining]).toEqual([3, 0]);
    expect(await meterOf(owner)).toMatchObject({ used: 13, limit: 100 });
  });

  test('reads on while suspended, works again when reinstated, reads still when it has ended', async () => {
    const [ticket] = (await world.api(owner, 'GET', '/tickets')).json().items;
    const change = (title: string) => world.api(owner, 'PATCH', `/tickets/${ticket.id}`, { title }, { 'if-match': `"${ticket.revision}"` });
    expect((await world.announce(world.market.begin(purchase, 'Suspend'), { status: 'Succeeded ' })).status).toBe(200);
    await until(
      () => statusOf(owner),
      (status) => status === 'Suspended',
    );
    expect((await newTicket(owner, 'Not now')).json()).toMatchObject({
      status: 403,
      code: 'subscription_inactive',
      subscriptionStatus: 'Suspended',
    });
    expect((await world.api(owner, 'GET', '/tickets')).json().items.length).toBe(13);
    expect((await browser.state()).state).toBe('suspended');
    await world.tell(world.framework.message(owner, 'while-suspended', 'new ticket Not now either'));
    expect(JSON.stringify(said().activity)).not.toContain('T-14');

    expect((await world.announce(world.market.begin(purchase, 'Reinstate', { hiddenBy: 400 }))).status).toBe(200);
    await until(
      () => statusOf(owner),
      (status) => status === 'Subscribed',
    );
    expect(await meterOf(owner)).toMatchObject({ used: 13, limit: 100 });
    expect((await newTicket(owner, 'Again')).status).toBe(201);

    expect((await world.announce(world.market.begin(purchase, 'Unsubscribe', { hiddenBy: 404 }), { action: 'unsubscribe' })).status).toBe(
      200,
    );
    await until(
      () => statusOf(owner),
      (status) => status === 'Unsubscribed',
    );
    expect((await newTicket(owner, 'Too late')).status).toBe(403);
    expect((await change('Too late')).status).toBe(403);
    expect((await world.api(owner, 'GET', '/tickets')).json().items.length).toBe(14);
    expect((await browser.state()).state).toBe('ended');
  });
});

describe('a marketplace with habits', () => {
  let silent: { owner: Person; purchase: Purchase };

  test('whose operations can never be read is listened to all the same', async () => {
    silent = await customer();
    expect((await world.announce(world.market.begin(silent.purchase, 'ChangePlan', { planId: 'premium', hiddenBy: 400 }))).status).toBe(
      200,
    );
  });

  test('that is busy or fails now and then does not fail the buyer', async () => {
    const owner = world.newPerson('Patient Buyer');
    const purchase = world.market.buy('free', owner);
    world.market.troubles.push({ method: 'GET', status: 500 }, { method: 'POST', status: 503 });
    world.market.resolvesInPart = true;
    const browser = await world.land(purchase, owner);
    expect((await browser.state()).state).toBe('new');
    world.market.resolvesInPart = false;
    world.market.troubles.push({ method: 'POST', status: 429 }, { method: 'GET', status: 502 });
    expect((await browser.act('/account/activate', world.activation(purchase))).json()).toMatchObject({ state: 'active' });
  });

  test('that takes no old token any more is asked with a new one', async () => {
    world.market.refuseTokens(world.authority.issued.map(({ token }) => token));
    await customer();
  });

  test('whose operations cannot be read at first still gets its confirmation', async () => {
    const { owner, purchase } = await customer();
    const operation = world.market.begin(purchase, 'ChangePlan', { planId: 'standard', hiddenBy: 404 });
    setTimeout(() => {
      operation.hiddenBy = null;
    }, 2_000);
    expect((await world.announce(operation)).status).toBe(200);
    await until(
      () => meterOf(owner),
      ({ limit }) => limit === 100,
    );
    expect(operation.answers.map(({ status }) => status)).toEqual(['Success']);
  });

  test('that hangs does not hold up the answer to its webhook', async () => {
    const { owner, purchase } = await customer();
    const operation = world.market.begin(purchase, 'ChangePlan', { planId: 'standard' });
    world.market.delayMs = 9_500;
    const at = Date.now();
    expect((await world.announce(operation)).status).toBe(200);
    expect(Date.now() - at).toBeLessThan(2_000);
    world.market.delayMs = 0;
    await until(
      () => meterOf(owner),
      ({ limit }) => limit === 100,
      25_000,
    );
  });

  test('that announces in odd words, in an odd order, and again, is understood once', async () => {
    const { owner, purchase } = await customer();
    const change = world.market.begin(purchase, 'ChangePlan', { planId: 'standard', isSparse: true });
    const bodies = [
      {
        id: change.id.toUpperCase(),
        subscriptionId: ` ${purchase.id} `,
        action: ' changeplan ',
        planId: 'standard ',
        quantity: '',
        subscription: null,
        ofTomorrow: {},
      },
      { id: change.id, subscriptionId: purchase.id.toLowerCase(), action: 'CHANGEPLAN' },
      {
        id: ` ${change.id}`,
        subscriptionId: purchase.id,
        action: 'ChangePlan',
        planId: 'standard',
        status: 'InProgress',
        quantity: null,
        purchaseToken: null,
      },
    ];
    const answers = await Promise.all(
      [...bodies, ...bodies].map(async (body, at) =>
        world.deliver(body, await world.herald.sign(world.claims(at % 2 === 0 ? 'v1' : 'v2'))),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    await until(
      () => meterOf(owner),
      ({ limit }) => limit === 100,
    );
    expect(change.answers.map(({ status }) => status)).toEqual(['Success']);

    const later = [world.market.begin(purchase, 'Suspend', { hiddenBy: 404 }), world.market.begin(purchase, 'Reinstate')];
    for (const operation of later.reverse()) expect((await world.announce(operation)).status).toBe(200);
    const renewed = { id: randomUUID(), subscriptionId: purchase.id, action: 'Renew', status: 'Succeeded' };
    const unheardOf = { id: randomUUID(), subscriptionId: randomUUID(), action: 'Transfer' };
    const stranger = { id: randomUUID(), subscriptionId: randomUUID(), action: 'Suspend' };
    for (const version of ['v1', 'v2'] as const) {
      const token = await world.herald.sign({ ...world.claims(version), ver: undefined });
      expect((await world.deliver({ ...renewed, id: randomUUID() }, token)).status).toBe(200);
    }
    for (const body of [renewed, unheardOf, stranger])
      expect((await world.deliver(body, await world.herald.sign(world.claims('v2')))).status).toBe(200);
    await until(
      () => statusOf(owner),
      (status) => status === 'Subscribed',
    );
    expect((await newTicket(owner, 'Still here')).status).toBe(201);
  });

  test('is refused a change to a plan that is not sold, by 4xx and by Failure, and what it holds stays', async () => {
    const { owner, purchase } = await customer();
    const operation = world.market.begin(purchase, 'ChangePlan', { planId: 'platinum' });
    const answer = await world.announce(operation);
    expect([answer.status >= 400 && answer.status < 500, answer.json().code]).toEqual([true, 'plan_unknown']);
    await until(
      () => operation.answers.length,
      (count) => count > 0,
    );
    expect(operation.answers.map(({ status }) => status)).toEqual(['Failure']);
    expect(await meterOf(owner)).toMatchObject({ limit: 10 });
  });

  test('loses power with us: what was announced and not yet applied is applied after a restart', async () => {
    const { owner, purchase } = await customer();
    await newTicket(owner, 'Before the power cut');
    world.market.delayMs = 1_000;
    const operation = world.market.begin(purchase, 'ChangePlan', { planId: 'standard' });
    expect((await world.announce(operation)).status).toBe(200);
    await world.server.pullThePlug();
    world.market.delayMs = 0;
    const used = await meterOf(owner);
    expect(used).toMatchObject({ used: 1 });
    await until(
      () => meterOf(owner),
      ({ limit }) => limit === 100,
      20_000,
    );
  });

  test('whose operations can never be read has changed the plan by its silence meanwhile', async () => {
    await until(
      () => meterOf(silent.owner),
      ({ limit }) => limit === 500,
      25_000,
    );
  });
});

describe('the wrong people', () => {
  let owner: Person;
  let purchase: Purchase;

  beforeAll(async () => {
    ({ owner, purchase } = await customer());
  });

  test('with somebody else’s purchase token see nothing of it and activate nothing', async () => {
    const bought = world.market.buy('standard', owner);
    const thief = world.newPerson('Otto Other');
    const browser = await world.land(bought, thief);
    const state = await browser.state();
    expect(state).toMatchObject({ state: 'wrong_account', subscription: null, others: [], suggestedContact: null });
    expect(JSON.stringify(state)).not.toContain(bought.id);
    const answer = await browser.act('/account/activate', world.activation(bought));
    expect([answer.status, answer.json().code]).toEqual([403, 'not_purchaser']);
    expect(bought.status).toBe('PendingFulfillmentStart');
  });

  test('with an id alone activate nothing', async () => {
    const bought = world.market.buy('standard', owner);
    const browser = await world.land(world.market.buy('free', world.newPerson('Otto Other')), world.newPerson('Otto Other'));
    expect((await browser.act('/account/activate', world.activation(bought))).status).toBe(404);
    expect(world.market.callsTo('POST', /activate$/u).filter(({ path }) => path.includes(bought.id))).toEqual([]);
  });

  test.each(['expired-token', '%E0%A4%A', 'a\nb', 'é', 'x'.repeat(9_000), ''])('are told that the token %p is none', async (token) => {
    const browser = await world.land({ token }, owner);
    expect(await browser.state()).toMatchObject({ state: 'token_invalid', subscription: null });
  });

  test('cannot come back with another’s code, an old answer, or another browser’s state', async () => {
    const [first, second] = [world.visitor(), world.visitor()];
    const begin = async (browser: Browser) => (await browser.open('/account/sign-in')).headers.location!;
    const back = first.own(await world.authority.signIn(await begin(first), owner));
    await begin(second);
    expect((await second.open(back)).headers.location).toBe('/account?problem=sign_in');
    const other = new URL(await world.authority.signIn(await begin(second), owner)).searchParams.get('code')!;
    const swapped = new URL(back, 'https://kontingent.foreign.test');
    swapped.searchParams.set('code', other);
    expect((await first.open(`${swapped.pathname}${swapped.search}`)).headers.location).toBe('/account?problem=sign_in');
    expect((await first.open(back)).headers.location).toBe('/account?problem=sign_in');
    expect((await first.state()).state).toBe('signed_out');
  });

  test('cannot act for a signed-in browser from a page of theirs', async () => {
    const browser = await world.land(purchase, owner);
    const { csrfToken } = await browser.state();
    const body = JSON.stringify(world.activation(purchase));
    const headers = { 'content-type': 'application/json' };
    const post = (more: Record<string, string>) =>
      browser.open('/account/activate', { method: 'POST', headers: { ...headers, ...more }, body });
    expect((await post({})).status).toBe(403);
    expect((await post({ 'x-csrf-token': csrfToken, origin: 'https://evil.foreign.test' })).status).toBe(403);
    expect((await post({ 'x-csrf-token': csrfToken, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(
      (await send(`${world.server.url}/account/activate`, { method: 'POST', headers: { ...headers, 'x-csrf-token': csrfToken }, body }))
        .status,
    ).toBe(401);
  });

  const forged: [string, () => Promise<string | null>][] = [
    ['no token', async () => null],
    ['a word', async () => 'token'],
    ['three words', async () => 'a.b.c'],
    ['no signature at all', async () => `${unsigned({ alg: 'none', typ: 'JWT' })}.`],
    ['a signature with a shared word', async () => hmac()],
    [
      'another’s signature under our key’s name',
      async () => world.authority.issuer.sign(world.claims('v2'), { kid: String(world.herald.keySet().keys[0]!.kid) }),
    ],
    ['another’s signature', () => world.authority.issuer.sign(world.claims('v2'))],
    ['an end that has passed', () => world.herald.sign(world.claims('v2'), { expiresIn: -300 })],
    ['no end', () => world.herald.sign(world.claims('v1'), { expiresIn: null })],
    ['a beginning to come', () => world.herald.sign(world.claims('v1'), { notBefore: 600 })],
    ['another audience', () => world.herald.sign({ ...world.claims('v2'), aud: world.ids.entra })],
    ['another tenant', () => world.herald.sign({ ...world.claims('v2'), tid: owner.tenantId })],
    [
      'another tenant’s issuer',
      () => world.herald.sign({ ...world.claims('v2'), iss: `https://login.foreign.test/${owner.tenantId}/v2.0` }),
    ],
    ['no issuer', () => world.herald.sign({ ...world.claims('v1'), iss: undefined })],
    ['another caller, version 2', () => world.herald.sign({ ...world.claims('v2'), azp: world.ids.marketplace })],
    ['another caller, version 1', () => world.herald.sign({ ...world.claims('v1'), appid: randomUUID() })],
    ['no caller', () => world.herald.sign({ ...world.claims('v2'), azp: undefined })],
    ['another caller, no version', () => world.herald.sign({ ...world.claims('v1'), ver: undefined, appid: randomUUID() })],
    ['a person’s token of the tab', () => world.authority.tabToken(world.ids.entra, owner)],
    ['a token of the connector', () => world.framework.token()],
  ];
  test.each(forged)('who announce with %s are refused, and nothing is kept of it', async (_kind, token) => {
    const operation = world.market.begin(purchase, 'Suspend');
    purchase.status = 'Subscribed';
    // Kept, a change to a plan that nobody sells would be refused the second time too.
    const body = { id: operation.id, subscriptionId: purchase.id, action: 'ChangePlan', planId: 'not-sold' };
    expect((await world.deliver(body, await token())).status).toBe(401);
    expect(world.market.calls.filter(({ path }) => path.includes(operation.id))).toEqual([]);
    expect((await world.deliver({ ...body, action: 'Renew' }, await world.herald.sign(world.claims('v2')))).status).toBe(200);
  });

  const foreignTab: [string, (person: Person) => Promise<string>][] = [
    ['another audience', (person) => world.authority.tabToken(world.ids.bot, person)],
    ['an end that has passed', (person) => world.authority.tabToken(world.ids.entra, person, {}, { expiresIn: -300 })],
    [
      'the marketplace’s signature',
      (person) => world.herald.sign({ ...world.authority.claimsOf(world.ids.entra, person), scp: 'access_as_user' }),
    ],
    [
      'another tenant’s issuer',
      (person) => world.authority.tabToken(world.ids.entra, person, { iss: world.authority.issuerTemplate.replace('{tid}', randomUUID()) }),
    ],
    ['the template for an issuer', (person) => world.authority.tabToken(world.ids.entra, person, { iss: world.authority.issuerTemplate })],
    ['no scope', (person) => world.authority.tabToken(world.ids.entra, person, { scp: undefined })],
    ['version 1', (person) => world.authority.tabToken(world.ids.entra, person, { ver: '1.0' })],
    ['no person', (person) => world.authority.tabToken(world.ids.entra, person, { oid: undefined })],
    ['no signature', async (person) => `${unsigned({ alg: 'none' }, world.authority.claimsOf(world.ids.entra, person))}.`],
  ];
  test.each(foreignTab)('with a tab’s token with %s are refused', async (_kind, token) => {
    const answer = await world.api(owner, 'GET', '/me', undefined, { authorization: `Bearer ${await token(owner)}` });
    expect([answer.status, answer.json().code]).toEqual([401, 'token_invalid']);
  });

  test('of a second organization reach no id of the first', async () => {
    const { owner: other } = await customer();
    const ticket = (await newTicket(owner, 'Ours')).json();
    const tries = await Promise.all([
      world.api(other, 'GET', `/tickets/${ticket.id}`),
      world.api(other, 'PATCH', `/tickets/${ticket.id}`, { title: 'Theirs' }, { 'if-match': '"1"' }),
      world.api(other, 'GET', `/tickets/${ticket.id}/timeline`),
      world.api(other, 'POST', `/tickets/${ticket.id}/comments`, { body: 'Hello' }),
    ]);
    expect(tries.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  });

  const foreignCallers: [string, (message: any) => Promise<Answer>][] = [
    ['no token', (message) => world.tell(message, null)],
    ['the tab’s token', async (message) => world.tell(message, await world.authority.tabToken(world.ids.entra, owner))],
    ['another audience', async (message) => world.tell(message, await world.framework.token({ aud: world.ids.entra }))],
    ['another issuer', async (message) => world.tell(message, await world.framework.token({ iss: 'https://api.botframework.com' }))],
    [
      'another service address',
      async (message) => world.tell(message, await world.framework.token({ serviceurl: 'http://evil.foreign.test/' })),
    ],
    ['no service address', async (message) => world.tell(message, await world.framework.token({ serviceurl: undefined }))],
    ['an end that has passed', async (message) => world.tell(message, await world.framework.token({}, { expiresIn: -400 }))],
    [
      'another signature',
      async (message) =>
        world.tell(
          message,
          await world.herald.sign({ iss: world.framework.tokenIssuer, aud: world.ids.bot, serviceurl: world.framework.serviceUrl }),
        ),
    ],
    ['another channel', async (message) => world.tell({ ...message, channelId: 'directline' })],
  ];
  test.each(foreignCallers)('who speak to the bot with %s are refused and not answered', async (_kind, tell) => {
    const before = [world.framework.sent.length, (await meterOf(owner)).used];
    expect((await tell(world.framework.message(owner, randomUUID(), 'new ticket Forged'))).status).toBe(401);
    expect([world.framework.sent.length, (await meterOf(owner)).used]).toEqual(before);
  });

  function unsigned(header: object, claims: object = world.claims('v2')): string {
    const all = { exp: Math.floor(Date.now() / 1000) + 600, ...claims };
    return [header, all].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  }

  function hmac(): string {
    const [key] = world.herald.keySet().keys;
    const content = unsigned({ alg: 'HS256', typ: 'JWT', kid: key!.kid });
    return `${content}.${createHmac('sha256', key!.n!).update(content).digest('base64url')}`;
  }
});

describe('a connector with habits', () => {
  let owner: Person;
  const sentDuring = async (activity: object, token?: string) => {
    const before = world.framework.sent.length;
    const answer = await world.tell(activity, token);
    expect([answer.status, answer.text]).toEqual([expect.any(Number), expect.any(String)]);
    return { answer, sent: world.framework.sent.slice(before) };
  };
  const cardOf = (sent: { activity: any } | undefined): any => sent?.activity.attachments?.[0]?.content;
  const usedTickets = async () => (await meterOf(owner)).used;

  beforeAll(async () => {
    ({ owner } = await customer('standard'));
  });

  test('names the organization in one place or the other', async () => {
    const sparse = world.framework.message(owner, randomUUID(), 'new ticket One');
    const { conversation, ...rest } = world.framework.message(owner, randomUUID(), 'new ticket Two');
    const other = {
      ...rest,
      conversation: { id: conversation.id, conversationType: 'personal' },
      channelData: { tenant: { id: owner.tenantId } },
      locale: null,
    };
    for (const [at, activity] of [sparse, other].entries()) {
      const aud = at === 0 ? world.ids.bot : world.ids.bot.toUpperCase();
      const { answer, sent } = await sentDuring(activity, await world.framework.token({ aud }));
      expect([answer.status, sent.length]).toEqual([200, 1]);
      expect(JSON.stringify(cardOf(sent[0]))).toMatch(/One|Two/u);
    }
    expect(await usedTickets()).toBe(2);
    const contradicting = { ...sparse, id: randomUUID(), channelData: { tenant: { id: randomUUID() } } };
    await sentDuring(contradicting);
    expect(await usedTickets()).toBe(2);
  });

  test('sends the same message three times, at once and later: one ticket', async () => {
    const activity = world.framework.message(owner, randomUUID(), 'new ticket Sent thrice');
    const before = await usedTickets();
    await Promise.all([sentDuring(activity), sentDuring(activity)]);
    await sentDuring(activity);
    expect(await usedTickets()).toBe(before + 1);
  });

  test('waits for replies in its own answer', async () => {
    const { answer, sent } = await sentDuring({ ...world.framework.message(owner, randomUUID(), 'help'), deliveryMode: 'expectReplies' });
    expect([answer.status, sent.length]).toEqual([200, 0]);
    expect(answer.json().activities).toHaveLength(1);
    expect(answer.json().activities[0]).toMatchObject({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }],
    });
  });

  test.each([
    ['a group chat', 'groupChat', '19:0a1b2c@unq.gbl.spaces'],
    ['a channel', 'channel', '19:d3adb33f@thread.tacv2;messageid=1700000000000'],
  ])('mentions the bot in %s', async (_where, conversationType, id) => {
    const before = await usedTickets();
    const text = `<at id="0">Some &amp; Bot</at>&nbsp;new ticket Asked in ${conversationType}\n`;
    const { sent } = await sentDuring({
      ...world.framework.message(owner, randomUUID(), text),
      conversation: { id, conversationType, isGroup: true, tenantId: owner.tenantId },
      entities: [{ type: 'mention', text: '<at id="0">Some &amp; Bot</at>', mentioned: { id: `28:${world.ids.bot}`, name: 'Some & Bot' } }],
    });
    expect(sent.map(({ path }) => path.startsWith(`${id}/activities`))).toEqual([true]);
    expect(JSON.stringify(cardOf(sent[0]))).toContain(`Asked in ${conversationType}`);
    expect(JSON.stringify(cardOf(sent[0]))).not.toContain('Bot');
    expect(await usedTickets()).toBe(before + 1);
  });

  test.each([
    ['an edited message', { type: 'messageUpdate', channelData: { eventType: 'editMessage' } }],
    ['a deleted message', { type: 'messageDelete', channelData: { eventType: 'softDeleteMessage' } }],
    ['a reaction', { type: 'messageReaction', reactionsAdded: [{ type: 'like' }] }],
    ['somebody typing', { type: 'typing' }],
    ['an event nobody knows', { type: 'event', name: 'application/vnd.microsoft.readReceipt', value: { lastReadMessageId: '1' } }],
    ['a kind nobody knows', { type: 'ofTomorrow' }],
    ['an end of the conversation', { type: 'endOfConversation' }],
  ])('tells of %s: taken and left at that', async (_what, specific) => {
    const before = await usedTickets();
    const { answer, sent } = await sentDuring({ ...world.framework.message(owner, randomUUID(), 'new ticket Edited'), ...specific });
    expect([answer.status, sent.length]).toEqual([200, 0]);
    expect(await usedTickets()).toBe(before);
  });

  test('tells of an installation in two ways: one welcome', async () => {
    const { text: _text, ...about } = world.framework.message(owner, randomUUID(), '');
    const bot = { id: `28:${world.ids.bot}` };
    const welcomes = [
      await sentDuring({ ...about, id: undefined, type: 'conversationUpdate', membersAdded: [bot] }),
      await sentDuring({ ...about, id: 'f:installed', type: 'installationUpdate', action: 'add' }),
      await sentDuring({ ...about, id: 'f:installed', type: 'installationUpdate', action: 'add' }),
    ];
    expect(welcomes.map(({ answer }) => answer.status)).toEqual([200, 200, 200]);
    expect(welcomes.flatMap(({ sent }) => sent)).toHaveLength(1);
    expect((await sentDuring({ ...about, type: 'installationUpdate', action: 'remove' })).answer.status).toBe(200);
  });

  test('sends a form by Action.Submit, twice: one ticket, in place of the form', async () => {
    const before = await usedTickets();
    const [form] = (await sentDuring(world.framework.message(owner, randomUUID(), 'New ticket'))).sent;
    const { data } = cardOf(form).actions[0];
    const { text: _text, ...press } = world.framework.message(owner, randomUUID(), '');
    const value = { ...data, title: 'By form', description: 'Two\nlines' };
    const first = await sentDuring({ ...press, replyToId: 'the-form', value });
    const second = await sentDuring({ ...press, id: randomUUID(), replyToId: 'the-form', value });
    expect(first.sent.map(({ method, path }) => [method, path.split('/').at(-1)])).toEqual([['PUT', 'the-form']]);
    expect(second.answer.status).toBe(200);
    expect(await usedTickets()).toBe(before + 1);
  });

  test('presses by adaptiveCard/action, with a verb of ours, of nobody’s, and with nothing', async () => {
    const before = await usedTickets();
    const { text: _text, ...about } = world.framework.message(owner, randomUUID(), '');
    const press = (action: unknown) =>
      sentDuring({ ...about, id: randomUUID(), type: 'invoke', name: 'adaptiveCard/action', value: { action, trigger: 'manual' } });
    const data = { title: 'By press', key: randomUUID() };
    const [first, again] = [
      await press({ type: 'Action.Execute', verb: 'create_ticket', data }),
      await press({ type: 'Action.Execute', verb: 'create_ticket', data }),
    ];
    expect(first.answer.json()).toMatchObject({ statusCode: 200, type: 'application/vnd.microsoft.card.adaptive' });
    expect(again.answer.json()).toMatchObject({ statusCode: 200 });
    expect(await usedTickets()).toBe(before + 1);
    const refused = [await press({ type: 'Action.Execute', verb: 'drop_everything', data: {} }), await press(undefined)];
    expect(refused.map(({ answer }) => answer.status)).toEqual([501, 400]);
    expect((await sentDuring({ ...about, type: 'invoke', name: 'of/tomorrow', value: {} })).answer.status).toBe(501);
  });

  test('takes a reply at the second try when it is busy', async () => {
    world.framework.troubles.push(429);
    const { answer, sent } = await sentDuring(world.framework.message(owner, randomUUID(), 'help'));
    expect([answer.status, sent.length]).toEqual([200, 1]);
  });

  test('cannot make the bot fall over with nonsense', async () => {
    const token = await world.framework.token();
    const whole = world.framework.message(owner, randomUUID(), 'help');
    const nonsense = [
      [],
      'text',
      { type: 7 },
      { ...whole, conversation: null },
      { ...whole, from: undefined },
      { ...whole, text: null },
      { ...whole, text: 7 },
      { ...whole, entities: {} },
    ];
    for (const body of nonsense) expect((await world.tell(body as object, token)).status).toBeLessThan(500);
  });
});

test('behind a proxy, with an authority that describes nothing: Entra’s layout serves marketplace, people and bot, and loopback is reached directly', async () => {
  const other = await startWorld(compiled.main, { isDescribed: false, publicUrl: null, isBehindProxy: true });
  try {
    const owner = other.newPerson('Olivia Owner');
    const purchase = other.market.buy('free', owner);
    const browser = await other.land(purchase, owner);
    expect((await browser.act('/account/activate', other.activation(purchase))).json()).toMatchObject({ state: 'active' });
    expect((await other.tell(other.framework.message(owner, randomUUID(), 'help'))).status).toBe(200);
    expect(other.framework.sent).toHaveLength(1);
    expect(other.server.outside()).toEqual([]);
  } finally {
    await other.stop();
  }
});

test('in all this nobody outside was asked, no fault was logged, and no secret either', () => {
  expect(world.server.outside()).toEqual([]);
  const lines = world.server.said();
  const faults = lines.split('\n').filter((line) => line.startsWith('{') && JSON.parse(line).level >= 50);
  expect(faults.filter((line) => /a request failed|a turn of the bot failed|a job failed/u.test(line))).toEqual([]);
  for (const { token } of world.authority.issued) expect(lines).not.toContain(token);
  for (const { token } of world.market.purchases) expect(lines).not.toContain(token);
  expect(lines).not.toMatch(/a secret & more|entra-secret|bot-secret|eyJ[\w-]+\.eyJ/u);
});

const bin = postgresBinaries();
if (!bin) process.stderr.write('*** LEFT OUT: production mode needs PostgreSQL programs, and none were found. ***\n');

(bin ? describe : describe.skip)('in production mode, with a whole configuration and no network', () => {
  const guids = { tenant: randomUUID(), marketplace: randomUUID(), entra: randomUUID(), bot: randomUUID() };
  let cluster: Cluster;
  let server: IsolatedServer;

  beforeAll(async () => {
    cluster = await Cluster.start(bin!);
    const env = {
      KONTINGENT_MODE: 'production',
      PORT: String(await freePort()),
      PUBLIC_URL: 'https://desk.example.com',
      DATABASE_URL: cluster.url,
      SUPPORT_CONTACT: 'help@example.com',
      SESSION_SECRET: 'Zb0c6u9kJ2yqf7s1mW4xT8vN3rH5dL6g',
      MARKETPLACE_TENANT_ID: guids.tenant,
      MARKETPLACE_CLIENT_ID: guids.marketplace,
      MARKETPLACE_CLIENT_SECRET: 'mp8Q~secret',
      ENTRA_CLIENT_ID: guids.entra,
      ENTRA_CLIENT_SECRET: 'en8Q~secret',
      BOT_APP_ID: guids.bot,
      BOT_APP_PASSWORD: 'bo8Q~secret',
      BOT_TENANT_ID: guids.tenant,
    };
    server = await startIsolated(compiled.main, env, null);
  });
  afterAll(async () => {
    await server?.stop();
    cluster.remove();
  });

  const status = async (path: string, options: Parameters<typeof send>[1] = {}) => (await send(`${server.url}${path}`, options)).status;

  test('it starts, and lives on when nobody outside can be reached', async () => {
    expect(await Promise.all(['/health/live', '/health/ready', '/metrics', '/sandbox/api/state'].map((path) => status(path)))).toEqual([
      200, 200, 404, 404,
    ]);
    await until(
      () => server.outside(),
      (hosts) => hosts.length > 0,
    );
    expect([...new Set(server.outside())]).toEqual(['login.microsoftonline.com']);
    expect(await status('/health/ready')).toBe(200);
    expect(server.said()).not.toMatch(/8Q~secret/u);
  });

  test('who cannot be recognized without keys is asked to come again, never refused for good', async () => {
    const issuer = await createIssuer();
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${await issuer.sign({ tid: guids.tenant })}` };
    const event = JSON.stringify({ id: randomUUID(), subscriptionId: randomUUID(), action: 'ChangePlan' });
    const message = JSON.stringify({
      type: 'message',
      id: '1',
      channelId: 'msteams',
      serviceUrl: 'https://smba.trafficmanager.net/emea/',
      from: { id: 'x' },
      conversation: { id: 'y' },
    });
    expect(await status('/api/marketplace/webhook', { method: 'POST', headers, body: event })).toBe(503);
    expect(await status('/api/messages', { method: 'POST', headers, body: message })).toBe(503);
    expect(await status('/api/v1/me', { headers })).toBe(503);
    expect(await status('/account/sign-in')).toBe(302);
    expect(await status('/api/marketplace/webhook', { method: 'POST', body: event })).toBe(401);
  });
});
