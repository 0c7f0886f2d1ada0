import type { Queryable } from '../../platform/db/database';
import type { EventAnswer } from './lifecycle.rules';

export interface NewEvent {
  eventId: string;
  subscriptionId: string;
  action: string;
  payload: object;
  requestId: string | null;
  correlationId: string | null;
  receivedAt: Date;
  answer: EventAnswer;
  /** Real time. */
  dueAt: Date;
}

export interface ClaimedEvent {
  eventId: string;
  subscriptionId: string;
  action: string;
  payload: Record<string, unknown>;
  correlationId: string | null;
  receivedAt: Date;
  answer: EventAnswer;
  acknowledgedAt: Date | null;
  /** This time included. */
  attempts: number;
}

/** Insert or nothing; the answer is the one given first. Of a purchase whose data was deleted nothing is kept but that it came. */
export async function recordEvent(db: Queryable, event: NewEvent): Promise<{ answer: EventAnswer; isNew: boolean }> {
  const inserted = await db.query(
    `insert into marketplace_events (event_id, subscription_id, action, payload, request_id, correlation_id, received_at, answer, next_attempt_at)
     values ($1, $2::text, $3,
             case when exists (select from subscription_directory where source = 'marketplace' and external_id = lower($2::text) and purged_at is not null)
                  then '{}' else $4::jsonb end,
             $5, $6, $7, $8, $9)
     on conflict (event_id) do nothing returning 1`,
    [
      event.eventId,
      event.subscriptionId,
      event.action,
      storable(event.payload),
      event.requestId,
      event.correlationId,
      event.receivedAt,
      event.answer,
      event.dueAt,
    ],
  );
  if (inserted.length > 0) return { answer: event.answer, isNew: true };
  const [known] = await db.query<{ answer: EventAnswer }>('select answer from marketplace_events where event_id = $1', [event.eventId]);
  return { answer: known!.answer, isNew: false };
}

/** JSON that PostgreSQL takes: without NUL and without halves of characters, which it refuses. */
const storable = (payload: object): string =>
  JSON.stringify(payload).replace(/\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/gu, (found) => (found === '\\\\' ? found : ''));

const CLAIMED = `event_id as "eventId", subscription_id as "subscriptionId", action, payload, correlation_id as "correlationId",
                 received_at as "receivedAt", answer, acknowledged_at as "acknowledgedAt", attempts`;

/** Takes one event until `leasedUntil`, if it is due; null when somebody else has it or it is done. */
export async function claimEvent(db: Queryable, eventId: string, now: Date, leasedUntil: Date): Promise<ClaimedEvent | null> {
  const [row] = await db.query<ClaimedEvent>(
    `update marketplace_events set attempts = attempts + 1, next_attempt_at = $3
      where event_id = $1 and applied_at is null and next_attempt_at <= $2
      returning ${CLAIMED}`,
    [eventId, now, leasedUntil],
  );
  return row ?? null;
}

/** Takes what is due, the oldest first; two that ask at once get different ones. */
export async function claimDueEvents(db: Queryable, now: Date, leasedUntil: Date, limit: number): Promise<ClaimedEvent[]> {
  return db.query<ClaimedEvent>(
    `update marketplace_events set attempts = attempts + 1, next_attempt_at = $2
      where event_id in (select event_id from marketplace_events where applied_at is null and next_attempt_at <= $1
                          order by next_attempt_at limit $3 for update skip locked)
      returning ${CLAIMED}`,
    [now, leasedUntil, limit],
  );
}

/** Keeps a taken event until `leasedUntil`, unless it was put off beyond that. */
export async function renewLease(db: Queryable, eventId: string, leasedUntil: Date): Promise<void> {
  await db.query(`update marketplace_events set next_attempt_at = $2 where event_id = $1 and applied_at is null and next_attempt_at < $2`, [
    eventId,
    leasedUntil,
  ]);
}

export async function stampAcknowledged(db: Queryable, eventId: string, at: Date): Promise<void> {
  await db.query('update marketplace_events set acknowledged_at = $2 where event_id = $1', [eventId, at]);
}

/** Done: nothing more is to be expected of the event. */
export async function stampApplied(db: Queryable, eventId: string, outcome: string, at: Date): Promise<void> {
  await db.query('update marketplace_events set applied_at = $3, outcome = $2 where event_id = $1', [eventId, outcome, at]);
}

export async function postponeEvent(db: Queryable, eventId: string, outcome: string, nextAttemptAt: Date): Promise<void> {
  await db.query('update marketplace_events set next_attempt_at = $3, outcome = $2 where event_id = $1', [eventId, outcome, nextAttemptAt]);
}

/** What webhooks said of a purchase from an instant on, the newest first. Numbers of operations as they came. */
export async function announcedSince(
  db: Queryable,
  subscriptionId: string,
  since: Date,
): Promise<{ operationId: string; action: string; planId: string | null; quantity: number | null }[]> {
  return db.query(
    `select coalesce(payload ->> 'id', event_id) as "operationId", action, payload ->> 'planId' as "planId",
            case when payload ->> 'quantity' ~ '^[0-9]{1,9}$' then (payload ->> 'quantity')::int end as quantity
       from marketplace_events where lower(subscription_id) = lower($1) and received_at >= $2 order by received_at desc, event_id desc`,
    [subscriptionId, since],
  );
}
