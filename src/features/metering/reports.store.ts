import type { Queryable } from '../../platform/db/database';
import type { UsageOfDay } from './metering.port';
import type { ReportState } from './outcome.rules';
import { numeral, type Quantity, quantityOf } from './quantity.rules';

export interface ReportRow {
  reportId: string;
  tenantId: string;
  subscriptionId: string;
  meter: string;
  resourceId: string;
  dimension: string;
  planId: string;
  hour: Date;
  effectiveAt: Date;
  quantity: Quantity;
  state: ReportState;
  accepted: Quantity | null;
  flags: string[];
  outcome: string | null;
  message: string | null;
  usageEventId: string | null;
  correlationId: string | null;
  attempts: number;
  createdAt: Date;
  settledAt: Date | null;
}

type Stored = Omit<ReportRow, 'quantity' | 'accepted'> & { quantity: string; accepted: string | null };

const COLUMNS = `report_id as "reportId", tenant_id as "tenantId", subscription_id as "subscriptionId", meter, resource_id as "resourceId", dimension,
  plan_id as "planId", hour, effective_at as "effectiveAt", quantity::text as quantity, state, accepted_quantity::text as accepted, flags, outcome,
  message, usage_event_id as "usageEventId", correlation_id as "correlationId", attempts, created_at as "createdAt", settled_at as "settledAt"`;

const asRow = ({ quantity, accepted, ...row }: Stored): ReportRow => ({
  ...row,
  quantity: quantityOf(quantity),
  accepted: accepted === null ? null : quantityOf(accepted),
});

export type NewReportRow = Pick<
  ReportRow,
  | 'reportId'
  | 'tenantId'
  | 'subscriptionId'
  | 'meter'
  | 'resourceId'
  | 'dimension'
  | 'planId'
  | 'hour'
  | 'effectiveAt'
  | 'quantity'
  | 'flags'
> & { state: 'queued' | 'lost' };

/** False: this hour has its report. */
export async function insertReport(db: Queryable, report: NewReportRow, at: Date): Promise<boolean> {
  const rows = await db.query(
    `insert into usage_reports (report_id, tenant_id, subscription_id, meter, resource_id, dimension, plan_id, hour, effective_at, quantity, flags, state,
                                next_attempt_at, created_at, settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::numeric, $11, $12, '-infinity', $13, case when $12 = 'lost' then $13::timestamptz end)
     on conflict do nothing returning 1`,
    [
      report.reportId,
      report.tenantId,
      report.subscriptionId,
      report.meter,
      report.resourceId,
      report.dimension,
      report.planId,
      report.hour,
      report.effectiveAt,
      numeral(report.quantity),
      report.flags,
      report.state,
      at,
    ],
  );
  return rows.length > 0;
}

/** What is too old to be sent: never sent, it is due again; sent without an answer, only the day's account tells. Returns the latter. */
export async function retireOld(db: Queryable, before: Date, { at, now }: { at: Date; now: Date }): Promise<ReportRow[]> {
  const rows = await db.query<Stored>(
    `update usage_reports
        set state = case when attempts = 0 then 'expired' else 'unsure' end, settled_at = case when attempts = 0 then $2::timestamptz end,
            outcome = coalesce(outcome, case when attempts = 0 then 'TooOld' else 'NoAnswer' end)
      where state in ('queued', 'in_flight') and effective_at < $1 and next_attempt_at <= $3
      returning ${COLUMNS}`,
    [before, at, now],
  );
  return rows.map(asRow);
}

/** Takes the next batch, oldest hours first, until `leasedUntil` (real time); two that ask at once get different ones. */
export async function claimReports(
  db: Queryable,
  { now, leasedUntil, limit, correlationId }: { now: Date; leasedUntil: Date; limit: number; correlationId: string },
): Promise<ReportRow[]> {
  const rows = await db.query<Stored>(
    `update usage_reports set state = 'in_flight', attempts = attempts + 1, next_attempt_at = $2, correlation_id = $4
      where report_id in (select report_id from usage_reports where state in ('queued', 'in_flight') and next_attempt_at <= $1
                           order by hour, report_id limit $3 for update skip locked)
      returning ${COLUMNS}`,
    [now, leasedUntil, limit, correlationId],
  );
  return rows.map(asRow).sort((a, b) => a.hour.getTime() - b.hour.getTime());
}

export interface Settled {
  state: ReportState;
  accepted: Quantity | null;
  differs: boolean;
  outcome: string;
  message: string | null;
  usageEventId: string | null;
}

/** Writes the marketplace's word down, unless it has been by another instance. */
export async function settleReport(db: Queryable, reportId: string, settled: Settled, at: Date): Promise<boolean> {
  const rows = await db.query(
    `update usage_reports set state = $2, accepted_quantity = $3::numeric, flags = case when $4 then array_append(flags, 'differs') else flags end,
                              outcome = $5, message = $6, usage_event_id = $7, settled_at = case when $2 in ('accepted', 'expired', 'refused') then $8::timestamptz end
      where report_id = $1 and state in ('in_flight', 'unsure') returning 1`,
    [
      reportId,
      settled.state,
      settled.accepted === null ? null : numeral(settled.accepted),
      settled.differs,
      settled.outcome,
      settled.message,
      settled.usageEventId,
      at,
    ],
  );
  return rows.length > 0;
}

/** Not decided: repeated with the same hour from `nextAt` (real time) on. */
export async function repeatReport(
  db: Queryable,
  reportId: string,
  { outcome, message }: { outcome: string; message: string | null },
  nextAt: Date,
) {
  await db.query(`update usage_reports set next_attempt_at = $2, outcome = $3, message = $4 where report_id = $1 and state = 'in_flight'`, [
    reportId,
    nextAt,
    outcome,
    message,
  ]);
}

/** The newest first: all, those in one state, or those that somebody should look at. */
export async function listReports(
  db: Queryable,
  { state, flagged, tenantId, limit }: { state: ReportState | null; flagged: boolean; tenantId: string | null; limit: number },
): Promise<ReportRow[]> {
  const rows = await db.query<Stored>(
    `select ${COLUMNS} from usage_reports
      where ($1::text is null or state = $1) and ($3::uuid is null or tenant_id = $3)
        and (not $2 or flags <> '{}' or state in ('unsure', 'expired', 'refused', 'lost'))
      order by hour desc, report_id desc limit $4`,
    [state, flagged, tenantId, limit],
  );
  return rows.map(asRow);
}

// —— days read back ——

/** Days (YYYY-MM-DD) with reports that are to be compared: over for good, and not read yet, or read and not found equal. */
export async function daysToCompare(db: Queryable, { since, until }: { since: string; until: string }): Promise<string[]> {
  const rows = await db.query<{ day: string }>(
    `select distinct to_char(r.effective_at at time zone 'UTC', 'YYYY-MM-DD') as day
       from usage_reports r
      where r.effective_at >= $1::date::timestamp at time zone 'UTC' and r.effective_at < $2::date::timestamp at time zone 'UTC'
        and r.attempts > 0
        and (not exists (select from usage_read_days d where d.day = (r.effective_at at time zone 'UTC')::date)
             or r.state = 'unsure'
             or exists (select from usage_read_backs b where b.day = (r.effective_at at time zone 'UTC')::date and b.submitted <> b.ours))
      order by 1`,
    [since, until],
  );
  return rows.map(({ day }) => day);
}

/** What of one day was answered or is still not known, oldest first. */
export async function reportsOfDay(db: Queryable, day: string): Promise<ReportRow[]> {
  const rows = await db.query<Stored>(
    `select ${COLUMNS} from usage_reports
      where effective_at >= $1::date::timestamp at time zone 'UTC' and effective_at < ($1::date + 1)::timestamp at time zone 'UTC'
        and state in ('accepted', 'unsure')
      order by hour, report_id for update`,
    [day],
  );
  return rows.map(asRow);
}

/** Reports of days before one (YYYY-MM-DD) of which nobody knows whether they arrived, and nobody was told so. */
export async function unsettledBefore(db: Queryable, day: string): Promise<ReportRow[]> {
  const rows = await db.query<Stored>(
    `select ${COLUMNS} from usage_reports
      where state = 'unsure' and effective_at < $1::date::timestamp at time zone 'UTC' and not 'unsettled' = any (flags)
      order by hour, report_id`,
    [day],
  );
  return rows.map(asRow);
}

/** False: somebody else has. */
export async function flagUnsettled(db: Queryable, reportId: string): Promise<boolean> {
  const rows = await db.query(
    `update usage_reports set flags = array_append(flags, 'unsettled')
      where report_id = $1 and state = 'unsure' and not 'unsettled' = any (flags) returning 1`,
    [reportId],
  );
  return rows.length > 0;
}

/** Those of the marketplace's purchases, by its ids in small letters, that are ours: its account of a day holds all offers of the publisher. */
export async function ownAmong(db: Queryable, resourceIds: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>(
    `select external_id as id from subscription_directory where source = 'marketplace' and external_id = any($1::text[])`,
    [[...new Set(resourceIds)]],
  );
  return new Set(rows.map(({ id }) => id));
}

export interface ReadBack extends UsageOfDay {
  ours: Quantity;
}

export async function saveReadBack(db: Queryable, { ours, ...line }: ReadBack, at: Date): Promise<void> {
  await db.query(
    `insert into usage_read_backs (day, resource_id, dimension, plan_id, submitted, processed, ours, recon_status, compared_at)
     values ($1, $2, $3, $4, $5::numeric, $6::numeric, $7::numeric, $8, $9)
     on conflict (day, resource_id, dimension, plan_id)
     do update set submitted = excluded.submitted, processed = excluded.processed, ours = excluded.ours, recon_status = excluded.recon_status,
                   compared_at = excluded.compared_at`,
    [line.day, line.resourceId, line.dimension, line.planId, line.submitted, line.processed, numeral(ours), line.reconStatus, at],
  );
}

export async function saveDay(db: Queryable, day: string, at: Date): Promise<void> {
  await db.query('insert into usage_read_days (day, read_at) values ($1, $2) on conflict (day) do update set read_at = excluded.read_at', [
    day,
    at,
  ]);
}

/** Days on which the marketplace's account and ours are not the same, or it rejected something; newest first. */
export async function listDifferences(db: Queryable, limit: number): Promise<(ReadBack & { comparedAt: Date })[]> {
  const rows = await db.query<UsageOfDay & { ours: string; comparedAt: Date }>(
    `select to_char(day, 'YYYY-MM-DD') as day, resource_id as "resourceId", dimension, plan_id as "planId", submitted::text as submitted,
            processed::text as processed, ours::text as ours, coalesce(recon_status, '') as "reconStatus", compared_at as "comparedAt"
       from usage_read_backs where submitted <> ours or recon_status in ('Rejected', 'Mismatch')
      order by day desc, resource_id, dimension limit $1`,
    [limit],
  );
  return rows.map(({ ours, ...row }) => ({ ...row, ours: quantityOf(ours) }));
}
