import { randomUUID } from 'node:crypto';
import { warnOfCredentials } from '../../../src/features/operator/credentials';
import { loadCatalog } from '../../../src/features/plans/catalog';
import { publishPlans } from '../../../src/features/plans/publish-plans';
import { createCallLog, forgetOldNotes, type KeptCallLog } from '../../../src/features/subscriptions/call-log';
import type { NotedCall, Selling } from '../../../src/features/subscriptions/marketplace.port';
import { searchCalls } from '../../../src/features/subscriptions/marketplace-log';
import { pendingPurchaseMail, pendingPurchases, reportPendingPurchases } from '../../../src/features/subscriptions/pending-purchases';
import { reconcileSubscriptions } from '../../../src/features/subscriptions/reconcile';
import { type Context, inTenant } from '../../../src/platform/context';
import { DatabaseAway } from '../../../src/platform/db/database';
import { createLogger } from '../../../src/platform/logger';
import { type TestClock, testContext } from '../../support/database';
import { FulfillmentApi } from '../../support/fulfillment-api';
import { sellingAt } from '../../support/selling';

let ctx: Context;
let clock: TestClock;
let api: FulfillmentApi;
let selling: Selling;

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
  api = await FulfillmentApi.start();
  selling = sellingAt(api);
});
afterAll(() => api.stop());

/** A context whose log is read, as what was logged from a level on. */
function logged() {
  const lines: string[] = [];
  const log = createLogger('warn', { write: (line: string) => void lines.push(line) });
  return { ctx: { ...ctx, log }, lines: () => lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('calls to the marketplace are noted beside them', () => {
  const aCall = (given: Partial<NotedCall> = {}): NotedCall => ({
    method: 'GET',
    path: '/api/saas/subscriptions',
    status: 200,
    requestId: randomUUID(),
    correlationId: randomUUID(),
    startedAt: new Date('2026-03-10T09:00:00Z'),
    durationMs: 12,
    subscriptionId: null,
    error: null,
    ...given,
  });
  const write = async (log: KeptCallLog, ...calls: NotedCall[]) => {
    for (const call of calls) log.noteCall(call);
    await log.flush(ctx);
  };
  const search = (query: object) => searchCalls(ctx, { limit: 50, ...query });

  test('with both ids and their outcome, to be found by subscription, time, outcome and act, page by page', async () => {
    const [subscriptionId, correlationId] = [randomUUID().toUpperCase(), randomUUID()];
    const [done, refused, failed, unanswered] = [
      aCall({ subscriptionId, correlationId }),
      aCall({ subscriptionId, status: 403, error: 'no\u0000 \ud800 such right', startedAt: new Date('2026-03-10T09:00:01Z') }),
      aCall({ subscriptionId, status: 503, startedAt: new Date('2026-03-10T09:00:02Z') }),
      aCall({ subscriptionId, status: null, error: 'ECONNRESET', startedAt: new Date('2026-03-10T09:00:03Z') }),
    ];
    await write(createCallLog(ctx.newId), done!, refused!, failed!, unanswered!);
    const outcomes = async (query: object) => (await search(query)).items.map(({ outcome, status }) => [outcome, status]);
    expect(await outcomes({ subscriptionId })).toEqual([
      ['failed', null],
      ['failed', 503],
      ['refused', 403],
      ['done', 200],
    ]);
    expect(await outcomes({ subscriptionId: subscriptionId.toLowerCase(), outcome: 'refused' })).toEqual([['refused', 403]]);
    expect(await outcomes({ subscriptionId, from: '2026-03-10T09:00:01.000Z', to: '2026-03-10T09:00:02.000Z' })).toEqual([
      ['refused', 403],
    ]);
    expect((await search({ correlationId })).items).toMatchObject([{ requestId: done!.requestId, correlationId, durationMs: 12 }]);

    const first = await search({ subscriptionId, limit: 3 });
    const second = await search({ subscriptionId, limit: 3, cursor: first.nextCursor! });
    expect([first.items.length, second.items.map(({ status }) => status), second.nextCursor]).toEqual([3, [200], null]);
  });

  test('a database that is away neither delays nor fails a call, and gets it later; a fault of one batch is not tried for ever', async () => {
    const { ctx: watched, lines } = logged();
    const log = createCallLog(ctx.newId);
    const call = aCall({ subscriptionId: randomUUID() });
    log.noteCall(call);
    const away = { ...watched, database: { ...ctx.database, query: () => Promise.reject(new DatabaseAway(new Error('gone'))) } } as Context;
    await log.flush(away);
    expect(lines()).toMatchObject([{ calls: 1, isAway: true }]);
    await log.flush(ctx);
    expect((await search({ subscriptionId: call.subscriptionId })).items).toHaveLength(1);

    log.noteCall(call);
    await log.flush({ ...watched, database: { ...ctx.database, query: () => Promise.reject(new Error('a defect')) } } as Context);
    await log.flush(ctx);
    expect((await search({ subscriptionId: call.subscriptionId })).items).toHaveLength(1);
  });

  test('are forgotten after 90 days', async () => {
    const subscriptionId = randomUUID();
    const [old, young] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')];
    await write(createCallLog(ctx.newId), aCall({ subscriptionId, startedAt: old }), aCall({ subscriptionId, startedAt: young }));
    await forgetOldNotes(ctx, new Date(old.getTime() + 90 * 86_400_000 + 1));
    expect((await search({ subscriptionId })).items.map(({ at }) => at)).toEqual([young.toISOString()]);
  });

  test('drift is forgotten a year after it was mended, and never while it is open; runs of the repair after 90 days', async () => {
    const at = ctx.now();
    for (const [externalId, mendedAt] of [
      ['mended-long-ago', '2025-03-10T08:59:59Z'],
      ['mended-since', '2025-03-10T09:00:01Z'],
      ['open', null],
    ])
      await ctx.database.query(
        `insert into subscription_drift (drift_id, external_id, why, differences, seen_at, last_at, mended_at)
         values ($1, $2, 'differs', '[]', '2020-01-01', '2020-01-01', $3)`,
        [randomUUID(), externalId, mendedAt],
      );
    await ctx.database.query(`insert into reconciliations values ($1, '2025-12-01', '2025-12-01', 0, 0, null)`, [randomUUID()]);
    await forgetOldNotes(ctx, at);
    const left = await ctx.database.query('select external_id from subscription_drift order by 1');
    expect(left).toEqual([{ external_id: 'mended-since' }, { external_id: 'open' }]);
    expect(await ctx.database.query(`select 1 from reconciliations where started_at < '2025-12-02'`)).toEqual([]);
    await ctx.database.query('delete from subscription_drift');
  });
});

test('events are forgotten after a year, but not what waits; of a refusal stays what was refused', async () => {
  const at = ctx.now();
  const payload = { id: 'x', planId: 'gold', quantity: null, subscription: { purchaser: { emailId: 'a@sample.example' } } };
  const event = async (name: string, receivedAt: string, answer: string, isApplied = true) =>
    ctx.database.query(
      `insert into marketplace_events (event_id, subscription_id, action, payload, received_at, answer, next_attempt_at, applied_at)
       values ($1, 'forgetful', 'ChangePlan', $2, $3, $4, $3, $5)`,
      [name, JSON.stringify(payload), receivedAt, answer, isApplied ? receivedAt : null],
    );
  await event('old', '2025-03-10T08:59:59Z', 'accept');
  await event('old-and-waiting', '2025-03-10T08:59:59Z', 'accept', false);
  await event('old-and-refused', '2025-03-10T08:59:59Z', 'refuse');
  await event('younger', '2025-03-10T09:00:01Z', 'accept');
  await forgetOldNotes(ctx, at);
  await forgetOldNotes(ctx, at);
  const left = await ctx.database.query(`select event_id, payload from marketplace_events where subscription_id = 'forgetful' order by 1`);
  expect(left).toEqual([
    { event_id: 'old-and-refused', payload: { id: 'x', planId: 'gold' } },
    { event_id: 'old-and-waiting', payload },
    { event_id: 'younger', payload },
  ]);
  await ctx.database.query(`delete from marketplace_events where subscription_id = 'forgetful'`);
});

describe('purchases that nobody activates', () => {
  const mailsTo = (tenantId: string) =>
    inTenant(ctx, tenantId, ({ db }) =>
      db.query<{ mail_key: string; recipient: string }>(
        `select mail_key, recipient from mail_deliveries where tenant_id = $1 and kind = 'pending_purchase' order by queued_at`,
        [tenantId],
      ),
    );

  test('are listed with when they lapse and told of after two days, a week and a day before, each once; an activated one no more', async () => {
    clock.set('2026-03-02T00:00:00.000Z');
    const { id, tenantId } = api.buy({ tenantId: randomUUID(), objectId: randomUUID() });
    await reconcileSubscriptions(ctx, selling);
    // The fake says: bought on the first of March, in the morning.
    expect(await pendingPurchases(ctx)).toMatchObject([
      { subscriptionId: id, tenantId, planId: 'free', purchasedAt: '2026-03-01T08:30:14.123Z', lapsesAt: '2026-03-31T08:30:14.123Z' },
    ]);
    const told = async (at: string) => {
      clock.set(at);
      const first = await reportPendingPurchases(ctx, 'desk@publisher.example');
      return [first, await reportPendingPurchases(ctx, 'desk@publisher.example')];
    };
    expect(await told('2026-03-02T12:00:00.000Z')).toEqual([0, 0]);
    expect(await told('2026-03-03T09:00:00.000Z')).toEqual([1, 0]);
    expect(await told('2026-03-24T09:00:00.000Z')).toEqual([1, 0]);
    expect(await told('2026-03-30T09:00:00.000Z')).toEqual([1, 0]);
    const mails = await mailsTo(tenantId);
    expect(mails.map(({ mail_key, recipient }) => [mail_key.split('.').at(-1), recipient])).toEqual([
      ['two_days', 'desk@publisher.example'],
      ['week_left', 'desk@publisher.example'],
      ['day_left', 'desk@publisher.example'],
    ]);
    const mail = await pendingPurchaseMail.compose(ctx, tenantId, { subject: id } as never);
    expect(mail?.text).toMatch(/Lapses on: 2026-03-31T08:30:14\.123Z/u);

    api.subscriptions.get(id)!.status = 'Subscribed';
    await reconcileSubscriptions(ctx, selling);
    expect(await pendingPurchases(ctx)).toEqual([]);
    expect(await pendingPurchaseMail.compose(ctx, tenantId, { subject: id } as never)).toBeNull();
  });

  test('one that lapsed is told of no more', async () => {
    clock.set('2026-04-01T00:00:00.000Z');
    api.buy({ tenantId: randomUUID(), objectId: randomUUID() });
    await reconcileSubscriptions(ctx, selling);
    expect([await reportPendingPurchases(ctx, null), await pendingPurchases(ctx)]).toEqual([0, []]);
  });
});

describe('secrets and certificates that end', () => {
  test('are warned of 30, 7 and 1 days before and when they are over, once each and by one instance; a new one begins anew', async () => {
    const { ctx: watched, lines } = logged();
    const name = 'MARKETPLACE_CLIENT_SECRET';
    const on = async (now: string, expiresAt: string | null = '2027-01-31T00:00:00Z') => {
      const credentials = [{ name, expiresAt: expiresAt === null ? null : new Date(expiresAt) }];
      for (let instance = 1; instance <= 2; instance += 1) await warnOfCredentials(watched, credentials, new Date(now));
      return lines().map(({ level, daysLeft, setting }) => [level, daysLeft, setting]);
    };
    expect(await on('2026-12-31T23:59:59Z')).toEqual([]);
    expect(await on('2027-01-01T00:00:00Z')).toEqual([[40, 30, name]]);
    expect(await on('2027-01-20T00:00:00Z')).toEqual([]);
    expect(await on('2027-01-24T12:00:00Z')).toEqual([[40, 7, name]]);
    expect(await on('2027-01-30T12:00:00Z')).toEqual([[40, 1, name]]);
    expect(await on('2027-01-31T00:00:00Z')).toEqual([[50, 0, name]]);
    expect(await on('2027-02-05T00:00:00Z')).toEqual([]);
    expect(await on('2027-02-05T00:00:00Z', '2027-02-06T00:00:00Z')).toEqual([[40, 1, name]]);
    expect(await on('2027-02-05T00:00:00Z', null)).toEqual([]);
  });
});
