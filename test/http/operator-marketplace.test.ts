import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { createWebhookProbe } from '../../src/clients/webhook/webhook-probe';
import { parseConfig } from '../../src/config';
import type { Credential } from '../../src/features/operator/credentials.rules';
import type { Watch } from '../../src/features/operator/marketplace';
import { loadCatalog } from '../../src/features/plans/catalog';
import { publishPlans } from '../../src/features/plans/publish-plans';
import { createEventRunner, type EventRunner } from '../../src/features/subscriptions/event-runner';
import { receiveMarketplaceEvent } from '../../src/features/subscriptions/receive-event';
import { reconcileSubscriptions } from '../../src/features/subscriptions/reconcile';
import { marketplaceWebhookRoutes } from '../../src/http/routes/marketplace-webhook';
import { createServer } from '../../src/http/server';
import { createEntraVerifier } from '../../src/http/verify-entra-token';
import { createMarketplaceVerifier } from '../../src/http/verify-marketplace-token';
import { type Context, inTenant } from '../../src/platform/context';
import { type Caller, type KeyServer, stagingEnv, startKeyServer, type TestApp, testApp } from '../support/app';
import { type TestClock, testContext } from '../support/database';
import { FulfillmentApi } from '../support/fulfillment-api';
import { sellingAt } from '../support/selling';

let ctx: Context;
let clock: TestClock;
let api: FulfillmentApi;
let keys: KeyServer;
let events: EventRunner;
let watch: Watch;
let it: TestApp;
let webhook: Listening;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
  [keys, api] = await Promise.all([startKeyServer(), FulfillmentApi.start()]);
  watch = { selling: sellingAt(api), credentials, probe: (event) => probe(event) };
  it = await testApp(ctx, {}, watch);
  events = createEventRunner(ctx, watch.selling);
  webhook = await listen(keys.url);
});
afterEach(() => events.idle());
afterAll(async () => {
  for (const stop of stops) await stop();
  await Promise.all([keys.stop(), api.stop()]);
});

type Listening = { url: string; settings: ReturnType<typeof parseConfig>['marketplace']['webhook'] };

/** A server of ours that has the webhook and nothing else, at an address of its own. */
async function listen(jwksUrl: string): Promise<Listening> {
  const config = parseConfig(stagingEnv({ MARKETPLACE_WEBHOOK_JWKS_URL: jwksUrl }));
  const app = createServer({
    ctx,
    config,
    version: '0.0.0-test',
    pages: tmpdir(),
    verify: createEntraVerifier(config.entra),
    api: [],
    operator: [],
    bot: null,
    webhook: marketplaceWebhookRoutes({
      ctx,
      selling: watch.selling,
      events,
      verify: createMarketplaceVerifier(config.marketplace.webhook),
    }),
    account: (_req, _res, next) => next(),
    sandbox: null,
    ready: async () => true,
  });
  const server = await new Promise<Server>((resolve) => {
    const opened = app.listen(0, '127.0.0.1', () => resolve(opened));
  });
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/marketplace/webhook`,
    settings: config.marketplace.webhook,
  };
}

const probeOf = ({ url, settings }: Listening, sign: (() => Promise<string>) | null = null) =>
  createWebhookProbe({ ...settings, url, issuer: settings.issuers[0]! }, sign);
const signed = () => {
  const { audience, tenantId, callerId, issuers } = webhook.settings;
  return keys.issuer.sign({ aud: audience, iss: issuers[0]!, azp: callerId, tid: tenantId, ver: '2.0' });
};

/** What the next request is answered from. */
let probe: Watch['probe'];
const credentials: Credential[] = [];

const asOperator = (role = 'Kontingent.Support', memberId: string = randomUUID()): Promise<Caller> =>
  it.asOperator({ appRoles: [role], memberId });
const reason = 'ticket 4711';

describe('the self-test of the webhook', () => {
  const run = async (through: Watch['probe']) => {
    probe = through;
    return (await (await asOperator()).post('/marketplace/self-test', { reason })).body;
  };

  test('sends a signed event to our own address and says that it arrived; it changes nothing', async () => {
    const said = await run(probeOf(webhook, signed));
    expect(said).toMatchObject({
      url: webhook.url,
      signed: true,
      passed: true,
      status: 200,
      event: { action: 'SelfTest', answer: 'note' },
    });
    await events.idle();
    const support = await asOperator();
    const { body } = await support.get(`/marketplace/events/${said.event.eventId}`);
    expect(body).toMatchObject({ outcome: 'subscription_unknown', correlationId: said.event.eventId, payload: { action: 'SelfTest' } });
  });

  test('where nobody can sign as Microsoft does, a forged event that is refused shows that the way in and the keys work', async () => {
    expect(await run(probeOf(webhook))).toMatchObject({ signed: false, passed: true, status: 401, event: null });
  });

  test('says that the keys cannot be fetched', async () => {
    const other = await startKeyServer();
    other.down = true;
    stops.push(() => other.stop());
    const said = await run(probeOf(await listen(other.url)));
    expect(said).toMatchObject({ passed: false, status: 503, finding: expect.stringMatching(/keys .* cannot be fetched/u) });
  });

  test('says that nobody answers, and that somebody else does', async () => {
    const nowhere = { ...webhook, url: 'http://127.0.0.1:9/api/marketplace/webhook' };
    expect(await run(probeOf(nowhere))).toMatchObject({ passed: false, status: null, finding: expect.stringMatching(/ECONNREFUSED/u) });
    const elsewhere = { ...webhook, url: `${api.url}/api/marketplace/webhook` };
    expect(await run(probeOf(elsewhere))).toMatchObject({ passed: false, finding: expect.stringMatching(/PUBLIC_URL/u) });
  });

  test('tells when the settings refuse a genuine signature', async () => {
    const token = () => keys.issuer.sign({ aud: randomUUID(), iss: webhook.settings.issuers[0]!, azp: webhook.settings.callerId });
    expect(await run(probeOf(webhook, token))).toMatchObject({ passed: false, status: 401, event: null });
  });
});

describe('an event', () => {
  async function aPurchase() {
    const bought = api.buy({ tenantId: randomUUID(), objectId: randomUUID(), status: 'Subscribed' });
    await reconcileSubscriptions(ctx, watch.selling);
    return bought;
  }
  async function arrived(subscriptionId: string, action = 'Renew') {
    const webhookBody = api.webhookOf(api.begin(subscriptionId, action));
    await receiveMarketplaceEvent(ctx, watch.selling, {
      id: String(webhookBody.id),
      subscriptionId,
      action,
      planId: null,
      payload: webhookBody,
      requestId: 'theirs-1',
      correlationId: 'act-1',
    });
    events.applySoon(String(webhookBody.id));
    await events.idle();
    return String(webhookBody.id);
  }
  const auditOf = (tenantId: string) =>
    inTenant(ctx, tenantId, ({ db }) =>
      db.query(`select action, subject, details ->> 'reason' as reason from audit_log where tenant_id = $1 and via = 'operator'`, [
        tenantId,
      ]),
    );
  const factsOf = (tenantId: string) =>
    inTenant(ctx, tenantId, ({ db }) => db.query('select status, plan_id, revision from subscriptions where tenant_id = $1', [tenantId]));

  test('is found by its subscription, time and outcome, with both ids of theirs', async () => {
    const { id } = await aPurchase();
    const eventId = await arrived(id);
    clock.advance({ minutes: 5 });
    const suspended = await arrived(id, 'Suspend');
    const support = await asOperator();
    const ids = async (query: string) => {
      const { body } = await support.get(`/marketplace/events?subscriptionId=${id.toUpperCase()}&${query}`);
      return (body.items as { eventId: string }[]).map((event) => event.eventId);
    };
    expect(await ids('')).toEqual([suspended, eventId]);
    expect(await ids(`to=${ctx.now().toISOString()}`)).toEqual([eventId]);
    expect([await ids('outcome=applied'), await ids('outcome=waiting'), await ids('outcome=refused')]).toEqual([
      [suspended, eventId],
      [],
      [],
    ]);
    const { body } = await support.get(`/marketplace/events?subscriptionId=${id}&limit=1`);
    expect(body.items).toMatchObject([{ requestId: 'theirs-1', correlationId: 'act-1', outcome: 'succeeded' }]);
    expect((await support.get(`/marketplace/events?subscriptionId=${id}&limit=1&cursor=${body.nextCursor}`)).body.items).toMatchObject([
      { eventId },
    ]);
  });

  test('is applied again by the same function: harmless, and written down with the reason where its organization reads it', async () => {
    const { id, tenantId } = await aPurchase();
    const eventId = await arrived(id, 'Suspend');
    const before = await factsOf(tenantId);
    const support = await asOperator();
    for (let round = 1; round <= 2; round += 1) {
      const { status, body } = await support.post(`/marketplace/events/${eventId.toUpperCase()}/replay`, { reason });
      expect([status, body.eventId, body.outcome, body.attempts]).toEqual([200, eventId, 'succeeded', 1]);
    }
    expect(await factsOf(tenantId)).toEqual(before);
    expect(await auditOf(tenantId)).toEqual(Array(2).fill({ action: 'event.replay', subject: eventId.toUpperCase(), reason }));
  });

  test('mends on its replay what was made of it wrongly', async () => {
    const { id, tenantId } = await aPurchase();
    const eventId = await arrived(id, 'Suspend');
    // What a defect of that day made of it.
    await inTenant(ctx, tenantId, ({ db }) => db.query(`update subscriptions set status = 'Subscribed' where tenant_id = $1`, [tenantId]));
    await (await asOperator()).post(`/marketplace/events/${eventId}/replay`, { reason });
    expect(await factsOf(tenantId)).toMatchObject([{ status: 'Suspended' }]);
  });

  test('of nobody is replayed too, and written down as the publisher’s own', async () => {
    const memberId = randomUUID();
    const eventId = randomUUID();
    await receiveMarketplaceEvent(ctx, watch.selling, {
      id: eventId,
      subscriptionId: randomUUID(),
      action: 'Tomorrow',
      planId: null,
      payload: {},
      requestId: null,
      correlationId: null,
    });
    const { body } = await (await asOperator('Kontingent.Support', memberId)).post(`/marketplace/events/${eventId}/replay`, { reason });
    expect(body).toMatchObject({ outcome: 'subscription_unknown' });
    const acts = await ctx.database.query(`select action, subject from publisher_audit where actor = $1`, [memberId]);
    expect(acts).toEqual([{ action: 'event.replay', subject: eventId }]);
  });

  test('that never came is not found; acts are for support alone, looking is for both roles', async () => {
    const accounting = await asOperator('Kontingent.Accounting');
    const eventId = await arrived((await aPurchase()).id);
    for (const to of [`/marketplace/events/${eventId}/replay`, '/marketplace/self-test']) {
      const { status, body } = await accounting.post(to, { reason });
      expect([to, status, body.code, body.needs]).toEqual([to, 403, 'not_allowed', 'support']);
    }
    const unknown = await accounting.get(`/marketplace/events/${randomUUID()}`);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'event_not_found']);
    for (const to of ['status', 'events', 'calls', 'drift', 'pending'])
      expect((await accounting.get(`/marketplace/${to}`)).status).toBe(200);
  });
});

test('the status names what needs somebody: drift, purchases that wait, credentials that end, and a repair that does not come', async () => {
  const drifting = api.buy({ tenantId: randomUUID(), objectId: randomUUID(), status: 'Subscribed' });
  const waiting = api.buy({ tenantId: randomUUID(), objectId: randomUUID() });
  await reconcileSubscriptions(ctx, watch.selling);
  Object.assign(api.subscriptions.get(drifting.id)!, { planId: 'mystery' });
  await reconcileSubscriptions(ctx, watch.selling);
  credentials.push(
    { name: 'MARKETPLACE_CLIENT_SECRET', expiresAt: new Date(Date.now() + 6.5 * 86_400_000) },
    { name: 'ENTRA_CLIENT_SECRET', expiresAt: null },
  );
  const support = await asOperator();
  const { body } = await support.get('/marketplace/status');
  expect(body.concerns).toEqual([
    'MARKETPLACE_CLIENT_SECRET ends in 7 days: replace it',
    'subscriptions that differ from the marketplace and are not mended: 1',
    'purchases that nobody has activated: 1',
  ]);
  expect(body.credentials).toMatchObject([{ state: 'ends_soon', daysLeft: 7 }, { state: 'unknown' }]);
  expect((await support.get('/marketplace/drift')).body.items).toMatchObject([
    { subscriptionId: drifting.id, tenantId: drifting.tenantId, why: 'plan_unknown', mendedAt: null },
  ]);
  expect((await support.get('/marketplace/drift?open=false')).body.items.length).toBeGreaterThan(1);
  expect((await support.get('/marketplace/pending')).body.items).toMatchObject([{ subscriptionId: waiting.id }]);

  clock.advance({ hours: 3 });
  expect((await support.get('/marketplace/status')).body.concerns).toContain('no repair has seen the whole list for more than two hours');
});
