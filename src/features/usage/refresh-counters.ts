import { isPeriodMeter, METERS } from '../../contract/meters';
import type { TxContext } from '../../platform/context';
import { everGranted, settleGrants } from '../entitlements/grants';
import { limitsToCome, thresholdsCrossed } from '../entitlements/limits.rules';
import { enqueue } from '../outbox/outbox';
import { lockTenant } from '../tenants/tenants';
import { marksReached } from './counter.rules';
import {
  cutCounter,
  giveNotice,
  lockNewestCounter,
  recountActiveMembers,
  saveCounter,
  saveLimitsToCome,
  saveShares,
} from './counters.store';
import { expireHolds } from './holds.store';
import { bringUpTo } from './in-force.rules';
import { meterFacts } from './meter-facts';
import { ROOM_TOPIC } from './room';

/**
 * Opens the current period's counter, or gives it the allowance that holds now. Safe at any time, any number of times;
 * a tenant that was never activated has none. When a lowered allowance crosses a threshold, the notice is given once (G7).
 */
export async function refreshCounter(tx: TxContext, tenantId: string, meter: string, at: Date): Promise<void> {
  const tenant = await lockTenant(tx.db, tenantId);
  if (!tenant?.anchor) return;
  const newest = await lockNewestCounter(tx.db, tenantId, meter);
  const facts = await meterFacts(tx, tenantId, meter, { anchor: tenant.anchor, newest }, at);
  const brought = bringUpTo(facts, at);
  const { counter, limit } = brought;
  if (newest !== null && isPeriodMeter(meter)) await cutCounter(tx.db, tenantId, meter, newest.periodStart, counter.periodStart);
  await saveCounter(tx.db, tenantId, meter, counter);
  await settleGrants(tx, tenantId, meter, brought);
  if (meter === 'active_members') {
    await saveLimitsToCome(tx.db, tenantId, meter, limitsToCome(facts.grants, at, facts));
    await recountActiveMembers(tx.db, tenantId, at);
  }
  if (facts.holds.some(({ expiresAt }) => expiresAt <= at)) await expireHolds(tx.db, tenantId, meter, at);
  if (isPeriodMeter(meter)) await saveShares(tx.db, tenantId, meter, counter, limit.policy?.allocation === 'per_team');
  if (newest !== null && counter.limitEpoch > newest.limitEpoch) await enqueue(tx, tenantId, ROOM_TOPIC, { meter }, at);
  const reached = thresholdsCrossed(-1, counter.used, counter.granted, counter.thresholds);
  const few = marksReached(counter);
  if (reached.length > 0) await giveNotice(tx.db, tenantId, meter, counter, { kind: 'threshold', marks: reached, sends: true }, at);
  if (few.length > 0) await giveNotice(tx.db, tenantId, meter, counter, { kind: 'remaining', marks: few, sends: reached.length === 0 }, at);
}

/** All meters, after a change of what the tenant is entitled to. */
export async function refreshCounters(tx: TxContext, tenantId: string, at: Date): Promise<void> {
  for (const meter of [...METERS, ...(await stockMeters(tx, tenantId))]) await refreshCounter(tx, tenantId, meter, at);
}

/** The limits on what is held now that a plan of this tenant ever had. */
export const stockMeters = async (tx: TxContext, tenantId: string): Promise<string[]> =>
  (await everGranted(tx, tenantId)).filter((meter) => !isPeriodMeter(meter));
