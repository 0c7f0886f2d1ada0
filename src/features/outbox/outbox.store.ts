import type { Queryable } from '../../platform/db/database';

export interface OutboxRow {
  outbox_id: string;
  tenant_id: string | null;
  topic: string;
  payload: unknown;
  attempts: number;
}

export async function insertRow(
  db: Queryable,
  row: { outboxId: string; tenantId: string; topic: string; payload: object; notBefore: Date },
): Promise<void> {
  await db.query('insert into outbox (outbox_id, tenant_id, topic, payload, not_before) values ($1, $2, $3, $4, $5)', [
    row.outboxId,
    row.tenantId,
    row.topic,
    JSON.stringify(row.payload),
    row.notBefore,
  ]);
}

/** Takes what is due, for as long as the lease; nobody else gets it meanwhile. `at` is the product's time, the others are real. */
export async function claimRows(
  db: Queryable,
  topics: readonly string[],
  limit: number,
  times: { at: Date; now: Date; leasedUntil: Date },
): Promise<OutboxRow[]> {
  return db.query<OutboxRow>(
    `update outbox set attempts = attempts + 1, leased_until = $5
      where outbox_id in (
        select outbox_id from outbox
         where state = 'queued' and topic = any ($1) and not_before <= $3 and (leased_until is null or leased_until <= $4)
         order by not_before limit $2 for update skip locked)
      returning outbox_id, tenant_id, topic, payload, attempts`,
    [topics, limit, times.at, times.now, times.leasedUntil],
  );
}

export async function closeRow(db: Queryable, outboxId: string, state: 'done' | 'given_up', error: string | null): Promise<void> {
  await db.query('update outbox set state = $2, last_error = $3, leased_until = null where outbox_id = $1', [outboxId, state, error]);
}

/** Tried again from `until`, with so many attempts behind it. */
export async function postponeRow(db: Queryable, outboxId: string, until: Date, error: string, attempts: number): Promise<void> {
  await db.query('update outbox set leased_until = $2, last_error = $3, attempts = $4 where outbox_id = $1', [
    outboxId,
    until,
    error,
    attempts,
  ]);
}

/** What was given up waits again, as if it were new. */
export async function reviveRow(db: Queryable, tenantId: string, topic: string, payload: object): Promise<void> {
  await db.query(
    `update outbox set state = 'queued', attempts = 0, leased_until = null
      where tenant_id = $1 and topic = $2 and payload = $3 and state = 'given_up'`,
    [tenantId, topic, JSON.stringify(payload)],
  );
}

export async function deleteDoneRows(db: Queryable, before: Date): Promise<void> {
  await db.query(`delete from outbox where state = 'done' and not_before < $1`, [before]);
}
