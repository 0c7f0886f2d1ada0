import { bannerFor, dismissBanner } from '../../../src/features/notices/banners';
import { meetInChat } from '../../../src/features/notices/conversations';
import { QUOTA_MAIL, quotaMail } from '../../../src/features/notices/deliver-quota-notice';
import { noticeHandlers } from '../../../src/features/notices/handlers';
import type { Announcement, Announcements, Messages, QuotaMessage, Sent } from '../../../src/features/notices/messages.port';
import { type OutboxEvent, runOutbox } from '../../../src/features/outbox/outbox';
import { explain } from '../../../src/features/usage/explain';
import { readUsage } from '../../../src/features/usage/read-usage';
import { unlockGrants } from '../../../src/features/usage/unlock-grants';
import { createForecastWatch, warnOfShortage } from '../../../src/features/usage/watch-forecasts';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inPublisher, inTenant } from '../../../src/platform/context';
import { creationOf, key, refusalOf, unwrap } from '../../support/acts';
import { TestClock, testContext } from '../../support/database';
import { aPlanOf, buys } from '../../support/packages';
import { aTenant, type TestTenant } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
const real = new TestClock(new Date('2026-03-10T09:00:00Z'));

beforeEach(async () => {
  ({ ctx, clock } = await testContext());
  await ctx.database.query(`update outbox set state = 'done' where state = 'queued'`);
});

class Chats implements Messages, Announcements {
  readonly quota: { to: string; message: QuotaMessage }[] = [];
  readonly announced: { to: string; title: string; text: string }[] = [];
  async sendQuotaNotice(reference: Record<string, unknown>, message: QuotaMessage): Promise<Sent> {
    this.quota.push({ to: String(reference.person), message });
    return { outcome: 'sent' };
  }
  async sendAnnouncement(reference: Record<string, unknown>, { title, text }: Announcement): Promise<Sent> {
    this.announced.push({ to: String(reference.person), title, text });
    return { outcome: 'sent' };
  }
}

async function deliver(chats = new Chats(), mailbox: string | null = null): Promise<Chats> {
  await runOutbox(ctx, noticeHandlers(ctx, { messages: chats, mailboxOf: async () => mailbox }), real);
  return chats;
}

const chat = (person: Actor) => meetInChat(ctx, person, { person: person.name });

async function aTenantWith(quotas: NonNullable<Parameters<typeof aPlanOf>[1]['quotas']>, more: Parameters<typeof aPlanOf>[1] = {}) {
  const tenant = await aTenant(ctx, { plan: await aPlanOf(ctx, { quotas, ...more }) });
  await chat(tenant.owner);
  return tenant;
}

async function use(tenant: TestTenant, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) unwrap(await creationOf.tickets(ctx, tenant.owner, key()));
}

const banner = async (who: Actor) => unwrap(await readUsage(ctx, who, bannerFor)).meters[0]!;

/** The mails that are queued, as they would be sent now. */
async function mails(tenant: TestTenant): Promise<{ to: string; subject: string; text: string }[]> {
  const rows = await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query<{ key: string; kind: string; subject: string; recipient: string; locale: 'en' | 'de' | 'it' }>(
      'select mail_key as key, kind, subject, recipient, locale from mail_deliveries where tenant_id = $1 order by recipient',
      [tenant.tenantId],
    ),
  );
  const composed = [];
  for (const row of rows) {
    expect(row.kind).toBe(QUOTA_MAIL);
    const mail = await quotaMail.compose(ctx, tenant.tenantId, row as never);
    if (mail) composed.push({ to: row.recipient, subject: mail.subject, text: mail.text });
  }
  return composed;
}

describe('units left', () => {
  test('TW-11 G7 told once when so few are left; several marks in one act are one message', async () => {
    const tenant = await aTenantWith({ tickets: { amount: 10, notice: { thresholds: [100], remaining: [5, 3] } as never } });
    await use(tenant, 4);
    expect((await deliver()).announced).toEqual([]);
    await use(tenant, 1);
    const first = await deliver();
    expect(first.announced).toEqual([
      {
        to: 'Sample Owner',
        title: '5 of 10 tickets are left',
        text: expect.stringContaining('5 of 10 tickets are used, 5 are left.'),
      },
    ]);
    expect(await banner(tenant.owner)).toMatchObject({ state: 'warning', notice: { kind: 'remaining', threshold: 5 } });
    await use(tenant, 2);
    expect((await deliver()).announced).toMatchObject([{ title: '3 of 10 tickets are left' }]);
    const { notice } = await banner(tenant.owner);
    expect(notice).toMatchObject({ kind: 'remaining', threshold: 3 });
    unwrap(await dismissBanner(ctx, tenant.owner, notice!.key));
    expect(await banner(tenant.owner)).toMatchObject({ state: 'warning', notice: null });
  });

  test('a share in percent that is crossed by the same act speaks for both', async () => {
    const tenant = await aTenantWith({ tickets: { amount: 10, notice: { thresholds: [80], remaining: [2] } as never } });
    await use(tenant, 8);
    const chats = await deliver();
    expect([chats.quota.length, chats.announced.length]).toEqual([1, 0]);
    expect(await banner(tenant.owner)).toMatchObject({ notice: { kind: 'threshold', threshold: 80 } });
  });

  test('a lowered limit tells what it leaves, once', async () => {
    const tenant = await aTenantWith({ tickets: 100 });
    await use(tenant, 6);
    const smaller = await aPlanOf(ctx, { quotas: { tickets: { amount: 8, notice: { thresholds: [100], remaining: [3] } as never } } });
    await tenant.changePlan(smaller);
    await tenant.changePlan(smaller);
    expect((await deliver()).announced).toMatchObject([{ title: '2 of 8 tickets are left' }]);
  });
});

describe('recipients and channels', () => {
  test('TW-09 the plan says who is told: here everyone, and nobody by the chat', async () => {
    const tenant = await aTenantWith({ tickets: { amount: 1, notice: { recipients: ['everyone'], channels: ['banner'] } as never } });
    const viewer = await tenant.member('viewer');
    await use(tenant, 1);
    const chats = await deliver();
    expect([chats.quota, chats.announced]).toEqual([[], []]);
    expect((await banner(viewer)).notice).toMatchObject({ threshold: 100 });
  });

  test('TW-09 the owner alone: an admin and an assignee are not told', async () => {
    const tenant = await aTenantWith({ tickets: { amount: 2, notice: { recipients: ['owner'], channels: ['bot'] } as never } });
    const admin = await tenant.member('admin', 'Admin');
    await chat(admin);
    await use(tenant, 2);
    expect((await deliver()).quota.map(({ to }) => to)).toEqual(['Sample Owner']);
    expect([(await banner(tenant.owner)).notice, (await banner(admin)).notice]).toEqual([null, null]);
  });

  test('by mail: to each address once, to the mailbox for bills, in each reader’s language, with the numbers of the moment', async () => {
    const tenant = await aTenantWith({
      tickets: {
        amount: 4,
        notice: { thresholds: [50, 100], recipients: ['admins', 'owner', 'billing_contact'], channels: ['mail'] } as never,
      },
    });
    const admin = await tenant.member('admin', 'Admin');
    await inTenant(ctx, tenant.tenantId, async ({ db }) => {
      await db.query(`update members set address = 'ada@example.com', locale = 'de-DE' where tenant_id = $1 and member_id = $2`, [
        tenant.tenantId,
        admin.memberId,
      ]);
      await db.query(`update members set address = 'bills@example.com' where tenant_id = $1 and member_id = $2`, [
        tenant.tenantId,
        tenant.owner.memberId,
      ]);
    });
    await use(tenant, 2);
    const chats = await deliver(new Chats(), 'Bills@example.com');
    expect([chats.quota, chats.announced]).toEqual([[], []]);
    expect(await mails(tenant)).toEqual([
      {
        to: 'ada@example.com',
        subject: '2 von 4 Tickets sind verbraucht',
        text: expect.stringContaining('2 von 4 Tickets sind verbraucht, 2 sind übrig.'),
      },
      {
        to: 'bills@example.com',
        subject: '2 of 4 tickets are used',
        text: expect.stringContaining('2 of 4 tickets are used, 2 are left.'),
      },
    ]);
    await use(tenant, 2);
    // The mail about the half was overtaken before it was sent.
    await deliver();
    expect((await mails(tenant)).map(({ subject }) => subject)).toEqual([
      'Die Grenze ist erreicht: 4 von 4 Tickets sind verbraucht',
      'The limit is reached: 4 of 4 tickets are used',
    ]);
  });
});

describe('forecast', () => {
  /** So many a day for some days. */
  async function days(tenant: TestTenant, count: number, perDay: number) {
    for (let day = 0; day < count; day += 1) {
      await use(tenant, perDay);
      clock.advance({ days: 1 });
    }
  }
  const warn = (tenant: TestTenant) => inTenant(ctx, tenant.tenantId, (tx) => warnOfShortage(tx, tenant.tenantId, tx.now()));

  test('TW-11 under seven days it is too early; then the date, and a warning, once per period and level', async () => {
    const tenant = await aTenantWith({ tickets: 40 });
    await days(tenant, 6, 2);
    const early = unwrap(await explain(ctx, tenant.owner, { meter: 'tickets' }));
    expect(early.forecast).toMatchObject({ state: 'too_early', at: null });
    await warn(tenant);
    expect((await deliver()).announced).toEqual([]);
    await days(tenant, 1, 2);
    const { forecast } = unwrap(await explain(ctx, tenant.owner, { meter: 'tickets' }));
    // 26 are left at two a day.
    expect(forecast).toMatchObject({ state: 'runs_out', perDay: 2, at: '2026-03-30T09:00:00.000Z' });
    expect(forecast!.words).toBe(
      'At the pace of the last weeks they run out around 30 Mar 2026: at the earliest on 27 Mar 2026, at the latest on 3 Apr 2026.',
    );
    for (let time = 0; time < 3; time += 1) await warn(tenant);
    const chats = await deliver();
    expect(chats.announced).toEqual([
      { to: 'Sample Owner', title: 'Tickets may not last', text: expect.stringContaining('they run out around 30 Mar 2026') },
    ]);
    expect(await banner(tenant.owner)).toMatchObject({ state: 'warning', notice: { kind: 'forecast' } });
    await days(tenant, 1, 2);
    await warn(tenant);
    expect((await deliver()).announced).toEqual([]);
  });

  test('what runs out later than the plan warns of, or not before counting starts anew, is not warned of', async () => {
    const far = await aTenantWith({ tickets: { amount: 40, notice: { forecastDays: 3 } as never } });
    const never = await aTenantWith({ tickets: { amount: 40, notice: { forecastDays: null } as never } });
    const lasting = await aTenantWith({ tickets: 100 });
    for (let day = 0; day < 8; day += 1) {
      for (const tenant of [far, never, lasting]) await use(tenant, 2);
      clock.advance({ days: 1 });
    }
    for (const tenant of [far, never, lasting]) await warn(tenant);
    expect((await deliver()).announced).toEqual([]);
    expect(unwrap(await explain(ctx, lasting.owner, { meter: 'tickets' })).forecast).toMatchObject({ state: 'lasts', at: null });
  });

  test('use of the period before counts for the pace', async () => {
    const tenant = await aTenantWith({ tickets: 60 });
    await days(tenant, 35, 1);
    // The second period began on 10 April; five of this one are used.
    const { forecast, used } = unwrap(await explain(ctx, tenant.owner, { meter: 'tickets' }));
    expect([used, forecast!.perDay]).toEqual([4, 1]);
  });

  test('the watch looks at every organization once a day', async () => {
    const tenant = await aTenantWith({ tickets: 20 });
    await inPublisher(ctx, ({ db }) =>
      db.query(`insert into subscription_directory (source, external_id, tenant_id, subscription_id) values ('marketplace', $1, $2, $3)`, [
        tenant.subscriptionId,
        tenant.tenantId,
        tenant.subscriptionId,
      ]),
    );
    const watch = createForecastWatch();
    await days(tenant, 7, 2);
    await watch(ctx);
    await watch(ctx);
    expect((await deliver()).announced).toHaveLength(1);
  });
});

describe('advice', () => {
  const hit = async (tenant: TestTenant) => refusalOf(await creationOf.tickets(ctx, tenant.owner, key()));
  const advice = async (who: Actor) => unwrap(await readUsage(ctx, who, bannerFor)).advice;

  test('TW-20 the limit hit in two of the last three periods: advised once per period, to those who manage the plan', async () => {
    const tenant = await aTenantWith({ tickets: { amount: 1, notice: { thresholds: [1] } as never } });
    const agent = await tenant.member('agent', 'Agent');
    await chat(agent);
    await use(tenant, 1);
    await hit(tenant);
    expect(await advice(tenant.owner)).toEqual([]);
    clock.advance({ days: 62 });
    await use(tenant, 1);
    await deliver();
    await hit(tenant);
    await hit(tenant);
    expect(await advice(tenant.owner)).toMatchObject([{ meter: 'tickets', hits: 2, periods: 3 }]);
    expect(await advice(agent)).toEqual([]);
    expect((await deliver()).announced).toEqual([
      {
        to: 'Sample Owner',
        title: 'A larger plan would fit better',
        text: 'The limit of tickets was reached in 2 of the last 3 periods. A larger plan would avoid the interruptions.',
      },
    ]);
    clock.advance({ days: 62 });
    expect(await advice(tenant.owner)).toEqual([]);
  });

  test('TW-20 reaching the limit is a hit, though nobody was refused', async () => {
    const tenant = await aTenantWith({ tickets: 1 });
    await use(tenant, 1);
    clock.advance({ days: 31 });
    await use(tenant, 1);
    // The notice of the full limit brings the advice along.
    await deliver();
    expect((await deliver()).announced).toMatchObject([{ title: 'A larger plan would fit better' }]);
  });

  test('TW-20 the plan says how often is often', async () => {
    const tenant = await aTenantWith({ tickets: 1 }, { policies: { advice: { hits: 1, periods: 1 } } });
    await use(tenant, 1);
    expect(await advice(tenant.owner)).toMatchObject([{ hits: 1, periods: 1 }]);
  });

  test('G3 a refusal leaves nothing at the counter and in the ledger; that it happened is kept beside them', async () => {
    const tenant = await aTenantWith({ tickets: 0, opportunities: 1 });
    const rows = (table: string) =>
      inTenant(ctx, tenant.tenantId, ({ db }) =>
        db.query(`select * from ${table} where tenant_id = $1 order by 1, 2, 3`, [tenant.tenantId]),
      );
    unwrap(await creationOf.opportunities(ctx, tenant.owner, key()));
    const before = [await rows('usage_counters'), await rows('usage_records')];
    refusalOf(await creationOf.opportunities(ctx, tenant.owner, key()));
    await hit(tenant);
    expect([await rows('usage_counters'), await rows('usage_records')]).toEqual(before);
    expect(await rows('usage_hits')).toMatchObject([{ meter: 'opportunities' }]);
  });
});

test('HO-06 a notice says what is owed beside what is available, in the chat and by mail, while they differ', async () => {
  const notice = { thresholds: [100], recipients: ['owner', 'billing_contact'], channels: ['bot', 'mail'] };
  const tenant = await aTenantWith({ tickets: { amount: 1, notice: notice as never } });
  const addon = await aPlanOf(ctx, { role: 'addon', quotas: { tickets: { amount: 4, activation: 'on_payment', immediately: 1 } } });
  await buys(ctx, tenant.tenantId, addon);
  await use(tenant, 2);
  const words = '5 entitled, 2 available, 3 pending until payment';
  expect((await deliver(new Chats(), 'bills@example.com')).quota).toMatchObject([{ message: { limit: 2, pending: words } }]);
  expect(await mails(tenant)).toMatchObject([{ text: expect.stringContaining(`${words}.`) }]);
});

test('HO-07 what is unlocked is told to those who manage the plan, with the numbers of the moment', async () => {
  const tenant = await aTenantWith({}, { limits: { teams: 10 } });
  clock.advance({ days: 1 });
  const addon = await aPlanOf(ctx, { role: 'addon', limits: { teams: { amount: 4, activation: 'on_payment', immediately: 1 } } });
  await buys(ctx, tenant.tenantId, addon);
  await inTenant(ctx, tenant.tenantId, (tx) => unlockGrants(tx, tenant.tenantId, { meter: 'teams', actor: 'support' }, ctx.now()));
  const chats = await deliver();
  expect(chats.announced).toEqual([{ to: 'Sample Owner', title: 'More is available: teams', text: '3 more are available, 14 together.' }]);
});

test('a notice of the first form is still told', async () => {
  const tenant = await aTenantWith({ tickets: 1 });
  await use(tenant, 1);
  const [event] = await ctx.database.query<{ payload: Record<string, unknown> }>(
    `select payload from outbox where tenant_id = $1 and topic = 'quota.notice' and state = 'queued'`,
    [tenant.tenantId],
  );
  const { kind: _kind, ...first } = event!.payload;
  const chats = new Chats();
  const old: OutboxEvent = { id: 'x', tenantId: tenant.tenantId, topic: 'quota.notice', payload: first };
  await noticeHandlers(ctx, { messages: chats, mailboxOf: async () => null })['quota.notice']!(old);
  expect(chats.quota).toMatchObject([{ message: { threshold: 100 } }]);
});
