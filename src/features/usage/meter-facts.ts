import { FREE_UNLESS_LIMITED, isPeriodMeter } from '../../contract/meters';
import type { TxContext } from '../../platform/context';
import { entitlementsOf } from '../entitlements/grants';
import type { UsageAnchor } from '../entitlements/periods.rules';
import type { Counter } from './counter.rules';
import { openHolds } from './holds.store';
import type { MeterFacts } from './in-force.rules';

/** Everything that decides a meter at `at`, given its newest row. */
export async function meterFacts(
  tx: TxContext,
  tenantId: string,
  meter: string,
  { anchor, newest }: { anchor: UsageAnchor; newest: Counter | null },
  at: Date,
): Promise<MeterFacts> {
  // What ended with the row is part of what it hands over at that edge.
  const since = newest !== null && newest.validUntil <= at ? new Date(newest.validUntil.getTime() - 1) : at;
  const { grants, overrides } = await entitlementsOf(tx, tenantId, meter, since, newest?.periodStart);
  return {
    newest,
    anchor: isPeriodMeter(meter) ? anchor : null,
    absent: FREE_UNLESS_LIMITED.includes(meter) ? null : 0,
    grants,
    overrides,
    holds: await openHolds(tx.db, tenantId, meter),
  };
}
