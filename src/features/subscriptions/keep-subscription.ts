import type { TxContext } from '../../platform/context';
import { audit } from '../audit/audit';
import { replacePlanGrants } from '../entitlements/grants';
import { refreshLicenses } from '../licenses/refresh-licenses';
import type { Plan } from '../plans/plans';
import { anchorUsage } from '../tenants/tenants';
import { refreshCounters } from '../usage/refresh-counters';
import { notePayment } from '../usage/unlock-grants';
import { closeCancellation } from './cancellations.store';
import { actionOf, isPaid, keepsAnchor } from './lifecycle.rules';
import { keptUntil } from './retention.rules';
import { promiseRetention } from './retention.store';
import { tellChanged } from './subscription-changed';
import { listSubscriptions, logSubscription, type SubscriptionRow, saveSubscription } from './subscriptions.store';

/** Why a subscription changed, and through whom: an object id, or who else did it. */
export interface ChangeCause {
  name: string;
  actor: string;
  via: string;
}

/** What of a row the log keeps and a change is told by. */
export function factsOf({ snapshotAt: _at, revision: _revision, ...row }: SubscriptionRow): object {
  return JSON.parse(JSON.stringify(row)) as object;
}

/**
 * Makes a subscription what `row` says, wherever it was bought: row, log, audit, usage anchor, grants, licenses, counters. The caller
 * holds the organization's row, so that no other change comes between.
 */
export async function keepSubscription(
  tx: TxContext,
  tenantId: string,
  before: SubscriptionRow | null,
  row: SubscriptionRow,
  plan: Plan,
  cause: ChangeCause,
  at: Date,
): Promise<void> {
  const startsUsage =
    keepsAnchor(row.status) && !keepsAnchor(before?.status ?? null) && !(await hasAnother(tx, tenantId, row.subscriptionId));
  // Periods that ended unseen are closed by what held in them.
  if (before && before.status !== row.status) await refreshCounters(tx, tenantId, at);
  await saveSubscription(tx.db, tenantId, row);
  await logSubscription(tx.db, tenantId, {
    subscriptionId: row.subscriptionId,
    revision: row.revision,
    cause: cause.name,
    before: before && factsOf(before),
    after: factsOf(row),
    at,
    actor: cause.actor,
  });
  await audit(
    tx,
    tenantId,
    {
      actor: cause.actor,
      via: cause.via,
      action: `subscription.${cause.name}`,
      subject: row.subscriptionId,
      details: { status: row.status, planId: row.planId, quantity: row.quantity },
    },
    at,
  );
  if (startsUsage) await anchorUsage(tx.db, tenantId, at, row.anchorDate ?? (row.termStart ?? at).toISOString().slice(0, 10));
  const isOtherPlan = before?.planId !== row.planId || before.planVersion !== row.planVersion;
  // Of an addition the number says how often it grants its amounts.
  const isRegranted = isOtherPlan || (plan.role === 'addon' && before.quantity !== row.quantity);
  if (isRegranted) await replacePlanGrants(tx, tenantId, row.subscriptionId, plan, at, { quantity: row.quantity });
  await refreshLicenses(tx, tenantId, at);
  if (isRegranted || before?.status !== row.status) await refreshCounters(tx, tenantId, at);
  // The marketplace reports no payments; contracts note theirs when they are paid.
  if (row.source === 'marketplace' && isPaid(before, row, actionOf(cause.name))) {
    await notePayment(tx, tenantId, { paymentId: `${row.subscriptionId}:${row.revision}`, paidAt: at }, at);
  }
  if (row.status === 'Unsubscribed')
    await closeCancellation(tx.db, tenantId, row.subscriptionId, { state: 'done', outcome: cause.name }, at);
  if (before?.status !== row.status) await promiseRetention(tx.db, tenantId, row.subscriptionId, keptUntil(row, plan, at));
  await tellChanged(tx, tenantId, before, row, at);
}

async function hasAnother(tx: TxContext, tenantId: string, subscriptionId: string): Promise<boolean> {
  const rows = await listSubscriptions(tx.db, tenantId);
  return rows.some((row) => row.subscriptionId !== subscriptionId && keepsAnchor(row.status));
}
