import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Queryable } from '../../platform/db/database';
import type { MarketplacePerson } from './marketplace.port';

export interface SubscriptionRow {
  subscriptionId: string;
  /** The plan an addition belongs to; null: it stands alone, or the marketplace does not say. */
  parentId: string | null;
  source: 'marketplace' | 'direct';
  /** The marketplace's id; of a contract our own. */
  externalId: string;
  name: string;
  offerId: string;
  planId: string;
  planVersion: number;
  quantity: number | null;
  status: SubscriptionStatus;
  termUnit: string | null;
  termStart: Date | null;
  /** Of a purchase its last day, as the marketplace says; of a contract the instant at which the next term begins. */
  termEnd: Date | null;
  /** Of a contract: the calendar date its terms are counted from, in the organization's zone. */
  anchorDate: string | null;
  autoRenew: boolean;
  isFreeTrial: boolean;
  allowedOperations: string[];
  purchaser: MarketplacePerson;
  beneficiary: MarketplacePerson;
  purchasedAt: Date;
  activatedAt: Date | null;
  endedAt: Date | null;
  /** Real time before the marketplace was asked for what this row shows; of a contract its last change. */
  snapshotAt: Date;
  revision: number;
}

const SELECT = `
  select subscription_id as "subscriptionId", parent_id as "parentId", source, external_id as "externalId", name, offer_id as "offerId", plan_id as "planId",
         plan_version as "planVersion", quantity, status, term_unit as "termUnit", term_start as "termStart", term_end as "termEnd", anchor_date::text as "anchorDate",
         auto_renew as "autoRenew", is_free_trial as "isFreeTrial", allowed_operations as "allowedOperations", purchaser, beneficiary,
         purchased_at as "purchasedAt", activated_at as "activatedAt", ended_at as "endedAt", snapshot_at as "snapshotAt", revision
    from subscriptions`;

/** The organization a marketplace's purchase belongs to, once known; ids of the marketplace differ in case only by accident. */
export async function findInDirectory(db: Queryable, externalId: string): Promise<{ tenantId: string; subscriptionId: string } | null> {
  const [row] = await db.query<{ tenantId: string; subscriptionId: string }>(
    `select tenant_id as "tenantId", subscription_id as "subscriptionId" from subscription_directory
      where source = 'marketplace' and external_id = lower($1)`,
    [externalId],
  );
  return row ?? null;
}

/** Belongs to this organization from now on, unless it belongs to one already: the answer tells which. */
export async function enterInDirectory(
  db: Queryable,
  externalId: string,
  tenantId: string,
  subscriptionId: string,
): Promise<{ tenantId: string; subscriptionId: string }> {
  await db.query(
    `insert into subscription_directory (source, external_id, tenant_id, subscription_id) values ('marketplace', lower($1), $2, $3)
     on conflict (source, external_id) do nothing`,
    [externalId, tenantId, subscriptionId],
  );
  return (await findInDirectory(db, externalId))!;
}

export async function findSubscription(db: Queryable, tenantId: string, subscriptionId: string): Promise<SubscriptionRow | null> {
  const [row] = await db.query<SubscriptionRow>(`${SELECT} where tenant_id = $1 and subscription_id = $2`, [tenantId, subscriptionId]);
  return row ?? null;
}

/** As findSubscription, and holds the row until the transaction ends. */
export async function lockSubscription(db: Queryable, tenantId: string, subscriptionId: string): Promise<SubscriptionRow | null> {
  const [row] = await db.query<SubscriptionRow>(`${SELECT} where tenant_id = $1 and subscription_id = $2 for update`, [
    tenantId,
    subscriptionId,
  ]);
  return row ?? null;
}

/** Best standing first, then the newest. */
export async function listSubscriptions(db: Queryable, tenantId: string): Promise<SubscriptionRow[]> {
  return db.query<SubscriptionRow>(
    `${SELECT} where tenant_id = $1
      order by array_position(array['Subscribed', 'Suspended', 'PendingFulfillmentStart', 'Unsubscribed'], status), purchased_at desc, subscription_id`,
    [tenantId],
  );
}

/** Writes the row as it is now, new or not. */
export async function saveSubscription(db: Queryable, tenantId: string, row: SubscriptionRow): Promise<void> {
  await db.query(
    `insert into subscriptions (tenant_id, subscription_id, source, external_id, name, offer_id, plan_id, plan_version, quantity, status, term_unit,
                                term_start, term_end, auto_renew, is_free_trial, allowed_operations, purchaser, beneficiary, purchased_at,
                                activated_at, ended_at, snapshot_at, revision, parent_id, anchor_date)
     values ($1, $2, $23, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $24, $25)
     on conflict (tenant_id, subscription_id)
     do update set name = excluded.name, offer_id = excluded.offer_id, plan_id = excluded.plan_id, plan_version = excluded.plan_version,
                   quantity = excluded.quantity, status = excluded.status, term_unit = excluded.term_unit, term_start = excluded.term_start,
                   term_end = excluded.term_end, auto_renew = excluded.auto_renew, is_free_trial = excluded.is_free_trial,
                   allowed_operations = excluded.allowed_operations, purchaser = excluded.purchaser, beneficiary = excluded.beneficiary,
                   activated_at = excluded.activated_at, ended_at = excluded.ended_at, snapshot_at = excluded.snapshot_at,
                   revision = excluded.revision, anchor_date = excluded.anchor_date`,
    [
      tenantId,
      row.subscriptionId,
      row.externalId,
      row.name,
      row.offerId,
      row.planId,
      row.planVersion,
      row.quantity,
      row.status,
      row.termUnit,
      row.termStart,
      row.termEnd,
      row.autoRenew,
      row.isFreeTrial,
      row.allowedOperations,
      JSON.stringify(row.purchaser),
      JSON.stringify(row.beneficiary),
      row.purchasedAt,
      row.activatedAt,
      row.endedAt,
      row.snapshotAt,
      row.revision,
      row.source,
      row.parentId,
      row.anchorDate,
    ],
  );
}

/** Holds when a contract of ours is looked at next; null: never again. The directory has it, because it knows every organization. */
export async function enterContract(db: Queryable, tenantId: string, subscriptionId: string, dueAt: Date | null): Promise<void> {
  await db.query(
    `insert into subscription_directory (source, external_id, tenant_id, subscription_id, due_at) values ('direct', $2::uuid::text, $1, $2::uuid, $3)
     on conflict (source, external_id) do update set due_at = excluded.due_at`,
    [tenantId, subscriptionId, dueAt],
  );
}

/** Contracts whose term is over, the longest overdue first. */
export async function dueInDirectory(db: Queryable, at: Date, limit: number): Promise<{ tenantId: string; subscriptionId: string }[]> {
  return db.query<{ tenantId: string; subscriptionId: string }>(
    `select tenant_id as "tenantId", subscription_id as "subscriptionId" from subscription_directory
      where source = 'direct' and due_at <= $1 order by due_at limit $2`,
    [at, limit],
  );
}

/** A contract and its additions are looked at no sooner than then. */
export async function postponeInDirectory(db: Queryable, tenantId: string, subscriptionId: string, until: Date): Promise<void> {
  await db.query(
    `update subscription_directory d set due_at = $3 from subscriptions s
      where d.tenant_id = $1 and d.source = 'direct' and d.due_at < $3 and s.tenant_id = $1 and s.subscription_id = d.subscription_id
        and $2 in (s.subscription_id, s.parent_id)`,
    [tenantId, subscriptionId, until],
  );
}

/** The marketplace was asked again and said the same. */
export async function stampSnapshot(db: Queryable, tenantId: string, subscriptionId: string, snapshotAt: Date): Promise<void> {
  await db.query('update subscriptions set snapshot_at = $3 where tenant_id = $1 and subscription_id = $2', [
    tenantId,
    subscriptionId,
    snapshotAt,
  ]);
}

export async function logSubscription(
  db: Queryable,
  tenantId: string,
  entry: { subscriptionId: string; revision: number; cause: string; before: object | null; after: object; at: Date; actor: string | null },
): Promise<void> {
  await db.query(
    `insert into subscription_log (tenant_id, subscription_id, revision, cause, before, after, at, actor) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      tenantId,
      entry.subscriptionId,
      entry.revision,
      entry.cause,
      entry.before && JSON.stringify(entry.before),
      JSON.stringify(entry.after),
      entry.at,
      entry.actor,
    ],
  );
}
