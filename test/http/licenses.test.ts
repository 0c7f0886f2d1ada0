import { changeLicenseSettings } from '../../src/features/licenses/license-settings';
import type { Context } from '../../src/platform/context';
import { unwrap } from '../support/acts';
import { type Caller, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { aSeatTenant, type SeatTenant } from '../support/licenses';
import { aTenant } from '../support/tenant';

let ctx: Context;
let it: TestApp;
let tenant: SeatTenant;
let owner: Caller;
let limited: Caller;
beforeAll(async () => {
  ({ ctx } = await testContext());
  it = await testApp(ctx);
});
beforeEach(async () => {
  tenant = await aSeatTenant(ctx, { seats: 1 });
  owner = await it.as(tenant.owner);
  limited = await it.as(await tenant.arrive('limited@example.com'));
});

const invitees = (...names: string[]) => ({ invitees: names.map((name) => ({ address: `${name}@example.com` })) });

test('MI-08 MI-10 MI-22: a list is invited in its order, the answer names who is limited, and a replay is the same answer', async () => {
  await tenant.buy(3);
  const first = await owner.post('/licenses/invitations', invitees('d', 'a', 'c', 'b'), 'a key of the list');
  expect(first.status).toBe(201);
  expect(first.body.results.map(({ license }: { license: string }) => license)).toEqual(['full', 'full', 'restricted', 'restricted']);
  expect(first.body.limited).toEqual(['c@example.com', 'b@example.com']);
  const again = await owner.post('/licenses/invitations', invitees('d', 'a', 'c', 'b'), 'a key of the list');
  expect([again.status, again.body, again.headers['idempotent-replayed']]).toEqual([201, first.body, 'true']);
  expect((await owner.post('/licenses/invitations', invitees('x'), 'a key of the list')).body.code).toBe('idempotency_conflict');
  const open = await owner.get('/licenses/invitations');
  expect(open.body.items).toHaveLength(4);
  expect((await owner.remove(`/licenses/invitations/${open.body.items[0].id}`, 1)).status).toBe(204);
  expect((await owner.get('/licenses')).body.pool).toMatchObject({ invited: { full: 2, restricted: 1 } });
});

test.each([
  ['nobody', { invitees: [] }],
  ['too many', invitees(...Array.from({ length: 501 }, (_, i) => `p${i}`))],
  ['no address', { invitees: [{ address: 'not an address' }] }],
  ['a license there is none of', { invitees: [{ address: 'a@example.com', license: 'golden' }] }],
  ['a field there is none of', { invitees: [{ address: 'a@example.com', role: 'owner' }] }],
])('a list that is wrong is refused before anything is done: %s', async (_, body) => {
  const res = await owner.post('/licenses/invitations', body);
  expect([res.status, res.body.code]).toEqual([400, 'invalid_input']);
});

test('MI-16: every refusal of a restricted person says that they may ask, and which request is open', async () => {
  const ask = await limited.post('/licenses/requests', { note: 'for the printers' });
  expect([ask.status, ask.body.state]).toEqual([201, 'open']);
  for (const res of [
    await limited.post('/tickets', { title: 'Mine' }),
    await limited.post('/checklists', { title: 'Mine', items: [{ text: 'x' }] }),
    await limited.post('/opportunities', { title: 'Mine' }),
    await limited.post('/licenses/invitations', invitees('x')),
  ]) {
    expect(res.status).toBe(403);
    expect(res.body).toMatchObject({ code: 'license_restricted', mayRequest: true, openRequestId: ask.body.id });
    expect(res.body.detail).toBe(
      'Your license lets you view and comment. Creating and changing need a full license, which the administrators of Kontingent in your organization give.',
    );
  }
  expect((await limited.get('/me')).body).toMatchObject({
    license: { kind: 'restricted', mayRequest: true, openRequestId: ask.body.id },
    may: { create: false, edit: false },
  });
});

test('who has no license at all is told so', async () => {
  tenant = await aSeatTenant(ctx, { policy: { restricted: false, onShortage: 'reject_all' }, seats: 1 });
  const none = await it.as(await tenant.arrive());
  const res = await none.send('get', '/tickets', (sent) => sent.set('Accept-Language', 'de'));
  expect([res.status, res.body.code]).toEqual([403, 'license_missing']);
  expect(res.body.detail).toBe(
    'Sie haben noch keine Lizenz für Kontingent. Lizenzen vergibt die Administration von Kontingent in Ihrer Organisation.',
  );
});

test('MI-12 MI-15 MI-17: a request is granted over the API while a place is free, once', async () => {
  const { body: request } = await limited.post('/licenses/requests');
  const grant = () => owner.post(`/requests/${request.id}/decision`, { decision: 'granted', note: 'gladly' });
  const refused = await grant();
  expect([refused.status, refused.body]).toEqual([409, expect.objectContaining({ code: 'licenses_exhausted', purchased: 1, free: 0 })]);
  await tenant.buy(2);
  const granted = await grant();
  expect([granted.status, granted.body.state, granted.body.note]).toEqual([200, 'granted', 'gladly']);
  expect((await grant()).body).toEqual(granted.body);
  expect((await limited.post('/tickets', { title: 'Mine' })).status).toBe(201);
  expect((await limited.get('/requests')).body.items).toEqual([granted.body]);
});

test('MI-05 MI-17 MI-18: a license is switched over the API; what the model does not allow is a conflict', async () => {
  const { body } = await owner.get('/licenses?license=restricted');
  const [holder] = body.holders.items;
  const to = (license: string) => owner.patch(`/licenses/${holder.member.id}`, { license }, 1);
  expect((await to('full')).body.code).toBe('licenses_exhausted');
  await tenant.buy(2);
  expect((await to('full')).body).toMatchObject({ license: 'full', member: holder.member });
  expect((await to('full')).status).toBe(200);
  const down = await to('restricted');
  expect([down.status, down.body.code]).toEqual([409, 'license_model_fixed']);
  expect((await owner.get(`/members?q=limited`)).body.items[0].license).toBe('full');
});

test('MI-15: settings are read and chosen over the API', async () => {
  expect((await owner.get('/licenses/settings')).body).toEqual({
    chosen: { defaultForNew: null, requests: null, invitations: null },
    effective: { defaultForNew: 'full', requests: 'admins', invitations: 'admins' },
  });
  const changed = await owner.patch('/licenses/settings', { requests: 'automatic_while_free', invitations: 'all_members' }, 1);
  expect(changed.body.effective).toEqual({ defaultForNew: 'full', requests: 'automatic_while_free', invitations: 'all_members' });
  expect((await owner.patch('/licenses/settings', { requests: null }, 1)).body.chosen.requests).toBeNull();
  expect((await owner.patch('/licenses/settings', {}, 1)).status).toBe(400);
  expect((await limited.get('/licenses/settings')).body.code).toBe('not_allowed');
});

test('MI-02 MI-20: the pool, its model and its holders are there for everybody to see, page by page, with links to help', async () => {
  unwrap(await changeLicenseSettings(ctx, tenant.owner, { invitations: 'all_members' }));
  const first = (await limited.get('/licenses?limit=1')).body;
  expect(first.pool).toEqual({
    model: 'fixed',
    restrictedExist: true,
    purchased: 1,
    full: 1,
    restricted: 1,
    none: 0,
    invited: { full: 0, restricted: 0 },
    waiting: 0,
    free: 0,
    shortage: null,
  });
  const second = (await limited.get(`/licenses?limit=1&cursor=${first.holders.nextCursor}`)).body;
  expect([...first.holders.items, ...second.holders.items].map(({ license }) => license).sort()).toEqual(['full', 'restricted']);
  expect(second.holders.nextCursor).toBeNull();
  expect((await limited.get(first.help[0].path.slice('/api/v1'.length))).status).toBe(200);
});

test('TW-01: an organization whose plan assigns no licenses is told so', async () => {
  const other = await aTenant(ctx);
  const caller = await it.as(other.owner);
  expect((await caller.get('/licenses')).body).toMatchObject({ pool: null, settings: null, holders: { items: [] } });
  expect((await caller.get('/me')).body.license).toBeNull();
  const res = await caller.post('/licenses/invitations', invitees('a'));
  expect([res.status, res.body.code]).toEqual([403, 'licenses_not_assigned']);
  expect((await caller.get('/licenses/settings')).body.code).toBe('licenses_not_assigned');
});
