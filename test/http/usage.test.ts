// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { Explanation, Shares, Usage } from '../../src/contract/usage';
import { unlockGrants } from '../../src/features/usage/unlock-grants';
import { type Context, inTenant } from '../../src/platform/context';
import { type Caller, type TestApp, testApp } from '../support/app';
import { type TestClock, testContext } from '../support/database';
import { aPlanOf, buys } from '../support/packages';
import { aTenant, type TestTenant } from '../support/tenant';

let ctx: Context;
let it: TestApp;
let clock: TestClock;
let tenant: TestTenant;
let owner: Caller;

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  it = await testApp(ctx);
  tenant = await aTenant(ctx, {
    plan: await aPlanOf(ctx, { quotas: { tickets: { amount: 3, allocation: 'per_team' } }, limits: { teams: 2 } }),
  });
  clock.advance({ days: 1 });
  await buys(
    ctx,
    tenant.tenantId,
    await aPlanOf(ctx, { role: 'addon', limits: { teams: { amount: 4, activation: 'on_payment', immediately: 1 } } }),
  );
  owner = await it.as(tenant.owner);
});

const get = async (path: string, language = 'en') =>
  (await owner.send('get', path, (test) => test.set('Accept-Language', language))) as { status: number; body: Record<string, any> };

test('HO-06 the API tells of a limit everything behind its numbers, in the caller’s language', async () => {
  const { status, body } = await get('/usage/teams');
  expect(status).toBe(200);
  expect(Explanation.parse(body)).toEqual(body);
  expect(body).toMatchObject({ entitled: 6, available: 3, limit: 3, pendingWords: '6 entitled, 3 available, 3 pending until payment' });
  expect((await get('/usage/teams', 'de')).body.pendingWords).toBe('6 zustehend, 3 verfügbar, 3 bis zur Zahlung ausstehend');
});

test('the list holds meters and limits beside each other', async () => {
  const { body } = await get('/usage');
  expect(Usage.parse(body)).toEqual(body);
  expect(body.meters.map(({ meter }: { meter: string }) => meter)).toEqual(['tickets', 'checklists', 'opportunities']);
  expect(body.limits).toMatchObject([{ meter: 'teams', entitled: 6, available: 3 }]);
});

test('any instant can be asked for; what is no instant, and an unknown meter, is refused', async () => {
  const before = ctx.now().toISOString();
  clock.advance({ days: 1 });
  await inTenant(ctx, tenant.tenantId, (tx) => unlockGrants(tx, tenant.tenantId, { meter: 'teams', actor: 'support' }, ctx.now()));
  expect((await get('/usage/teams')).body).toMatchObject({ available: 6, pending: 0, pendingWords: null });
  expect((await get(`/usage/teams?at=${before}`)).body).toMatchObject({ asOf: before, available: 3, pending: 3, forecast: null });
  expect((await get('/usage/teams?at=yesterday')).body).toMatchObject({ status: 400, code: 'invalid_input' });
  expect((await get('/usage/boards')).body).toMatchObject({ status: 404, code: 'meter_not_found', meter: 'boards' });
});

test('TW-07 shares over the API: given, used by creations that name the team, refused beyond', async () => {
  const team = (await owner.post('/teams', { name: 'Red' })).body.id as string;
  const share = await owner.send('put', `/usage/tickets/shares/${team}`, (test) => test.send({ amount: 1 }));
  expect([share.status, Shares.parse(share.body)]).toEqual([200, expect.objectContaining({ available: 3, unallocated: 2 })]);
  expect((await owner.post('/tickets', { title: 'One', teamId: team })).status).toBe(201);
  expect((await owner.post('/tickets', { title: 'Two', teamId: team })).body).toMatchObject({
    status: 402,
    code: 'quota_exhausted',
    teamId: team,
    limit: 1,
  });
  expect((await owner.post('/tickets', { title: 'Three' })).status).toBe(201);
  expect((await get('/usage/tickets/shares')).body.shares).toMatchObject([
    { team: { id: team, name: 'Red' }, amount: 1, used: 1, remaining: 0 },
  ]);
  expect((await owner.send('put', `/usage/tickets/shares/${team}`, (test) => test.send({ amount: 4 }))).body).toMatchObject({
    status: 409,
    code: 'allocation_too_large',
  });
  expect((await owner.send('put', `/usage/tickets/shares/${team}`, (test) => test.send({ amount: -1 }))).status).toBe(400);
});
