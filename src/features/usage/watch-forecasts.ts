import { METERS } from '../../contract/meters';
import { type Context, inPublisher, inTenant, type TxContext } from '../../platform/context';
import { levelOf } from './counter.rules';
import { findTenantsWithSubscriptions, giveNotice } from './counters.store';
import { outlookAt } from './forecast';
import { adviseOnce } from './history';
import { meterNow } from './policy-at';
import { refreshCounter, stockMeters } from './refresh-counters';

const DAY_MS = 86_400_000;

/**
 * Looks once a day at every organization whether a meter will run out soon, and warns of it: once per period and level (TW-11). Run
 * it as often as you like; it does its work when a day of the product's calendar has begun.
 */
export function createForecastWatch(): (ctx: Context) => Promise<void> {
  let seen = '';
  return async (ctx) => {
    const day = ctx.now().toISOString().slice(0, 10);
    if (day === seen) return;
    for (const tenantId of await inPublisher(ctx, ({ db }) => findTenantsWithSubscriptions(db))) {
      await inTenant(ctx, tenantId, (tx) => warnOfShortage(tx, tenantId, tx.now()));
    }
    seen = day;
  };
}

/** The warnings of one organization that are due. */
export async function warnOfShortage(tx: TxContext, tenantId: string, at: Date): Promise<void> {
  for (const meter of [...METERS, ...(await stockMeters(tx, tenantId))]) {
    const found = await meterNow(tx, tenantId, meter, at);
    const days = found?.limit.policy?.notice.forecastDays;
    if (!found || !days || !levelOf(found.counter)) continue;
    const { state, likely } = await outlookAt(tx, tenantId, meter, found.counter, at);
    if (state === 'exhausted') await adviseOnce(tx, tenantId, meter, at);
    if (likely === null || likely.getTime() - at.getTime() > days * DAY_MS) continue;
    await refreshCounter(tx, tenantId, meter, at);
    await giveNotice(tx.db, tenantId, meter, found.counter, { kind: 'forecast', marks: [0], sends: true }, at);
  }
}
