import type { Queryable } from '../../platform/db/database';
import { findPlan, type Plan } from '../plans/plans';
import { offerOf } from './lifecycle.rules';

/**
 * The plan that a purchase is of; null: the catalog does not sell it there. Plan ids are unique within an offer only, and the
 * publisher's app sees the purchases of all its offers. A marketplace that names no offer is taken at its plan's word.
 */
export async function soldPlan(db: Queryable, { offerId, planId }: { offerId: string; planId: string }): Promise<Plan | null> {
  const plan = await findPlan(db, planId);
  return plan?.billing === 'marketplace' && (offerId === '' || plan.offerId === offerOf(offerId)) ? plan : null;
}
