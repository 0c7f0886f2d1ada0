import { METERS } from '../../contract/meters';
import type { TxContext } from '../../platform/context';
import { calendarDate } from '../entitlements/periods.rules';
import { standingsAt } from '../usage/read-usage';
import type { DocumentContent } from './document.rules';

/** What was counted of each quota that the plan has, in the figures that every screen shows (G10). */
export async function usageOf(tx: TxContext, tenantId: string, timeZone: string, at: Date): Promise<DocumentContent['usage']> {
  const standings = await standingsAt(tx, tenantId, at);
  return standings
    .filter(({ meter, used, entitled }) => (METERS as readonly string[]).includes(meter) && (entitled !== 0 || used > 0))
    .map(({ meter, used, limit, resetsAt }) => ({ meter, used, limit, resetsOn: resetsAt && calendarDate(new Date(resetsAt), timeZone) }));
}
