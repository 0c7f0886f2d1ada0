import type { Queryable } from '../../platform/db/database';
import type { Taken } from '../subscriptions/taken.rules';
import type { StoredMoney } from './change-money.rules';

export type ChangeState = 'scheduled' | 'awaiting_marketplace' | 'applied' | 'withdrawn' | 'refused' | 'lost';

export interface Consent {
  change: boolean;
  removal: boolean;
  /** The preview agreed to. */
  previewId: string;
}

export interface ChangeRow extends Taken {
  changeId: string;
  subscriptionId: string;
  cause: 'ordered' | 'forced' | 'tier';
  direction: 'upgrade' | 'downgrade';
  fromPlan: string;
  fromVersion: number;
  fromQuantity: number | null;
  toPlan: string;
  toVersion: number;
  toQuantity: number | null;
  termUnit: string | null;
  effectiveAt: Date;
  state: ChangeState;
  estimate: { money?: StoredMoney | null };
  consent: Partial<Consent>;
  operationId: string | null;
  orderedBy: string | null;
  orderedAt: Date;
  endedAt: Date | null;
}

const SELECT = `
  select change_id as "changeId", subscription_id as "subscriptionId", cause, direction, from_plan as "fromPlan", from_version as "fromVersion",
         from_quantity as "fromQuantity", to_plan as "toPlan", to_version as "toVersion", to_quantity as "toQuantity", term_unit as "termUnit",
         effective_at as "effectiveAt", state, estimate, consent, operation_id as "operationId", ordered_by as "orderedBy",
         ordered_at as "orderedAt", ended_at as "endedAt", sent_at as "sentAt", sends
    from plan_changes`;

const OPEN = `state in ('scheduled', 'awaiting_marketplace')`;

export async function findChange(db: Queryable, tenantId: string, changeId: string): Promise<ChangeRow | null> {
  const [row] = await db.query<ChangeRow>(`${SELECT} where tenant_id = $1 and change_id = $2`, [tenantId, changeId]);
  return row ?? null;
}

/** As findChange, and holds the row until the transaction ends. */
export async function lockChange(db: Queryable, tenantId: string, changeId: string): Promise<ChangeRow | null> {
  const [row] = await db.query<ChangeRow>(`${SELECT} where tenant_id = $1 and change_id = $2 for update`, [tenantId, changeId]);
  return row ?? null;
}

export async function findOpenChange(db: Queryable, tenantId: string, subscriptionId: string): Promise<ChangeRow | null> {
  const [row] = await db.query<ChangeRow>(`${SELECT} where tenant_id = $1 and subscription_id = $2 and ${OPEN}`, [
    tenantId,
    subscriptionId,
  ]);
  return row ?? null;
}

/** Newest first. */
export async function findChanges(
  db: Queryable,
  tenantId: string,
  query: { subscriptionId: string; before: { at: string; id: string } | null; limit: number },
): Promise<ChangeRow[]> {
  return db.query<ChangeRow>(
    `${SELECT} where tenant_id = $1 and subscription_id = $2 and ($3::timestamptz is null or (ordered_at, change_id) < ($3, $4::uuid))
      order by ordered_at desc, change_id desc limit $5`,
    [tenantId, query.subscriptionId, query.before?.at ?? null, query.before?.id ?? null, query.limit],
  );
}

/** What was applied after `since`, in order. */
export async function appliedSince(db: Queryable, tenantId: string, subscriptionId: string, since: Date): Promise<ChangeRow[]> {
  return db.query<ChangeRow>(
    `${SELECT} where tenant_id = $1 and subscription_id = $2 and state = 'applied' and effective_at > $3 order by effective_at, change_id`,
    [tenantId, subscriptionId, since],
  );
}

export async function insertChange(db: Queryable, tenantId: string, row: Omit<ChangeRow, keyof Taken>): Promise<void> {
  await db.query(
    `insert into plan_changes (tenant_id, change_id, subscription_id, cause, direction, from_plan, from_version, from_quantity, to_plan, to_version,
                               to_quantity, term_unit, effective_at, state, estimate, consent, operation_id, ordered_by, ordered_at, ended_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
    [
      tenantId,
      row.changeId,
      row.subscriptionId,
      row.cause,
      row.direction,
      row.fromPlan,
      row.fromVersion,
      row.fromQuantity,
      row.toPlan,
      row.toVersion,
      row.toQuantity,
      row.termUnit,
      row.effectiveAt,
      row.state,
      JSON.stringify(row.estimate),
      JSON.stringify(row.consent),
      row.operationId,
      row.orderedBy,
      row.orderedAt,
      row.endedAt,
    ],
  );
}

/** Moves a change on, if it still is in one of the states named; false: it is not. */
export async function moveChange(
  db: Queryable,
  tenantId: string,
  changeId: string,
  move: { from: ChangeState[]; to: ChangeState; effectiveAt?: Date; endedAt: Date | null },
): Promise<boolean> {
  const rows = await db.query(
    `update plan_changes set state = $4, effective_at = coalesce($5, effective_at), ended_at = $6
      where tenant_id = $1 and change_id = $2 and state = any ($3::text[]) returning 1`,
    [tenantId, changeId, move.from, move.to, move.effectiveAt ?? null, move.endedAt],
  );
  return rows.length > 0;
}

/** The marketplace has taken what waits for it. `operationId` null: it did not say as what; an earlier name stays. */
export async function stampTaken(
  db: Queryable,
  tenantId: string,
  changeId: string,
  { operationId, sentAt, sends }: Taken & { operationId: string | null },
): Promise<void> {
  await db.query(
    `update plan_changes set operation_id = coalesce($3, operation_id), sent_at = $4, sends = $5
      where tenant_id = $1 and change_id = $2 and state = 'awaiting_marketplace'`,
    [tenantId, changeId, operationId, sentAt, sends],
  );
}

export interface TrimRow {
  subject: string;
  meter: string;
  action: 'keep' | 'cut' | 'scale' | 'cap' | 'detach' | 'remove';
  reversible: boolean;
  snapshot: { kind: string; name: string; before?: number; after?: number } & Record<string, unknown>;
  state: 'kept' | 'applied';
}

/** False: this was done to this item by this change before. */
export async function insertTrim(db: Queryable, tenantId: string, changeId: string, row: TrimRow, at: Date): Promise<boolean> {
  const rows = await db.query(
    `insert into trim_items (tenant_id, change_id, subject, meter, action, reversible, snapshot, state, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (tenant_id, change_id, subject, meter, action) do nothing returning 1`,
    [tenantId, changeId, row.subject, row.meter, row.action, row.reversible, JSON.stringify(row.snapshot), row.state, at],
  );
  return rows.length > 0;
}

export async function findTrims(db: Queryable, tenantId: string, changeId: string, state: TrimRow['state']): Promise<TrimRow[]> {
  return db.query<TrimRow>(
    `select subject, meter, action, reversible, snapshot, state from trim_items where tenant_id = $1 and change_id = $2 and state = $3
      order by at, meter, subject`,
    [tenantId, changeId, state],
  );
}

/** Forgets what the customer chose to keep. */
export async function dropKept(db: Queryable, tenantId: string, changeId: string): Promise<void> {
  await db.query(`delete from trim_items where tenant_id = $1 and change_id = $2 and state = 'kept'`, [tenantId, changeId]);
}
