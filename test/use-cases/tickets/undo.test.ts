import { TicketQuery } from '../../../src/contract/tickets';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { deleteTicket, getTicket, listTickets, undoTicket } from '../../../src/features/tickets/tickets';
import { readUsage } from '../../../src/features/usage/read-usage';
import { release } from '../../../src/features/usage/release';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { aTicket, books, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aTenant } from '../../support/tenant';

const usedOf = async (ctx: Context, actor: Actor) => unwrap(await readUsage(ctx, actor, async () => null)).meters[0]!.used;

async function oneTicket(now?: string) {
  const { ctx, clock } = await testContext(now ? { now } : {});
  const tenant = await aTenant(ctx, { limits: { tickets: 1 } });
  const { record } = unwrap(await createTicket(ctx, tenant.owner, key('first'), aTicket()));
  return { ctx, clock, tenant, record };
}

test('within sixty seconds an undo takes the ticket away and gives the unit back, once', async () => {
  const { ctx, clock, tenant, record } = await oneTicket();
  clock.advance({ seconds: 60 });
  expect(unwrap(await undoTicket(ctx, tenant.owner, record.id))).toBeNull();
  expect(refusalOf(await getTicket(ctx, tenant.owner, record.id))).toEqual({ code: 'ticket_not_found' });
  // G2: a retry of the undo is answered as the undo was, however late.
  clock.advance({ days: 40 });
  expect(unwrap(await undoTicket(ctx, tenant.owner, record.id))).toBeNull();
  expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 0, ledger: 0 });
});

test('many undos at once give one unit back', async () => {
  const { ctx, tenant, record } = await oneTicket();
  const results = await Promise.all(Array.from({ length: 8 }, () => undoTicket(ctx, tenant.owner, record.id)));
  expect(results.every((result) => result.ok)).toBe(true);
  expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 0, ledger: 0 });
});

test('a unit is given back for a record once, whoever asks how often', async () => {
  const { ctx, clock, tenant, record } = await oneTicket();
  const act = { meter: 'tickets' as const, subject: record.id, actor: tenant.owner.memberId, at: clock.now() };
  const giveBack = () => inTenant(ctx, tenant.tenantId, (tx) => release(tx, tenant.tenantId, act));
  expect([await giveBack(), await giveBack()]).toEqual([true, false]);
  expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 0, ledger: 0 });
});

test('a millisecond later it is too late, and the ticket stays', async () => {
  const { ctx, clock, tenant, record } = await oneTicket();
  clock.advance({ seconds: 60, ms: 1 });
  expect(refusalOf(await undoTicket(ctx, tenant.owner, record.id))).toEqual({ code: 'undo_too_late', undoableUntil: record.undoableUntil });
  expect(unwrap(await getTicket(ctx, tenant.owner, record.id))).toEqual(record);
  expect(await usedOf(ctx, tenant.owner)).toBe(1);
});

test('only who created a ticket undoes it', async () => {
  const { ctx, tenant, record } = await oneTicket();
  expect(refusalOf(await undoTicket(ctx, await tenant.member('admin'), record.id))).toEqual({ code: 'not_allowed', needs: 'edit' });
  expect(await usedOf(ctx, tenant.owner)).toBe(1);
});

test('across a period’s edge the unit goes back to the period it was taken from', async () => {
  const { ctx, clock } = await testContext({ now: '2026-03-10T09:00:00.000Z' });
  const tenant = await aTenant(ctx);
  clock.set('2026-04-09T23:59:30.000Z');
  const { record } = unwrap(await createTicket(ctx, tenant.owner, key(), aTicket()));
  clock.set('2026-04-10T00:00:10.000Z');
  unwrap(await createTicket(ctx, tenant.owner, key(), aTicket()));
  unwrap(await undoTicket(ctx, tenant.owner, record.id));
  const rows = await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(
      `select c.used::int as used, (select sum(case kind when 'release' then -quantity else quantity end)::int from usage_records r
          where r.tenant_id = c.tenant_id and r.meter = c.meter and r.period_start = c.period_start) as ledger
         from usage_counters c where tenant_id = $1 and meter = 'tickets' order by period_start`,
      [tenant.tenantId],
    ),
  );
  expect(rows).toEqual([
    { used: 0, ledger: 0 },
    { used: 1, ledger: 1 },
  ]);
});

test('G1 deleting gives nothing back, and an undo cannot follow it', async () => {
  const { ctx, tenant, record } = await oneTicket();
  unwrap(await deleteTicket(ctx, tenant.owner, record.id, record.revision));
  expect(refusalOf(await undoTicket(ctx, tenant.owner, record.id))).toEqual({ code: 'ticket_not_found' });
  expect(await books(ctx, tenant.tenantId, 'tickets')).toEqual({ counted: 1, ledger: 1, records: 1 });
  expect(unwrap(await listTickets(ctx, tenant.owner, TicketQuery.parse({}))).items).toEqual([]);
  expect(refusalOf(await createTicket(ctx, tenant.owner, key(), aTicket()))).toMatchObject({ code: 'quota_exhausted', used: 1 });
});

test('G2 a late retry of an undone creation repeats its outcome and consumes nothing; a new act consumes anew', async () => {
  const { ctx, tenant, record } = await oneTicket();
  unwrap(await undoTicket(ctx, tenant.owner, record.id));
  expect(unwrap(await createTicket(ctx, tenant.owner, key('first'), aTicket()))).toMatchObject({
    replayed: true,
    record: { id: record.id },
  });
  expect(await usedOf(ctx, tenant.owner)).toBe(0);
  unwrap(await createTicket(ctx, tenant.owner, key('again'), aTicket()));
  expect(await usedOf(ctx, tenant.owner)).toBe(1);
});
