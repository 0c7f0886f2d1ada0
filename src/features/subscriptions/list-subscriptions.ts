import type { Refusal } from '../../contract/refusals';
import type { Subscription } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { enter } from '../members/admit-member';
import { findPlan, planName } from '../plans/plans';
import { cancellationAt } from './cancellation.rules';
import { findOpenCancellation } from './cancellations.store';
import { listSubscriptions, type SubscriptionRow } from './subscriptions.store';

/** The organization's subscriptions, the best standing first; whoever belongs to it may know. */
export function mySubscriptions(ctx: Context, actor: Actor): Promise<Result<{ items: Subscription[] }, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    return access.ok ? ok({ items: await subscriptionsOf(tx, actor.tenantId, actor.locale ?? 'en', at) }) : access;
  });
}

/** All subscriptions of an organization as they are shown; for callers that have asked who may. */
export async function subscriptionsOf(tx: TxContext, tenantId: string, locale: string, at: Date): Promise<Subscription[]> {
  const shown: Subscription[] = [];
  for (const row of await listSubscriptions(tx.db, tenantId)) shown.push(await showSubscription(tx, tenantId, row, locale, at));
  return shown;
}

export async function showSubscription(
  tx: TxContext,
  tenantId: string,
  row: SubscriptionRow,
  locale: string,
  at: Date,
): Promise<Subscription> {
  const plan = await findPlan(tx.db, row.planId, row.planVersion);
  const cancellation = plan && cancellationAt(row, plan.policies.cancellation, at);
  const asked = cancellation && (await findOpenCancellation(tx.db, tenantId, row.subscriptionId));
  const { name, source, parentId, planId, planVersion, status, termUnit, autoRenew, quantity, revision } = row;
  return {
    id: row.subscriptionId,
    name,
    source,
    parentId,
    planId,
    planVersion,
    planName: plan ? planName(plan, locale) : planId,
    status,
    termUnit,
    termStart: row.termStart?.toISOString() ?? null,
    termEnd: row.termEnd?.toISOString() ?? null,
    autoRenew,
    quantity,
    purchasedAt: row.purchasedAt.toISOString(),
    cancellation: cancellation && { ...cancellation, refundableUntil: cancellation.refundableUntil.toISOString() },
    cancellationAskedAt: asked?.askedAt.toISOString() ?? null,
    revision,
  };
}
