import type { TxContext } from '../../platform/context';
import { DEFAULT_POLICY, type MeterPolicy } from '../plans/quota-policy.rules';
import { findTenant } from '../tenants/tenants';
import type { InForce } from './in-force.rules';
import { meterAt } from './meter-at';

/** A meter as it is now; null: the organization was never activated. */
export async function meterNow(tx: TxContext, tenantId: string, meter: string, at: Date): Promise<InForce | null> {
  const tenant = await findTenant(tx.db, tenantId);
  return tenant?.anchor ? meterAt(tx, tenantId, meter, tenant.anchor, { at, now: at }) : null;
}

/** How a meter behaves for an organization now: its plan's policy with what it has otherwise. */
export const policyAt = async (tx: TxContext, tenantId: string, meter: string, at: Date): Promise<MeterPolicy> =>
  (await meterNow(tx, tenantId, meter, at))?.limit.policy ?? DEFAULT_POLICY;
