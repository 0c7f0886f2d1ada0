import type { Meter } from '../../contract/meters';
import type { TxContext } from '../../platform/context';
import type { Plan } from '../plans/plans';
import { type Grant, insertGrant, liveGrants, voidGrants } from './grants.store';

/** What a subscription grants from now on: its plan's metered items, in place of whatever it granted before. */
export async function replacePlanGrants(
  tx: TxContext,
  tenantId: string,
  subscriptionId: string,
  plan: Plan | null,
  at: Date,
): Promise<void> {
  await voidGrants(tx.db, tenantId, subscriptionId);
  for (const item of plan?.items ?? []) {
    if (item.kind !== 'metered') continue;
    await insertGrant(tx.db, tenantId, {
      grantId: tx.newId(),
      meter: item.entitlement as Meter,
      source: 'plan',
      sourceId: subscriptionId,
      amount: item.amount,
      priority: plan!.rank,
      policy: item.policy,
      effectiveAt: at,
      reason: plan!.planId,
    });
  }
}

/** The grants of one meter that are pending or active, oldest first. */
export const grantsOf = (tx: TxContext, tenantId: string, meter: Meter): Promise<Grant[]> => liveGrants(tx.db, tenantId, meter);
