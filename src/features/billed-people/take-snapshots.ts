import { type Context, inPublisher, inTenant, type TxContext } from '../../platform/context';
import { findStart, organizationsSold, pricedBy, takenMonths } from './billed-people.store';
import { isOver, monthAt, monthsDown, spanOf } from './months.rules';
import { snapshotMonth } from './snapshot-month';

/** Prices whose bills count people or teams. */
const COUNTED = ['active_member', 'active_team'];
/** Months looked back; an older one that is missing is frozen when it is asked for. */
const RECENT = 3;

/**
 * Freezes the months that are over of organizations whose plan counts people or teams, so that names are those of that time.
 * Nothing waits for it: whoever asks for a month first freezes it in the same way.
 */
export async function takeSnapshots(ctx: Context): Promise<void> {
  const organizations = await inPublisher(ctx, ({ db }) => organizationsSold(db));
  for (const tenantId of organizations) await inTenant(ctx, tenantId, (tx) => takeMissing(tx, tenantId));
}

async function takeMissing(tx: TxContext, tenantId: string): Promise<void> {
  const at = tx.now();
  const tenant = await findStart(tx.db, tenantId);
  if (!tenant) return;
  const { createdAt, timeZone } = tenant;
  const taken = await takenMonths(tx.db, tenantId);
  const months = monthsDown(monthAt(createdAt, timeZone), monthAt(at, timeZone)).slice(0, RECENT + 1);
  for (const month of months.filter((one) => isOver(one, timeZone, at) && !taken.has(one))) {
    const per = await pricedBy(tx.db, tenantId, new Date(spanOf(month, timeZone).end.getTime() - 1));
    if (per.some((one) => COUNTED.includes(one))) await snapshotMonth(tx, tenantId, month, null, at);
  }
}
