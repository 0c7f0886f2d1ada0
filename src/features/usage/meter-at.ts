import { isPeriodMeter } from '../../contract/meters';
import type { TxContext } from '../../platform/context';
import { statusesAt } from '../entitlements/grants';
import type { UsageAnchor } from '../entitlements/periods.rules';
import type { Counter } from './counter.rules';
import { counterInForceAt, usedAt } from './counters.store';
import { heldAt } from './holds.store';
import { asItWas, type InForce, inForce } from './in-force.rules';
import { meterFacts } from './meter-facts';

/**
 * A meter at any instant. Now: what the next act is decided by. Later: what that becomes when nobody acts. Earlier: what it was,
 * from the history of its grants and the ledger.
 */
export async function meterAt(
  tx: TxContext,
  tenantId: string,
  meter: string,
  anchor: UsageAnchor,
  { at, now }: { at: Date; now: Date },
): Promise<InForce> {
  const newest = await counterInForceAt(tx.db, tenantId, meter, at);
  if (at >= now) return inForce(await meterFacts(tx, tenantId, meter, { anchor, newest }, at), at);

  const row: Counter | null = newest && {
    ...newest,
    used: await usedAt(tx.db, tenantId, meter, newest.periodStart, at),
    held: await heldAt(tx.db, tenantId, meter, newest.periodStart, at),
  };
  const facts = await meterFacts(tx, tenantId, meter, { anchor, newest: row }, at);
  const statuses = await statusesAt(tx, tenantId, at);
  const grants = facts.grants.map((grant) => ({ ...grant, counts: (statuses.get(grant.sourceId) ?? 'Subscribed') === 'Subscribed' }));
  return asItWas({ ...facts, grants, holds: [], anchor: isPeriodMeter(meter) ? anchor : null }, at);
}
