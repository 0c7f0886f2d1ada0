import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Express } from 'express';
import request, { type Response } from 'supertest';
import { createSignIn } from '../../src/clients/entra/sign-in';
import { parseConfig } from '../../src/config';
import { type AccountPreview, AccountState } from '../../src/contract/account';
import { runOutbox } from '../../src/features/outbox/outbox';
import { planChangeHandlers } from '../../src/features/plan-changes/handlers';
import { loadCatalog } from '../../src/features/plans/catalog';
import { publishPlans } from '../../src/features/plans/publish-plans';
import { accountRoutes, purchaseTokenOf } from '../../src/http/routes/account';
import { createServer } from '../../src/http/server';
import { createEntraVerifier } from '../../src/http/verify-entra-token';
import { type Context, inTenant } from '../../src/platform/context';
import { createLogger } from '../../src/platform/logger';
import { CLIENT_ID, stagingEnv } from '../support/app';
import { TestClock, testContext } from '../support/database';
import { AUTHORITY_HOST, startEntra, type TestEntra } from '../support/entra';
import { FulfillmentApi } from '../support/fulfillment-api';
import { publishPreset } from '../support/presets';
import { sellingAt } from '../support/selling';

const PUBLIC_URL = 'https://kontingent.example';
const PAGE = '<!doctype html><title>account</title>';

let ctx: Context;
let app: Express;
let entra: TestEntra;
let api: FulfillmentApi;
let lines: string[];
let clock: TestClock;

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  lines = [];
  ctx = { ...ctx, log: createLogger('info', { write: (line: string) => void lines.push(line) }) };
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
  entra = await startEntra(CLIENT_ID, 'a sign-in secret of the tests');
  const page = path.join(await mkdtemp(path.join(tmpdir(), 'kontingent-account-')), 'index.html');
  await writeFile(page, PAGE);
  api = await FulfillmentApi.start();
  const config = parseConfig(
    stagingEnv({
      ENTRA_JWKS_URL: entra.jwksUrl,
      ENTRA_ISSUER_TEMPLATE: `https://${AUTHORITY_HOST}/{tid}/v2.0`,
      ENTRA_AUTHORITY: `https://${AUTHORITY_HOST}/common`,
      RATE_LIMIT_PER_MINUTE: '100000',
    }),
  );
  const verify = createEntraVerifier(config.entra);
  const selling = sellingAt(api);
  const signIn = createSignIn({ ...config.entra, networkClient: entra.networkClient });
  app = createServer({
    ctx,
    config,
    version: '0.0.0-test',
    pages: path.dirname(page),
    verify,
    api: [],
    operator: [],
    bot: null,
    webhook: (_req, _res, next) => next(),
    account: accountRoutes({ ctx, config, selling, signIn, verify, page }),
    sandbox: null,
    ready: async () => true,
  });
});
afterAll(async () => {
  await Promise.all([entra.stop(), api.stop()]);
});

interface Person {
  tenantId: string;
  objectId: string;
  name?: string;
}
const aPerson = (given: Partial<Person> = {}): Person => ({ tenantId: randomUUID(), objectId: randomUUID(), ...given });

/** A browser: keeps the cookie as a browser does. */
class Browser {
  cookie = '';
  csrf = '';
  cookies: string[] = [];

  async get(to: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.keep(await request(app).get(to).set('Cookie', this.cookie).set(headers));
  }

  async post(
    to: string,
    body: object = {},
    headers: Record<string, string> = { 'X-CSRF-Token': this.csrf, Origin: PUBLIC_URL },
  ): Promise<Response> {
    return this.keep(await request(app).post(to).set('Cookie', this.cookie).set(headers).send(body));
  }

  async land(token: string): Promise<Response> {
    return this.get(`/account?token=${encodeURIComponent(token)}`);
  }

  async signIn(person: Person, claims = {}): Promise<Response> {
    const { location } = (await this.get('/account/sign-in')).headers;
    const back = new URL(entra.signIn(location!, person, claims));
    return this.get(back.pathname + back.search);
  }

  async state(): Promise<AccountState> {
    const res = await this.get('/account/state');
    expect(res.status).toBe(200);
    const state = AccountState.parse(res.body);
    this.csrf = state.csrfToken ?? '';
    return state;
  }

  activate(subscriptionId: string, change: object = {}): Promise<Response> {
    return this.post('/account/activate', {
      subscriptionId,
      organization: 'Sample Logistics',
      contactAddress: 'owner@sample.example',
      locale: 'it',
      timeZone: 'Europe/Rome',
      ...change,
    });
  }

  private keep(res: Response): Response {
    for (const cookie of (res.headers['set-cookie'] as unknown as string[] | undefined) ?? []) {
      this.cookies.push(cookie);
      this.cookie = cookie.split(';')[0]!;
    }
    return res;
  }
}

const buy = (person: Person, given = {}) => api.buy({ tenantId: person.tenantId, objectId: person.objectId, ...given });

describe('the walk of a buyer', () => {
  test('token, sign-in, one activation, the state of an active subscription', async () => {
    const buyer = aPerson();
    const bought = buy(buyer, { planId: 'standard' });
    const browser = new Browser();

    const landed = await browser.land(bought.token);
    expect(landed.status).toBe(303);
    expect(landed.headers.location).toBe('/account');
    expect((await browser.get('/account')).text).toBe(PAGE);
    expect(await browser.state()).toMatchObject({ state: 'signed_out', subscription: null, signedInAs: null });

    expect((await browser.signIn(buyer)).headers.location).toBe('/account');
    const state = await browser.state();
    expect(state).toMatchObject({
      state: 'new',
      signedInAs: { name: 'Olivia Owner', organizationId: buyer.tenantId },
      subscription: {
        id: bought.id,
        planId: 'standard',
        planName: 'Standard',
        status: 'PendingFulfillmentStart',
        limits: expect.arrayContaining([{ meter: 'tickets', amount: 100 }]),
      },
      suggestedContact: { organization: 'sample.example', address: 'olivia@sample.example' },
    });

    const clicks = await Promise.all([browser.activate(bought.id), browser.activate(bought.id), browser.activate(bought.id)]);
    for (const click of clicks) {
      expect(click.status).toBe(200);
      expect(AccountState.parse(click.body)).toMatchObject({
        state: 'active',
        subscription: { status: 'Subscribed', termStart: '2026-03-10T00:00:00.000Z' },
      });
    }
    expect(api.callsTo('POST', new RegExp(`${bought.id}/activate$`))).toHaveLength(1);
    expect(await new BrowserOf(buyer).visit()).toMatchObject({ state: 'active', subscription: { id: bought.id } });
  });

  test('a plus sign in the token arrives at the marketplace as one, encoded or not', async () => {
    for (const address of ['/account?token=ab%2Bcd%2Fef%3D%3D', '/account?x=1&token=ab+cd/ef=='])
      expect(purchaseTokenOf(address)).toBe('ab+cd/ef==');
    expect(purchaseTokenOf('/account?token=%252B')).toBe('%2B');
    expect(purchaseTokenOf('/account?token=%zz')).toBe('');
    expect(purchaseTokenOf('/account')).toBeNull();
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.get(`/account?token=${bought.token}`);
    await browser.signIn(buyer);
    expect(await browser.state()).toMatchObject({ state: 'new' });
  });

  test('a second visit with a fresh token shows the live subscription, and adopts what a lost webhook did not say', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    await browser.state();
    await browser.activate(bought.id);
    api.subscriptions.get(bought.id)!.planId = 'premium';
    await browser.land(bought.token);
    expect(await browser.state()).toMatchObject({ state: 'active', subscription: { planId: 'premium' } });
    const [row] = await inTenant(ctx, buyer.tenantId, ({ db }) =>
      db.query<{ plan_id: string }>('select plan_id from subscriptions where tenant_id = $1', [buyer.tenantId]),
    );
    expect(row!.plan_id).toBe('premium');
  });

  test.each([
    ['Suspended', 'suspended'],
    ['Unsubscribed', 'ended'],
  ])('a %s subscription is shown as %s', async (status, state) => {
    const buyer = aPerson();
    const bought = buy(buyer, { status });
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    expect(await browser.state()).toMatchObject({ state, subscription: { status } });
  });

  test('a purchase is resolved and activated by five calls at most, looks for its outcome aside', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    api.habits.readsUntilStarted = 2;
    const from = api.calls.length;
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    await browser.state();
    expect((await browser.activate(bought.id)).status).toBe(200);
    api.habits.readsUntilStarted = 0;
    const calls = api.calls.slice(from).map(({ method, path: to }) => `${method} ${to.split('/').at(-1)}`);
    const asked = calls.indexOf('POST activate');
    // Reads after the activation are looks until the third shows it; one more is the page's.
    expect(calls.slice(asked + 1)).toEqual(Array(4).fill(`GET ${bought.id}`));
    expect(calls.length - 3).toBeLessThanOrEqual(5);
    expect(calls.filter((call) => call === 'POST resolve')).toHaveLength(1);
  });

  test('a marketplace that is away is said to be, and the token is kept for the next look', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    api.troubles.push(503, 503, 503);
    expect(await browser.state()).toMatchObject({ state: 'marketplace_unavailable', subscription: null });
    expect(await browser.state()).toMatchObject({ state: 'new' });
  });

  test('an activation that the marketplace fails is a problem with its reason', async () => {
    const buyer = aPerson();
    const bought = buy(buyer, { planId: 'mystery' });
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    expect(await browser.state()).toMatchObject({ state: 'new', subscription: { planName: 'mystery', limits: [] } });
    expect((await browser.activate(bought.id)).body).toMatchObject({ status: 409, code: 'plan_unknown', planId: 'mystery' });
  });
});

describe('ending', () => {
  test('the buyer cancels within the window; others cannot; what has ended says until when it is kept, and is exported', async () => {
    const person = aPerson();
    const bought = buy(person, { planId: 'standard' });
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(person);
    await browser.state();
    await browser.activate(bought.id);
    const { ending } = await browser.state();
    expect(ending).toMatchObject({ askedAt: null, byPartner: false, keptUntil: null });

    const order = { subscriptionId: bought.id, consent: 'cancel_with_refund' };
    expect((await browser.post('/account/cancel', order, { Origin: PUBLIC_URL })).body).toMatchObject({ code: 'csrf' });
    const stranger = new Browser();
    await stranger.land(bought.token);
    await stranger.signIn(aPerson());
    expect((await stranger.state()).ending).toBeNull();
    expect((await stranger.post('/account/cancel', order)).status).toBe(404);
    expect((await stranger.get('/account/export')).status).toBe(403);

    expect((await browser.post('/account/cancel', order)).body).toMatchObject({ code: 'cancellation_window_closed', status: 409 });
    const now = clock.now();
    clock.set('2026-03-04T08:30:00.000Z');
    expect((await browser.post('/account/cancel', order)).body).toMatchObject({ ending: { askedAt: clock.now().toISOString() } });
    clock.set(now.toISOString());

    bought.status = 'Unsubscribed';
    expect(await browser.state()).toMatchObject({ state: 'ended', ending: { offer: null, askedAt: null, keptUntil: expect.any(String) } });
    const file = await browser.get('/account/export');
    expect([file.status, file.headers['content-disposition']]).toEqual([200, expect.stringContaining('attachment')]);
    expect(file.body).toMatchObject({ organization: person.tenantId, data: { members: [{ member_id: person.objectId }] } });
  });
});

/** A browser in which a buyer has activated what they bought. */
async function anActive(person: Person, given: object = {}) {
  const bought = buy(person, given);
  const browser = new Browser();
  await browser.land(bought.token);
  await browser.signIn(person);
  await browser.state();
  expect((await browser.activate(bought.id)).status).toBe(200);
  return { bought, browser };
}

describe('changing plan and seats', () => {
  const plan = (planId: string, more: object = {}) => ({ planId, displayName: planId, hasFreeTrials: true, ...more });
  const consent = { change: true };
  let real: TestClock;

  beforeAll(() => {
    api.plans = ['free', 'standard', 'premium', 'starter-seats'].map((id) => plan(id, id === 'starter-seats' ? { maxQuantity: 50 } : {}));
    api.plans.push(plan('professional', { isStopSell: true }), plan('business-seats', { minQuantity: 20, maxQuantity: 30 }));
  });
  beforeEach(() => (real = new TestClock(new Date('2026-03-10T09:00:00.000Z'))));

  /** What waits is sent and followed, round by round. */
  async function deliver(rounds = 4): Promise<void> {
    const messages = { sendAnnouncement: async () => ({ outcome: 'sent' as const }) };
    for (let round = 1; round <= rounds; round += 1) {
      await runOutbox(ctx, planChangeHandlers(ctx, { selling: sellingAt(api), messages }), real);
      real.advance({ seconds: 30 });
    }
  }
  const asked = (id: string) => api.callsTo('PATCH', new RegExp(`subscriptions/${id}$`)).map(({ body }) => body);
  const choices = (browser: Browser, id: string) => browser.get(`/account/choices?subscriptionId=${id}`);
  const preview = async (browser: Browser, subscriptionId: string, wanted: object) =>
    (await browser.post('/account/changes/preview', { subscriptionId, ...wanted })).body as AccountPreview;
  const allowed = ({ preview: shown }: AccountPreview) => {
    if (!shown.allowed) throw new Error(JSON.stringify(shown.refusal));
    return shown;
  };

  test('TW-21: the buyer chooses among plans that Microsoft lists, sees what changes, orders once however often, and follows it', async () => {
    const { bought, browser } = await anActive(aPerson(), { planId: 'standard' });
    expect((await browser.state()).change).toEqual({ barred: null, hasSeats: false, latest: null });
    const { body } = await choices(browser, bought.id);
    // Neither the one held, nor one that is no longer sold, nor of another offer.
    expect(body.plans.map(({ planId, direction }: { planId: string; direction: string }) => [planId, direction])).toEqual([
      ['free', 'downgrade'],
      ['premium', 'upgrade'],
    ]);
    expect(body).toMatchObject({ seats: null, plans: [{}, { price: '€59.00 per month', endsTrial: false, seats: null }] });

    const shown = await preview(browser, bought.id, { toPlanId: 'premium' });
    expect(shown.names).toMatchObject({ tickets: 'tickets' });
    const { previewId, effective, money } = allowed(shown);
    expect([effective, money!.isEstimate]).toEqual(['now', true]);
    const order = { subscriptionId: bought.id, previewId };
    expect((await browser.post('/account/changes', order)).body).toMatchObject({ status: 409, code: 'consent_missing', of: 'change' });

    const clicks = await Promise.all([1, 2, 3].map(() => browser.post('/account/changes', { ...order, consent })));
    for (const click of clicks)
      expect(AccountState.parse(click.body).change!.latest).toMatchObject({ state: 'awaiting_marketplace', to: { planId: 'premium' } });
    expect((await browser.post('/account/changes/preview', { subscriptionId: bought.id, toPlanId: 'free' })).body.preview).toMatchObject({
      allowed: false,
      refusal: { code: 'change_open' },
    });
    await deliver();
    expect(asked(bought.id)).toEqual([{ planId: 'premium' }]);
    api.settle([...api.operations.values()].find(({ subscriptionId }) => subscriptionId === bought.id)!);
    await deliver();
    expect(await browser.state()).toMatchObject({
      state: 'active',
      subscription: { planId: 'premium' },
      change: { latest: { state: 'applied' } },
    });
    const audits = await inTenant(ctx, bought.tenantId, ({ db }) =>
      db.query<{ actor: string; via: string }>(`select actor, via from audit_log where tenant_id = $1 and action = 'plan_change.ordered'`, [
        bought.tenantId,
      ]),
    );
    expect(audits).toEqual([{ actor: bought.objectId, via: 'account' }]);
  });

  test('what Microsoft refuses is told, the plan stays, and another may be ordered', async () => {
    const { bought, browser } = await anActive(aPerson(), { planId: 'standard' });
    const { previewId } = allowed(await preview(browser, bought.id, { toPlanId: 'premium' }));
    await browser.post('/account/changes', { subscriptionId: bought.id, previewId, consent });
    await deliver(1);
    api.settle([...api.operations.values()].find(({ subscriptionId }) => subscriptionId === bought.id)!, false);
    await deliver();
    expect(await browser.state()).toMatchObject({ subscription: { planId: 'standard' }, change: { latest: { state: 'refused' } } });
    expect((await preview(browser, bought.id, { toPlanId: 'premium' })).preview.allowed).toBe(true);
  });

  test('a change that waits for the end of the period is withdrawn by who ordered it', async () => {
    const { bought, browser } = await anActive(aPerson(), { planId: 'standard' });
    const { previewId } = allowed(await preview(browser, bought.id, { toPlanId: 'free' }));
    await browser.post('/account/changes', { subscriptionId: bought.id, previewId, consent });
    const { latest } = (await browser.state()).change!;
    expect(latest).toMatchObject({ state: 'scheduled', direction: 'downgrade' });
    const withdrawal = { subscriptionId: bought.id, changeId: latest!.id };
    expect((await browser.post('/account/changes/withdraw', withdrawal)).body.change.latest.state).toBe('withdrawn');
    await deliver();
    expect(asked(bought.id)).toEqual([]);
  });

  test('seats: within what the plan and Microsoft allow; fewer than are given to people is said before, with numbers', async () => {
    const person = aPerson();
    await publishPreset(ctx, 'license-pool');
    const { bought, browser } = await anActive(person, { planId: 'starter-seats', offerId: 'kontingent-seats', quantity: 3 });
    await inTenant(ctx, person.tenantId, ({ db }) =>
      db.query(
        `insert into members (tenant_id, member_id, name, role, address, created_at, last_active_at, license)
         select $1, gen_random_uuid(), 'A colleague', 'member', null, $2, $2, 'full' from generate_series(1, 2)`,
        [person.tenantId, ctx.now()],
      ),
    );
    expect((await browser.state()).change).toMatchObject({ hasSeats: true });
    // The plan sells up to 5,000; Microsoft lists 50. Another plan begins at 20: the seats come first.
    expect((await choices(browser, bought.id)).body).toMatchObject({
      seats: { held: 3, taken: 3, min: 1, max: 50 },
      plans: [{ planId: 'business-seats', seats: { min: 20, max: 30 } }],
    });
    const fewer = allowed(await preview(browser, bought.id, { toPlanId: 'starter-seats', quantity: 2 }));
    expect(fewer).toMatchObject({ direction: 'downgrade', licenses: { taken: 3, purchased: 2, graceDays: 30 } });
    expect(allowed(await preview(browser, bought.id, { toPlanId: 'starter-seats', quantity: 4 })).licenses).toBeNull();
    expect((await preview(browser, bought.id, { toPlanId: 'starter-seats', quantity: 5001 })).preview).toMatchObject({
      allowed: false,
      refusal: { code: 'quantity_out_of_bounds', quantity: 5001, min: 1, max: 5000 },
    });
    await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
  });

  test('a partner’s customer is told so, and a change is not taken', async () => {
    const { bought, browser } = await anActive(aPerson(), { planId: 'standard', allowed: ['Read'] });
    expect((await browser.state()).change).toMatchObject({ barred: 'by_partner' });
    expect((await choices(browser, bought.id)).body.plans).toEqual([]);
    expect((await preview(browser, bought.id, { toPlanId: 'premium' })).preview).toMatchObject({
      allowed: false,
      refusal: { code: 'change_not_allowed', reason: 'by_partner' },
    });
  });

  test('what is suspended or has ended offers no change', async () => {
    const { bought, browser } = await anActive(aPerson(), { planId: 'standard' });
    bought.status = 'Suspended';
    expect(await browser.state()).toMatchObject({ state: 'suspended', change: null });
    expect((await preview(browser, bought.id, { toPlanId: 'premium' })).preview).toMatchObject({
      refusal: { code: 'subscription_inactive' },
    });
  });

  test('a marketplace that is away offers nothing for now, and says why', async () => {
    const { bought, browser } = await anActive(aPerson(), { planId: 'standard' });
    api.troubles.push(503, 503, 503);
    expect((await choices(browser, bought.id)).body).toMatchObject({ status: 503, code: 'marketplace_unavailable' });
  });

  test('strangers, colleagues without the right, and other pages change nothing', async () => {
    const person = aPerson();
    const { bought, browser } = await anActive(person, { planId: 'standard' });
    const { previewId } = allowed(await preview(browser, bought.id, { toPlanId: 'premium' }));
    const order = { subscriptionId: bought.id, previewId, consent };
    const acts: [string, object][] = [
      ['/account/changes/preview', { subscriptionId: bought.id, toPlanId: 'premium' }],
      ['/account/changes', order],
      ['/account/changes/withdraw', { subscriptionId: bought.id, changeId: randomUUID() }],
    ];
    const stranger = new Browser();
    await stranger.land(bought.token);
    await stranger.signIn(aPerson());
    expect((await stranger.state()).change).toBeNull();
    const colleague = new Browser();
    await colleague.land(bought.token);
    await colleague.signIn(aPerson({ tenantId: person.tenantId }));
    expect((await colleague.state()).change).toBeNull();
    for (const [to, body] of acts) {
      expect((await stranger.post(to, body)).body).toMatchObject({ status: 404, code: 'subscription_not_found' });
      expect((await colleague.post(to, body)).body).toMatchObject({ status: 403, code: 'not_allowed', needs: 'manage_plan' });
      expect((await browser.post(to, body, { Origin: PUBLIC_URL })).body).toMatchObject({ status: 403, code: 'csrf' });
      expect((await browser.post(to, body, { 'X-CSRF-Token': browser.csrf, Origin: 'https://evil.example' })).body).toMatchObject({
        code: 'csrf',
      });
      expect((await request(app).post(to).send(body)).body).toMatchObject({ status: 401, code: 'token_missing' });
    }
    expect((await choices(stranger, bought.id)).status).toBe(404);
    expect((await choices(colleague, bought.id)).status).toBe(403);
    expect((await request(app).get(`/account/choices?subscriptionId=${bought.id}`)).status).toBe(401);
    await deliver();
    expect(asked(bought.id)).toEqual([]);
  });

  test('who bought a second subscription changes that one, whatever their role', async () => {
    const owner = aPerson();
    const { bought: first } = await anActive(owner, { planId: 'standard' });
    const { bought: second, browser } = await anActive(aPerson({ tenantId: owner.tenantId }), { planId: 'free' });
    const { previewId } = allowed(await preview(browser, second.id, { toPlanId: 'standard' }));
    const order = { subscriptionId: second.id, previewId, consent };
    expect((await browser.post('/account/changes', order)).body.change.latest).toMatchObject({ to: { planId: 'standard' } });
    expect((await browser.post('/account/changes/preview', { subscriptionId: first.id, toPlanId: 'premium' })).status).toBe(403);
  });
});

describe('who is who', () => {
  test('somebody of another organization learns nothing of the purchase and cannot activate it', async () => {
    const bought = buy(aPerson());
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(aPerson());
    expect(await browser.state()).toMatchObject({ state: 'wrong_account', subscription: null, others: [] });
    expect((await browser.activate(bought.id)).body).toMatchObject({ status: 403, code: 'not_purchaser' });
    expect(api.subscriptions.get(bought.id)!.status).toBe('PendingFulfillmentStart');
  });

  test('a colleague is told what it is and cannot activate it', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(aPerson({ tenantId: buyer.tenantId }));
    expect(await browser.state()).toMatchObject({ state: 'visitor', subscription: { id: bought.id, activatedAt: null } });
    expect((await browser.activate(bought.id)).status).toBe(403);
  });

  test('what a colleague has activated is said to be, with its day and nobody’s name', async () => {
    const buyer = aPerson({ name: 'Olivia Owner' });
    const { bought } = await anActive(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(aPerson({ tenantId: buyer.tenantId, name: 'Mara Member' }));
    const state = await browser.state();
    expect(state).toMatchObject({
      state: 'activated',
      subscription: { id: bought.id, activatedAt: clock.now().toISOString() },
      others: [],
      ending: null,
      change: null,
      suggestedContact: null,
    });
    expect(JSON.stringify(state)).not.toMatch(/Olivia|sample\.example\b.*buyer|buyer@/);
    expect((await browser.activate(bought.id)).status).toBe(403);
  });

  test('a purchase that the session did not come by cannot be activated, not even by its buyer', async () => {
    const buyer = aPerson();
    const [first, second] = [buy(buyer), buy(buyer)];
    const browser = new Browser();
    await browser.land(first.token);
    await browser.signIn(buyer);
    await browser.state();
    expect((await browser.activate(second.id)).body).toMatchObject({ status: 404, code: 'subscription_not_found' });
  });

  test('without a token an owner sees the organization’s subscriptions, a member that there is nothing to manage, a stranger nothing', async () => {
    const buyer = aPerson();
    const bought = [buy(buyer), buy(buyer, { planId: 'standard' })];
    for (const { id, token } of bought) {
      const browser = new Browser();
      await browser.land(token);
      await browser.signIn(buyer);
      await browser.state();
      await browser.activate(id);
    }
    const owner = await new BrowserOf(buyer).visit();
    expect([owner.subscription!.id, ...owner.others.map(({ id }) => id)].sort()).toEqual(bought.map(({ id }) => id).sort());
    expect(await new BrowserOf(aPerson({ tenantId: buyer.tenantId })).visit()).toMatchObject({
      state: 'visitor',
      subscription: null,
      others: [],
    });
    expect(await new BrowserOf(aPerson()).visit()).toMatchObject({ state: 'no_purchase', subscription: null, others: [] });
  });

  test('personal accounts may sign in, but are no organization: strangers never share one', async () => {
    const personal = aPerson({ tenantId: '9188040d-6c67-4c5b-b112-36a304b66dad' });
    const bought = buy(personal);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(personal);
    expect(await browser.state()).toMatchObject({ state: 'wrong_account', subscription: null });
    expect((await browser.activate(bought.id)).status).toBe(403);
  });

  test('signing out forgets the person and keeps the purchase for whoever signs in next', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(aPerson());
    expect(await browser.state()).toMatchObject({ state: 'wrong_account' });
    expect((await browser.post('/account/sign-out')).status).toBe(204);
    expect(await browser.state()).toMatchObject({ state: 'signed_out' });
    await browser.signIn(buyer);
    expect(await browser.state()).toMatchObject({ state: 'new', subscription: { id: bought.id } });
  });

  test.each([
    ['nonsense', 'nonsense'],
    ['badly encoded', '%zz'],
    ['endless', 'x'.repeat(9000)],
    ['empty', ''],
  ])('a token that is %s is told to be invalid', async (_name, token) => {
    const browser = new Browser();
    expect((await browser.get(`/account?token=${token}`)).status).toBe(303);
    await browser.signIn(aPerson());
    expect(await browser.state()).toMatchObject({ state: 'token_invalid', subscription: null });
  });
});

describe('the session', () => {
  test('its cookie is for this host, over https, out of reach of scripts; its id is another one after the sign-in', async () => {
    const browser = new Browser();
    await browser.land('whatever');
    const before = browser.cookie;
    await browser.signIn(aPerson());
    expect(browser.cookie).not.toBe(before);
    for (const cookie of browser.cookies) {
      expect(cookie).toMatch(/^__Host-kontingent=[\w-]{43}; /);
      expect(cookie.split('; ').map((part) => part.toLowerCase())).toEqual(
        expect.arrayContaining(['httponly', 'secure', 'samesite=lax', 'path=/']),
      );
      expect(cookie).not.toMatch(/domain/i);
    }
    const old = await request(app).get('/account/state').set('Cookie', before);
    expect(old.body.state).toBe('signed_out');
    const [row] = await ctx.database.query<{ found: number }>(`select count(*)::int as found from web_sessions where session_hash = $1`, [
      browser.cookie.split('=')[1],
    ]);
    expect(row!.found).toBe(0);
  });

  test('an expired or unknown session is none', async () => {
    const browser = new Browser();
    await browser.signIn(aPerson());
    expect(await browser.state()).toMatchObject({ state: 'no_purchase' });
    await ctx.database.query(`update web_sessions set expires_at = '2000-01-01'`);
    expect(await browser.state()).toMatchObject({ state: 'signed_out' });
    for (const cookie of ['__Host-kontingent=x', `__Host-kontingent=${'a'.repeat(43)}`, '__Host-kontingent=%00'])
      expect((await request(app).get('/account/state').set('Cookie', cookie)).body.state).toBe('signed_out');
  });

  test('acting needs the session’s own word and our own origin', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    await browser.state();
    const other = new Browser();
    await other.signIn(aPerson());
    await other.state();
    const attempts: Record<string, string>[] = [
      {},
      { 'X-CSRF-Token': '' },
      { 'X-CSRF-Token': other.csrf },
      { 'X-CSRF-Token': browser.csrf, Origin: 'https://evil.example' },
      { 'X-CSRF-Token': browser.csrf, Origin: 'null' },
      { 'X-CSRF-Token': browser.csrf, 'Sec-Fetch-Site': 'cross-site' },
    ];
    for (const headers of attempts)
      for (const to of ['/account/activate', '/account/sign-out'])
        expect((await browser.post(to, { subscriptionId: bought.id }, headers)).body).toMatchObject({ status: 403, code: 'csrf' });
    expect((await request(app).post('/account/activate').send({})).body).toMatchObject({ status: 401, code: 'token_missing' });
    expect(api.subscriptions.get(bought.id)!.status).toBe('PendingFulfillmentStart');
  });

  test('bad input is named by its fields', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    await browser.state();
    expect((await browser.activate(bought.id, { contactAddress: 'nobody', organization: ' ' })).body).toMatchObject({
      status: 400,
      code: 'invalid_input',
      errors: expect.arrayContaining([
        expect.objectContaining({ path: 'organization' }),
        expect.objectContaining({ path: 'contactAddress' }),
      ]),
    });
    expect((await browser.activate(bought.id, { timeZone: 'Mars/Olympus' })).body).toMatchObject({
      code: 'invalid_input',
      errors: [{ path: 'timeZone' }],
    });
  });

  test('pages and answers are stored by nobody and named to nobody', async () => {
    for (const to of ['/account', '/account/state', '/account?token=x', '/account/sign-in']) {
      const res = await request(app).get(to);
      expect(res.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
      expect(res.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    }
  });

  test('neither purchase tokens nor codes nor secrets reach the log', async () => {
    const buyer = aPerson();
    const bought = buy(buyer);
    const browser = new Browser();
    await browser.land(bought.token);
    await browser.signIn(buyer);
    await browser.state();
    await browser.activate(bought.id);
    const log = lines.join('');
    expect(log).toContain('/account?token=…');
    for (const secret of [
      bought.token,
      encodeURIComponent(bought.token),
      browser.cookie.split('=')[1]!,
      browser.csrf,
      'sample-token',
      'a sign-in secret',
    ])
      expect(log).not.toContain(secret);
  });
});

describe('sign-in', () => {
  test('asks for a code with PKCE, state and nonce at the configured authority, and reaches no other host', async () => {
    const { location } = (await new Browser().get('/account/sign-in')).headers;
    const url = new URL(location!);
    expect(url.origin + url.pathname).toBe(`https://${AUTHORITY_HOST}/common/oauth2/v2.0/authorize`);
    const asked = Object.fromEntries(url.searchParams);
    expect(asked).toMatchObject({
      client_id: CLIENT_ID,
      response_type: 'code',
      redirect_uri: `${PUBLIC_URL}/account/callback`,
      code_challenge_method: 'S256',
      prompt: 'select_account',
    });
    expect(asked.scope!.split(' ')).toEqual(expect.arrayContaining(['openid', 'profile', 'email']));
    for (const word of ['state', 'nonce', 'code_challenge']) expect(asked[word]).toMatch(/^[\w-]{43}$/);
    expect(new Set(entra.asked)).toEqual(new Set([AUTHORITY_HOST]));
  });

  test('a forged, replayed or foreign return signs nobody in', async () => {
    const person = aPerson();
    const browser = new Browser();
    const { location } = (await browser.get('/account/sign-in')).headers;
    const back = new URL(entra.signIn(location!, person));
    const { code, state } = Object.fromEntries(back.searchParams) as { code: string; state: string };
    const returns = [
      `/account/callback?code=${code}`,
      `/account/callback?code=${code}&state=${'x'.repeat(43)}`,
      `/account/callback?state=${state}`,
      '/account/callback?error=access_denied&error_description=no',
    ];
    for (const to of returns) expect((await browser.get(to)).headers.location).toBe('/account?problem=sign_in');
    // Another browser with the right words, as in a login forced upon somebody.
    const victim = new Browser();
    await victim.get('/account/sign-in');
    expect((await victim.get(back.pathname + back.search)).headers.location).toBe('/account?problem=sign_in');
    expect(await victim.state()).toMatchObject({ state: 'signed_out' });

    expect((await browser.get(back.pathname + back.search)).headers.location).toBe('/account');
    expect((await browser.get(back.pathname + back.search)).headers.location).toBe('/account?problem=sign_in');
    expect(await browser.state()).toMatchObject({ state: 'no_purchase' });
  });

  test.each([
    ['for another application', { aud: randomUUID() }],
    ['of another issuer', { iss: `https://evil.example/${randomUUID()}/v2.0` }],
    ['with another tenant than its issuer', { tid: randomUUID() }],
    ['with another nonce', { nonce: 'another' }],
    ['without a nonce', { nonce: undefined }],
    ['without a person', { oid: undefined }],
    ['of version 1', { ver: '1.0' }],
    ['that has expired', { exp: Math.floor(Date.now() / 1000) - 120 }],
    ['that is not valid yet', { nbf: Math.floor(Date.now() / 1000) + 600 }],
  ])('an id token %s signs nobody in', async (_name, claims) => {
    const browser = new Browser();
    expect((await browser.signIn(aPerson(), claims)).headers.location).toBe('/account?problem=sign_in');
    expect(await browser.state()).toMatchObject({ state: 'signed_out' });
  });
});

/** A browser in which a person is signed in and came by no purchase. */
class BrowserOf extends Browser {
  constructor(private readonly person: Person) {
    super();
  }
  async visit(): Promise<AccountState> {
    await this.signIn(this.person);
    return this.state();
  }
}
