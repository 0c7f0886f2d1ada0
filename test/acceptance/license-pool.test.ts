// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import type { Answer, Caller } from './support/http';
import { type Someone, startWorld, type World } from './support/world';

let world: World;
let owner: Caller;

/** Begins with a plan and so many seats; the buyer has one of them. */
async function begin(planId: string, quantity: number): Promise<void> {
  world = await startWorld({ preset: 'license-pool', month: 4 });
  owner = world.as('owner');
  await world.buy(planId, { quantity });
}

const poolOf = async (): Promise<any> => (await owner.get('/licenses?limit=1')).body.pool;
const licenseOf = async (who: Caller): Promise<any> => (await who.get('/me')).body.license.kind;

/** Another number of seats, as a customer buys them in Microsoft's admin center. */
async function seats(quantity: number): Promise<void> {
  const [purchase] = await world.purchases('owner');
  if (purchase.quantity !== quantity) await world.market('change-quantity', purchase.id, { quantity });
  expect((await poolOf()).purchased).toBe(quantity);
}
/** Exactly so many places are free. */
async function free(count: number): Promise<void> {
  const { full, invited } = await poolOf();
  await seats(full + invited.full + count);
  expect((await poolOf()).free).toBe(count);
}

let people = 0;
/** Somebody new of the directory, with an address of their own. */
function newcomer(given: Partial<Someone> = {}): Someone & { address: string } {
  people += 1;
  return { ...world.someone({ name: `Person ${people}` }), address: `person${people}@sample.example`, ...given } as never;
}
/** Their first contact. */
async function arrive(who = newcomer()): Promise<{ who: ReturnType<typeof newcomer>; caller: Caller; id: string }> {
  const caller = world.as(who);
  const { body } = await caller.get('/me');
  return { who, caller, id: body.member.id };
}
async function arriveRestricted() {
  await free(0);
  const one = await arrive();
  expect(await licenseOf(one.caller)).toBe('restricted');
  return one;
}

const invite = (invitees: (string | object)[], { by = owner, key, teamId }: { by?: Caller; key?: string; teamId?: string } = {}) =>
  by.post(
    '/licenses/invitations',
    { invitees: invitees.map((one) => (typeof one === 'string' ? { address: one } : one)), ...(teamId && { teamId }) },
    key,
  );
const licensesIn = ({ body }: Answer): string[] => body.results.map(({ license }: any) => license);
const switchTo = (memberId: string, license: string, by = owner) => by.send('PATCH', `/licenses/${memberId}`, { body: { license } });
const settings = (body: object) => owner.send('PATCH', '/licenses/settings', { body });
const ask = (who: Caller, note: string | null = null) => who.post('/licenses/requests', { note });
const decide = (id: string, decision: string, by = owner) => by.send('POST', `/requests/${id}/decision`, { body: { decision } });
const aTeam = async (more: object = {}) => (await owner.post('/teams', { name: 'Repairs', ...more })).body;
const codeOf = ({ status, body }: Answer) => [status, body.code];

describe('the non-flexible model (Enterprise)', () => {
  beforeAll(() => begin('enterprise-fixed', 3));

  test('MI-02: the model is visible, and what only the flexible one allows is refused', async () => {
    expect(await poolOf()).toMatchObject({ model: 'fixed', restrictedExist: true, purchased: 3, full: 1, free: 2 });
    expect(codeOf(await settings({ defaultForNew: 'restricted' }))).toEqual([409, 'license_model_fixed']);
    expect(codeOf(await invite([{ address: newcomer().address, license: 'restricted' }]))).toEqual([409, 'license_model_fixed']);
  });

  test('MI-06: who comes of themselves while full licenses are short is restricted, not refused', async () => {
    await free(1);
    const first = await arrive();
    const second = await arrive();
    expect([await licenseOf(first.caller), await licenseOf(second.caller)]).toEqual(['full', 'restricted']);
    expect((await second.caller.get('/tickets')).status).toBe(200);
  });

  test('MI-07: who is invited to a team of an organization short of full licenses is restricted, and is in the team', async () => {
    const team = await aTeam();
    await free(0);
    const who = newcomer();
    expect(licensesIn(await invite([who.address], { teamId: team.id }))).toEqual(['restricted']);
    const { caller, id } = await arrive(who);
    expect(await licenseOf(caller)).toBe('restricted');
    const members = (await owner.get(`/teams/${team.id}/members`)).body.items;
    expect(members.map((one: any) => one.id)).toContain(id);
  });

  test('MI-08 MI-09 MI-10: two are free and [d, a, c, b] are invited: d and a are full, c and b restricted, and the inviter is told of c and b', async () => {
    await free(2);
    const list = ['d', 'a', 'c', 'b'].map((letter) => `${letter}.list@sample.example`);
    const answer = await invite(list);
    expect(answer.status).toBe(201);
    expect(answer.body.results.map(({ address, license }: any) => [address, license])).toEqual([
      [list[0], 'full'],
      [list[1], 'full'],
      [list[2], 'restricted'],
      [list[3], 'restricted'],
    ]);
    expect(answer.body.limited).toEqual([list[2], list[3]]);
    expect(await poolOf()).toMatchObject({ free: 0 });
  });

  test('MI-10: nobody is named when all are full, and who is known is named by name', async () => {
    await free(1);
    expect((await invite([newcomer().address])).body.limited).toEqual([]);
    const { who } = await arriveRestricted();
    expect((await invite([who.address])).body.limited).toEqual([who.name]);
  });

  test('MI-11: a restricted member views and comments, and creates and changes nothing', async () => {
    const { body: ticket } = await owner.post('/tickets', { title: 'Printer on fire' });
    const { body: checklist } = await owner.post('/checklists', { title: 'Opening', items: [{ text: 'Lights on' }] });
    const { caller } = await arriveRestricted();
    for (const path of ['/tickets', `/tickets/${ticket.id}`, '/checklists', `/checklists/${checklist.id}`, '/opportunities', '/usage'])
      expect([path, (await caller.get(path)).status]).toEqual([path, 200]);
    expect((await caller.post(`/tickets/${ticket.id}/comments`, { body: 'I see smoke' })).status).toBe(201);
    for (const denied of [
      await caller.post('/tickets', { title: 'Mine' }),
      await caller.post('/checklists', { title: 'Mine', items: [{ text: 'x' }] }),
      await caller.post('/opportunities', { title: 'Mine' }),
      await caller.post('/teams', { name: 'Mine' }),
      await caller.patch(`/tickets/${ticket.id}`, { title: 'Mine' }, ticket.revision),
      await caller.remove(`/tickets/${ticket.id}`, ticket.revision),
      await caller.patch(`/checklists/${checklist.id}/items/${checklist.items[0].id}`, { done: true }, checklist.revision),
    ])
      expect(codeOf(denied)).toEqual([403, 'license_restricted']);
    expect((await owner.get(`/tickets/${ticket.id}`)).body.title).toBe('Printer on fire');
  });

  test('MI-12: they ask the admins for a license; asking again is the same request; granted, they work', async () => {
    const { caller, who } = await arriveRestricted();
    const asked = await ask(caller, 'I look after the printers');
    expect([asked.status, asked.body.state]).toEqual([201, 'open']);
    expect((await ask(caller)).body.id).toBe(asked.body.id);
    const queue = (await owner.get('/requests?kind=license&state=open')).body.items;
    expect(queue.filter(({ requestedBy }: any) => requestedBy.name === who.name)).toHaveLength(1);
    expect(codeOf(await decide(asked.body.id, 'granted'))).toEqual([409, 'licenses_exhausted']);
    await free(1);
    expect((await decide(asked.body.id, 'granted')).body.state).toBe('granted');
    expect((await caller.post('/tickets', { title: 'Mine' })).status).toBe(201);
    expect(codeOf(await decide(asked.body.id, 'refused'))).toEqual([409, 'request_closed']);
  });

  test('MI-13: they discover teams and join them', async () => {
    const team = await aTeam();
    const hidden = await aTeam({ discoverable: false });
    const { caller } = await arriveRestricted();
    const seen = (await caller.get('/teams?limit=100')).body.items.map(({ id }: any) => id);
    expect([seen.includes(team.id), seen.includes(hidden.id)]).toEqual([true, false]);
    const joined = await caller.post(`/teams/${team.id}/join`);
    expect([joined.status, joined.body.isMember]).toEqual([200, true]);
  });

  test('MI-14: they cannot invite, though organization and team let all other members', async () => {
    await settings({ invitations: 'all_members' });
    await free(1);
    const full = await arrive();
    const limited = await arriveRestricted();
    const admin = await arrive(newcomer({ roles: ['admin'] }));
    const team = await aTeam({ memberIds: [full.id, limited.id], invitations: 'all_members' });
    for (const teamId of [undefined, team.id]) {
      const list = [newcomer().address];
      expect((await invite(list, { by: full.caller, ...(teamId && { teamId }) })).status).toBe(201);
      expect(codeOf(await invite(list, { by: limited.caller, ...(teamId && { teamId }) }))).toEqual([403, 'license_restricted']);
      expect(codeOf(await invite(list, { by: admin.caller, ...(teamId && { teamId }) }))).toEqual([403, 'license_restricted']);
    }
    expect(codeOf(await limited.caller.post(`/teams/${team.id}/members`, { memberIds: [admin.id] }))).toEqual([403, 'license_restricted']);
    await settings({ invitations: 'admins' });
    expect(codeOf(await invite([newcomer().address], { by: full.caller }))).toEqual([403, 'not_allowed']);
  });

  test('MI-16: every blocked act carries what a button to ask needs, in the app and in the chat', async () => {
    const { caller } = await arriveRestricted();
    const blocked = () => caller.post('/tickets', { title: 'Mine' });
    expect((await blocked()).body).toMatchObject({ needs: 'create', mayRequest: true, openRequestId: null });
    expect((await caller.get('/me')).body).toMatchObject({
      license: { kind: 'restricted', mayRequest: true, openRequestId: null },
      may: { create: false, edit: false },
    });
    const { body: request } = await ask(caller);
    expect((await blocked()).body).toMatchObject({ mayRequest: true, openRequestId: request.id });
    await world.as('member').get('/me');
    const [said] = await world.say('member', 'new ticket Printer on fire');
    expect(said).toMatch(/Your license lets you view and comment\./u);
    expect(said).toMatch(/Ask for a full license/u);
  });

  test('MI-17: an admin gives a full license, which needs a free place', async () => {
    const { caller, id } = await arriveRestricted();
    expect(codeOf(await switchTo(id, 'full'))).toEqual([409, 'licenses_exhausted']);
    await free(1);
    expect(codeOf(await switchTo(id, 'full', caller))).toEqual([403, 'not_allowed']);
    expect((await switchTo(id, 'full')).body).toMatchObject({ license: 'full' });
    expect(await licenseOf(caller)).toBe('full');
    expect((await poolOf()).free).toBe(0);
  });

  test('MI-18: a full license is not taken in this model', async () => {
    await free(1);
    const { id } = await arrive();
    expect(codeOf(await switchTo(id, 'restricted'))).toEqual([409, 'license_model_fixed']);
  });

  test('MI-20: help about the model and its management is linked, and there', async () => {
    const { help } = (await owner.get('/licenses')).body;
    expect(help.map(({ topic }: any) => topic)).toEqual(['license_models', 'license_management']);
    for (const { path, about } of help) {
      const { status, body } = await owner.get(path.replace('/api/v1', ''));
      expect([status, body.plans[0].sections.map((section: any) => section.about).includes(about)]).toEqual([200, true]);
    }
  });

  test('MI-21: an invitation is for an address, the license is the person’s: another address later is the same license', async () => {
    await free(1);
    const who = newcomer();
    await invite([who.address.toUpperCase()]);
    expect((await poolOf()).free).toBe(0);
    const { caller } = await arrive(who);
    expect(await licenseOf(caller)).toBe('full');
    const renamed = { ...who, address: 'married@sample.example' };
    expect(await licenseOf(world.as(renamed))).toBe('full');
    const again = await invite([renamed.address]);
    expect(again.body.results).toMatchObject([{ outcome: 'kept', license: 'full', member: { id: who.memberId } }]);
    expect(await licenseOf((await arrive(newcomer({ address: who.address }))).caller)).toBe('restricted');
  });

  test('MI-22: who has a full license takes no second one, and the same batch again changes nothing', async () => {
    await free(1);
    const { who } = await arrive();
    await free(1);
    const before = await poolOf();
    expect((await invite([who.address, `  ${who.address.toUpperCase()}`])).body.results).toMatchObject([
      { outcome: 'kept', license: 'full' },
    ]);
    expect(await poolOf()).toEqual(before);
    const list = [newcomer().address, newcomer().address];
    const first = await invite(list, { key: 'one batch, sent twice' });
    expect(licensesIn(first)).toEqual(['full', 'restricted']);
    await free(5);
    const after = await poolOf();
    const again = await invite(list, { key: 'one batch, sent twice' });
    expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
    expect(await poolOf()).toEqual(after);
  });

  test('fewer seats than licenses cut nobody: an admin has thirty days to choose, then the longest inactive are restricted', async () => {
    for (const { id } of (await owner.get('/licenses/invitations?limit=100')).body.items)
      await owner.remove(`/licenses/invitations/${id}`, 1);
    const full = async (): Promise<any[]> => (await owner.get('/licenses?license=full&limit=100')).body.holders.items;
    await free(1);
    const quiet = await arrive();
    await world.advance({ days: 3 });
    const holders = (await full()).map(({ member }) => member);
    for (const { id, name } of holders) if (id !== quiet.id) await world.as({ ...world.someone({ name }), memberId: id }).get('/tickets');

    await seats(holders.length - 1);
    const { shortage } = await poolOf();
    expect(shortage).toMatchObject({ over: 1 });
    expect(new Date(shortage.dueAt).getTime() - new Date(shortage.since).getTime()).toBe(30 * 86_400_000);
    expect((await world.chat('owner')).filter((words) => words.startsWith('More full licenses are in use than there are'))).toHaveLength(1);
    await world.advance({ days: 29, hours: 23 });
    expect(await full()).toHaveLength(holders.length);
    await world.advance({ hours: 2 });
    expect((await full()).map(({ member }) => member)).toEqual(holders.filter(({ id }) => id !== quiet.id));
    expect(await poolOf()).toMatchObject({ shortage: null, free: 0 });
    expect(codeOf(await quiet.caller.post('/tickets', { title: 'Mine' }))).toEqual([403, 'license_restricted']);
  });
});

describe('the flexible model (Enterprise flexible)', () => {
  beforeAll(() => begin('enterprise-flexible', 6));

  test('MI-02: the model is visible', async () => {
    expect(await poolOf()).toMatchObject({ model: 'flexible', purchased: 6, full: 1 });
  });

  test('MI-03: new people get the restricted license that is the default, by whatever way they come, until admins choose otherwise', async () => {
    const inTab = await arrive();
    const invited = newcomer();
    expect(licensesIn(await invite([invited.address]))).toEqual(['restricted']);
    await world.say('member', 'new ticket Printer on fire');
    const all = [inTab.caller, (await arrive(invited)).caller, world.as('member')];
    for (const caller of all) expect(await licenseOf(caller)).toBe('restricted');
    expect((await settings({ defaultForNew: 'full' })).body.effective.defaultForNew).toBe('full');
    expect(await licenseOf((await arrive()).caller)).toBe('full');
    await settings({ defaultForNew: null });
    expect(await licenseOf((await arrive()).caller)).toBe('restricted');
  });

  test('MI-04: an admin chooses per person in the invitation; nobody else does', async () => {
    await free(2);
    const [a, b] = [newcomer(), newcomer()];
    const answer = await invite([
      { address: a.address, license: 'full' },
      { address: b.address, license: 'restricted' },
    ]);
    expect([licensesIn(answer), answer.body.limited]).toEqual([['full', 'restricted'], []]);
    const chosen = await arrive(a);
    expect([await licenseOf(chosen.caller), await licenseOf((await arrive(b)).caller)]).toEqual(['full', 'restricted']);
    await settings({ invitations: 'all_members' });
    const denied = await invite([{ address: newcomer().address, license: 'full' }], { by: chosen.caller });
    expect(codeOf(denied)).toEqual([403, 'not_allowed']);
    expect((await invite([newcomer().address], { by: chosen.caller })).status).toBe(201);
  });

  test('MI-05 MI-18: an admin switches full to restricted at any time; it holds at once and frees the place', async () => {
    await free(1);
    const { id, caller } = await arrive();
    await switchTo(id, 'full');
    expect((await caller.post('/tickets', { title: 'Mine' })).status).toBe(201);
    expect((await poolOf()).free).toBe(0);
    expect((await switchTo(id, 'restricted')).body.license).toBe('restricted');
    expect(codeOf(await caller.post('/tickets', { title: 'Mine too' }))).toEqual([403, 'license_restricted']);
    expect((await poolOf()).free).toBe(1);
  });

  test('MI-17: an admin gives a full license in this model as well', async () => {
    await free(1);
    const { id, caller } = await arrive();
    expect((await switchTo(id, 'full')).status).toBe(200);
    expect(await licenseOf(caller)).toBe('full');
  });

  test('MI-15 MI-19: requests reach whom the settings name: admins, the owner alone, nobody, or they are granted while a place is free', async () => {
    const told = async (name: string) =>
      (await world.chat('owner')).filter((words) => words.includes(`${name} asks for a full license`)).length;
    await free(0);
    for (const requests of ['admins', 'owner']) {
      await settings({ requests });
      const { caller, who } = await arrive();
      expect((await ask(caller)).body.state).toBe('open');
      expect(await told(who.name)).toBe(1);
    }
    await settings({ requests: 'off' });
    const silent = await arrive();
    expect(codeOf(await ask(silent.caller))).toEqual([409, 'license_requests_off']);
    expect((await silent.caller.post('/tickets', { title: 'x' })).body.mayRequest).toBe(false);
    await settings({ requests: 'automatic_while_free' });
    const waiting = await arrive();
    expect((await ask(waiting.caller)).body.state).toBe('open');
    await seats((await poolOf()).purchased + 9);
    expect(await licenseOf(waiting.caller)).toBe('full');
    const quick = await arrive();
    expect((await ask(quick.caller)).body.state).toBe('granted');
    expect(await licenseOf(quick.caller)).toBe('full');
    await settings({ requests: null });
    expect(codeOf(await quick.caller.send('PATCH', '/licenses/settings', { body: { requests: 'off' } }))).toEqual([403, 'not_allowed']);
  });
});

describe('plans without restricted licenses', () => {
  test('MI-01: the plan gives nobody a restricted license; the whole list is refused when places are short', async () => {
    await begin('starter-seats', 2);
    const { id } = await arrive();
    expect(codeOf(await switchTo(id, 'restricted'))).toEqual([409, 'license_not_in_plan']);
    const list = [newcomer().address, newcomer().address];
    expect((await invite(list)).body).toMatchObject({ code: 'licenses_exhausted', purchased: 2, free: 0, needed: 2 });
    expect((await poolOf()).invited).toEqual({ full: 0, restricted: 0 });
    const shutOut = await arrive();
    expect(await licenseOf(shutOut.caller)).toBe('none');
    expect(codeOf(await shutOut.caller.get('/tickets'))).toEqual([403, 'license_missing']);
    await seats(5);
    expect((await switchTo(shutOut.id, 'full')).status).toBe(200);
    expect(licensesIn(await invite(list))).toEqual(['full', 'full']);
  });

  test('MI-09: where the plan lets people wait, free places go to them in their order', async () => {
    await begin('business-seats', 2);
    const [first, second, third] = [newcomer(), newcomer(), newcomer()];
    const answer = await invite([first, second, third].map(({ address }) => address));
    expect(answer.body.results.map(({ outcome }: any) => outcome)).toEqual(['full', 'waiting', 'waiting']);
    await seats(3);
    expect(await licenseOf((await arrive(third)).caller)).toBe('none');
    expect(await licenseOf((await arrive(second)).caller)).toBe('full');
    expect((await poolOf()).waiting).toBe(1);
  });
});
