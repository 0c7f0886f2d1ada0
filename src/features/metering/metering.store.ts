import type { Queryable } from '../../platform/db/database';
import type { Billed } from './overage.rules';
import { numeral, type Quantity, quantityOf } from './quantity.rules';
import type { BaseWindow } from './window.rules';

// —— what was agreed to ——

export interface Consent {
  consentId: string;
  subscriptionId: string;
  meter: string;
  /** Units beyond the included ones in a usage period; null: as many as are used. */
  cap: number | null;
  planId: string;
  dimension: string;
  words: string;
  agreedAt: Date;
  agreedBy: string;
  agreedName: string;
  endedAt: Date | null;
  endedBy: string | null;
}

/** Oldest first, ended ones too. */
export const listConsents = (db: Queryable, tenantId: string): Promise<Consent[]> =>
  db.query<Consent>(
    `select consent_id as "consentId", subscription_id as "subscriptionId", meter, cap::float8 as cap, plan_id as "planId", dimension, words,
            agreed_at as "agreedAt", agreed_by as "agreedBy", agreed_name as "agreedName", ended_at as "endedAt", ended_by as "endedBy"
       from metering_consents where tenant_id = $1 order by agreed_at, consent_id`,
    [tenantId],
  );

export async function insertConsent(db: Queryable, tenantId: string, given: Omit<Consent, 'endedAt' | 'endedBy'>): Promise<void> {
  await db.query(
    `insert into metering_consents (tenant_id, consent_id, subscription_id, meter, cap, plan_id, dimension, words, agreed_at, agreed_by, agreed_name)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      tenantId,
      given.consentId,
      given.subscriptionId,
      given.meter,
      given.cap,
      given.planId,
      given.dimension,
      given.words,
      given.agreedAt,
      given.agreedBy,
      given.agreedName,
    ],
  );
}

export async function endConsent(db: Queryable, tenantId: string, consentId: string, by: string, at: Date): Promise<void> {
  await db.query(
    `update metering_consents set ended_at = greatest($3, agreed_at), ended_by = $4 where tenant_id = $1 and consent_id = $2 and ended_at is null`,
    [tenantId, consentId, at, by],
  );
}

// —— how far the ledger has been told ——

export interface Mark {
  meter: string;
  window: BaseWindow;
  /** Overage of the windows that are over. */
  owed: Quantity;
  closedUntil: Date;
  stoppedAt: Date | null;
  stoppedWhy: string | null;
}

/** The marks of a subscription, held until the transaction ends: of two instances one waits and finds nothing left to do. */
export async function lockMarks(db: Queryable, tenantId: string, subscriptionId: string): Promise<Mark[]> {
  const rows = await db.query<Omit<Mark, 'window' | 'owed'> & BaseWindow & { owed: string }>(
    `select meter, window_start as start, window_end as "end", owed::text as owed, closed_until as "closedUntil", stopped_at as "stoppedAt",
            stopped_why as "stoppedWhy"
       from metering_marks where tenant_id = $1 and subscription_id = $2 order by meter for update`,
    [tenantId, subscriptionId],
  );
  return rows.map(({ start, end, owed, ...row }) => ({ ...row, window: { start, end }, owed: quantityOf(owed) }));
}

/** Begins counting; goes on where it stopped when it was begun before. */
export async function insertMark(
  db: Queryable,
  tenantId: string,
  { subscriptionId, meter, window, closedUntil }: { subscriptionId: string; meter: string; window: BaseWindow; closedUntil: Date },
): Promise<void> {
  await db.query(
    `insert into metering_marks (tenant_id, subscription_id, meter, window_start, window_end, closed_until) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing`,
    [tenantId, subscriptionId, meter, window.start, window.end, closedUntil],
  );
}

export async function moveMark(
  db: Queryable,
  tenantId: string,
  subscriptionId: string,
  { meter, window, owed, closedUntil }: Pick<Mark, 'meter' | 'window' | 'owed' | 'closedUntil'>,
): Promise<void> {
  await db.query(
    `update metering_marks set window_start = $4, window_end = $5, owed = $6::numeric, closed_until = $7
      where tenant_id = $1 and subscription_id = $2 and meter = $3`,
    [tenantId, subscriptionId, meter, window.start, window.end, numeral(owed), closedUntil],
  );
}

/** `why` null: goes on. */
export async function stopMark(
  db: Queryable,
  tenantId: string,
  { subscriptionId, meter }: { subscriptionId: string; meter: string | null },
  why: string | null,
  at: Date,
): Promise<void> {
  await db.query(
    `update metering_marks set stopped_at = case when $4::text is null then null else $5::timestamptz end, stopped_why = $4
      where tenant_id = $1 and subscription_id = $2 and ($3::text is null or meter = $3)`,
    [tenantId, subscriptionId, meter, why, at],
  );
}

/** Sets when the hours of a subscription are looked at next; null: never again. */
export async function scheduleMeter(db: Queryable, subscriptionId: string, meterAt: Date | null): Promise<void> {
  await db.query(`update subscription_directory set meter_at = $2 where source = 'marketplace' and subscription_id = $1`, [
    subscriptionId,
    meterAt,
  ]);
}

/** Subscriptions that have an hour to be closed, the longest overdue first. */
export const dueMeters = (db: Queryable, at: Date, limit: number): Promise<{ tenantId: string; subscriptionId: string }[]> =>
  db.query(
    `select tenant_id as "tenantId", subscription_id as "subscriptionId" from subscription_directory
      where meter_at <= $1 order by meter_at, subscription_id limit $2`,
    [at, limit],
  );

/**
 * Units used in a window before each of some instants, in one pass over its ledger. What was given back counts nowhere: neither in
 * the hour in which it was used nor in the one in which it came back. What a change of plan carried is not used twice.
 */
export async function usedBefore(
  db: Queryable,
  tenantId: string,
  meter: string,
  { start }: BaseWindow,
  instants: readonly Date[],
): Promise<Quantity[]> {
  const sorted = [...new Set(instants.map(Number))].sort((a, b) => a - b).map((at) => new Date(at));
  const rows = await db.query<{ bucket: number; used: string }>(
    `select width_bucket(r.at, $5::timestamptz[]) as bucket, sum(r.quantity)::text as used
       from usage_counters c
       join usage_records r on r.tenant_id = $1 and r.meter = $2 and r.scope_id = 'tenant' and r.period_start = c.period_start
      where c.tenant_id = $1 and c.meter = $2 and c.scope_id = 'tenant' and c.period_end > $3
        and r.kind in ('consume', 'reset') and r.at >= $3 and r.at < $4
        and not exists (select from usage_records b where b.tenant_id = $1 and b.operation_key = 'release:' || r.operation_key
                           and b.meter = $2 and b.scope_id = 'tenant')
      group by 1`,
    [tenantId, meter, start, sorted.at(-1), sorted],
  );
  const inBucket = new Map(rows.map(({ bucket, used }) => [Number(bucket), quantityOf(used)]));
  const totals = new Map<number, Quantity>();
  let total = 0n;
  for (const [index, at] of sorted.entries()) {
    total += inBucket.get(index) ?? 0n;
    totals.set(at.getTime(), total);
  }
  return instants.map((at) => totals.get(at.getTime())!);
}

// —— what was told of one meter ——

export interface Told {
  /** Accepted, on its way, or given up for good. */
  sum: Quantity;
  accepted: Quantity;
  /** Something is on its way, or its day's account may still say whether it arrived. */
  isOpen: boolean;
  /** Hours that have a report, by plan and dimension. */
  taken: (Billed & { hour: Date })[];
}

export async function toldOf(
  db: Queryable,
  tenantId: string,
  { subscriptionId, meter }: { subscriptionId: string; meter: string },
  since: Date,
): Promise<Told> {
  const key = [tenantId, subscriptionId, meter];
  const [row] = await db.query<{ sum: string; accepted: string; open: boolean }>(
    `select coalesce(sum(case when state = 'accepted' then accepted_quantity when state in ('queued', 'in_flight', 'unsure', 'lost') then quantity end),
                     0)::text as sum,
            coalesce(sum(accepted_quantity), 0)::text as accepted, coalesce(bool_or(state in ('queued', 'in_flight', 'unsure') and not 'unsettled' = any (flags)), false) as open
       from usage_reports where tenant_id = $1 and subscription_id = $2 and meter = $3`,
    key,
  );
  const taken = await db.query<Billed & { hour: Date }>(
    `select dimension, plan_id as "planId", hour from usage_reports
      where tenant_id = $1 and subscription_id = $2 and meter = $3 and hour >= $4 and state <> 'lost'`,
    [...key, since],
  );
  return { sum: quantityOf(row!.sum), accepted: quantityOf(row!.accepted), isOpen: row!.open, taken };
}
