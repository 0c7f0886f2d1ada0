import type { Database, Queryable } from './db/database';
import type { Logger } from './logger';
import type { Metrics } from './metrics';
import type { Result } from './result';

interface Surroundings {
  /** Called once per use case: one act, one instant. */
  now(): Date;
  newId(): string;
  log: Logger;
  metrics: Metrics;
}

/** What every use case gets. */
export interface Context extends Surroundings {
  database: Database;
}

/** A context inside a transaction: it can query, and cannot open another transaction. */
export interface TxContext extends Surroundings {
  db: Queryable;
}

/** Runs `work` in one transaction that sees this tenant's rows only. No network inside. */
export function inTenant<T>(ctx: Context, tenantId: string, work: (tx: TxContext) => Promise<T>): Promise<T> {
  return inTransaction(ctx, tenantId, work);
}

/** Runs `work` in one transaction over the publisher's tables; it sees no tenant's rows. */
export function inPublisher<T>(ctx: Context, work: (tx: TxContext) => Promise<T>): Promise<T> {
  return inTransaction(ctx, null, work);
}

/** Inside a transaction: what `work` wrote is undone when it ends in a refusal, and the transaction goes on. */
export async function orUndone<T, R>(tx: TxContext, work: () => Promise<Result<T, R>>): Promise<Result<T, R>> {
  await tx.db.query('savepoint act');
  const result = await work();
  if (!result.ok) await tx.db.query('rollback to savepoint act');
  await tx.db.query('release savepoint act');
  return result;
}

function inTransaction<T>(ctx: Context, tenantId: string | null, work: (tx: TxContext) => Promise<T>): Promise<T> {
  const { now, newId, log, metrics } = ctx;
  return ctx.database.transaction(tenantId, (db) => work({ db, now, newId, log, metrics }));
}
