import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { findPlan, type Plan } from '../plans/plans';
import { findPinnedPlans } from './bills.store';

/** A plan as a subscription had it, in terms of which length, and since when. */
export interface HeldPlan {
  plan: Plan;
  termUnit: string | null;
  since: Date;
}

/** What a subscription was and is, oldest first. */
export async function plansHeld(tx: TxContext, tenantId: string, subscriptionId: string): Promise<HeldPlan[]> {
  const held: HeldPlan[] = [];
  for (const { planId, planVersion, termUnit, at } of await findPinnedPlans(tx.db, tenantId, subscriptionId)) {
    const plan = await findPlan(tx.db, planId, planVersion);
    invariant(plan, 'what is pinned was published');
    held.push({ plan, termUnit, since: at });
  }
  return held;
}
