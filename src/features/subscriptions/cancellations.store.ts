import type { Queryable } from '../../platform/db/database';
import type { Taken } from './taken.rules';

export interface CancellationRow extends Taken {
  cancellationId: string;
  subscriptionId: string;
  consent: 'cancel_with_refund' | 'cancel_without_refund';
  refundableUntil: Date;
  askedAt: Date;
  /** The marketplace's, once it has named one. */
  operationId: string | null;
}

const SELECT = `select cancellation_id as "cancellationId", subscription_id as "subscriptionId", consent, refundable_until as "refundableUntil",
                       asked_at as "askedAt", operation_id as "operationId", sent_at as "sentAt", sends from cancellations`;

export async function findOpenCancellation(db: Queryable, tenantId: string, subscriptionId: string): Promise<CancellationRow | null> {
  const [row] = await db.query<CancellationRow>(`${SELECT} where tenant_id = $1 and subscription_id = $2 and state = 'open'`, [
    tenantId,
    subscriptionId,
  ]);
  return row ?? null;
}

/** The last one, if it came to nothing after `since`. */
export async function findFailedCancellation(
  db: Queryable,
  tenantId: string,
  subscriptionId: string,
  since: Date,
): Promise<{ state: 'refused' | 'lost'; askedAt: Date } | null> {
  const [row] = await db.query<{ state: 'refused' | 'lost'; askedAt: Date; endedAt: Date }>(
    `select state, asked_at as "askedAt", ended_at as "endedAt" from cancellations
      where tenant_id = $1 and subscription_id = $2 and state in ('refused', 'lost')
      order by asked_at desc, cancellation_id desc limit 1`,
    [tenantId, subscriptionId],
  );
  return row && row.endedAt > since ? row : null;
}

export async function insertCancellation(
  db: Queryable,
  tenantId: string,
  row: Omit<CancellationRow, 'operationId' | keyof Taken> & { askedBy: string; askedVia: string },
): Promise<void> {
  await db.query(
    `insert into cancellations (tenant_id, cancellation_id, subscription_id, state, consent, refundable_until, asked_by, asked_via, asked_at)
     values ($1, $2, $3, 'open', $4, $5, $6, $7, $8)`,
    [tenantId, row.cancellationId, row.subscriptionId, row.consent, row.refundableUntil, row.askedBy, row.askedVia, row.askedAt],
  );
}

/** The marketplace has taken it. `operationId` null: it did not say as what; an earlier name stays. */
export async function stampTaken(
  db: Queryable,
  tenantId: string,
  cancellationId: string,
  { operationId, sentAt, sends }: Taken & { operationId: string | null },
): Promise<void> {
  await db.query(
    `update cancellations set operation_id = coalesce($3, operation_id), sent_at = $4, sends = $5
      where tenant_id = $1 and cancellation_id = $2 and state = 'open'`,
    [tenantId, cancellationId, operationId, sentAt, sends],
  );
}

/** Null: none was open. */
export async function closeCancellation(
  db: Queryable,
  tenantId: string,
  subscriptionId: string,
  { state, outcome }: { state: 'done' | 'refused' | 'lost'; outcome: string },
  at: Date,
): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(
    `update cancellations set state = $3, outcome = $4, ended_at = $5
      where tenant_id = $1 and subscription_id = $2 and state = 'open' returning cancellation_id as id`,
    [tenantId, subscriptionId, state, outcome, at],
  );
  return row?.id ?? null;
}
