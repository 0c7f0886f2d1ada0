import type { Queryable } from '../../platform/db/database';
import type { NotedCall } from './marketplace.port';

/** `done`: 2xx; `refused`: they said no; `failed`: no answer, or a fault of theirs. */
export type CallOutcome = 'done' | 'refused' | 'failed';

export interface CallRow extends Omit<NotedCall, 'startedAt'> {
  callId: string;
  at: Date;
  outcome: CallOutcome;
}

/** Many at once, in one statement. */
export async function insertCalls(db: Queryable, calls: readonly CallRow[]): Promise<void> {
  await db.query(
    `insert into marketplace_calls (call_id, at, method, path, subscription_id, status, outcome, request_id, correlation_id, duration_ms, error)
     select "callId", at, method, path, lower("subscriptionId"), status, outcome, "requestId", "correlationId", "durationMs", error
       from jsonb_to_recordset($1::jsonb) as c("callId" uuid, at timestamptz, method text, path text, "subscriptionId" text, status int, outcome text,
                                               "requestId" text, "correlationId" text, "durationMs" int, error text)`,
    [JSON.stringify(calls)],
  );
}

export interface CallSearch {
  subscriptionId: string | null;
  from: Date | null;
  to: Date | null;
  outcome: string | null;
  correlationId: string | null;
  after: { at: string; id: string } | null;
  limit: number;
}

/** Newest first. */
export async function listCalls(
  db: Queryable,
  { subscriptionId, from, to, outcome, correlationId, after, limit }: CallSearch,
): Promise<CallRow[]> {
  return db.query<CallRow>(
    `select call_id as "callId", at, method, path, subscription_id as "subscriptionId", status, outcome, request_id as "requestId",
            correlation_id as "correlationId", duration_ms as "durationMs", error
       from marketplace_calls
      where ($1::text is null or subscription_id = lower($1)) and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)
        and ($4::text is null or outcome = $4) and ($5::timestamptz is null or (at, call_id) < ($5::timestamptz, $6::uuid))
        and ($8::text is null or correlation_id = $8)
      order by at desc, call_id desc limit $7`,
    [subscriptionId, from, to, outcome, after?.at ?? null, after?.id ?? null, limit, correlationId],
  );
}

/** How many went, of at most `limit`. */
export async function forgetCalls(db: Queryable, before: Date, limit: number): Promise<number> {
  const gone = await db.query(
    `delete from marketplace_calls where call_id in (select call_id from marketplace_calls where at < $1 order by at limit $2) returning 1`,
    [before, limit],
  );
  return gone.length;
}

/** How the calls since then went, by outcome. */
export async function countCalls(db: Queryable, since: Date): Promise<Record<CallOutcome, number>> {
  const [row] = await db.query<Record<CallOutcome, number>>(
    `select count(*) filter (where outcome = 'done')::int as done, count(*) filter (where outcome = 'refused')::int as refused,
            count(*) filter (where outcome = 'failed')::int as failed
       from marketplace_calls where at >= $1`,
    [since],
  );
  return row!;
}
