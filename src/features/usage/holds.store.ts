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
