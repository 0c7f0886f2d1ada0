import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import request from 'supertest';
import type { Context } from '../../src/platform/context';
import { inTenant } from '../../src/platform/context';
import { describedOperatorRoutes } from '../support/answers';
import { stagingEnv, type TestApp, testApp } from '../support/app';
import { aDirectPlan, consentTo } from '../support/contracts';
import { type TestClock, testContext } from '../support/database';
import { ledger } from '../support/plan-changes';
import { anActor, aTenant, type TestTenant } from '../support/tenant';

const PUBLISHER = stagingEnv().MARKETPLACE_TENANT_ID!;

let ctx: Context;
let clock: TestClock;
let it: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  it = await testApp(ctx);
  tenant = await aTenant(ctx);
});

describe('who is let in', () => {
  const find = (bearer: string | null) => {
    const asked = request(it.app).get('/api/operator/v1/tenants?q=sample');
    return bearer === null ? asked : asked.set('Authorization', `Bearer ${bearer}`);
  };
  const tokenOf = (appRoles: string[], change: JWTPayload = {}, tenantId = PUBLISHER) => it.token(anActor({ tenantId, appRoles }), change);

  test.each([['Kontingent.Support'], ['Kontingent.Accounting']])('one of the publisher’s people with the app role %s', async (role) => {
    const { status, body } = await find(await tokenOf([role]));
    expect([status, Array.isArray(body.items)]).toEqual([200, true]);
  });

  test('nobody without a token', async () => {
    const { status, body } = await find(null);
    expect([status, body.code]).toEqual([401, 'token_missing']);
  });

  test('no customer, whatever roles their own directory gives them', async () => {
    const token = await it.token({ ...tenant.owner, appRoles: ['Kontingent.Support', 'Kontingent.Accounting'] });
    const { status, body } = await find(token);
    expect([status, body.code, body.items]).toEqual([401, 'token_invalid', undefined]);
  });

  test.each<[string, string[]]>([
    ['no role', []],
    ['a role of customers', ['admin', 'agent']],
    ['a role’s name in other letters', ['kontingent.support', 'SUPPORT', 'Kontingent.Support ']],
    ['a name every object has', ['constructor', '__proto__', 'toString']],
  ])('nobody of the publisher’s directory with %s', async (_what, roles) => {
    const { status, body } = await find(await tokenOf(roles));
    expect([status, body.code, body.items]).toEqual([403, 'operator_role_missing', undefined]);
  });

  const now = Math.floor(Date.now() / 1000);
  test.each<[string, JWTPayload]>([
    ['is for another application', { aud: randomUUID() }],
    ['is for the application’s address, as version 1 tokens are', { aud: `api://${randomUUID()}` }],
    ['expired', { exp: now - 120 }],
    ['is not valid yet', { nbf: now + 120 }],
    ['is of version 1', { ver: '1.0' }],
    ['has no scope, as an application’s own token', { scp: undefined }],
    ['has another scope', { scp: 'User.Read' }],
    ['names the publisher but was issued by another directory', { iss: `https://login.example/${randomUUID()}/v2.0` }],
    ['was issued by the publisher for another directory', { tid: randomUUID() }],
  ])('nobody whose token %s', async (_what, change) => {
    const { status, body } = await find(await tokenOf(['Kontingent.Support'], change));
    expect([status, body.code]).toEqual([401, 'token_invalid']);
  });

  test('ids in capitals are the same directory', async () => {
    expect((await find(await tokenOf(['Kontingent.Support'], {}, PUBLISHER.toUpperCase()))).status).toBe(200);
  });

  test('the directory of OPERATOR_TENANT_ID instead of the marketplace’s, where it is set', async () => {
    const elsewhere = randomUUID();
    const app = await testApp(ctx, { OPERATOR_TENANT_ID: elsewhere.toUpperCase() });
    const ask = async (tenantId: string) => {
      const token = await app.token(anActor({ tenantId, appRoles: ['Kontingent.Support'] }));
      return (await request(app.app).get('/api/operator/v1/tenants?q=x').set('Authorization', `Bearer ${token}`)).status;
    };
    expect([await ask(elsewhere), await ask(PUBLISHER)]).toEqual([200, 401]);
  });

  test('a stranger learns nothing from a request that is wrong besides', async () => {
    const { status, body } = await request(it.app)
      .get('/api/operator/v1/tenants')
      .set('Authorization', `Bearer ${await tokenOf([])}`);
    expect([status, body.errors]).toEqual([403, undefined]);
  });

  test('the rate limit is each operator’s own', async () => {
    const app = await testApp(ctx, { RATE_LIMIT_PER_MINUTE: '2' });
    const [one, other] = [await app.asOperator(), await app.asOperator()];
    const statuses = [];
    for (const who of [one, one, one, other]) statuses.push((await who.get('/tenants?q=x')).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
  });
});

describe('finding an organization', () => {
  test('by a part of its name, its id, and the id of a subscription; other words find nothing', async () => {
    const name = `Quartz ${randomUUID().slice(0, 8)}`;
    const [mine, twin] = [await aTenant(ctx), await aTenant(ctx)];
    for (const { tenantId } of [mine, twin])
      await inTenant(ctx, tenantId, ({ db }) => db.query('update tenants set name = $2 where tenant_id = $1', [tenantId, name]));
    await ctx.database.query(
      `insert into subscription_directory (source, external_id, tenant_id, subscription_id) values ('marketplace', $1, $2, $3)`,
      ['0b1c-market', mine.tenantId, mine.subscriptionId],
    );
    const operator = await it.asOperator();
    const ids = async (q: string) => {
      const { body } = await operator.get(`/tenants?q=${encodeURIComponent(q)}`);
      return (body.items as { tenantId: string }[]).map(({ tenantId }) => tenantId).sort();
    };
    expect(await ids(name.slice(2).toUpperCase())).toEqual([mine.tenantId, twin.tenantId].sort());
    expect(await ids(mine.tenantId.toUpperCase())).toEqual([mine.tenantId]);
    expect(await ids('0B1C-market')).toEqual([mine.tenantId]);
    expect(await ids(mine.subscriptionId)).toEqual([mine.tenantId]);
    expect(await ids('%')).toEqual([]);
    expect(await ids(randomUUID())).toEqual([]);
  });

  test('nobody who acts within one organization learns of another by it', async () => {
    const found = await inTenant(ctx, tenant.tenantId, ({ db }) => db.query(`select * from find_tenants('', 100)`));
    expect(found).toEqual([]);
    expect((await ctx.database.query(`select * from find_tenants('', 100)`)).length).toBeGreaterThan(1);
  });
});

/** What an organization's audit log says of the publisher's people, oldest first. */
const auditOf = (tenantId: string) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ action: string; actor: string; subject: string | null; details: Record<string, unknown> }>(
      `select action, actor, subject, details from audit_log where tenant_id = $1 and via = 'operator' order by at, audit_id`,
      [tenantId],
    ),
  );

const ACCOUNTING = { appRoles: ['Kontingent.Accounting'] };
const SUPPORT = { appRoles: ['Kontingent.Support'] };
const FACTS = { name: 'Granite Works', contactAddress: 'office@granite.example', locale: 'it', timeZone: 'Europe/Rome' };

describe('what is done for one organization', () => {
  test('is open to the named one alone, asks for a reason, and is written down there with it', async () => {
    const [named, other] = [await aTenant(ctx), await aTenant(ctx)];
    const memberId = randomUUID();
    const accounting = await it.asOperator({ ...ACCOUNTING, memberId });
    const wrong = await accounting.send('put', `/tenants/${named.tenantId}`, (test) => test.send(FACTS));
    expect([wrong.status, wrong.body.errors[0].path]).toEqual([400, 'reason']);
    const before = await auditOf(other.tenantId);
    const { status, body } = await accounting.send('put', `/tenants/${named.tenantId}`, (test) =>
      test.send({ ...FACTS, reason: 'Letter of 3 March' }),
    );
    expect([status, body]).toMatchObject([200, { tenantId: named.tenantId, ...FACTS }]);
    expect(await auditOf(named.tenantId)).toEqual([
      {
        action: 'operator.describe',
        actor: memberId,
        subject: named.tenantId,
        details: { ...FACTS, reason: 'Letter of 3 March', name: 'Sofia Support' },
      },
    ]);
    expect(await auditOf(other.tenantId)).toEqual(before);
  });

  test('is 404 for an organization that is not known, whatever it is', async () => {
    const [support, accounting, nobody] = [await it.asOperator(SUPPORT), await it.asOperator(ACCOUNTING), randomUUID()];
    expect((await support.get(`/tenants/${nobody}`)).body.code).toBe('tenant_not_found');
    const order = { planId: 'x', term: 'P1M', reason: 'A reason' };
    expect((await accounting.post(`/tenants/${nobody}/contracts`, order)).body.code).toBe('tenant_not_found');
    expect((await support.get('/tenants/not-an-id')).status).toBe(400);
  });

  test('looking shows subscriptions and open requests, and is written down too', async () => {
    const looked = await aTenant(ctx);
    const memberId = randomUUID();
    const support = await it.asOperator({ ...SUPPORT, memberId });
    const { body } = await support.get(`/tenants/${looked.tenantId}`);
    expect(body).toMatchObject({
      tenantId: looked.tenantId,
      name: 'Sample Organization',
      subscriptions: [{ id: looked.subscriptionId, source: 'marketplace', status: 'Subscribed' }],
      requests: [],
    });
    expect(await auditOf(looked.tenantId)).toMatchObject([{ action: 'operator.look', actor: memberId, subject: 'tenant' }]);
  });
});

describe('contracts', () => {
  test('of an organization that nobody of it has ever come from: made known, begun in the past, ended', async () => {
    const plan = await aDirectPlan(ctx);
    const tenantId = randomUUID();
    const accounting = await it.asOperator(ACCOUNTING);
    await accounting.send('put', `/tenants/${tenantId}`, (test) => test.send({ ...FACTS, reason: 'Signed on paper' }));
    const order = { planId: plan.planId, term: 'P1M', startsAt: '2026-01-20T08:00:00.000Z', reason: 'Signed on paper' };
    const started = await accounting.post(`/tenants/${tenantId}/contracts`, order, 'signed-on-paper-17');
    expect([started.status, started.body]).toMatchObject([
      201,
      { status: 'Subscribed', termStart: '2026-02-19T23:00:00.000Z', termEnd: '2026-03-19T23:00:00.000Z', purchasedAt: order.startsAt },
    ]);
    const again = await accounting.post(`/tenants/${tenantId}/contracts`, order, 'signed-on-paper-17');
    expect([again.headers['idempotent-replayed'], again.body]).toEqual(['true', started.body]);

    const end = (when: string) =>
      accounting.post(`/tenants/${tenantId}/contracts/${started.body.id}/end`, { when, reason: 'Notice received' });
    expect((await end('term_end')).body).toMatchObject({ status: 'Subscribed', autoRenew: false });
    expect((await end('now')).body).toMatchObject({ status: 'Unsubscribed' });
    expect((await end('now')).body).toMatchObject({ status: 'Unsubscribed' });
    const audit = await auditOf(tenantId);
    expect(audit.filter(({ action }) => action.startsWith('contract.')).map(({ action, details }) => [action, details.reason])).toEqual([
      ['contract.start', 'Signed on paper'],
      ['contract.end', 'Notice received'],
      ['contract.end', 'Notice received'],
    ]);
  });

  test.each<[string, (planId: string) => object, string]>([
    ['of an unknown plan', () => ({ planId: 'nothing-like-it' }), 'plan_unknown'],
    ['for a term it has not', () => ({ term: 'P1Y' }), 'term_unknown'],
    ['that begins later', () => ({ startsAt: '2027-01-01T00:00:00.000Z' }), 'start_in_future'],
    ['of a number where none is sold', () => ({ quantity: 3 }), 'quantity_out_of_bounds'],
  ])('%s are refused, and nothing is written', async (_what, change, code) => {
    const plan = await aDirectPlan(ctx);
    const { tenantId } = await aTenant(ctx);
    const accounting = await it.asOperator(ACCOUNTING);
    const order = { planId: plan.planId, term: 'P1M', reason: 'A reason', ...change(plan.planId) };
    const { status, body } = await accounting.post(`/tenants/${tenantId}/contracts`, order);
    expect([status, body.code]).toEqual([409, code]);
    expect(await auditOf(tenantId)).toEqual([]);
    expect((await accounting.get(`/tenants/${tenantId}`)).body.subscriptions).toHaveLength(1);
  });

  test('are ended by nobody through another organization, and purchases from the marketplace not at all', async () => {
    const [mine, other] = [await aTenant(ctx), await aTenant(ctx)];
    const plan = await aDirectPlan(ctx);
    const accounting = await it.asOperator(ACCOUNTING);
    const { body: contract } = await accounting.post(`/tenants/${mine.tenantId}/contracts`, {
      planId: plan.planId,
      term: 'P1M',
      reason: 'A reason',
    });
    for (const path of [
      `/tenants/${other.tenantId}/contracts/${contract.id}/end`,
      `/tenants/${mine.tenantId}/contracts/${mine.subscriptionId}/end`,
    ]) {
      const { status, body } = await accounting.post(path, { when: 'now', reason: 'A reason' });
      expect([status, body.code]).toEqual([404, 'subscription_not_found']);
    }
  });

  test('are not support’s to begin, to end or to describe', async () => {
    const { tenantId, subscriptionId } = await aTenant(ctx);
    const support = await it.asOperator(SUPPORT);
    const reason = 'A reason';
    const answers = [
      await support.post(`/tenants/${tenantId}/contracts`, { planId: 'x', term: 'P1M', reason }),
      await support.post(`/tenants/${tenantId}/contracts/${subscriptionId}/end`, { when: 'now', reason }),
      await support.send('put', `/tenants/${tenantId}`, (test) => test.send({ ...FACTS, reason })),
    ];
    for (const { status, body } of answers) expect([status, body.code, body.needs]).toEqual([403, 'not_allowed', 'accounting']);
    expect(await auditOf(tenantId)).toEqual([]);
  });
});

describe('early unlock', () => {
  /** A base of 10 groups and a package of 4, of which 1 is there at once and 3 wait for a payment. */
  async function withPackage() {
    const base = await aDirectPlan(ctx, {
      items: [
        { entitlement: 'tickets', kind: 'metered', amount: 100, policy: {} },
        { entitlement: 'teams', kind: 'stock', amount: 10, policy: {} },
      ],
    });
    const addon = await aDirectPlan(ctx, {
      role: 'addon',
      items: [{ entitlement: 'teams', kind: 'stock', amount: 4, policy: { activation: 'on_payment', immediately: 1 } }],
    });
    const buyer = anActor();
    const api = await it.as(buyer);
    for (const plan of [base, addon])
      expect((await api.post('/subscriptions', { planId: plan.planId, term: 'P1M', consent: consentTo(plan) })).status).toBe(201);
    return { api, tenantId: buyer.tenantId };
  }
  const support = () => it.asOperator(SUPPORT);
  const teamsOf = async (tenantId: string) => {
    const { body } = await (await support()).get(`/tenants/${tenantId}`);
    const { entitled, available } = body.standings.find((one: { meter: string }) => one.meter === 'teams');
    return { entitled, available };
  };

  test('HO-08: a customer asks, the request waits in the publisher’s queue, support grants it, and the rest is available', async () => {
    const { api, tenantId } = await withPackage();
    expect(await teamsOf(tenantId)).toEqual({ entitled: 14, available: 11 });
    const asked = (await api.post('/unlock-requests', { meter: 'teams' })).body;
    expect((await api.post('/unlock-requests', { meter: 'teams' })).body.id).toBe(asked.id);
    const operator = await support();
    const { body: queue } = await operator.get('/requests');
    expect(queue.items).toContainEqual(expect.objectContaining({ tenantId, requestId: asked.id, kind: 'early_unlock', subject: 'teams' }));
    const decide = (decision: string) =>
      operator.post(`/tenants/${tenantId}/unlock-requests/${asked.id}/decision`, {
        decision,
        reason: 'Short code 4711',
        note: 'With pleasure.',
      });
    expect((await decide('granted')).body).toMatchObject({ state: 'granted', note: 'With pleasure.' });
    expect(await teamsOf(tenantId)).toEqual({ entitled: 14, available: 14 });
    expect((await decide('granted')).body).toMatchObject({ state: 'granted' });
    expect((await decide('refused')).body).toMatchObject({ code: 'request_closed', state: 'granted' });
    expect(await teamsOf(tenantId)).toEqual({ entitled: 14, available: 14 });
    expect((await operator.get('/requests')).body.items.filter((one: { tenantId: string }) => one.tenantId === tenantId)).toEqual([]);
    const acts = (await auditOf(tenantId)).filter(({ action }) => action === 'early_unlock.granted');
    expect(acts).toMatchObject([{ subject: asked.id, details: { reason: 'Short code 4711' } }]);
  });

  test('HO-17: support sees what the customer sees: each grant with its reason, in its own language; HO-18: with the help that belongs to it', async () => {
    const { api, tenantId } = await withPackage();
    const operator = await support();
    const { body: seen } = await operator.get(`/tenants/${tenantId}/usage/teams`);
    expect(seen).toEqual((await api.get('/usage/teams')).body);
    expect(seen).toMatchObject({ entitled: 14, available: 11, pending: 3, help: '/api/v1/help/plans?meter=teams' });
    expect((await api.get(seen.help.slice('/api/v1'.length))).status).toBe(200);
    expect((await operator.get(`/tenants/${tenantId}/usage/boards`)).body.code).toBe('meter_not_found');
    expect((await auditOf(tenantId)).filter(({ action }) => action === 'operator.look')).toMatchObject([{ subject: 'teams' }]);
  });

  test('HO-08: a refused request leaves everything as it is, and may be asked anew', async () => {
    const { api, tenantId } = await withPackage();
    const { body: asked } = await api.post('/unlock-requests', { meter: 'teams' });
    const operator = await support();
    await operator.post(`/tenants/${tenantId}/unlock-requests/${asked.id}/decision`, { decision: 'refused', reason: 'Two invoices open' });
    expect(await teamsOf(tenantId)).toEqual({ entitled: 14, available: 11 });
    expect((await api.post('/unlock-requests', { meter: 'teams' })).body.id).not.toBe(asked.id);
  });

  test('HO-09: unlocks the named organization alone, not another one of the same customer', async () => {
    const [named, twin] = [await withPackage(), await withPackage()];
    const operator = await support();
    const { body: asked } = await twin.api.post('/unlock-requests', { meter: 'teams' });
    const crossed = await operator.post(`/tenants/${named.tenantId}/unlock-requests/${asked.id}/decision`, {
      decision: 'granted',
      reason: 'A reason',
    });
    expect([crossed.status, crossed.body.code]).toEqual([404, 'request_not_found']);
    const unlocked = await operator.post(`/tenants/${named.tenantId}/unlocks`, {
      meter: 'teams',
      reason: 'Letter naming this organization',
    });
    expect(unlocked.body).toMatchObject({ meter: 'teams', entitled: 14, available: 14 });
    expect(await teamsOf(named.tenantId)).toEqual({ entitled: 14, available: 14 });
    expect(await teamsOf(twin.tenantId)).toEqual({ entitled: 14, available: 11 });
  });

  test('HO-08: unlocking by hand grants the open request with it; where nothing waits it is refused', async () => {
    const { api, tenantId } = await withPackage();
    const { body: asked } = await api.post('/unlock-requests', { meter: 'teams' });
    const operator = await support();
    await operator.post(`/tenants/${tenantId}/unlocks`, { meter: 'teams', reason: 'By telephone' });
    const { body } = await api.get('/requests?kind=early_unlock');
    expect(body.items).toMatchObject([{ id: asked.id, state: 'granted' }]);
    const again = await operator.post(`/tenants/${tenantId}/unlocks`, { meter: 'teams', reason: 'By telephone' });
    expect([again.status, again.body.code]).toEqual([409, 'nothing_to_unlock']);
    expect((await api.post('/unlock-requests', { meter: 'teams' })).body.code).toBe('nothing_to_unlock');
  });
});

describe('what is otherwise than the plan says', () => {
  const later = '2026-04-10T00:00:00.000Z';

  test('a support grant adds units until it expires, once per key', async () => {
    const { tenantId } = await aTenant(ctx, { limits: { tickets: 100 } });
    const operator = await it.asOperator(SUPPORT);
    const given = { meter: 'tickets', amount: 50, expiresAt: later, reason: 'For the outage of Monday' };
    const first = await operator.post(`/tenants/${tenantId}/grants`, given, 'for-the-outage');
    expect([first.status, first.body]).toMatchObject([201, { ...given, effectiveAt: null }]);
    const again = await operator.post(`/tenants/${tenantId}/grants`, given, 'for-the-outage');
    expect([again.headers['idempotent-replayed'], again.body]).toEqual(['true', first.body]);
    const { body } = await operator.get(`/tenants/${tenantId}`);
    expect(body.standings[0]).toMatchObject({ meter: 'tickets', available: 150, limit: 150 });
    const past = await operator.post(`/tenants/${tenantId}/grants`, { ...given, expiresAt: '2026-01-01T00:00:00.000Z' });
    expect([past.status, past.body.code]).toEqual([422, 'override_invalid']);
  });

  test('an override holds until it is cleared or expires, and is shown with its reason', async () => {
    const { tenantId } = await aTenant(ctx, { limits: { tickets: 100 } });
    const operator = await it.asOperator(SUPPORT);
    const set = await operator.post(`/tenants/${tenantId}/overrides`, {
      path: 'tickets.tolerance',
      value: 7,
      expiresAt: later,
      reason: 'Agreed on the phone',
    });
    expect(set.body).toEqual({ path: 'tickets.tolerance', value: 7, expiresAt: later, reason: 'Agreed on the phone' });
    const view = async () => (await operator.get(`/tenants/${tenantId}`)).body;
    expect(await view()).toMatchObject({ overrides: [{ path: 'tickets.tolerance', value: 7 }] });
    expect((await view()).standings[0].limit).toBe(107);
    const clear = () => operator.post(`/tenants/${tenantId}/overrides/clear`, { path: 'tickets.tolerance', reason: 'No longer' });
    expect((await clear()).status).toBe(204);
    expect((await view()).standings[0].limit).toBe(100);
    expect((await clear()).body.code).toBe('override_not_found');
    const wrong = await operator.post(`/tenants/${tenantId}/overrides`, {
      path: 'tickets.amount',
      value: 1,
      expiresAt: later,
      reason: 'A reason',
    });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'override_invalid']);
  });

  test('is support’s to set and not accounting’s', async () => {
    const { tenantId } = await aTenant(ctx);
    const accounting = await it.asOperator(ACCOUNTING);
    const reason = 'A reason';
    const answers = [
      await accounting.post(`/tenants/${tenantId}/unlocks`, { meter: 'teams', reason }),
      await accounting.post(`/tenants/${tenantId}/unlock-requests/${randomUUID()}/decision`, { decision: 'granted', reason }),
      await accounting.post(`/tenants/${tenantId}/grants`, { meter: 'tickets', amount: 1, expiresAt: later, reason }),
      await accounting.post(`/tenants/${tenantId}/overrides`, { path: 'tickets.tolerance', value: 1, expiresAt: later, reason }),
      await accounting.post(`/tenants/${tenantId}/overrides/clear`, { path: 'tickets.tolerance', reason }),
    ];
    for (const { status, body } of answers) expect([status, body.code, body.needs]).toEqual([403, 'not_allowed', 'support']);
  });
});

test('every act of the publisher’s people asks for a reason, and no route of theirs is a customer’s', async () => {
  for (const route of describedOperatorRoutes) {
    if (route.method === 'get') continue;
    const parsed = route.body!.safeParse({});
    expect([route.path, parsed.error?.issues.some(({ path }) => path[0] === 'reason')]).toEqual([route.path, true]);
  }
  const token = await it.token(tenant.owner);
  for (const { method, path } of describedOperatorRoutes) {
    const agent = request(it.app) as unknown as Record<string, (url: string) => request.Test>;
    const to = `/api/operator/v1${path.replaceAll(/:\w+/gu, tenant.tenantId)}`;
    const { status, body } = await agent[method]!(to).set('Authorization', `Bearer ${token}`);
    expect([path, status, body.code]).toEqual([path, 401, 'token_invalid']);
  }
});

/** Last, because it moves the clock. */
test('a contract that nobody has renewed for months is renewed and billed before it is ended', async () => {
  const plan = await aDirectPlan(ctx);
  const owner = anActor();
  const accounting = await it.asOperator(ACCOUNTING);
  await accounting.send('put', `/tenants/${owner.tenantId}`, (test) => test.send({ ...FACTS, reason: 'Signed on paper' }));
  const order = { planId: plan.planId, term: 'P1M', reason: 'Signed on paper' };
  const { body } = await accounting.post(`/tenants/${owner.tenantId}/contracts`, order);
  clock.advance({ days: 70 });
  const ended = await accounting.post(`/tenants/${owner.tenantId}/contracts/${body.id}/end`, { when: 'now', reason: 'Notice received' });
  expect(ended.body).toMatchObject({ status: 'Unsubscribed' });
  expect((await ledger({ ctx, owner })).map(({ amountMinor }) => amountMinor)).toEqual([5900, 5900, 5900]);
});
