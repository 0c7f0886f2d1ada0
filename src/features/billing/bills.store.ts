import type { Queryable } from '../../platform/db/database';
import type { BillLine } from './bill-lines.rules';
import type { Amounts } from './document.rules';

export interface BillRow {
  billId: string;
  subscriptionId: string;
  cause: 'start' | 'renewal' | 'change';
  billedBy: 'marketplace' | 'direct';
  planId: string;
  planVersion: number;
  currency: string;
  periodStart: Date;
  periodEnd: Date;
  at: Date;
}

/** False: this bill was made before. */
export async function insertBill(db: Queryable, tenantId: string, bill: BillRow): Promise<boolean> {
  const rows = await db.query(
    `insert into bills (tenant_id, bill_id, subscription_id, cause, billed_by, plan_id, plan_version, currency, period_start, period_end, at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (tenant_id, bill_id) do nothing returning 1`,
    [
      tenantId,
      bill.billId,
      bill.subscriptionId,
      bill.cause,
      bill.billedBy,
      bill.planId,
      bill.planVersion,
      bill.currency,
      bill.periodStart,
      bill.periodEnd,
      bill.at,
    ],
  );
  return rows.length > 0;
}

export async function findBill(db: Queryable, tenantId: string, billId: string): Promise<BillRow | null> {
  const [row] = await db.query<BillRow>(
    `select bill_id as "billId", subscription_id as "subscriptionId", cause, billed_by as "billedBy", plan_id as "planId",
            plan_version as "planVersion", currency, period_start as "periodStart", period_end as "periodEnd", at
       from bills where tenant_id = $1 and bill_id = $2`,
    [tenantId, billId],
  );
  return row ?? null;
}

export async function insertLines(
  db: Queryable,
  tenantId: string,
  billId: string,
  lines: readonly (BillLine & { kind: 'charge' | 'refund' })[],
): Promise<void> {
  await db.query(
    `insert into bill_lines (tenant_id, bill_id, position, kind, words, formula, quantity, amount_minor, uncharged_minor)
     select $1, $2, n, line ->> 'kind', line -> 'words', line -> 'formula', (line ->> 'quantity')::int, (line ->> 'amountMinor')::bigint,
            (line ->> 'unchargedMinor')::bigint
       from jsonb_array_elements($3::jsonb) with ordinality as given(line, n)`,
    [tenantId, billId, JSON.stringify(lines)],
  );
}

/** What a subscription was billed for the period that began then; what a bill gives back is of an earlier one. Before any tax that is added. */
export async function sumBilled(db: Queryable, tenantId: string, subscriptionId: string, periodStart: Date): Promise<number> {
  const [row] = await db.query<{ minor: number }>(
    `select coalesce(sum(l.amount_minor), 0)::float8 as minor
       from bills b join bill_lines l on l.tenant_id = b.tenant_id and l.bill_id = b.bill_id
      where b.tenant_id = $1 and b.subscription_id = $2 and b.period_start = $3 and l.kind = 'charge'`,
    [tenantId, subscriptionId, periodStart],
  );
  return row!.minor;
}

/**
 * Everything a contract was billed so far: its lines, less what was given back, and the same as its documents say it with tax, each
 * rounded for itself. Null: nothing.
 */
export async function sumBills(
  db: Queryable,
  tenantId: string,
  subscriptionId: string,
): Promise<{ currency: string; since: Date; minor: number; asked: Amounts } | null> {
  const [row] = await db.query<{ currency: string; since: Date; minor: number } & Amounts>(
    `select b.currency, min(b.period_start) as since, sum(l.minor)::float8 as minor, coalesce(sum(d.net), 0)::float8 as "netMinor",
            coalesce(sum(d.tax), 0)::float8 as "taxMinor", coalesce(sum(d.gross), 0)::float8 as "grossMinor"
       from bills b
      cross join lateral (
        select sum(amount_minor) as minor from bill_lines where tenant_id = b.tenant_id and bill_id = b.bill_id) l
       left join lateral (
        select (content #>> '{total,netMinor}')::bigint + (content #>> '{refunded,netMinor}')::bigint as net,
               (content #>> '{total,taxMinor}')::bigint + (content #>> '{refunded,taxMinor}')::bigint as tax,
               (content #>> '{total,grossMinor}')::bigint + (content #>> '{refunded,grossMinor}')::bigint as gross
          from billing_documents where tenant_id = b.tenant_id and bill_id = b.bill_id limit 1) d on true
      where b.tenant_id = $1 and b.subscription_id = $2 and b.billed_by = 'direct' and l.minor is not null
      group by b.currency`,
    [tenantId, subscriptionId],
  );
  if (!row) return null;
  const { currency, since, minor, netMinor, taxMinor, grossMinor } = row;
  return { currency, since, minor, asked: { netMinor, taxMinor, grossMinor } };
}

/** What is billed, and by what. */
export interface BilledRow {
  subscriptionId: string;
  source: 'marketplace' | 'direct';
  name: string;
  planId: string;
  planVersion: number;
  termUnit: string | null;
  quantity: number | null;
  purchasedAt: Date;
}

const BILLED = `
  select subscription_id as "subscriptionId", source, name, plan_id as "planId", plan_version as "planVersion", term_unit as "termUnit",
         quantity, purchased_at as "purchasedAt"
    from subscriptions`;

export async function findBilledSubscription(db: Queryable, tenantId: string, subscriptionId: string): Promise<BilledRow | null> {
  const [row] = await db.query<BilledRow>(`${BILLED} where tenant_id = $1 and subscription_id = $2`, [tenantId, subscriptionId]);
  return row ?? null;
}

/** What runs, oldest first. */
export async function findBilledSubscriptions(db: Queryable, tenantId: string): Promise<BilledRow[]> {
  return db.query<BilledRow>(
    `${BILLED} where tenant_id = $1 and status in ('Subscribed', 'Suspended') order by purchased_at, subscription_id`,
    [tenantId],
  );
}

/** The plans that a subscription had, since when, oldest first. */
export async function findPinnedPlans(
  db: Queryable,
  tenantId: string,
  subscriptionId: string,
): Promise<{ planId: string; planVersion: number; termUnit: string | null; at: Date }[]> {
  return db.query(
    `select after ->> 'planId' as "planId", (after ->> 'planVersion')::int as "planVersion", after ->> 'termUnit' as "termUnit", at
       from subscription_log where tenant_id = $1 and subscription_id = $2 order by revision`,
    [tenantId, subscriptionId],
  );
}
