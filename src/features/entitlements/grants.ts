import type { TxContext } from '../../platform/context';
import type { Plan, PlanItem } from '../plans/plans';
import {
  activateGrants,
  activeAmounts,
  expireGrant,
  type Grant,
  grantedMeters,
  grantsSince,
  insertGrant,
  insertPayment,
  overridesSince,
  subscriptionStatuses,
  voidGrants,
} from './grants.store';
import type { Override } from './limits.rules';
import { type Portion, portionsOf } from './portions.rules';

export type { Grant } from './grants.store';

export interface GrantOptions {
  /** From when; what the subscription grants now goes on until then. Default: at once. */
  effectiveAt?: Date;
  /** Until when; default: until it is replaced. A subscription's grants end with its status, not by time. */
  expiresAt?: Date;
  /** How often an add-on was bought. */
  quantity?: number | null;
  source?: 'plan' | 'addon';
}

/**
 * What a subscription grants from now on: its plan's quotas and limits, in place of whatever it granted before. What waits for
 * a payment or for support is there and pending. Refresh the counters afterwards.
 */
export async function replacePlanGrants(
  tx: TxContext,
  tenantId: string,
  subscriptionId: string,
  plan: Plan | null,
  at: Date,
  options: GrantOptions = {},
): Promise<void> {
  const effectiveAt = options.effectiveAt ?? at;
  const before = await activeAmounts(tx.db, tenantId, subscriptionId, at);
  await voidGrants(tx.db, tenantId, subscriptionId, effectiveAt);
  for (const item of plan?.items.filter(isMeasured) ?? []) {
    const unlocked = before.has(item.entitlement) ? before.get(item.entitlement)! : 0;
    for (const portion of portionsOf(plan!, item, { ...options, effectiveAt, unlocked }))
      await insert(tx, tenantId, subscriptionId, plan!, item, portion, at);
  }
}

const isMeasured = ({ kind }: PlanItem): boolean => kind === 'metered' || kind === 'stock';

async function insert(
  tx: TxContext,
  tenantId: string,
  sourceId: string,
  plan: Plan,
  item: PlanItem,
  portion: Portion,
  at: Date,
): Promise<void> {
  await insertGrant(
    tx.db,
    tenantId,
    {
      grantId: tx.newId(),
      meter: item.entitlement,
      sourceId,
      priority: plan.rank,
      reason: plan.planId,
      ...portion,
    },
    at,
  );
}

/**
 * What decides a meter's limit: the grants and overrides that had not ended before `since`, and the grants that expired in the
 * period that began at `periodStart` after something had been used of them.
 */
export async function entitlementsOf(
  tx: TxContext,
  tenantId: string,
  meter: string,
  since: Date,
  periodStart: Date | null = null,
): Promise<{ grants: Grant[]; overrides: Override[] }> {
  return {
    grants: await grantsSince(tx.db, tenantId, meter, { since, periodStart }),
    overrides: await overridesSince(tx.db, tenantId, meter, since),
  };
}

/** Writes down what a period's end and the passing of time did to grants. */
export async function settleGrants(
  tx: TxContext,
  tenantId: string,
  meter: string,
  { carried, expired }: { carried: readonly Grant[]; expired: readonly Grant[] },
): Promise<void> {
  for (const grant of carried) {
    const grantId = tx.newId();
    await insertGrant(tx.db, tenantId, { ...grant, grantId, meter }, grant.createdAt);
    if (expired.includes(grant)) await expireGrant(tx.db, tenantId, { ...grant, grantId });
  }
  for (const grant of expired) if (!carried.includes(grant)) await expireGrant(tx.db, tenantId, grant);
}

/** What a payment or the publisher's people unlocked. */
export interface Unlocked {
  meter: string;
  sourceId: string;
  amount: number | null;
}

/** Activates what waits for a payment and was there before `before`; null: the payment has been noted already. */
export async function activateByPayment(
  tx: TxContext,
  tenantId: string,
  payment: { paymentId: string; paidAt: Date; before: Date },
  at: Date,
): Promise<Unlocked[] | null> {
  if (!(await insertPayment(tx.db, tenantId, payment, at))) return null;
  const which = { activation: 'on_payment' as const, sourceId: null, meter: null, before: payment.before };
  return activateGrants(tx.db, tenantId, which, `payment:${payment.paymentId}`, at);
}

/** Activates what waits of one source, one meter, or one meter of one source. */
export const activateByHand = (
  tx: TxContext,
  tenantId: string,
  { sourceId = null, meter = null, actor }: { sourceId?: string | null; meter?: string | null; actor: string },
  at: Date,
): Promise<Unlocked[]> => activateGrants(tx.db, tenantId, { activation: null, sourceId, meter, before: null }, actor, at);

/** What the tenant's subscriptions were at an instant, by id. */
export const statusesAt = async (tx: TxContext, tenantId: string, at: Date): Promise<Map<string, string>> =>
  new Map((await subscriptionStatuses(tx.db, tenantId, at)).map(({ id, status }) => [id, status]));

/** Every meter that a subscription ever granted. */
export const everGranted = (tx: TxContext, tenantId: string): Promise<string[]> => grantedMeters(tx.db, tenantId);

/** What plans held together would grant of each meter when everything is unlocked; null = unlimited. Of no tenant: for previews. */
export function limitsUnder(plans: readonly Plan[]): Map<string, number | null> {
  const limits = new Map<string, number | null>();
  for (const item of plans.flatMap(({ items }) => items).filter(isMeasured)) {
    const before = limits.has(item.entitlement) ? limits.get(item.entitlement)! : 0;
    limits.set(item.entitlement, before === null || item.amount === null ? null : before + item.amount);
  }
  return limits;
}

/** A switch or a value of the plans that are Subscribed: the most that any of them gives. */
export async function entitlementAt(
  tx: TxContext,
  tenantId: string,
  name: string,
  _at: Date,
): Promise<{ amount: number | null; has: boolean }> {
  const rows = await tx.db.query<{ amount: number | null }>(
    `select i.amount::float8 as amount
       from subscriptions s join plan_items i on i.plan_id = s.plan_id and i.version = s.plan_version
      where s.tenant_id = $1 and s.status = 'Subscribed' and i.entitlement = $2 and i.kind in ('boolean', 'static')`,
    [tenantId, name],
  );
  const amounts = rows.map(({ amount }) => amount);
  const amount = amounts.includes(null) ? null : Math.max(0, ...(amounts as number[]));
  return { amount, has: amount === null || amount > 0 };
}
