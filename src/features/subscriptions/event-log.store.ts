import type { Queryable } from '../../platform/db/database';
import type { EventAnswer } from './lifecycle.rules';

export interface EventRow {
  eventId: string;
  subscriptionId: string;
  action: string;
  answer: EventAnswer;
  receivedAt: Date;
  acknowledgedAt: Date | null;
  appliedAt: Date | null;
  outcome: string | null;
  attempts: number;
  requestId: string | null;
  correlationId: string | null;
}

const FIELDS = `event_id as "eventId", subscription_id as "subscriptionId", action, answer, received_at as "receivedAt", acknowledged_at as "acknowledgedAt",
                applied_at as "appliedAt", outcome, attempts, request_id as "requestId", correlation_id as "correlationId"`;

export interface EventSearch {
  subscriptionId: string | null;
  from: Date | null;
  to: Date | null;
  outcome: 'waiting' | 'refused' | 'applied' | null;
  after: { at: string; id: string } | null;
  limit: number;
}

/** Newest first. */
export async function listEvents(db: Queryable, { subscriptionId, from, to, outcome, after, limit }: EventSearch): Promise<EventRow[]> {
  return db.query<EventRow>(
    `select ${FIELDS} from marketplace_events
      where ($1::text is null or lower(subscription_id) = lower($1)) and ($2::timestamptz is null or received_at >= $2)
        and ($3::timestamptz is null or received_at < $3)
        and ($4::text is null or $4 = case when applied_at is null then 'waiting' when answer = 'refuse' then 'refused' else 'applied' end)
        and ($5::timestamptz is null or (received_at, event_id) < ($5::timestamptz, $6::text))
      order by received_at desc, event_id desc limit $7`,
    [subscriptionId, from, to, outcome, after?.at ?? null, after?.id ?? null, limit],
  );
}

export async function findEvent(db: Queryable, eventId: string): Promise<(EventRow & { payload: Record<string, unknown> }) | null> {
  const [row] = await db.query<EventRow & { payload: Record<string, unknown> }>(
    `select ${FIELDS}, payload from marketplace_events where event_id = $1`,
    [eventId],
  );
  return row ?? null;
}

/** Makes an event one that nobody has applied or acknowledged, due at `dueAt` (real time). The answer given first stays. */
export async function reopenEvent(db: Queryable, eventId: string, dueAt: Date): Promise<void> {
  await db.query(
    'update marketplace_events set applied_at = null, acknowledged_at = null, attempts = 0, next_attempt_at = $2 where event_id = $1',
    [eventId, dueAt],
  );
}

/** An action in one spelling. */
const word = (event: string) => `regexp_replace(lower(${event}.action), '[^a-z]', '', 'g')`;

/** Of a refusal r: the same was accepted later, as a change from something else. What is held so is held by our own word. */
const OVERTAKEN = `exists (
  select 1 from marketplace_events a
   where lower(a.subscription_id) = lower(r.subscription_id) and a.answer = 'accept' and a.received_at > r.received_at and ${word('a')} = ${word('r')}
     and exists (select 1 from (values ('changeplan', 'planId'), ('changequantity', 'quantity')) of_action (word, field)
                  where of_action.word = ${word('r')} and a.payload ->> field = r.payload ->> field
                    and a.payload -> 'subscription' ->> field <> r.payload ->> field))`;

/**
 * How many went, of at most `limit`. What still waits stays, and so do refusals that nothing overtook: the way back from what was
 * forced is told by them.
 */
export async function forgetEvents(db: Queryable, before: Date, limit: number): Promise<number> {
  const gone = await db.query(
    `delete from marketplace_events
      where event_id in (select event_id from marketplace_events r
                          where received_at < $1 and applied_at is not null and (answer <> 'refuse' or ${OVERTAKEN})
                          order by received_at limit $2)
      returning 1`,
    [before, limit],
  );
  return gone.length;
}

/** Of refusals all goes but what was refused. */
export async function forgetPersonsInEvents(db: Queryable, before: Date): Promise<void> {
  await db.query(
    `update marketplace_events
        set payload = jsonb_strip_nulls(jsonb_build_object('id', payload -> 'id', 'planId', payload -> 'planId', 'quantity', payload -> 'quantity'))
      where received_at < $1 and applied_at is not null and answer = 'refuse' and payload - array['id', 'planId', 'quantity'] <> '{}'`,
    [before],
  );
}

/** What is not applied yet, and since when the longest waits. */
export async function waitingEvents(db: Queryable): Promise<{ waiting: number; oldest: Date | null }> {
  const [row] = await db.query<{ waiting: number; oldest: Date | null }>(
    'select count(*)::int as waiting, min(received_at) as oldest from marketplace_events where applied_at is null',
  );
  return row!;
}

/**
 * Whether a change to this was refused, and not accepted since: whoever holds it all the same had it forced upon them. Events of a
 * change name what stays too.
 */
export async function hasRefused(
  db: Queryable,
  subscriptionId: string,
  wanted: { planId: string } | { quantity: number | null },
): Promise<boolean> {
  const [action, field, value] =
    'planId' in wanted ? ['changeplan', 'planId', wanted.planId] : ['changequantity', 'quantity', wanted.quantity];
  const found = await db.query(
    `select 1 from marketplace_events r where lower(subscription_id) = lower($1) and answer = 'refuse' and ${word('r')} = $4
        and payload ->> $2::text = $3::text and not ${OVERTAKEN} limit 1`,
    [subscriptionId, field, value === null ? null : String(value), action],
  );
  return found.length > 0;
}
