import type { Context } from '../../src/platform/context';
import type { Database, Queryable } from '../../src/platform/db/database';

/** A world whose database can be taken back to where it was. */
export interface Rewindable {
  ctx: Context;
  /** What `work` writes is undone when it has ended. */
  andBack<T>(work: () => Promise<T>): Promise<T>;
}

/** Runs `work` over one transaction, in which those of the program are savepoints; nothing of it stays. */
export async function inRewindable(ctx: Context, work: (world: Rewindable) => Promise<void>): Promise<void> {
  class Over extends Error {}
  const run = async (db: Queryable) => {
    let depth = 0;
    const nested = async <T>(keeps: boolean, inner: () => Promise<T>): Promise<T> => {
      depth += 1;
      const name = `step_${depth}`;
      await db.query(`savepoint ${name}`);
      try {
        const result = await inner();
        if (!keeps) await db.query(`rollback to savepoint ${name}`);
        return result;
      } catch (error) {
        await db.query(`rollback to savepoint ${name}`);
        throw error;
      } finally {
        await db.query(`release savepoint ${name}`);
        depth -= 1;
      }
    };
    const database: Database = {
      ...ctx.database,
      query: (sql, params) => db.query(sql, params),
      transaction: (tenantId, inner) =>
        nested(true, async () => {
          await db.query(`select set_config('kontingent.tenant_id', $1, true)`, [tenantId ?? '']);
          return inner(db);
        }),
    };
    await work({ ctx: { ...ctx, database }, andBack: (inner) => nested(false, inner) });
    throw new Over();
  };
  await ctx.database.transaction(null, run).catch((error: unknown) => {
    if (!(error instanceof Over)) throw error;
  });
}
