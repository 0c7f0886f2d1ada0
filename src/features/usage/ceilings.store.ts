import type { Queryable } from '../../platform/db/database';

/** The largest amount of a measure that an item in use has; 0 when none has any. */
export async function findLargest(db: Queryable, tenantId: string, measure: string): Promise<number> {
  const [row] = await db.query<{ largest: number }>(
    `select coalesce(max((amounts ->> $2)::bigint), 0)::float8 as largest
       from resources where tenant_id = $1 and archived_at is null and amounts ? $2`,
    [tenantId, measure],
  );
  return row!.largest;
}
