import type { Meter } from '../../../src/contract/meters';
import { TicketQuery } from '../../../src/contract/tickets';
import { createChecklist } from '../../../src/features/checklists/create-checklist';
import { submitChecklist } from '../../../src/features/checklists/submit-checklist';
import { listDrafts } from '../../../src/features/drafts/drafts';
import { replacePlanGrants } from '../../../src/features/entitlements/grants';
import { runOutbox } from '../../../src/features/outbox/outbox';
import { submitHeldDrafts } from '../../../src/features/submissions/submit-held-drafts';
import { deleteTicket, listTickets, undoTicket } from '../../../src/features/tickets/tickets';
import { clearOverride, giveGoodwill, setOverride } from '../../../src/features/usage/deviate';
import { explain } from '../../../src/features/usage/explain';
import { refreshCounters } from '../../../src/features/usage/refresh-counters';
import { restartUsage } from '../../../src/features/usage/restart-usage';
import { ROOM_TOPIC } from '../../../src/features/usage/room';
import { type Context, inTenant } from '../../../src/platform/context';
import { aChecklist, books, creationOf, key, refusalOf, unwrap } from '../../support/acts';
import { TestClock, testContext } from '../../support/database';
import { aPlanOf } from '../../support/packages';
import { aTenant, type TestTenant } from '../../support/tenant';

async function world(quotas: Parameters<typeof aPlanOf>[1]['quotas'], now?: string) {
  const { ctx, clock } = await testContext(now === undefined ? {} : { now });
  const tenant = await aTenant(ctx, { plan: await aPlanOf(ctx, { quotas: quotas ?? {} }) });
  return { ctx, clock, tenant };
}

const meterOf = async (ctx: Context, tenant: TestTenant, meter: Meter = 'tickets') => {
  const { available, limit, used, remaining, state, period } = unwrap(await explain(ctx, tenant.owner, { meter }));
  return { available, limit, used, remaining, state, period };
};

async function create(ctx: Context, tenant: TestTenant, count: number, meter: Meter = 'tickets'): Promise<void> {
  for (let index = 0; index < count; index += 1) unwrap(await creationOf[meter](ctx, tenant.owner, key()));
}

const full = async (ctx: Context, tenant: TestTenant, meter: Meter = 'tickets') =>
  refusalOf(await creationOf[meter](ctx, tenant.owner, key()));

describe('countEvent', () => {
  const items = Array.from({ length: 12 }, (_, index) => ({ text: `Task ${index + 1}` }));

  test.each([
    ['per_task', 12],
    ['submitted', 1],
    [null, 1],
  ] as const)('TW-06 under %s a submitted checklist with 12 tasks counts %i', async (countEvent, units) => {
    const { ctx, tenant } = await world({ checklists: { amount: 24, countEvent } });
    const twice = key();
    unwrap(await createChecklist(ctx, tenant.owner, twice, aChecklist({ items: items as never, submit: true })));
    unwrap(await createChecklist(ctx, tenant.owner, twice, aChecklist({ items: items as never, submit: true })));
    expect(await meterOf(ctx, tenant, 'checklists')).toMatchObject({ used: units });
    const draft = unwrap(await createChecklist(ctx, tenant.owner, key(), aChecklist({ items: items as never, submit: false }))).record;
    unwrap(await submitChecklist(ctx, tenant.owner, key(), draft.id));
    expect(await meterOf(ctx, tenant, 'checklists')).toMatchObject({ used: 2 * units });
  });

  test('TW-06 a checklist with more tasks than are left is refused whole and kept', async () => {
    const { ctx, tenant } = await world({ checklists: { amount: 11, countEvent: 'per_task' } });
    const refusal = refusalOf(await createChecklist(ctx, tenant.owner, key(), aChecklist({ items: items as never, submit: true })));
    expect(refusal).toMatchObject({ code: 'quota_exhausted', used: 0, limit: 11, draftId: expect.any(String) });
  });
});

describe('enforcement', () => {
  test('tolerance admits so many more, and no more', async () => {
    const { ctx, tenant } = await world({ tickets: { amount: 3, tolerance: 2 } });
    await create(ctx, tenant, 5);
    expect(await full(ctx, tenant)).toMatchObject({ limit: 5, used: 5 });
    expect(await meterOf(ctx, tenant)).toMatchObject({ available: 3, limit: 5, state: 'exhausted' });
  });

  test.each([
    ['soft', { enforcement: 'soft' }],
    ['warn', { enforcement: 'warn' }],
    ['allow_over', { onExhausted: 'allow_over' }],
  ] as const)('%s refuses nothing; the limit stays visible, and what is over it', async (_name, policy) => {
    const { ctx, tenant } = await world({ tickets: { amount: 3, ...policy } });
    await create(ctx, tenant, 3);
    expect(await meterOf(ctx, tenant)).toMatchObject({ available: 3, limit: 3, used: 3, remaining: 0, state: 'warning' });
    await create(ctx, tenant, 2);
    expect(await meterOf(ctx, tenant)).toMatchObject({ available: 3, limit: 3, used: 5, remaining: 0, state: 'over' });
  });

  test('an amount of nothing is nothing, however soft', async () => {
    const { ctx, tenant } = await world({ tickets: { amount: 0, enforcement: 'soft', tolerance: 5 } });
    expect(await full(ctx, tenant)).toMatchObject({ limit: 0, used: 0 });
  });
});

describe('releaseOn', () => {
  test('delete: deleting gives the unit back, once, to the period it was taken from', async () => {
    const { ctx, clock, tenant } = await world({ tickets: { amount: 2, releaseOn: 'delete' } });
    await create(ctx, tenant, 2);
    const [one, two] = unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items;
    unwrap(await deleteTicket(ctx, tenant.owner, one!.id, one!.revision));
    expect(await meterOf(ctx, tenant)).toMatchObject({ used: 1, remaining: 1 });
    expect(refusalOf(await deleteTicket(ctx, tenant.owner, one!.id, one!.revision))).toMatchObject({ code: 'ticket_not_found' });
    clock.advance({ days: 40 });
    await create(ctx, tenant, 2);
    unwrap(await deleteTicket(ctx, tenant.owner, two!.id, two!.revision));
    expect(await meterOf(ctx, tenant)).toMatchObject({ used: 2, remaining: 0 });
    expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 2, ledger: 2 });
  });

  test('G1 none: deleting changes nothing', async () => {
    const { ctx, tenant } = await world({ tickets: 2 });
    await create(ctx, tenant, 2);
    const [one] = unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items;
    unwrap(await deleteTicket(ctx, tenant.owner, one!.id, one!.revision));
    expect(await full(ctx, tenant)).toMatchObject({ used: 2 });
  });
});

describe('onExhausted hold', () => {
  const clockOfTheOutbox = new TestClock(new Date('2026-03-10T09:00:00Z'));
  const run = (ctx: Context) => runOutbox(ctx, { [ROOM_TOPIC]: (event) => submitHeldDrafts(ctx, event) }, clockOfTheOutbox);
  const waiting = async (ctx: Context, tenant: TestTenant) =>
    unwrap(await listDrafts(ctx, tenant.owner, { limit: 50 })).items.map(({ payload, submitsItself }) => [payload.title, submitsItself]);
  const titles = async (ctx: Context, tenant: TestTenant) =>
    unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items.map(({ title }) => title);

  beforeEach(async () => {
    const { ctx } = await testContext();
    await ctx.database.query(`update outbox set state = 'done' where state = 'queued'`);
  });

  async function fullWorld() {
    const made = await world({ tickets: { amount: 2, onExhausted: 'hold' } });
    await create(made.ctx, made.tenant, 2);
    for (const title of ['first', 'second', 'third']) {
      made.clock.advance({ seconds: 1 });
      const refusal = refusalOf(await creationOf.tickets(made.ctx, made.tenant.owner, key(title), title));
      expect(refusal).toMatchObject({ code: 'quota_exhausted', submitsItself: true, draftId: expect.any(String) });
    }
    return made;
  }

  test('what was refused is kept, and created by itself when counting starts anew: oldest first, as many as there is room for', async () => {
    const { ctx, clock, tenant } = await fullWorld();
    await run(ctx);
    expect(await waiting(ctx, tenant)).toEqual([
      ['first', true],
      ['second', true],
      ['third', true],
    ]);
    clock.set('2026-04-10T00:00:00.000Z');
    while ((await run(ctx)) > 0);
    expect(await waiting(ctx, tenant)).toEqual([['third', true]]);
    expect(await titles(ctx, tenant)).toEqual(expect.arrayContaining(['first', 'second']));
    clock.set('2026-05-10T00:00:00.000Z');
    while ((await run(ctx)) > 0);
    expect(await waiting(ctx, tenant)).toEqual([]);
    expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 5, ledger: 5, records: 5 });
  });

  test('a raised limit is room, too', async () => {
    const { ctx, tenant } = await fullWorld();
    await tenant.changePlan(await aPlanOf(ctx, { quotas: { tickets: 4 } }));
    await run(ctx);
    expect(await waiting(ctx, tenant)).toEqual([['third', true]]);
  });

  test('G2 a late retry of the refused act finds what was created by itself', async () => {
    const { ctx, clock, tenant } = await fullWorld();
    clock.set('2026-04-10T00:00:00.000Z');
    while ((await run(ctx)) > 0);
    const again = unwrap(await creationOf.tickets(ctx, tenant.owner, key('first'), 'first'));
    expect(again.replayed).toBe(true);
    expect((await titles(ctx, tenant)).filter((title) => title === 'first')).toHaveLength(1);
  });

  test('block keeps it and submits nothing', async () => {
    const { ctx, clock, tenant } = await world({ tickets: 1 });
    await create(ctx, tenant, 1);
    expect(await full(ctx, tenant)).not.toHaveProperty('submitsItself');
    clock.advance({ days: 40 });
    await run(ctx);
    expect(await waiting(ctx, tenant)).toEqual([['Printer on fire', false]]);
  });
});

describe('rollover and years', () => {
  test('what is left goes into the next period, up to the cap, through periods that nobody opened', async () => {
    const { ctx, clock, tenant } = await world({ tickets: { amount: 5, rollover: { cap: 8 } } }, '2026-01-10T09:00:00.000Z');
    await create(ctx, tenant, 2);
    const seen = [];
    for (const day of ['2026-02-10', '2026-03-10', '2026-05-20']) {
      clock.set(`${day}T00:00:00.000Z`);
      seen.push((await meterOf(ctx, tenant)).limit);
      if (day === '2026-02-10') await create(ctx, tenant, 4);
      expect((await meterOf(ctx, tenant)).limit).toBe(seen.at(-1));
    }
    // 5 − 2 = 3; 8 − 4 = 4; then twice as much as the cap.
    expect(seen).toEqual([8, 9, 13]);
    await create(ctx, tenant, 13);
    expect(await full(ctx, tenant)).toMatchObject({ limit: 13, used: 13 });
    clock.set('2026-06-10T00:00:00.000Z');
    expect(await meterOf(ctx, tenant)).toMatchObject({ limit: 5, used: 0 });
    expect(await books(ctx, tenant.tenantId, 'tickets')).toEqual({ counted: 19, ledger: 19, records: 19 });
  });

  test('CH-11 what is left is carried over into a smaller plan that begins with the period', async () => {
    const { ctx, clock, tenant } = await world({ tickets: { amount: 5, rollover: { cap: 8 } } }, '2026-01-10T09:00:00.000Z');
    const smaller = await aPlanOf(ctx, { quotas: { tickets: { amount: 3, rollover: { cap: 8 } } } });
    await create(ctx, tenant, 1);
    const effectiveAt = new Date('2026-02-10T00:00:00.000Z');
    await inTenant(ctx, tenant.tenantId, async (tx) => {
      await replacePlanGrants(tx, tenant.tenantId, tenant.subscriptionId, smaller, ctx.now(), { effectiveAt });
      await refreshCounters(tx, tenant.tenantId, ctx.now());
    });
    clock.set('2026-02-10T00:00:00.000Z');
    expect(await meterOf(ctx, tenant)).toMatchObject({ limit: 3 + 4, used: 0 });
    await create(ctx, tenant, 7);
    expect(await full(ctx, tenant)).toMatchObject({ limit: 7, used: 7 });
  });

  test('a goodwill is used first, and what was used of it stays until the period ends', async () => {
    const { ctx, clock, tenant } = await world({ tickets: 5 });
    await inTenant(ctx, tenant.tenantId, (tx) =>
      giveGoodwill(
        tx,
        tenant.tenantId,
        { meter: 'tickets', amount: 10, reason: 'Sorry', actor: 'support', expiresAt: new Date('2026-03-20T00:00:00Z') },
        ctx.now(),
      ),
    );
    await create(ctx, tenant, 7);
    clock.set('2026-03-20T00:00:00.000Z');
    expect(await meterOf(ctx, tenant)).toMatchObject({ available: 12, limit: 12, used: 7 });
    await create(ctx, tenant, 5);
    expect(await full(ctx, tenant)).toMatchObject({ limit: 12, used: 12 });
    clock.advance({ days: 30 });
    expect(await meterOf(ctx, tenant)).toMatchObject({ available: 5, used: 0 });
  });

  test('a yearly quota lasts a year', async () => {
    const { ctx, clock, tenant } = await world({ tickets: { amount: 3, period: 'year' } }, '2026-02-10T09:00:00.000Z');
    await create(ctx, tenant, 2);
    clock.set('2027-02-09T23:59:59.999Z');
    await create(ctx, tenant, 1);
    expect(await full(ctx, tenant)).toMatchObject({ used: 3, resetsAt: '2027-02-10T00:00:00.000Z' });
    clock.advance({ ms: 1 });
    await create(ctx, tenant, 1);
  });
});

describe('a change of plan', () => {
  test.each([
    ['keep', 'keep', 4, '2026-03-10T09:00:00.000Z'],
    ['reset', 'keep', 0, '2026-03-10T09:00:00.000Z'],
    ['keep', 'reset', 4, '2026-03-25T12:00:00.000Z'],
    ['reset', 'reset', 0, '2026-03-25T12:00:00.000Z'],
  ] as const)('TW-21 usage %s, anchor %s: %i are used in the period that began on %s', async (usage, anchor, used, start) => {
    const { ctx, clock, tenant } = await world({ tickets: 5, opportunities: 5 });
    await create(ctx, tenant, 4);
    await create(ctx, tenant, 1, 'opportunities');
    clock.set('2026-03-25T12:00:00.000Z');
    await tenant.changePlan(await aPlanOf(ctx, { quotas: { tickets: 10, opportunities: 5 } }));
    await inTenant(ctx, tenant.tenantId, (tx) => restartUsage(tx, tenant.tenantId, { usage, anchor }, ctx.now()));
    const found = await meterOf(ctx, tenant);
    expect([found.used, found.limit, found.period?.start]).toEqual([used, 10, start]);
    expect((await meterOf(ctx, tenant, 'opportunities')).used).toBe(used === 0 ? 0 : 1);
    await create(ctx, tenant, 10 - used);
    expect(await full(ctx, tenant)).toMatchObject({ used: 10 });
    const end = anchor === 'reset' ? '2026-04-25T00:00:00.000Z' : '2026-04-10T00:00:00.000Z';
    expect((await meterOf(ctx, tenant)).period?.end).toBe(end);

    // G4: the periods meet without gap or overlap. G1: the ledger of each says what its counter counts.
    const periods = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query<{ start: Date; end: Date; used: number; ledger: number }>(
        `select period_start as start, period_end as "end", used::int as used,
                (select coalesce(sum(case kind when 'release' then -quantity else quantity end), 0)::int from usage_records r
                  where r.tenant_id = $1 and r.meter = 'tickets' and r.period_start = c.period_start) as ledger
           from usage_counters c where tenant_id = $1 and meter = 'tickets' order by period_start`,
        [tenant.tenantId],
      ),
    );
    for (const one of periods) expect(one.used).toBe(one.ledger);
    expect(periods.slice(1).map((one) => one.start)).toEqual(periods.slice(0, -1).map((one) => one.end));
  });

  test('G1 G2 after usage began anew, what was created before gives nothing back: neither deleted nor undone', async () => {
    const { ctx, clock, tenant } = await world({ tickets: { amount: 5, releaseOn: 'delete' } });
    await create(ctx, tenant, 3);
    clock.advance({ seconds: 1 });
    await inTenant(ctx, tenant.tenantId, (tx) => restartUsage(tx, tenant.tenantId, { usage: 'reset', anchor: 'keep' }, ctx.now()));
    const [deleted, undone] = unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items;
    unwrap(await deleteTicket(ctx, tenant.owner, deleted!.id, deleted!.revision));
    clock.advance({ seconds: 1 });
    await create(ctx, tenant, 2);
    expect(unwrap(await undoTicket(ctx, tenant.owner, undone!.id))).toBeNull();
    expect(unwrap(await undoTicket(ctx, tenant.owner, undone!.id))).toBeNull();
    expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 2, ledger: 2 });
    const [newest] = unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items;
    unwrap(await deleteTicket(ctx, tenant.owner, newest!.id, newest!.revision));
    expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 1, ledger: 1 });
  });

  test('G1 usage that begins anew late keeps what was used since: that alone gives its unit back', async () => {
    const { ctx, clock, tenant } = await world({ tickets: { amount: 5, releaseOn: 'delete' } });
    await create(ctx, tenant, 3);
    clock.advance({ seconds: 1 });
    const edge = ctx.now();
    const before = unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items;
    const remove = async ({ id, revision }: { id: string; revision: number }) =>
      unwrap(await deleteTicket(ctx, tenant.owner, id, revision));
    clock.advance({ seconds: 5 });
    await create(ctx, tenant, 2);
    await remove(before[0]!);
    await inTenant(ctx, tenant.tenantId, (tx) => restartUsage(tx, tenant.tenantId, { usage: 'reset', anchor: 'keep' }, edge));
    expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 2, ledger: 2 });
    const [newest, newer] = unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items;
    await remove(newest!);
    expect(unwrap(await undoTicket(ctx, tenant.owner, newer!.id))).toBeNull();
    await remove(before[1]!);
    expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 0, ledger: 0 });
  });

  test('twice in one instant is as once', async () => {
    const { ctx, tenant } = await world({ tickets: 5 });
    await create(ctx, tenant, 4);
    for (let time = 0; time < 3; time += 1)
      await inTenant(ctx, tenant.tenantId, (tx) => restartUsage(tx, tenant.tenantId, { usage: 'keep', anchor: 'reset' }, ctx.now()));
    expect(await meterOf(ctx, tenant)).toMatchObject({ used: 4 });
  });
});

test('an override ends when it is cleared, and another on the same path replaces it', async () => {
  const { ctx, tenant } = await world({ tickets: 1 });
  const expiresAt = new Date('2027-01-01T00:00:00Z');
  const set = (value: number) =>
    inTenant(ctx, tenant.tenantId, (tx) =>
      setOverride(tx, tenant.tenantId, { path: 'tickets.tolerance', value, reason: 'Fair', actor: 'support', expiresAt }, ctx.now()),
    );
  const clear = () => inTenant(ctx, tenant.tenantId, (tx) => clearOverride(tx, tenant.tenantId, 'tickets.tolerance', ctx.now()));
  unwrap(await set(5));
  unwrap(await set(2));
  expect((await meterOf(ctx, tenant)).limit).toBe(3);
  unwrap(await clear());
  expect((await meterOf(ctx, tenant)).limit).toBe(1);
  expect(refusalOf(await clear())).toEqual({ code: 'override_not_found' });
});
