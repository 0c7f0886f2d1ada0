import { randomUUID } from 'node:crypto';
import { agreeToOverage } from '../../../src/features/metering/agree-to-overage';
import { listConsents } from '../../../src/features/metering/metering.store';
import { loadCatalog } from '../../../src/features/plans/catalog';
import { publishPlans } from '../../../src/features/plans/publish-plans';
import { endingOf } from '../../../src/features/subscriptions/account-ending';
import { adoptSnapshot, readAndAdopt } from '../../../src/features/subscriptions/adopt-snapshot';
import { orderCancellation } from '../../../src/features/subscriptions/cancel-purchase';
import { describeMe } from '../../../src/features/subscriptions/describe-me';
import { exportData } from '../../../src/features/subscriptions/export-data';
import { receiveMarketplaceEvent } from '../../../src/features/subscriptions/receive-event';
import { reconcileSubscriptions } from '../../../src/features/subscriptions/reconcile';
import { RETENTION_MAIL, retentionMails, retireOrganizations } from '../../../src/features/subscriptions/retire-organizations';
import { listSubscriptions } from '../../../src/features/subscriptions/subscriptions.store';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import type { Database, Queryable } from '../../../src/platform/db/database';
import { aTicket, key, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { aPlanOf } from '../../support/packages';
import { anActor } from '../../support/tenant';
import { Truth } from '../../support/truth';

let ctx: Context;
let clock: TestClock;
let truth: Truth;

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
});
beforeEach(() => {
  truth = new Truth(1);
  clock.set('2026-03-10T09:00:00.000Z');
});

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.parse('2026-03-10T09:00:00.000Z') + days * DAY);

async function buy(owner: Actor, planId = 'standard') {
  const person = { tenantId: owner.tenantId, objectId: owner.memberId, address: 'Buyer@sample.example' };
  const bought = truth.buy({ planId, purchaser: person, beneficiary: person });
  await adoptSnapshot(ctx, bought, truth.selling.realTime.now(), { name: 'activate', actor: owner.memberId });
  return bought.id;
}

/** An organization with an owner, a contact, and as many tickets. */
async function anOrganization({ tickets = 2, planId = 'standard' } = {}) {
  const owner = anActor({ address: 'owner@sample.example' });
  const id = await buy(owner, planId);
  await inside(owner, async (db) => {
    await db.query(
      `insert into members (tenant_id, member_id, name, role, address, created_at, last_active_at) values ($1, $2, 'Owner', 'owner', $3, $4, $4)`,
      [owner.tenantId, owner.memberId, owner.address, ctx.now()],
    );
    await db.query(`update tenants set name = 'Sample Works', contact_address = 'office@sample.example' where tenant_id = $1`, [
      owner.tenantId,
    ]);
  });
  for (let count = 0; count < tickets; count += 1) unwrap(await createTicket(ctx, owner, key(), aTicket()));
  return { owner, id };
}

const inside = <T>({ tenantId }: Actor, work: (db: Queryable) => Promise<T>) => inTenant(ctx, tenantId, ({ db }) => work(db));

async function end(id: string) {
  const { id: operationId } = truth.happen(id, { action: 'Unsubscribe' });
  const event = { id: operationId, subscriptionId: id, action: 'Unsubscribe', planId: null, requestId: null, correlationId: null };
  await receiveMarketplaceEvent(ctx, truth.selling, { ...event, payload: { id: operationId, beneficiary: 'Buyer@sample.example' } });
  await readAndAdopt(ctx, truth.selling, id, { name: 'Unsubscribe', actor: null });
}

const retireOn = (day: number) => {
  clock.set(inDays(day).toISOString());
  return retireOrganizations(ctx);
};
const tickets = (who: Actor) => inside(who, (db) => db.query('select ticket_id from tickets where tenant_id = $1', [who.tenantId]));
const mails = (who: Actor) =>
  inside(who, (db) =>
    db.query<{ recipient: string }>(`select recipient from mail_deliveries where tenant_id = $1 and kind = $2 order by recipient`, [
      who.tenantId,
      RETENTION_MAIL,
    ]),
  );

/** How many rows each table has of an organization, whoever's table it is. */
async function rowsOf(who: Actor): Promise<Record<string, number>> {
  return inside(who, async (db) => {
    const tables = await db.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`,
    );
    const found: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await db.query<{ rows: number }>(`select count(*)::int as rows from ${name} where tenant_id = $1`, [who.tenantId]);
      if (row!.rows > 0) found[name] = row!.rows;
    }
    return found;
  });
}

test('30 days after the end everything goes, a week after it was said, and what accounting and the marketplace need stays', async () => {
  const { owner, id } = await anOrganization();
  const other = await anOrganization();
  await end(id);
  expect(await retireOn(22.9)).toEqual({ told: 0, purged: 0 });
  expect(await retireOn(23)).toEqual({ told: 1, purged: 0 });
  expect(await mails(owner)).toEqual([{ recipient: 'office@sample.example' }, { recipient: 'owner@sample.example' }]);
  expect(await retireOn(29.9)).toEqual({ told: 0, purged: 0 });
  expect(await tickets(owner)).toHaveLength(2);
  expect(await retireOn(30)).toEqual({ told: 0, purged: 1 });

  expect(Object.keys(await rowsOf(owner)).sort()).toEqual(['audit_log', 'subscription_directory', 'subscriptions', 'tenants']);
  const left = await inside(owner, async (db) => ({
    audit: await db.query('select action from audit_log where tenant_id = $1', [owner.tenantId]),
    subscription: await db.query('select purchaser, beneficiary, name from subscriptions where tenant_id = $1', [owner.tenantId]),
    contact: await db.query('select contact_address from tenants where tenant_id = $1', [owner.tenantId]),
  }));
  expect(left).toEqual({
    audit: [{ action: 'data.deleted' }],
    subscription: [{ purchaser: {}, beneficiary: {}, name: '' }],
    contact: [{ contact_address: null }],
  });
  const events = await ctx.database.query<{ payload: object }>('select payload from marketplace_events where subscription_id = $1', [id]);
  expect(events).toEqual([{ payload: {} }]);
  expect(await tickets(other.owner)).toHaveLength(2);
  expect(await retireOn(60)).toEqual({ told: 0, purged: 0 });
});

test('what was purged stays so: the marketplace’s list, which names the buyer for ever, brings nothing back', async () => {
  const { owner, id } = await anOrganization();
  await end(id);
  await retireOn(23);
  await retireOn(30);
  const before = await rowsOf(owner);
  expect(await reconcileSubscriptions(ctx, truth.selling)).toMatchObject({ repaired: 0 });
  expect(await rowsOf(owner)).toEqual(before);
  expect(
    JSON.stringify(await inside(owner, (db) => db.query('select * from subscriptions where tenant_id = $1', [owner.tenantId]))),
  ).not.toContain(owner.memberId);
});

test('what somebody agreed to be charged for stays, as the proof of it, and nothing admits overage any more', async () => {
  const { planId } = await aPlanOf(ctx, { quotas: { tickets: { amount: 5, overage: { mode: 'metered', dimension: 'extra' } } } });
  const { owner, id } = await anOrganization({ planId });
  const [purchase] = await inside(owner, (db) => listSubscriptions(db, owner.tenantId));
  unwrap(await agreeToOverage(ctx, owner, { meter: 'tickets', cap: 7 }));
  unwrap(await orderCancellation(ctx, owner, purchase!.subscriptionId, 'cancel_with_refund'));
  await inside(owner, (db) =>
    db.query(
      `insert into plan_changes (tenant_id, change_id, subscription_id, cause, direction, from_plan, from_version, to_plan, to_version, effective_at,
                                 state, consent, ordered_by, ordered_at, ended_at)
       values ($1, $2, $3, 'ordered', 'upgrade', $4, 1, $4, 1, $5, 'applied', '{"change": true}', $6, $5, $5)`,
      [owner.tenantId, randomUUID(), purchase!.subscriptionId, planId, ctx.now(), owner.memberId],
    ),
  );
  await end(id);
  await retireOn(23);
  expect(await retireOn(30)).toEqual({ told: 0, purged: 1 });

  expect(Object.keys(await rowsOf(owner)).sort()).toEqual([
    'audit_log',
    'cancellations',
    'metering_consents',
    'plan_changes',
    'subscription_directory',
    'subscriptions',
    'tenants',
  ]);
  const [agreed] = await inside(owner, (db) => listConsents(db, owner.tenantId));
  const words = expect.stringContaining('billed by Microsoft');
  expect(agreed).toMatchObject({
    cap: 7,
    dimension: 'extra',
    words,
    agreedBy: owner.memberId,
    endedAt: inDays(30),
    endedBy: 'data deleted',
  });
});

test('persons go from what differed and from pending purchases too, and an event that comes again brings none back', async () => {
  const { owner, id } = await anOrganization();
  const bought = truth.subscriptions.get(id)!;
  bought.purchaser = { ...bought.purchaser, address: 'moved@sample.example' };
  expect(await reconcileSubscriptions(ctx, truth.selling)).toMatchObject({ repaired: 1 });
  await ctx.database.query(
    `insert into pending_purchases (external_id, tenant_id, name, offer_id, plan_id, purchaser, purchased_at, last_at)
     values ($1, $2, 'Lapsed', 'kontingent', 'standard', 'moved@sample.example', $3, $3)`,
    [randomUUID(), owner.tenantId, ctx.now()],
  );
  const kept = async () =>
    JSON.stringify([
      await ctx.database.query('select * from subscription_drift where external_id = $1', [id]),
      await ctx.database.query('select * from pending_purchases where tenant_id = $1', [owner.tenantId]),
      await ctx.database.query('select * from marketplace_events where subscription_id = $1', [id]),
    ]);
  await end(id);
  expect(await kept()).toContain('moved@sample.example');
  await retireOn(23);
  expect(await retireOn(30)).toEqual({ told: 0, purged: 1 });
  const late = {
    id: randomUUID(),
    subscriptionId: id.toUpperCase(),
    action: 'Unsubscribe',
    planId: null,
    requestId: null,
    correlationId: null,
  };
  await receiveMarketplaceEvent(ctx, truth.selling, { ...late, payload: { id: late.id, beneficiary: 'Buyer@sample.example' } });
  expect((await kept()).toLowerCase()).not.toContain('@sample.example');
  const [event] = await ctx.database.query('select payload from marketplace_events where event_id = $1', [late.id]);
  expect(event).toEqual({ payload: {} });
});

test('who was told late gets their week all the same', async () => {
  const { owner, id } = await anOrganization();
  await end(id);
  expect(await retireOn(200)).toEqual({ told: 1, purged: 0 });
  expect(await retireOn(206.9)).toEqual({ told: 0, purged: 0 });
  expect(await tickets(owner)).toHaveLength(2);
  expect(await retireOn(207)).toEqual({ told: 0, purged: 1 });
});

test('the app and the account page say the day, before it is told as promised and after it as told, and nothing once somebody buys again', async () => {
  const { owner, id } = await anOrganization({ tickets: 0 });
  const links = { accountUrl: 'https://k.example/account', supportContact: 'help@k.example' };
  const said = async () => [unwrap(await describeMe(ctx, owner, links)).dataDeletedAt, (await endingOf(ctx, id))!.deletedAt];
  expect(await said()).toEqual([null, null]);
  await end(id);
  expect(await said()).toEqual([inDays(30).toISOString(), null]);
  await retireOn(28);
  expect(await said()).toEqual([inDays(35).toISOString(), inDays(35).toISOString()]);
  await buy(owner);
  expect(await said()).toEqual([null, null]);
});

test('a new purchase stops it, also when everybody was told; after its own end the time runs anew, and is told anew', async () => {
  const { owner, id } = await anOrganization();
  await end(id);
  await retireOn(23);
  clock.set(inDays(29).toISOString());
  const again = await buy(owner);
  expect(await retireOn(40)).toEqual({ told: 0, purged: 0 });
  const mail = { key: 'k', kind: RETENTION_MAIL, subject: inDays(30).toISOString(), locale: 'en' as const };
  const kind = retentionMails({ accountUrl: 'https://k.example/account', supportContact: 'help@k.example' })[RETENTION_MAIL]!;
  expect(await kind.compose(ctx, owner.tenantId, mail as never)).toBeNull();
  expect(await tickets(owner)).toHaveLength(2);
  await end(again);
  expect(await kind.compose(ctx, owner.tenantId, mail as never)).toMatchObject({ text: expect.stringContaining('Sample Works') });
  expect(await retireOn(69)).toEqual({ told: 1, purged: 0 });
  expect(await retireOn(76)).toEqual({ told: 0, purged: 1 });
});

test('one subscription of several that lives keeps everything; the longest promise counts', async () => {
  const { owner, id } = await anOrganization();
  const second = await buy(owner);
  await end(id);
  expect(await retireOn(100)).toEqual({ told: 0, purged: 0 });
  await end(second);
  expect(await retireOn(122)).toEqual({ told: 0, purged: 0 });
  expect(await retireOn(123)).toEqual({ told: 1, purged: 0 });
});

test('however many end at once, each is told on its day and goes on its day; one that fails holds up nobody', async () => {
  const ended = await Promise.all(Array.from({ length: 6 }, () => anOrganization({ tickets: 0 })));
  for (const { id } of ended) await end(id);
  expect(await retireOn(23)).toEqual({ told: 6, purged: 0 });
  const [failing] = (await ctx.database.query<{ id: string }>(
    `select tenant_id as id from subscription_directory where purge_told_at = $1 and purged_at is null order by tenant_id`,
    [inDays(23)],
  ))!;
  const { database } = ctx;
  const broken: Database = {
    engine: database.engine,
    query: (text, values) => database.query(text, values),
    transaction: (tenantId, work) =>
      tenantId === failing!.id ? Promise.reject(new Error('broken')) : database.transaction(tenantId, work),
    close: () => database.close(),
  };
  clock.set(inDays(30).toISOString());
  expect(await retireOrganizations({ ...ctx, database: broken }, 1)).toEqual({ told: 0, purged: 5 });
  expect(await retireOn(30.1)).toEqual({ told: 0, purged: 1 });
});

test('who has been told and only waits takes no place of who is still to be told', async () => {
  const first = await Promise.all(Array.from({ length: 3 }, () => anOrganization({ tickets: 0 })));
  for (const { id } of first) await end(id);
  expect(await retireOn(23)).toEqual({ told: 3, purged: 0 });
  clock.set(inDays(1).toISOString());
  const { id } = await anOrganization({ tickets: 0 });
  await end(id);
  clock.set(inDays(24).toISOString());
  expect(await retireOrganizations(ctx, 2)).toEqual({ told: 1, purged: 0 });
  expect(await retireOn(30)).toEqual({ told: 0, purged: 3 });
  expect(await retireOn(31)).toEqual({ told: 0, purged: 1 });
});

test('more than goes in one transaction goes in several', async () => {
  const { owner, id } = await anOrganization();
  await inside(owner, (db) =>
    db.query(
      `insert into audit_log (tenant_id, audit_id, at, actor, via, action, subject, details)
       select $1, gen_random_uuid(), $2, 'a', 'b', 'c', null, '{}' from generate_series(1, 2500)`,
      [owner.tenantId, ctx.now()],
    ),
  );
  await end(id);
  await retireOn(23);
  expect(await retireOn(30)).toMatchObject({ purged: 1 });
  expect(await rowsOf(owner)).toMatchObject({ audit_log: 1 });
});

test('the database itself refuses to purge who is not due, was not told, or is another organization', async () => {
  const { owner, id } = await anOrganization();
  const purge = (who: string, at: Date, as = owner) =>
    inside(as, (db) => db.query('select purge_tenant($1, $2, $3, 10)', [who, at, new Date(at.getTime() - 7 * DAY)]));
  await expect(purge(owner.tenantId, inDays(900))).rejects.toThrow('not due');
  await end(id);
  await expect(purge(owner.tenantId, inDays(900))).rejects.toThrow('not due');
  await retireOn(23);
  await expect(purge(owner.tenantId, inDays(29.9))).rejects.toThrow('not due');
  await expect(purge(owner.tenantId, inDays(30), anActor())).rejects.toThrow('not due');
  expect(await tickets(owner)).toHaveLength(2);
});

describe('export', () => {
  const exported = async (who: Actor) => {
    const { portions, ...file } = unwrap(await exportData(ctx, who));
    let text = '';
    for await (const portion of portions) text += portion;
    return { ...file, ...(JSON.parse(text) as { organization: string; data: Record<string, object[]> }) };
  };

  test('G8, G9: everything of the organization and nothing of another, also after its end', async () => {
    const { owner, id } = await anOrganization({ tickets: 3 });
    await anOrganization();
    await end(id);
    const { data, organization, name } = await exported(owner);
    expect([organization, name]).toEqual([owner.tenantId, 'kontingent-2026-03-10.json']);
    expect(data).toMatchObject({ members: [{ name: 'Owner' }], subscriptions: [{ status: 'Unsubscribed' }] });
    expect(data.tickets).toHaveLength(3);
    expect(data.usage_records).toHaveLength(3);
    expect(Object.keys(data)).not.toContain('outbox');
    const tenants = new Set(Object.values(data).flatMap((rows) => rows.map((row) => (row as { tenant_id: string }).tenant_id)));
    expect([...tenants]).toEqual([owner.tenantId]);
  });

  test('long tables come whole, each row once', async () => {
    const { owner } = await anOrganization();
    await inside(owner, (db) =>
      db.query(
        `insert into audit_log (tenant_id, audit_id, at, actor, via, action, subject, details)
         select $1, gen_random_uuid(), $2, 'a', 'b', 'many', null, '{}' from generate_series(1, 1203)`,
        [owner.tenantId, ctx.now()],
      ),
    );
    const { data } = await exported(owner);
    const ids = data
      .audit_log!.filter((row) => (row as { action: string }).action === 'many')
      .map((row) => (row as { audit_id: string }).audit_id);
    expect([ids.length, new Set(ids).size]).toEqual([1203, 1203]);
  });

  test('is for owners and administrators, and is noted', async () => {
    const { owner } = await anOrganization();
    const stranger = { ...owner, memberId: randomUUID() };
    expect(await exportData(ctx, stranger)).toMatchObject({ ok: false, refusal: { code: 'not_allowed' } });
    await exported(owner);
    const noted = await inside(owner, (db) =>
      db.query(`select actor from audit_log where tenant_id = $1 and action = 'data.exported'`, [owner.tenantId]),
    );
    expect(noted).toEqual([{ actor: owner.memberId }]);
  });
});
