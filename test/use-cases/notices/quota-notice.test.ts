import { randomUUID } from 'node:crypto';
import { createChecklist } from '../../../src/features/checklists/create-checklist';
import { createOpportunity } from '../../../src/features/crm/create-opportunity';
import { bannerFor, dismissBanner } from '../../../src/features/notices/banners';
import { choosePreferences, meetInChat } from '../../../src/features/notices/conversations';
import { deliverQuotaNotice } from '../../../src/features/notices/deliver-quota-notice';
import type { Announcement, Announcements, Messages, QuotaMessage, Sent } from '../../../src/features/notices/messages.port';
import { runOutbox } from '../../../src/features/outbox/outbox';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { listTickets, updateTicket } from '../../../src/features/tickets/tickets';
import { readUsage } from '../../../src/features/usage/read-usage';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { TestClock, testContext } from '../../support/database';
import { instances, onServer } from '../../support/on-server';
import { aPlan, aTenant, type TestTenant } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
let tenant: TestTenant;
let real: TestClock;

beforeEach(async () => {
  ({ ctx, clock } = await testContext());
  real = new TestClock(new Date('2026-03-10T09:00:00Z'));
  await ctx.database.query(`update outbox set state = 'done' where state = 'queued'`);
  tenant = await aTenant(ctx, { limits: { tickets: 10, checklists: 5, opportunities: 5 }, timeZone: 'Europe/Berlin' });
});

/** Teams as these tests see it: what was sent to whom, and what it answers. */
class Chats implements Messages, Announcements {
  readonly announced: { to: string; title: string; text: string }[] = [];
  async sendAnnouncement(reference: Record<string, unknown>, { title, text }: Announcement): Promise<Sent> {
    this.announced.push({ to: String(reference.person), title, text });
    return { outcome: 'sent' };
  }
  readonly sent: { to: string; message: QuotaMessage }[] = [];
  answers = new Map<string, Sent[]>();
  async sendQuotaNotice(reference: Record<string, unknown>, message: QuotaMessage): Promise<Sent> {
    const to = String(reference.person);
    const answer = this.answers.get(to)?.shift() ?? { outcome: 'sent' as const };
    if (answer.outcome === 'sent') this.sent.push({ to, message });
    return answer;
  }
  get recipients() {
    return this.sent.map(({ to }) => to).sort();
  }
}

const chatOf = (person: Actor) => meetInChat(ctx, person, { person: person.name });
const run = (chats: Messages & Announcements, context = ctx) =>
  runOutbox(
    context,
    { 'quota.notice': (event) => deliverQuotaNotice(context, event, { messages: chats, mailboxOf: async () => 'bills@example.com' }) },
    real,
  );
const ticket = (actor: Actor, assigneeId: string | null = null) =>
  createTicket(
    ctx,
    actor,
    { clientKey: randomUUID() },
    { title: 'Printer', description: '', priority: 'normal', assigneeId, dueOn: null, tags: [] },
  );
async function fill(count: number) {
  for (let i = 0; i < count; i += 1) expect((await ticket(tenant.owner)).ok).toBe(true);
}
async function banner(who: Actor, meter = 'tickets') {
  const usage = await readUsage(ctx, who, bannerFor);
  return usage.ok ? usage.value.meters.find((one) => one.meter === meter)!.notice : null;
}
const deliveries = () =>
  inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query<{ recipient: string; state: string; attempts: number }>(
      `select recipient, state, attempts from deliveries where tenant_id = $1 and channel = 'bot'`,
      [tenant.tenantId],
    ),
  );

describe('who is told', () => {
  test('at 80 %: owner, admins and whoever looks after an open item of that meter; nobody else, and nobody before', async () => {
    const [admin, assignee, former, idle] = [
      await tenant.member('admin', 'Admin'),
      await tenant.member('agent', 'Assignee'),
      await tenant.member('agent', 'Former'),
      await tenant.member('agent', 'Idle'),
    ];
    for (const person of [tenant.owner, admin, assignee, former, idle]) await chatOf(person);
    await ticket(tenant.owner, assignee.memberId);
    const done = await ticket(tenant.owner, former.memberId);
    await updateTicket(ctx, tenant.owner, done.ok ? done.value.record.id : '', { status: 'closed' }, 1);
    const chats = new Chats();
    await fill(5);
    await run(chats);
    expect(chats.sent).toEqual([]);
    await fill(1);
    await run(chats);
    expect(chats.recipients).toEqual(['Admin', 'Assignee', 'Sample Owner']);
    expect(chats.sent[0]!.message).toMatchObject({
      meter: 'tickets',
      threshold: 80,
      used: 8,
      limit: 10,
      timeZone: 'Europe/Berlin',
      resetsAt: new Date('2026-04-09T22:00:00Z'),
    });
    expect(await banner(assignee)).toMatchObject({ threshold: 80 });
    expect(await banner(idle)).toBeNull();
    expect(await banner(former)).toBeNull();
  });

  test('the assignee of an open item of a running checklist, and the owner of an open opportunity', async () => {
    const [ticker, seller] = [await tenant.member('agent', 'Ticker'), await tenant.member('agent', 'Seller')];
    for (const person of [ticker, seller]) await chatOf(person);
    const chats = new Chats();
    for (let i = 0; i < 4; i += 1) {
      await createChecklist(
        ctx,
        tenant.owner,
        { clientKey: randomUUID() },
        { title: 'Onboarding', items: [{ text: 'Laptop', assigneeId: ticker.memberId }], submit: true },
      );
      await createOpportunity(
        ctx,
        tenant.owner,
        { clientKey: randomUUID() },
        { title: 'Deal', customer: null, value: null, closesOn: null, ownerId: seller.memberId },
      );
    }
    await run(chats);
    expect(chats.sent.map(({ to, message }) => [to, message.meter]).sort()).toEqual([
      ['Seller', 'opportunities'],
      ['Ticker', 'checklists'],
    ]);
    expect(await banner(ticker, 'opportunities')).toBeNull();
  });

  test('recipients are those of the moment of sending, not of the moment of counting', async () => {
    const late = await tenant.member('agent', 'Late');
    await chatOf(late);
    await fill(8);
    const found = await listTickets(ctx, tenant.owner, { status: 'any', limit: 1 });
    const [first] = found.ok ? found.value.items : [];
    await updateTicket(ctx, tenant.owner, first!.id, { assigneeId: late.memberId }, 1);
    const chats = new Chats();
    await run(chats);
    expect(chats.recipients).toEqual(['Late']);
  });

  test('without a chat nobody is written to, and the banner still shows', async () => {
    await fill(8);
    const chats = new Chats();
    await run(chats);
    expect(chats.sent).toEqual([]);
    expect(await banner(tenant.owner)).toMatchObject({ threshold: 80 });
  });

  test('whoever turned such messages off is not written to', async () => {
    await chatOf(tenant.owner);
    await choosePreferences(ctx, tenant.owner, { notices: false });
    await fill(8);
    const chats = new Chats();
    await run(chats);
    expect(chats.sent).toEqual([]);
    expect(await banner(tenant.owner)).toMatchObject({ threshold: 80 });
  });

  test('each is spoken to in the language they chose', async () => {
    await chatOf(tenant.owner);
    await choosePreferences(ctx, tenant.owner, { language: 'it' });
    await fill(8);
    const chats = new Chats();
    await run(chats);
    expect(chats.sent[0]!.message.locale).toBe('it');
  });
});

describe('once', () => {
  test('80 and 100 are said once each, however often the job runs', async () => {
    await chatOf(tenant.owner);
    const chats = new Chats();
    await fill(9);
    for (let i = 0; i < 3; i += 1) await run(chats);
    await fill(1);
    expect((await ticket(tenant.owner)).ok).toBe(false);
    for (let i = 0; i < 3; i += 1) await run(chats);
    expect(chats.sent.map(({ message }) => message.threshold)).toEqual([80, 100]);
    expect(await banner(tenant.owner)).toMatchObject({ threshold: 100 });
  });

  test('a raised limit and a new period each begin anew', async () => {
    await chatOf(tenant.owner);
    const chats = new Chats();
    await fill(10);
    await run(chats);
    await tenant.changePlan(await aPlan(ctx, { tickets: 20 }));
    expect(await banner(tenant.owner)).toBeNull();
    await fill(6);
    await run(chats);
    expect(chats.sent.map(({ message }) => [message.threshold, message.limit])).toEqual([
      [100, 10],
      [80, 20],
    ]);
    clock.advance({ days: 31 });
    expect(await banner(tenant.owner)).toBeNull();
    await fill(16);
    await run(chats);
    expect(chats.sent.map(({ message }) => message.threshold)).toEqual([100, 80, 80]);
  });

  test('a notice that was overtaken by a new period or a raised limit is not sent any more', async () => {
    await chatOf(tenant.owner);
    await fill(8);
    await tenant.changePlan(await aPlan(ctx, { tickets: 100 }));
    const chats = new Chats();
    await run(chats);
    await fill(72);
    clock.advance({ days: 40 });
    await run(chats);
    expect(chats.sent).toEqual([]);
  });

  test('who is being written to by one instance is not written to by another', async () => {
    await chatOf(tenant.owner);
    await fill(8);
    const [event] = await ctx.database.query<{ payload: unknown }>(`select payload from outbox where state = 'queued' and tenant_id = $1`, [
      tenant.tenantId,
    ]);
    const chats = new Chats();
    const twice = { id: randomUUID(), tenantId: tenant.tenantId, topic: 'quota.notice', payload: event!.payload };
    await Promise.all([1, 2, 3, 4].map(() => deliverQuotaNotice(ctx, twice, { messages: chats, mailboxOf: async () => null })));
    expect(chats.recipients).toEqual(['Sample Owner']);
  });

  onServer('with several instances', () => {
    test('each recipient gets one message, though every instance runs the outbox at once', async () => {
      const { ctxs } = await instances(4);
      const people = await Promise.all(Array.from({ length: 8 }, (_, i) => tenant.member('admin', `Admin ${i}`)));
      for (const person of [tenant.owner, ...people]) await chatOf(person);
      await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          createTicket(
            ctxs[i % 4]!,
            tenant.owner,
            { clientKey: randomUUID() },
            { title: 'Printer', description: '', priority: 'normal', assigneeId: null, dueOn: null, tags: [] },
          ),
        ),
      );
      const chats = new Chats();
      for (let i = 0; i < 3; i += 1) await Promise.all(ctxs.map((one) => run(chats, one)));
      expect(chats.recipients).toEqual(['Sample Owner', ...people.map(({ name }) => name)].sort());
    });
  });
});

describe('what Teams answers', () => {
  test('“not now” is tried again, for that person only', async () => {
    const admin = await tenant.member('admin', 'Admin');
    for (const person of [tenant.owner, admin]) await chatOf(person);
    await fill(8);
    const chats = new Chats();
    chats.answers.set('Admin', [
      { outcome: 'later', afterMs: 60_000 },
      { outcome: 'later', afterMs: null },
    ]);
    await run(chats);
    await run(chats);
    expect(chats.recipients).toEqual(['Sample Owner']);
    expect(await deliveries()).toEqual(expect.arrayContaining([{ recipient: admin.memberId, state: 'failed', attempts: 1 }]));
    real.advance({ seconds: 59 });
    await run(chats);
    expect((await deliveries()).find(({ recipient }) => recipient === admin.memberId)).toMatchObject({ attempts: 1 });
    real.advance({ seconds: 2 });
    await run(chats);
    real.advance({ seconds: 30 });
    await run(chats);
    expect(chats.recipients).toEqual(['Admin', 'Sample Owner']);
    expect(await deliveries()).toEqual(expect.arrayContaining([{ recipient: admin.memberId, state: 'sent', attempts: 3 }]));
  });

  test('“gone” is given up at once, and the chat is forgotten', async () => {
    await chatOf(tenant.owner);
    await fill(8);
    const chats = new Chats();
    chats.answers.set('Sample Owner', [{ outcome: 'unreachable' }]);
    await run(chats);
    expect(await deliveries()).toMatchObject([{ state: 'given_up', attempts: 1 }]);
    await fill(2);
    await run(chats);
    expect(chats.sent).toEqual([]);
  });

  test('a chat that was opened anew meanwhile is not forgotten with the old one', async () => {
    await chatOf(tenant.owner);
    await fill(8);
    const chats: Messages & Announcements = {
      sendAnnouncement: async () => ({ outcome: 'sent' }),
      async sendQuotaNotice() {
        await meetInChat(ctx, tenant.owner, { person: 'Sample Owner', newer: true });
        return { outcome: 'unreachable' };
      },
    };
    await run(chats);
    const kept = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query('select 1 from conversations where tenant_id = $1', [tenant.tenantId]),
    );
    expect(kept).toHaveLength(1);
  });

  test('after twelve tries it is given up', async () => {
    await chatOf(tenant.owner);
    await fill(8);
    const chats = new Chats();
    chats.answers.set('Sample Owner', new Array(50).fill({ outcome: 'later', afterMs: null }));
    for (let i = 0; i < 20; i += 1) {
      await run(chats);
      real.advance({ hours: 1 });
    }
    expect(await deliveries()).toMatchObject([{ state: 'failed', attempts: 12 }]);
    expect(chats.sent).toEqual([]);
  });
});

describe('a banner', () => {
  test('put away stays away for this person, until the next one', async () => {
    const admin = await tenant.member('admin');
    await fill(8);
    const shown = (await banner(tenant.owner))!;
    expect(shown.key).toBe('tickets/2026-03-10T09:00:00.000Z/0/80');
    expect(await dismissBanner(ctx, tenant.owner, shown.key)).toEqual({ ok: true, value: null });
    await dismissBanner(ctx, tenant.owner, shown.key);
    expect(await banner(tenant.owner)).toBeNull();
    expect(await banner(admin)).toEqual(shown);
    await fill(2);
    expect(await banner(tenant.owner)).toMatchObject({ threshold: 100 });
  });

  test('the highest put away does not bring the lower one back', async () => {
    await fill(10);
    await dismissBanner(ctx, tenant.owner, (await banner(tenant.owner))!.key);
    expect(await banner(tenant.owner)).toBeNull();
  });

  test.each([
    'tickets/2026-03-10T09:00:00.000Z/0/95',
    'tickets/yesterday/0/80',
    'money/2026-03-10T09:00:00.000Z/0/80',
    'x',
    '',
    'tickets/2026-03-10T09:00:00.000Z/0/80/x',
  ])('the key “%s”, which was never said, leaves no trace', async (key) => {
    await fill(8);
    expect((await dismissBanner(ctx, tenant.owner, key)).ok).toBe(true);
    const rows = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query(`select 1 from deliveries where tenant_id = $1 and channel = 'banner'`, [tenant.tenantId]),
    );
    expect(rows).toEqual([]);
    expect(await banner(tenant.owner)).toMatchObject({ threshold: 80 });
  });

  test('another organization’s notice cannot be put away', async () => {
    const other = await aTenant(ctx);
    await fill(8);
    await dismissBanner(ctx, other.owner, (await banner(tenant.owner))!.key);
    expect(await banner(tenant.owner)).toMatchObject({ threshold: 80 });
  });
});
