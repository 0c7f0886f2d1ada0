// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { textOf } from '../support/pdf-text';
import type { Caller } from './support/http';
import { startWorld, type World } from './support/world';

/** A row of `GET /usage`: what is held now. */
async function limitOf(who: Caller, meter: string): Promise<any> {
  const { body } = await who.get('/usage');
  return body.limits.find((one: any) => one.meter === meter);
}

/** The two numbers of groups, as every surface gives them; they must be the same everywhere (HO-05, HO-06). */
async function groupsOf(who: Caller): Promise<{ entitled: number; available: number }> {
  const { entitled, available } = await limitOf(who, 'teams');
  const { body: explained } = await who.get('/usage/teams');
  expect({ entitled: explained.entitled, available: explained.available }).toEqual({ entitled, available });
  return { entitled, available };
}

const group = (who: Caller, name: string) => who.post('/teams', { name });

async function createGroups(who: Caller, from: number, to: number): Promise<any[]> {
  const made: any[] = [];
  for (let number = from; number <= to; number += 1) {
    const { status, body } = await group(who, `Group ${number}`);
    expect({ number, status, code: body.code }).toEqual({ number, status: 201, code: undefined });
    made.push(body);
  }
  return made;
}

/** So many people come for the first time, and are members from then on. */
async function arrive(world: World, count: number, tenantId?: string): Promise<Caller[]> {
  const callers = Array.from({ length: count }, () => world.as(world.someone(tenantId ? { tenantId } : {})));
  for (let index = 0; index < count; index += 10)
    for (const { status } of await Promise.all(callers.slice(index, index + 10).map((one) => one.get('/me')))) expect(status).toBe(200);
  return callers;
}

const activePeople = async (who: Caller): Promise<number> => (await limitOf(who, 'active_members')).used;
const subscriptionOf = async (who: Caller, planId: string): Promise<any> =>
  (await who.get('/subscriptions')).body.items.find((one: any) => one.planId === planId && one.status === 'Subscribed');
const packageOf = async (who: Caller): Promise<string | undefined> =>
  (await who.get('/subscriptions')).body.items.find((one: any) => one.planId.startsWith('people-') && one.status === 'Subscribed')?.planId;
const invoicesOf = async (who: Caller, subscriptionId: string): Promise<any[]> =>
  (await who.get('/billing/documents?kind=invoice&limit=100')).body.items
    .filter((one: any) => one.subscriptionId === subscriptionId)
    .reverse();
/** People who are counted, without those named. */
const counted = async (who: Caller, count: number, except: string[]): Promise<string[]> => {
  const { body } = await who.get('/members?active=true&limit=100');
  return body.items
    .map(({ id }: any) => id)
    .filter((id: string) => !except.includes(id))
    .slice(0, count);
};

const DAY = 86_400_000;
const later = (instant: string, ms: number): Date => new Date(Date.parse(instant) + ms);

describe('a club that buys a package', () => {
  let world: World;
  let owner: Caller;
  let base: any;
  let bought: any;
  let groups: any[];
  let ownerId: string;

  beforeAll(async () => {
    world = await startWorld({ preset: 'tiered-addon', month: 3 });
    owner = world.as('owner');
    base = await world.buy('club', { timeZone: 'Europe/Berlin' });
    ownerId = (await owner.get('/me')).body.member.id;
  });

  test('HO-01: the base product manages 10 groups: the tenth is made, the eleventh refused with the way out', async () => {
    expect(await groupsOf(owner)).toEqual({ entitled: 10, available: 10 });
    groups = await createGroups(owner, 1, 10);
    const { status, body } = await group(owner, 'Group 11');
    expect([status, body]).toMatchObject([
      402,
      { code: 'limit_reached', meter: 'teams', limit: 10, used: 10, support: { href: '/api/v1/support' } },
    ]);
    expect((await limitOf(owner, 'teams')).used).toBe(10);
  });

  test('HO-02: the package “51–100 active users + 4 groups” costs 10.00 a month and says what it adds before it is bought', async () => {
    const { body } = await owner.get('/plans');
    const offer = body.items.find((one: any) => one.planId === 'people-100');
    expect(offer).toMatchObject({ role: 'addon', billing: 'direct', prices: [{ term: 'P1M', currency: 'EUR', minor: 1000 }] });
    expect(offer.grants).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ entitlement: 'teams', amount: 4 }),
        expect.objectContaining({ entitlement: 'active_members', amount: 50 }),
      ]),
    );
  });

  test('HO-03: one purchase raises both limits from one source', async () => {
    await arrive(world, 51);
    bought = await world.buy('people-100');
    expect(bought.parentId).toBe(base.id);
    for (const meter of ['teams', 'active_members']) {
      const { body } = await owner.get(`/usage/${meter}`);
      expect([...new Set(body.grants.filter(({ source }: any) => source === 'addon').map(({ name }: any) => name))]).toEqual([
        bought.planName,
      ]);
    }
    expect((await limitOf(owner, 'active_members')).available).toBe(100);
  });

  test('HO-04: with it the customer is owed 14 groups, those that wait included', async () => {
    expect((await groupsOf(owner)).entitled).toBe(14);
  });

  test('HO-05: 11 are available until more is unlocked, on every page by the same query that refuses the twelfth', async () => {
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 11 });
    groups.push(...(await createGroups(owner, 11, 11)));
    const { status, body } = await group(owner, 'Group 12');
    expect([status, body]).toMatchObject([402, { code: 'limit_reached', limit: 11, used: 11 }]);
    const support = await world.operator('support').get(`/tenants/${(await owner.get('/me')).body.tenantId}`);
    expect(support.body.standings.find((one: any) => one.meter === 'teams')).toMatchObject({ entitled: 14, available: 11, used: 11 });
  });

  test('HO-06: no surface says one of the numbers without the other while they differ, and each says why', async () => {
    const words = '14 entitled, 11 available, 3 pending until payment';
    expect((await limitOf(owner, 'teams')).pendingWords).toBe(words);
    const { body: explained } = await owner.get('/usage/teams');
    expect(explained.words).toContain(words);
    const { body: refusal } = await group(owner, 'Group 12');
    expect(refusal).toMatchObject({ pending: { entitled: 14, available: 11, until: 'payment' } });
    expect(refusal.detail).toContain(words);
    const answers = await world.say('owner', 'usage');
    expect(answers).toEqual([expect.stringContaining(words)]);
  });

  test('HO-17: what waits says why, in the words of whoever asks', async () => {
    const reasonIn = async (language: string): Promise<string> => {
      const { body } = await owner.get('/usage/teams', { 'accept-language': language });
      return body.grants.find(({ state }: any) => state === 'pending').reason;
    };
    expect(await reasonIn('en')).toContain('unlocked when the next invoice is paid');
    expect(await reasonIn('de')).toContain('wenn die nächste Rechnung bezahlt ist');
    expect(await reasonIn('it')).toContain('al pagamento della prossima fattura');
  });

  test('HO-18: the help that belongs to it is linked and explains the rule', async () => {
    const { body: explained } = await owner.get('/usage/teams');
    const help = await owner.get(explained.help.slice('/api/v1'.length), { 'accept-language': 'de' });
    expect(help.status).toBe(200);
    expect(JSON.stringify(help.body)).toContain('Zusätzliche Gruppen werden freigeschaltet, wenn die nächste Rechnung bezahlt ist');
  });

  test('HO-16: no second package is sold: the answer says that 4 are owned, 3 of them pending', async () => {
    const { body: offers } = await owner.get('/plans');
    const { version } = offers.items.find((one: any) => one.planId === 'people-100');
    const order = { planId: 'people-100', term: 'P1M', consent: { version, currency: 'EUR', minor: 1000 } };
    const { status, body } = await owner.post('/subscriptions', order);
    expect([status, body]).toMatchObject([409, { code: 'addon_owned', planId: 'people-100', owned: 1 }]);
    expect(body.grants).toContainEqual({ meter: 'teams', amount: 4, pending: 3 });
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 11 });
  });

  test('HO-15: what waits cannot be used, however often it is tried', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) expect((await group(owner, `Too many ${attempt}`)).status).toBe(402);
    expect((await limitOf(owner, 'teams')).used).toBe(11);
  });

  test('HO-19: archiving a group frees its place at once', async () => {
    const [first] = groups;
    const archived = await owner.send('POST', `/teams/${first.id}/archive`, { body: {}, headers: { 'if-match': `"${first.revision}"` } });
    expect(archived.status).toBe(200);
    expect((await limitOf(owner, 'teams')).used).toBe(10);
    groups = [...groups.slice(1), ...(await createGroups(owner, 12, 12))];
    expect((await group(owner, 'Group 13')).status).toBe(402);
  });

  test('HO-07: the payment of the next invoice unlocks the rest by itself, tells of it, and counts once', async () => {
    const unlocked = async () => (await world.chat('owner')).filter((text) => text.startsWith('More is available'));
    expect(await unlocked()).toEqual([]);
    await world.moveTo(later(bought.termEnd, -DAY));
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 11 });
    await world.moveTo(later(bought.termEnd, 60_000));
    const [first, second] = await invoicesOf(owner, bought.id);
    expect([first.totalMinor, second.totalMinor]).toEqual([1000, 1000]);
    expect(second.payment.state).toBe('paid');
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 14 });
    expect(await unlocked()).toEqual([expect.stringMatching(/^More is available: teams\n3 more are available, 14 together\./u)]);
    const { body: me } = await owner.get('/me');
    await world.operator('accounting').post(`/tenants/${me.tenantId}/documents/${second.id}/payment`, { reason: 'The bank says so too' });
    await world.advance({ days: 1 });
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 14 });
    groups.push(...(await createGroups(owner, 13, 15)));
    expect((await group(owner, 'Group 16')).body).toMatchObject({ limit: 14, used: 14 });
  });

  test('HO-11: whom nobody has seen for long is listed, to be cleaned up with one click', async () => {
    await world.advance({ days: 20 });
    await owner.get('/me');
    const { body: quiet } = await owner.get('/members/inactive?days=15&limit=100');
    expect(quiet.items.length).toBeGreaterThanOrEqual(51);
    expect(quiet.items.map(({ id }: any) => id)).not.toContain(ownerId);
    const lapsed = quiet.items.slice(0, 1).map(({ id }: any) => id);
    const { body } = await owner.post('/members/class', { memberIds: lapsed, class: 'blocked' });
    expect(body).toMatchObject({ changed: 1 });
    expect((await owner.post('/members/class', { memberIds: lapsed, class: 'blocked' })).body).toMatchObject({ changed: 0 });
  });

  test('HO-12: restricted, blocked and external people are not counted: of 52 two become external, and 50 are left', async () => {
    const have = await activePeople(owner);
    await arrive(world, Math.max(0, 52 - have));
    expect(await activePeople(owner)).toBe(52);
    const two = await counted(owner, 2, [ownerId]);
    await owner.post('/members/class', { memberIds: two, class: 'external' });
    expect(await activePeople(owner)).toBe(50);
    expect((await owner.get('/billing/units')).body.members.active).toBe(50);
    const [third] = await counted(owner, 1, [ownerId]);
    await owner.post('/members/class', { memberIds: [third], class: 'restricted' });
    expect(await activePeople(owner)).toBe(49);
    await owner.post('/members/class', { memberIds: [third], class: 'active' });
    expect(await activePeople(owner)).toBe(50);
  });

  test('HO-14: whoever cleans up is classed lower at the next bill, and not before; groups in use stay, no new ones', async () => {
    expect(await packageOf(owner)).toBe('people-100');
    const { termEnd } = await subscriptionOf(owner, 'people-100');
    const billed = (await invoicesOf(owner, bought.id)).length;
    await world.moveTo(later(termEnd, 60_000));
    expect(await packageOf(owner)).toBeUndefined();
    expect(await invoicesOf(owner, bought.id)).toHaveLength(billed);
    expect(await limitOf(owner, 'teams')).toMatchObject({ entitled: 10, available: 10, used: 14 });
    expect((await group(owner, 'One more')).status).toBe(402);
    expect((await owner.get('/teams?limit=100')).body.items.filter(({ archivedAt }: any) => archivedAt === null)).toHaveLength(14);
  });

  /** The package that is billed next, should so many people be active at the bill date. */
  async function atBill(people: number): Promise<string | undefined> {
    const have = await activePeople(owner);
    if (have < people) await arrive(world, people - have);
    else if (have > people) {
      const surplus = await counted(owner, have - people, [ownerId]);
      await owner.post('/members/class', { memberIds: surplus, class: 'external' });
    }
    expect(await activePeople(owner)).toBe(people);
    const { termEnd } = await subscriptionOf(owner, 'club');
    await world.moveTo(later(termEnd, 60_000));
    return packageOf(owner);
  }

  test('HO-13: 51 and 100 active people are this package and 101 the next: the 101st is admitted, and the next tier is billed', async () => {
    expect(await atBill(51)).toBe('people-100');
    expect(await atBill(100)).toBe('people-100');
    const before = await subscriptionOf(owner, 'people-100');
    expect(await atBill(101)).toBe('people-200');
    const after = await subscriptionOf(owner, 'people-200');
    expect(after.id).toBe(before.id);
    expect((await invoicesOf(owner, after.id)).at(-1)).toMatchObject({ totalMinor: 2000 });
  });

  test('HO-15: the larger package’s groups wait too, so that nothing but the people stands in the way of the smaller one', async () => {
    expect(await limitOf(owner, 'teams')).toMatchObject({ entitled: 18, available: 14, used: 14 });
    const { id } = await subscriptionOf(owner, 'people-200');
    const { body } = await owner.post(`/subscriptions/${id}/changes/preview`, { toPlanId: 'people-100' });
    expect(body).toMatchObject({ allowed: true, direction: 'downgrade', exceeds: [{ meter: 'active_members', held: 101, limit: 100 }] });
    expect(body.limits).toContainEqual({ meter: 'teams', before: 18, after: 14 });
  });

  test('HO-14: at the next bills 100 people are the smaller package again, and 50 none', async () => {
    expect(await atBill(100)).toBe('people-100');
    expect(await limitOf(owner, 'teams')).toMatchObject({ entitled: 14, used: 14 });
    expect(await atBill(50)).toBeUndefined();
  });
});

describe('two organizations of one customer', () => {
  let world: World;
  let owner: Caller;
  let other: Caller;

  beforeAll(async () => {
    world = await startWorld({ preset: 'tiered-addon', month: 3 });
    [owner, other] = [world.as('owner'), world.as('other')];
    for (const by of ['owner', 'other'] as const) {
      await world.buy('club', { by });
      await world.buy('people-100', { by });
      const { body } = await world.as(by).get('/me');
      await arrive(world, 52, body.tenantId);
    }
  }, 300_000);

  test('HO-08: whoever does not want to wait asks; the request waits for support, which unlocks; the later payment changes nothing', async () => {
    const asked = await owner.post('/unlock-requests', { meter: 'teams' });
    expect([asked.status, asked.body]).toMatchObject([200, { kind: 'early_unlock', state: 'open', subject: 'teams' }]);
    expect((await owner.post('/unlock-requests', { meter: 'teams' })).body.id).toBe(asked.body.id);
    const { body: me } = await owner.get('/me');
    const mails = (await world.mails('support@kontingent.example')).filter(({ text }: any) => text.includes(me.tenantId));
    expect(mails).toHaveLength(1);
    const support = world.operator('support');
    const { body: queue } = await support.get('/requests');
    expect(queue.items).toMatchObject([{ tenantId: me.tenantId, requestId: asked.body.id, kind: 'early_unlock' }]);
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 11 });
    const decided = await support.post(`/tenants/${me.tenantId}/unlock-requests/${asked.body.id}/decision`, {
      decision: 'granted',
      reason: 'Asked by letter, short code 4711',
    });
    expect(decided.body.state).toBe('granted');
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 14 });
  });

  test('HO-09: the named organization alone is unlocked, not the other one', async () => {
    expect(await groupsOf(other)).toEqual({ entitled: 14, available: 11 });
    const { body: me } = await other.get('/me');
    const wrong = await world.operator('support').post(`/tenants/${me.tenantId}/unlock-requests/${crypto.randomUUID()}/decision`, {
      decision: 'granted',
      reason: 'A mistake',
    });
    expect([wrong.status, wrong.body.code]).toEqual([404, 'request_not_found']);
    expect(await groupsOf(other)).toEqual({ entitled: 14, available: 11 });
  });

  test('HO-08: the payment of the next invoice finds nothing left to unlock, and unlocks where nobody asked', async () => {
    const { termEnd } = await subscriptionOf(other, 'people-100');
    await world.moveTo(later(termEnd, 60_000));
    expect(await groupsOf(owner)).toEqual({ entitled: 14, available: 14 });
    expect(await groupsOf(other)).toEqual({ entitled: 14, available: 14 });
  });
});

describe('a package that is announced, then in force, then charged', () => {
  const now = new Date();
  const year = now.getUTCFullYear() + (now.getUTCMonth() >= 2 ? 1 : 0);
  let world: World;
  let owner: Caller;

  beforeAll(async () => {
    world = await startWorld({
      preset: 'tiered-addon',
      month: 3,
      edit: (yaml) =>
        yaml
          .replaceAll(/announceAt: ['"][^'"]+['"]/gu, `announceAt: '${year}-03-01T00:00:00Z'`)
          .replaceAll(/enforceFrom: ['"][^'"]+['"]/gu, `enforceFrom: '${year}-04-10T00:00:00Z'`)
          .replaceAll(/chargeFrom: ['"][^'"]+['"]/gu, `chargeFrom: '${year}-06-15T00:00:00Z'`),
    });
    owner = world.as('owner');
    await world.buy('club');
    await arrive(world, 52);
    await world.buy('people-100');
  });

  test('HO-10: its limits are told from the announcement on, enforced from the day they are in force, and charged from the first bill after', async () => {
    const { id } = await subscriptionOf(owner, 'people-100');
    const { body: offers } = await owner.get('/plans');
    const rule = offers.items.find((one: any) => one.planId === 'people-100').rules.find(({ about }: any) => about === 'transition');
    expect(rule.words.join(' ')).toContain(String(year));
    const told = (await owner.get('/usage/teams')).body;
    expect(told.grants).toContainEqual(
      expect.objectContaining({ source: 'addon', state: 'upcoming', effectiveAt: `${year}-04-10T00:00:00.000Z` }),
    );
    await createGroups(owner, 1, 15);

    await world.moveTo(`${year}-04-10T00:00:01Z`);
    const { body: refused } = await group(owner, 'Group 16');
    expect(refused).toMatchObject({ code: 'limit_reached', used: 15 });

    await world.moveTo(`${year}-06-14T00:00:00Z`);
    const shadows = await invoicesOf(owner, id);
    expect(shadows.map(({ totalMinor }) => totalMinor)).toEqual([0, 0, 0, 0]);
    const paper = await textOf((await owner.download(shadows.at(-1).pdf)).bytes);
    expect(paper).toContain('€10.00');
    expect(paper).toContain(`15 Jun ${year}`);
    await world.moveTo(`${year}-07-02T00:00:00Z`);
    const charged = (await invoicesOf(owner, id)).filter(({ totalMinor }) => totalMinor > 0);
    expect(charged.map(({ from, totalMinor }) => [from, totalMinor])).toEqual([[`${year}-07-01`, 1000]]);
  });
});
