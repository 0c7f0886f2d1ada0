import type { Queryable } from '../../platform/db/database';

/** True for the first who says it to the publisher; it is never said again. */
export async function sayOnce(db: Queryable, key: string, at: Date): Promise<boolean> {
  const said = await db.query('insert into said_once (key, at) values ($1, $2) on conflict (key) do nothing returning 1', [key, at]);
  return said.length > 0;
}
