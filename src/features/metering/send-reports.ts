import type { Clock } from '../../platform/clock';
import { type Context, inPublisher, inTenant } from '../../platform/context';
import { audit } from '../audit/audit';
import { MarketplaceUnavailable } from '../subscriptions/marketplace.port';
import { type Metering, MOST_EVENTS, type UsageOutcome } from './metering.port';
import { stopMark } from './metering.store';
import { pauseAfter, type Settlement, settlementOf } from './outcome.rules';
import { sendableFrom } from './overage.rules';
import { numeral } from './quantity.rules';
import { claimReports, type ReportRow, repeatReport, retireOld, settleReport } from './reports.store';

/** What reporting needs besides the context: the metering service, and real time for retries. */
export interface Reporting {
  metering: Metering;
  realTime: Clock;
}

/** Longer than a call with its repetitions takes: who holds a batch is not overtaken. */
const LEASE_MS = 180_000;
const MOST_BATCHES = 40;

/**
 * Sends the reports that are due, batch by batch, and writes down what is said to each. One that is not answered, because we or they
 * died, is repeated with the same hour: the marketplace books an hour once (G11). Answers how many were sent.
 */
export async function sendReports(ctx: Context, reporting: Reporting): Promise<number> {
  await retire(ctx, reporting);
  let sent = 0;
  for (let batch = 1; batch <= MOST_BATCHES; batch += 1) {
    const correlationId = ctx.newId();
    const now = reporting.realTime.now();
    const claim = { now, leasedUntil: new Date(now.getTime() + LEASE_MS), limit: MOST_EVENTS, correlationId };
    const reports = await inPublisher(ctx, (tx) => claimReports(tx.db, claim));
    if (reports.length === 0) break;
    sent += reports.length;
    if (!(await sendBatch(ctx, reporting, reports, correlationId))) break;
  }
  return sent;
}

/** What is too old is not sent, nor sent again. */
async function retire(ctx: Context, { realTime }: Reporting): Promise<void> {
  const at = ctx.now();
  const retired = await inPublisher(ctx, (tx) => retireOld(tx.db, sendableFrom(at), { at, now: realTime.now() }));
  for (const report of retired)
    ctx.log.warn(
      { ...factsOf(report), state: report.state },
      'a usage report was not taken in time: what it held is carried, or waits for the account of its day',
    );
}

/** False: the marketplace cannot be reached now. */
async function sendBatch(ctx: Context, { metering, realTime }: Reporting, reports: ReportRow[], correlationId: string): Promise<boolean> {
  const events = reports.map(({ quantity, ...report }) => ({ ...report, quantity: numeral(quantity) }));
  let outcomes: UsageOutcome[];
  try {
    outcomes = await metering.reportUsage(events, correlationId);
  } catch (error) {
    if (!(error instanceof MarketplaceUnavailable)) throw error;
    await inPublisher(ctx, async (tx) => {
      for (const { reportId, attempts } of reports) {
        const wait = Math.max(pauseAfter(attempts), error.retryAfterMs);
        await repeatReport(tx.db, reportId, { outcome: 'NoAnswer', message: error.message }, new Date(realTime.now().getTime() + wait));
      }
    });
    return false;
  }
  for (const [index, report] of reports.entries()) await settle(ctx, report, outcomes[index]!, realTime);
  return true;
}

async function settle(ctx: Context, report: ReportRow, outcome: UsageOutcome, realTime: Clock): Promise<void> {
  const settlement = settlementOf(outcome, report.quantity);
  const at = ctx.now();
  if (settlement.state === 'in_flight') {
    const nextAt = new Date(realTime.now().getTime() + pauseAfter(report.attempts));
    await inPublisher(ctx, (tx) => repeatReport(tx.db, report.reportId, { outcome: outcome.said, message: outcome.message }, nextAt));
    return;
  }
  const { message, usageEventId } = outcome;
  await inTenant(ctx, report.tenantId, async (tx) => {
    const isFirst = await settleReport(tx.db, report.reportId, { ...settlement, outcome: outcome.said, message, usageEventId }, at);
    if (!isFirst || !settlement.alerts) return;
    const details = detailsOf(report, settlement, outcome);
    tx.log.error({ ...factsOf(report), ...details }, 'the marketplace did not take a usage report as it was meant');
    const entry = { actor: 'metering', via: 'marketplace', action: `metering.${settlement.differs ? 'differs' : settlement.state}` };
    await audit(tx, report.tenantId, { ...entry, subject: report.subscriptionId, details }, at);
    if (settlement.stops) await stopMark(tx.db, report.tenantId, report, `${outcome.said}: ${message ?? ''}`.slice(0, 300), at);
  });
}

const factsOf = ({ reportId, tenantId, subscriptionId }: ReportRow) => ({ reportId, tenantId, subscriptionId });

const detailsOf = ({ meter, dimension, planId, hour, quantity }: ReportRow, { accepted }: Settlement, { said, message }: UsageOutcome) => ({
  meter,
  dimension,
  planId,
  hour: hour.toISOString(),
  quantity: numeral(quantity),
  accepted: accepted === null ? null : numeral(accepted),
  outcome: said,
  message,
});
