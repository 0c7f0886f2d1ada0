import type { UsageDifference, UsageReport } from '../../contract/metering';
import type { Refusal } from '../../contract/refusals';
import type { OperatorActor } from '../../platform/actor';
import { type Context, inPublisher } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { operate } from '../tenants/operate';
import { lockMarks, scheduleMeter, stopMark } from './metering.store';
import type { ReportState } from './outcome.rules';
import { numeral, quantityOf } from './quantity.rules';
import { listDifferences, listReports } from './reports.store';

const MOST = 500;

/** What was reported to the marketplace, of all organizations, the newest hour first. */
export async function overseeReports(
  ctx: Context,
  { state = null, flagged, tenantId = null }: { state?: ReportState | null; flagged: boolean; tenantId?: string | null },
): Promise<UsageReport[]> {
  const rows = await inPublisher(ctx, (tx) => listReports(tx.db, { state, flagged, tenantId, limit: MOST }));
  return rows.map(({ effectiveAt: _effectiveAt, quantity, accepted, hour, createdAt, settledAt, ...row }) => ({
    ...row,
    quantity: numeral(quantity),
    accepted: accepted === null ? null : numeral(accepted),
    hour: hour.toISOString(),
    createdAt: createdAt.toISOString(),
    settledAt: settledAt?.toISOString() ?? null,
  }));
}

/** Days whose account at the marketplace is not ours. */
export async function overseeDifferences(ctx: Context): Promise<UsageDifference[]> {
  const rows = await inPublisher(ctx, (tx) => listDifferences(tx.db, MOST));
  return rows.map(({ ours, submitted, processed, comparedAt, ...row }) => ({
    ...row,
    submitted: numeral(quantityOf(submitted)),
    processed: numeral(quantityOf(processed)),
    ours: numeral(ours),
    comparedAt: comparedAt.toISOString(),
  }));
}

/** What the marketplace refused was mended there: the meters of a subscription go on, with all that is due. */
export const resumeMetering = (
  ctx: Context,
  operator: OperatorActor,
  { tenantId, subscriptionId }: { tenantId: string; subscriptionId: string },
  reason: string,
): Promise<Result<{ resumed: string[] }, Refusal>> =>
  operate(ctx, { operator, needs: 'support', tenantId, action: 'operator.resume_metering', reason }, async (tx, _tenant, at) => {
    const stopped = (await lockMarks(tx.db, tenantId, subscriptionId)).filter(({ stoppedAt }) => stoppedAt !== null);
    await stopMark(tx.db, tenantId, { subscriptionId, meter: null }, null, at);
    if (stopped.length > 0) await scheduleMeter(tx.db, subscriptionId, at);
    return ok({ value: { resumed: stopped.map(({ meter }) => meter) }, subject: subscriptionId, isNew: stopped.length > 0 });
  });
