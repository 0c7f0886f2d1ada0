import { METERS } from '../../contract/meters';
import type { TxContext } from '../../platform/context';
import { usageHistory } from '../usage/history';
import type { MeterStanding } from '../usage/read-usage';

const PERIODS = 6;

/**
 * The least that a plan must have allowed of each meter in the last six usage periods, the running one included: the most that was
 * used, and one more where somebody was refused. Of what is held now, as much as there is.
 */
export async function peaksOf(
  tx: TxContext,
  tenantId: string,
  standings: readonly MeterStanding[],
  at: Date,
): Promise<Map<string, number>> {
  const peaks = new Map(standings.map(({ meter, used }) => [meter, used]));
  for (const meter of METERS)
    for (const { used, wasRefused } of await usageHistory(tx, tenantId, meter, PERIODS, at))
      peaks.set(meter, Math.max(peaks.get(meter) ?? 0, used + (wasRefused ? 1 : 0)));
  return peaks;
}
