import type { Queryable } from '../../platform/db/database';
import type { Difference, DriftCause } from './drift.rules';

export interface DriftRow {
  driftId: string;
  subscriptionId: string;
  tenantId: string | null;
  why: DriftCause;
  differences: Difference[];
  seenAt: Date;
  lastAt: Date;
  mendedAt: Date | null;
}

const DRIFT = `select drift_id as "driftId", external_id as "subscriptionId", tenant_id as "tenantId", why, differences, seen_at as "seenAt",
                      last_at as "lastAt", mended_at as "mendedAt"
                 from subscription_drift`;

/** Seen now, and since when it was seen first; of one subscription one drift is open. */
export async function noteDrift(
  db: Queryable,
  drift: Pick<DriftRow, 'driftId' | 'subscriptionId' | 'tenantId' | 'why' | 'differences'>,
  at: Date,
): Promise<void> {
  await db.query(
    `insert into subscription_drift (drift_id, external_id, tenant_id, why, differences, seen_at, last_at) values ($1, lower($2), $3, $4, $5, $6, $6)
     on conflict (external_id) where mended_at is null
     do update set tenant_id = excluded.tenant_id, why = excluded.why, differences = excluded.differences, last_at = excluded.last_at`,
    [drift.driftId, drift.subscriptionId, drift.tenantId, drift.why, JSON.stringify(drift.differences), at],
  );
}

export async function mendDrift(db: Queryable, subscriptionId: string, at: Date): Promise<void> {
  await db.query('update subscription_drift set mended_at = $2 where external_id = lower($1) and mended_at is null', [subscriptionId, at]);
}

export async function openDrift(db: Queryable): Promise<Pick<DriftRow, 'subscriptionId' | 'why' | 'lastAt'>[]> {
  return db.query(`select external_id as "subscriptionId", why, last_at as "lastAt" from subscription_drift where mended_at is null`);
}

/** Newest first; `open`: what is not mended yet. */
export async function listDrift(
  db: Queryable,
  {
    open,
    subscriptionId,
    after,
    limit,
  }: { open: boolean; subscriptionId: string | null; after: { at: string; id: string } | null; limit: number },
): Promise<DriftRow[]> {
  return db.query<DriftRow>(
    `${DRIFT} where (not $1::boolean or mended_at is null) and ($2::text is null or external_id = lower($2))
        and ($3::timestamptz is null or (seen_at, drift_id) < ($3::timestamptz, $4::uuid))
      order by seen_at desc, drift_id desc limit $5`,
    [open, subscriptionId, after?.at ?? null, after?.id ?? null, limit],
  );
}

export async function forgetMendedDrift(db: Queryable, before: Date): Promise<void> {
  await db.query('delete from subscription_drift where mended_at < $1', [before]);
}

/** What the marketplace's directory of ours holds: each purchase once. */
export async function knownPurchases(db: Queryable): Promise<{ externalId: string; tenantId: string; subscriptionId: string }[]> {
  return db.query(
    `select external_id as "externalId", tenant_id as "tenantId", subscription_id as "subscriptionId"
       from subscription_directory where source = 'marketplace'`,
  );
}

export interface ReconciliationRow {
  startedAt: Date;
  endedAt: Date;
  seen: number;
  repaired: number;
  error: string | null;
}

export async function noteReconciliation(db: Queryable, id: string, run: ReconciliationRow): Promise<void> {
  await db.query(
    'insert into reconciliations (reconciliation_id, started_at, ended_at, seen, repaired, error) values ($1, $2, $3, $4, $5, $6)',
    [id, run.startedAt, run.endedAt, run.seen, run.repaired, run.error],
  );
}

/** The last run, and the last one that saw the whole list. */
export async function lastReconciliations(db: Queryable): Promise<{ last: ReconciliationRow | null; whole: ReconciliationRow | null }> {
  const select = `select started_at as "startedAt", ended_at as "endedAt", seen, repaired, error from reconciliations`;
  const [last] = await db.query<ReconciliationRow>(`${select} order by started_at desc, reconciliation_id desc limit 1`);
  const [whole] = await db.query<ReconciliationRow>(
    `${select} where error is null order by started_at desc, reconciliation_id desc limit 1`,
  );
  return { last: last ?? null, whole: whole ?? null };
}

export async function forgetReconciliations(db: Queryable, before: Date): Promise<void> {
  await db.query('delete from reconciliations where started_at < $1', [before]);
}

export interface PendingPurchase {
  subscriptionId: string;
  tenantId: string;
  name: string;
  offerId: string;
  planId: string;
  /** The address of who bought. */
  purchaser: string | null;
  purchasedAt: Date;
}

export async function savePending(db: Queryable, pending: PendingPurchase, at: Date): Promise<void> {
  await db.query(
    `insert into pending_purchases (external_id, tenant_id, name, offer_id, plan_id, purchaser, purchased_at, last_at)
     values (lower($1), $2, $3, $4, $5, $6, $7, $8)
     on conflict (external_id) do update set name = excluded.name, plan_id = excluded.plan_id, purchaser = excluded.purchaser, last_at = excluded.last_at`,
    [pending.subscriptionId, pending.tenantId, pending.name, pending.offerId, pending.planId, pending.purchaser, pending.purchasedAt, at],
  );
}

/** Forgets all but these: what a whole list shows as pending. */
export async function keepPending(db: Queryable, subscriptionIds: readonly string[]): Promise<void> {
  await db.query('delete from pending_purchases where not external_id = any($1::text[])', [subscriptionIds.map((id) => id.toLowerCase())]);
}

const PENDING = `select external_id as "subscriptionId", tenant_id as "tenantId", name, offer_id as "offerId", plan_id as "planId", purchaser,
                        purchased_at as "purchasedAt"
                   from pending_purchases`;

/** Those bought after an instant; the one that lapses first comes first. */
export async function listPending(db: Queryable, boughtAfter: Date, limit: number): Promise<PendingPurchase[]> {
  return db.query<PendingPurchase>(`${PENDING} where purchased_at > $1 order by purchased_at, external_id limit $2`, [boughtAfter, limit]);
}

export async function findPending(db: Queryable, subscriptionId: string): Promise<PendingPurchase | null> {
  const [row] = await db.query<PendingPurchase>(`${PENDING} where external_id = lower($1)`, [subscriptionId]);
  return row ?? null;
}
