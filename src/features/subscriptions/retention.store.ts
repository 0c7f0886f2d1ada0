import type { Queryable } from '../../platform/db/database';

export interface Retention {
  tenantId: string;
  /** What was promised: until then everything stays. */
  keptUntil: Date;
  toldAt: Date | null;
}

/** Null: the subscription lives, and nothing goes. What was told before is told anew. */
export async function promiseRetention(db: Queryable, tenantId: string, subscriptionId: string, until: Date | null): Promise<void> {
  await db.query(
    `update subscription_directory set purge_at = $3, purge_told_at = null, purged_at = null where tenant_id = $1 and subscription_id = $2`,
    [tenantId, subscriptionId, until],
  );
}

/** Of one organization all of whose subscriptions have ended, and every one of them counts; null: one lives, or all has gone. */
const ENDING = `
  select tenant_id as "tenantId", max(purge_at) as "keptUntil", min(coalesce(purge_told_at, '-infinity')) as told
    from subscription_directory`;
const ALL_ENDED = 'group by tenant_id having bool_and(purge_at is not null) and bool_or(purged_at is null)';

interface Row {
  tenantId: string;
  keptUntil: Date;
  told: Date | number;
}

const toRetention = ({ tenantId, keptUntil, told }: Row): Retention => ({
  tenantId,
  keptUntil,
  toldAt: told instanceof Date ? told : null,
});

export async function findRetention(db: Queryable, tenantId: string): Promise<Retention | null> {
  const [row] = await db.query<Row>(`${ENDING} where tenant_id = $1 ${ALL_ENDED}`, [tenantId]);
  return row ? toRetention(row) : null;
}

/**
 * Organizations with which something is to be done, the longest overdue first: who is to be told, because their data goes by `until`,
 * and whose data goes at `at`, because they were told before `toldBefore`. Nobody who only waits takes a place.
 */
export async function endingBy(
  db: Queryable,
  { at, until, toldBefore, except }: { at: Date; until: Date; toldBefore: Date; except: readonly string[] },
  limit: number,
): Promise<Retention[]> {
  const rows = await db.query<Row>(
    `${ENDING} where tenant_id in (select tenant_id from subscription_directory where purge_at <= $1 and purged_at is null)
       and tenant_id <> all ($5)
     ${ALL_ENDED} and max(purge_at) <= $1
       and (bool_or(purge_told_at is null) or (max(purge_at) <= $3 and max(purge_told_at) <= $4))
     order by max(purge_at), tenant_id limit $2`,
    [until, limit, at, toldBefore, except],
  );
  return rows.map(toRetention);
}

export async function stampTold(db: Queryable, tenantId: string, at: Date): Promise<void> {
  await db.query('update subscription_directory set purge_told_at = $2 where tenant_id = $1', [tenantId, at]);
}

/** Deletes so many rows of an organization that is due; 0: nothing is left. */
export async function purgeRows(db: Queryable, tenantId: string, at: Date, toldBefore: Date, rows: number): Promise<number> {
  const [row] = await db.query<{ gone: number }>('select purge_tenant($1, $2, $3, $4) as gone', [tenantId, at, toldBefore, rows]);
  return row!.gone;
}

/** The address that the buyer gave. */
export async function contactOf(db: Queryable, tenantId: string): Promise<string | null> {
  const [row] = await db.query<{ address: string | null }>('select contact_address as address from tenants where tenant_id = $1', [
    tenantId,
  ]);
  return row?.address ?? null;
}
