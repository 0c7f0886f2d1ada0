import type { Queryable } from '../../platform/db/database';
import { bound, unbound } from '../../platform/db/infinity';
import type { Hold } from './in-force.rules';

/** The places kept for a meter that nobody has closed, whether their time has run out or not. */
export async function openHolds(db: Queryable, tenantId: string, meter: string): Promise<Hold[]> {
  const rows = await db.query<{ periodStart: Date | number; quantity: number; expiresAt: Date }>(
    `select period_start as "periodStart", quantity::float8 as quantity, expires_at as "expiresAt"
       from usage_holds where tenant_id = $1 and meter = $2 and scope_id = 'tenant' and state = 'open' order by expires_at`,
    [tenantId, meter],
  );
  return rows.map((row) => ({ ...row, periodStart: unbound(row.periodStart) }));
}

/** Closes the holds whose time has run out and frees what they kept, each in its own period. */
export async function expireHolds(db: Queryable, tenantId: string, meter: string, at: Date): Promise<void> {
  await db.query(
    `with over as (
       update usage_holds set state = 'expired', closed_at = expires_at
        where tenant_id = $1 and meter = $2 and state = 'open' and expires_at <= $3
       returning scope_id, period_start, quantity
     )
     update usage_counters c set held = c.held - o.quantity
       from (select scope_id, period_start, sum(quantity) as quantity from over group by scope_id, period_start) o
      where c.tenant_id = $1 and c.meter = $2 and c.scope_id = o.scope_id and c.period_start = o.period_start`,
    [tenantId, meter, at],
  );
}

/** Units of one period that were kept for acts under way at an instant. */
export async function heldAt(db: Queryable, tenantId: string, meter: string, periodStart: Date, at: Date): Promise<number> {
  const [row] = await db.query<{ held: number }>(
    `select coalesce(sum(quantity), 0)::float8 as held from usage_holds
      where tenant_id = $1 and meter = $2 and scope_id = 'tenant' and period_start = $3 and opened_at <= $4 and least(expires_at, closed_at) > $4`,
    [tenantId, meter, bound(periodStart), at],
  );
  return row!.held;
}

export type ClosedState = 'confirmed' | 'released' | 'expired';

export interface HoldRow {
  holdId: string;
  fingerprint: string;
  state: 'open' | ClosedState;
}

export async function findHold(db: Queryable, tenantId: string, by: { key: string } | { holdId: string }): Promise<HoldRow | null> {
  const [row] = await db.query<HoldRow>(
    `select hold_id as "holdId", fingerprint, state from usage_holds
      where tenant_id = $1 and ($2::text is null or operation_key = $2) and ($3::uuid is null or hold_id = $3)`,
    [tenantId, 'key' in by ? by.key : null, 'holdId' in by ? by.holdId : null],
  );
  return row ?? null;
}

/** Takes units out of what is left, if there are as many; either way, how the counter stands. */
export async function reserve(
  db: Queryable,
  tenantId: string,
  meter: string,
  quantity: number,
  expiresAt: Date,
  at: Date,
): Promise<{ isReserved: boolean; periodStart: Date; hardLimit: number | null; used: number; held: number } | null> {
  const [row] = await db.query<{ isReserved: boolean; periodStart: Date | number; hardLimit: number | null; used: number; held: number }>(
    `with now as (
       select tenant_id, scope_id, meter, period_start, used, held, hard_limit from usage_counters
        where tenant_id = $1 and scope_id = 'tenant' and meter = $2 and period_start <= $5
        order by period_start desc limit 1
     ), kept as (
       update usage_counters c set held = c.held + $3, valid_until = least(c.valid_until, $4)
         from now n
        where c.tenant_id = $1 and c.scope_id = n.scope_id and c.meter = n.meter and c.period_start = n.period_start
          and c.valid_until > $5 and (c.hard_limit is null or c.used + c.held + $3 <= c.hard_limit)
       returning c.held
     )
     select exists (select from kept) as "isReserved", period_start as "periodStart", hard_limit::float8 as "hardLimit",
            used::float8 as used, held::float8 as held
       from now`,
    [tenantId, meter, quantity, expiresAt, at],
  );
  return row ? { ...row, periodStart: unbound(row.periodStart) } : null;
}

export async function insertHold(
  db: Queryable,
  tenantId: string,
  hold: {
    holdId: string;
    key: string;
    fingerprint: string;
    meter: string;
    periodStart: Date;
    quantity: number;
    actor: string | null;
    openedAt: Date;
    expiresAt: Date;
  },
): Promise<void> {
  await db.query(
    `insert into usage_holds (tenant_id, hold_id, operation_key, fingerprint, meter, period_start, quantity, actor, opened_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      tenantId,
      hold.holdId,
      hold.key,
      hold.fingerprint,
      hold.meter,
      bound(hold.periodStart),
      hold.quantity,
      hold.actor,
      hold.openedAt,
      hold.expiresAt,
    ],
  );
}

/** Ends an open hold; confirmed, its units are used and stand in the ledger under the act's key. False: it was not open any more. */
export async function closeHold(
  db: Queryable,
  tenantId: string,
  holdId: string,
  { state, subject }: { state: 'confirmed' | 'released'; subject: string | null },
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `with closed as (
       update usage_holds set state = $3, closed_at = $5
        where tenant_id = $1 and hold_id = $2 and state = 'open' and expires_at > $5
       returning operation_key, fingerprint, meter, scope_id, period_start, quantity, actor
     ), counted as (
       update usage_counters c set held = c.held - h.quantity, used = c.used + case $3 when 'confirmed' then h.quantity else 0 end
         from closed h
        where c.tenant_id = $1 and c.scope_id = h.scope_id and c.meter = h.meter and c.period_start = h.period_start
       returning c.used
     ), noted as (
       insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
       select $1, h.operation_key, h.meter, h.scope_id, h.period_start, 'consume', h.quantity, h.fingerprint, c.used, $4, h.actor, $5
         from closed h, counted c where $3 = 'confirmed'
     )
     select 1 from closed`,
    [tenantId, holdId, state, subject, at],
  );
  return rows.length > 0;
}
