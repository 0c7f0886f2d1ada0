import type { Queryable } from '../../platform/db/database';
import { findPlan, type Plan } from '../plans/plans';
import { offerOf } from './lifecycle.rules';

export interface NamedPlan {
  /** Empty where the marketplace names none, as in a webhook: then it is taken at its plan's word. */
  offerId: string;
  planId: string;
}

export type Unsold = 'unknown' | 'billed_directly' | 'of_another_offer';

/**
 * The plan that a purchase is of; null: the catalog does not sell it on the marketplace. Plan ids are unique within an offer only,
 * and the publisher's app sees the purchases of all its offers.
 */
export async function soldPlan(db: Queryable, named: NamedPlan): Promise<Plan | null> {
  const plan = await findPlan(db, named.planId);
  return plan && whyNot(plan, named) === null ? plan : null;
}

/** Why `soldPlan` knows none, for whoever reads the log. */
export async function whyUnsold(db: Queryable, named: NamedPlan): Promise<Unsold | null> {
  const plan = await findPlan(db, named.planId);
  return plan ? whyNot(plan, named) : 'unknown';
}

function whyNot(plan: Plan, { offerId }: NamedPlan): Unsold | null {
  if (plan.billing !== 'marketplace') return 'billed_directly';
  return offerId === '' || plan.offerId === offerOf(offerId) ? null : 'of_another_offer';
}
