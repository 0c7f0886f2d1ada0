import type { Pending } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { findTenant } from '../tenants/tenants';
import { noteHit } from './counters.store';
import { pendingOf } from './explanation.rules';
import { adviseOnce } from './history';
import { meterAt } from './meter-at';

/**
 * After a refused act was rolled back: that the limit was hit in this period is kept beside counter and ledger (G3), and what the
 * refused person is still owed is found out, by the rows that refused.
 */
export async function noteRefusal(tx: TxContext, tenantId: string, meter: string, at: Date): Promise<Pending | null> {
  const tenant = await findTenant(tx.db, tenantId);
  if (!tenant?.anchor) return null;
  const { counter, limit, grants } = await meterAt(tx, tenantId, meter, tenant.anchor, { at, now: at });
  const isNew = counter.hardLimit !== 0 && (await noteHit(tx.db, tenantId, meter, counter.periodStart, at));
  if (isNew) await adviseOnce(tx, tenantId, meter, at);
  return pendingOf(limit, grants, at);
}
