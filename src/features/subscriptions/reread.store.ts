import type { Queryable } from '../../platform/db/database';

const TOPIC = 'subscription.reread';

export interface DueReread {
  outboxId: string;
  subscriptionId: string;
  /** This time included. */
  attempts: number;
}

/** Reads the subscription again at `notBefore` (real time); once is enough. */
export async function queueReread(
  db: Queryable,
  reread: { outboxId: string; tenantId: string; subscriptionId: string; notBefore: Date },
): Promise<void> {
  await db.query(
    `insert into outbox (outbox_id, tenant_id, topic, payload, not_before)
     select $1, $2, '${TOPIC}', jsonb_build_object('subscriptionId', $3::text), $4
      where not exists (select from outbox where topic = '${TOPIC}' and state = 'queued' and payload ->> 'subscriptionId' = $3::text)`,
    [reread.outboxId, reread.tenantId, reread.subscriptionId, reread.notBefore],
  );
}

/** Takes what is due until `leasedUntil`; two that ask at once get different ones. */
export async function claimRereads(db: Queryable, now: Date, leasedUntil: Date, limit: number): Promise<DueReread[]> {
  return db.query<DueReread>(
    `update outbox set attempts = attempts + 1, not_before = $2
      where outbox_id in (select outbox_id from outbox where topic = '${TOPIC}' and state = 'queued' and not_before <= $1
                           order by not_before limit $3 for update skip locked)
      returning outbox_id as "outboxId", payload ->> 'subscriptionId' as "subscriptionId", attempts`,
    [now, leasedUntil, limit],
  );
}

/** `again` null: done. */
export async function settleReread(db: Queryable, outboxId: string, again: Date | null, error: string | null): Promise<void> {
  await db.query(
    `update outbox set state = case when $2::timestamptz is null then 'done' else 'queued' end, not_before = coalesce($2, not_before), last_error = $3
      where outbox_id = $1`,
    [outboxId, again, error],
  );
}
