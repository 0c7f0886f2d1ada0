import type { TxContext } from '../../platform/context';
import { findPlan, type Plan } from '../plans/plans';

/** The plan versions that an organization has pinned and that have not ended, base plans first, then by rank. */
export async function plansInForce(tx: TxContext, tenantId: string): Promise<Plan[]> {
  const pinned = await tx.db.query<{ plan_id: string; version: number }>(
    `select p.plan_id, p.version
       from subscriptions s join plans p on p.plan_id = s.plan_id and p.version = s.plan_version
      where s.tenant_id = $1 and s.status in ('Subscribed', 'Suspended')
      group by p.plan_id, p.version
      order by p.role = 'addon', p.rank desc, p.plan_id`,
    [tenantId],
  );
  const plans: Plan[] = [];
  for (const { plan_id, version } of pinned) plans.push((await findPlan(tx.db, plan_id, version))!);
  return plans;
}
