import { randomUUID } from 'node:crypto';
import type { Context } from '../../src/platform/context';
import { type Caller, type TestApp, testApp } from '../support/app';
import { type TestClock, testContext } from '../support/database';
import { aPeoplePlan } from '../support/teams';
import { aTenant, type TestTenant } from '../support/tenant';

let ctx: Context;
let clock: TestClock;
let it: TestApp;
let tenant: TestTenant;
let owner: Caller;

beforeEach(async () => {
  if (!it) {
    ({ ctx, clock } = await testContext());
    it = await testApp(ctx);
  }
  clock.set('2026-03-10T09:00:00.000Z');
  tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx, { teams: 2 }) });
  owner = await it.as(tenant.owner);
});

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code];

test('a team is created, read, renamed, archived and brought back, each with its tag', async () => {
  const created = await owner.post('/teams', { name: 'Field service' }, 'create-a-team');
  expect([created.status, created.headers.etag, created.headers['idempotent-replayed']]).toEqual([201, '"1"', undefined]);
  const again = await owner.post('/teams', { name: 'Field service' }, 'create-a-team');
  expect([again.status, again.headers['idempotent-replayed'], again.body]).toEqual([201, 'true', created.body]);
  const path = `/teams/${created.body.id}`;
  expect((await owner.get(path)).body).toEqual(created.body);
  expect((await owner.patch(path, { name: 'Service' }, 1)).headers.etag).toBe('"2"');
  expect(codeOf(await owner.send('post', `${path}/archive`))).toEqual([428, 'if_match_missing']);
  const archived = await owner.send('post', `${path}/archive`, (test) => test.set('If-Match', '"2"'));
  expect([archived.status, archived.headers.etag, typeof archived.body.archivedAt]).toEqual([200, '"3"', 'string']);
  expect(codeOf(await owner.patch(path, { name: 'x' }, 3))).toEqual([409, 'team_archived']);
  expect(codeOf(await owner.send('post', `${path}/unarchive`))).toEqual([400, 'idempotency_key_missing']);
  const back = await owner.post(`${path}/unarchive`);
  expect([back.status, back.body.archivedAt, back.headers.etag]).toEqual([200, null, '"4"']);
});

test('a team beyond the limit is 402 with the facts, in the reader’s language, and nothing is kept as a draft', async () => {
  for (const name of ['A', 'B']) await owner.post('/teams', { name });
  const refused = await owner.send('post', '/teams', (test) =>
    test.set('Idempotency-Key', randomUUID()).set('Accept-Language', 'de').send({ name: 'C' }),
  );
  expect([refused.status, refused.body]).toMatchObject([402, { code: 'limit_reached', meter: 'teams', limit: 2, used: 2, held: 0 }]);
  expect(refused.body.detail).toMatch(/Teams/u);
  expect(refused.body.detail).not.toMatch(/\{\{/u);
  expect((await owner.get('/drafts')).body.items).toEqual([]);
});

test('people join, are added and leave; the list is paged by name', async () => {
  const { id } = (await owner.post('/teams', { name: 'Team', memberIds: [] })).body;
  const [mara, otto] = [await tenant.member('member', 'Mara'), await tenant.member('member', 'Otto')];
  const caller = await it.as(mara);
  expect((await caller.post(`/teams/${id}/join`)).body).toMatchObject({ isMember: true, memberCount: 1 });
  expect((await caller.post(`/teams/${id}/members`, { memberIds: [otto.memberId] })).body.memberCount).toBe(2);
  expect(codeOf(await caller.post(`/teams/${id}/members`, { memberIds: [randomUUID()] }))).toEqual([422, 'member_not_found']);
  expect(codeOf(await caller.post(`/teams/${id}/members`, { memberIds: [] }))).toEqual([400, 'invalid_input']);
  const first = (await owner.get(`/teams/${id}/members?limit=1`)).body;
  const second = (await owner.get(`/teams/${id}/members?limit=1&cursor=${first.nextCursor}`)).body;
  expect([...first.items, ...second.items].map(({ name }: { name: string }) => name)).toEqual(['Mara', 'Otto']);
  expect((await caller.send('delete', `/teams/${id}/members/${mara.memberId}`)).status).toBe(204);
  expect((await caller.get('/teams?mine=true')).body.items).toEqual([]);
});

test('EC-12: the list of members says of each whether the plan counts them, and can be asked for those alone', async () => {
  const [mara] = [await tenant.member('member', 'Mara'), await tenant.member('member', 'Otto')];
  await owner.post('/teams', { name: 'Team', memberIds: [mara.memberId] });
  const all = (await owner.get('/members')).body.items as { name: string; isActive: boolean; class: string; lastActiveAt: string }[];
  expect(all.map(({ name, isActive }) => [name, isActive])).toEqual([
    ['Mara', true],
    ['Otto', false],
    ['Sample Owner', false],
  ]);
  expect(all[0]).toMatchObject({ class: 'active', lastActiveAt: '2026-03-10T09:00:00.000Z' });
  const names = async (query: string) => (await owner.get(`/members?${query}`)).body.items.map(({ name }: { name: string }) => name);
  expect(await names('active=true')).toEqual(['Mara']);
  expect(await names('active=false')).toEqual(['Otto', 'Sample Owner']);
  expect(await names('active=false&q=ott')).toEqual(['Otto']);
  expect(codeOf(await owner.get('/members?active=yes'))).toEqual([400, 'invalid_input']);
});

test('EC-16 EC-17: preview, removal by its hash, refusal of the removed and undo', async () => {
  const mara = await tenant.member('member', 'Mara');
  const caller = await it.as(mara);
  const preview = await owner.get('/members/removals/preview');
  expect(preview.body).toMatchObject({ count: 1, people: [{ id: mara.memberId, name: 'Mara' }] });
  const done = await owner.post('/members/removals', { hash: preview.body.hash });
  expect([done.status, done.body.removed]).toEqual([200, 1]);
  expect(codeOf(await caller.get('/tickets'))).toEqual([403, 'access_removed']);
  expect(codeOf(await caller.get('/me'))).toEqual([403, 'access_removed']);
  expect((await owner.post('/members/removals', { hash: preview.body.hash })).body.removed).toBe(0);
  expect((await owner.post(`/members/removals/${done.body.id}/undo`)).body).toEqual({ readmitted: 1 });
  expect((await caller.get('/tickets')).status).toBe(200);
  expect(codeOf(await owner.post('/members/removals', { hash: 'another' }))).toEqual([409, 'removal_outdated']);
});

test('HO-11: whoever does anything by the API was here: reads, creates, or is refused nothing but access', async () => {
  const [reader, creator, blocked] = await Promise.all(['Rea', 'Cleo', 'Blake', 'Quin'].map((name) => tenant.member('member', name)));
  clock.advance({ days: 30 });
  await (await it.as(reader!)).get('/tickets');
  expect((await (await it.as(creator!)).post('/teams', { name: 'Team' })).status).toBe(201);
  expect((await owner.post('/members/class', { memberIds: [blocked!.memberId], class: 'blocked' })).status).toBe(200);
  expect((await (await it.as(blocked!)).get('/tickets')).status).toBe(403);
  expect((await owner.post('/members/class', { memberIds: [blocked!.memberId], class: 'active' })).status).toBe(200);
  const names = (await owner.get('/members/inactive?days=15')).body.items.map(({ name }: { name: string }) => name);
  expect(names.sort()).toEqual(['Blake', 'Quin']);
});

test('HO-11 HO-12: the hygiene list and its one-click class change', async () => {
  const mara = await tenant.member('member', 'Mara');
  expect((await owner.get('/members/inactive?days=1')).body.items).toEqual([]);
  expect(codeOf(await owner.get('/members/inactive?days=0'))).toEqual([400, 'invalid_input']);
  const changed = await owner.post('/members/class', { memberIds: [mara.memberId], class: 'external' });
  expect(changed.body).toMatchObject({ changed: 1, members: [{ id: mara.memberId, class: 'external', revision: 2 }] });
  const back = await owner.patch(`/members/${mara.memberId}`, { class: 'active' }, 2);
  expect([back.status, back.body.class, back.headers.etag]).toEqual([200, 'active', '"3"']);
  expect(codeOf(await owner.patch(`/members/${mara.memberId}`, { class: 'guest' }, 3))).toEqual([400, 'invalid_input']);
  const caller = await it.as(mara);
  expect(codeOf(await caller.post('/members/class', { memberIds: [mara.memberId], class: 'external' }))).toEqual([403, 'not_allowed']);
  expect(codeOf(await owner.remove(`/members/${mara.memberId}`, 1))).toEqual([412, 'stale_revision']);
  expect((await owner.remove(`/members/${mara.memberId}`, 3)).status).toBe(204);
  expect(codeOf(await caller.get('/me'))).toEqual([403, 'access_removed']);
  expect((await owner.get('/members?state=removed')).body.items).toMatchObject([{ id: mara.memberId, state: 'removed' }]);
  expect((await owner.post(`/members/${mara.memberId}/readmit`)).body.state).toBe('present');
});
