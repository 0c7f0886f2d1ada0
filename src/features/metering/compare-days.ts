import { type Context, inPublisher, inTenant } from '../../platform/context';
import { audit } from '../audit/audit';
import { MarketplaceUnavailable } from '../subscriptions/marketplace.port';
import type { UsageAccount, UsageOfDay } from './metering.port';
import { settledByDay } from './outcome.rules';
import { numeral, type Quantity, quantityOf } from './quantity.rules';
import {
  daysToCompare,
  flagUnsettled,
  ownAmong,
  type ReportRow,
  reportsOfDay,
  saveDay,
  saveReadBack,
  settleReport,
  unsettledBefore,
} from './reports.store';
import type { Reporting } from './send-reports';

const DAY_MS = 86_400_000;
/** Usage of a day is taken until the next one is over; an hour more for their books. */
const SETTLED_MS = DAY_MS + 3_600_000;
/** How long a day that is not equal is looked at again. */
const LOOK_BACK_DAYS = 8;
/** Said of usage that is not billed. */
const NOT_REAL = new Set(['TestHeaders', 'DryRun']);

/**
 * Compares the marketplace's own account of each day with ours: what was never answered is settled by it, what differs is kept for
 * the publisher's people. Answers how many days it compared.
 */
export async function compareDays(ctx: Context, { metering }: Reporting): Promise<number> {
  const at = ctx.now();
  const until = dayOf(new Date(at.getTime() - SETTLED_MS));
  const since = dayOf(new Date(at.getTime() - SETTLED_MS - LOOK_BACK_DAYS * DAY_MS));
  const days = await inPublisher(ctx, (tx) => daysToCompare(tx.db, { since, until }));
  let compared = 0;
  for (const day of days) {
    try {
      await compare(ctx, day, await metering.readUsage({ from: day, until: dayOf(new Date(Date.parse(day) + DAY_MS)) }), at);
    } catch (error) {
      if (!(error instanceof MarketplaceUnavailable)) throw error;
      ctx.log.warn({ day, reason: error.message }, 'the marketplace’s account of a day cannot be read');
      break;
    }
    compared += 1;
  }
  await alertUnsettled(ctx, since);
  return compared;
}

/** Days that could not be read for so long are read no more: what was sent then counts as told, and the publisher's people look. */
async function alertUnsettled(ctx: Context, since: string): Promise<void> {
  for (const { tenantId, ...report } of await inPublisher(ctx, (tx) => unsettledBefore(tx.db, since)))
    await inTenant(ctx, tenantId, async (tx) => {
      if (!(await flagUnsettled(tx.db, report.reportId))) return;
      const { subscriptionId, meter, dimension, planId, hour } = report;
      const details = { meter, dimension, planId, hour: hour.toISOString(), quantity: numeral(report.quantity) };
      tx.log.error({ tenantId, subscriptionId, ...details }, 'nobody knows whether a usage report arrived: it counts as told');
      const entry = { actor: 'metering', via: 'marketplace', action: 'metering.unsettled', subject: subscriptionId, details };
      await audit(tx, tenantId, entry, tx.now());
    });
}

type Lines = Map<string, { line: UsageOfDay; submitted: Quantity; processed: Quantity }>;

async function compare(ctx: Context, day: string, { lines: theirs, unclear }: UsageAccount, at: Date): Promise<void> {
  await inPublisher(ctx, async (tx) => {
    const lines: Lines = new Map();
    const own = await ownAmong(
      tx.db,
      theirs.map(({ resourceId }) => resourceId.toLowerCase()),
    );
    const isOurs = ({ resourceId, reconStatus, ...one }: UsageOfDay) =>
      one.day === day && own.has(resourceId.toLowerCase()) && !NOT_REAL.has(reconStatus);
    for (const line of theirs.filter(isOurs)) {
      const key = keyOf(line);
      const sum = lines.get(key);
      lines.set(key, {
        line: sum && !isRejected(line) ? sum.line : line,
        submitted: (sum?.submitted ?? 0n) + quantityOf(line.submitted),
        processed: (sum?.processed ?? 0n) + quantityOf(line.processed),
      });
    }
    const ours = new Map<string, ReportRow[]>();
    for (const report of await reportsOfDay(tx.db, day)) ours.set(keyOf(report), [...(ours.get(keyOf(report)) ?? []), report]);
    if (unclear.length > 0) tx.log.warn({ day, lines: unclear.length }, 'the marketplace’s account of a day cannot be read in full');
    const inDoubt = doubtful({ lines, ours, unclear });
    for (const key of new Set([...lines.keys(), ...ours.keys()])) {
      const found = lines.get(key);
      const reports = ours.get(key) ?? [];
      const answered = sumOf(reports.map(({ accepted }) => accepted ?? 0n));
      const unsure = reports.filter(({ state }) => state === 'unsure');
      const submitted = found?.submitted ?? 0n;
      const accepted = settledByDay(
        unsure.map(({ quantity }) => quantity),
        { submitted, answered, isInDoubt: inDoubt((found?.line ?? reports[0]!).resourceId) },
      );
      for (const [index, report] of unsure.entries()) await settleUnsure(report, accepted[index]!);
      const held = answered + sumOf(accepted.map((one) => one ?? 0n));
      const names = found?.line ?? { ...reports[0]!, day, reconStatus: 'Missing', submitted: '0', processed: '0' };
      const { resourceId, dimension, planId, reconStatus } = names;
      const line = {
        day,
        resourceId: resourceId.toLowerCase(),
        dimension,
        planId,
        reconStatus,
        submitted: numeral(submitted),
        processed: numeral(found?.processed ?? 0n),
      };
      await saveReadBack(tx.db, { ...line, ours: held }, at);
      if (submitted !== held || isRejected(line))
        tx.log.error({ ...line, ours: numeral(held) }, 'the marketplace’s account of a day is not ours');
    }
    await saveDay(tx.db, day, at);

    async function settleUnsure({ reportId, quantity, message, usageEventId }: ReportRow, accepted: Quantity | null): Promise<void> {
      if (accepted === null) return;
      const state = accepted > 0n ? 'accepted' : 'expired';
      const settled = { state, accepted: accepted > 0n ? accepted : null, differs: accepted > 0n && accepted !== quantity } as const;
      await settleReport(tx.db, reportId, { ...settled, outcome: 'ReadBack', message, usageEventId }, at);
    }
  });
}

/**
 * Of which purchases the account cannot show that something did not arrive: those of which it says what we cannot read or know
 * nothing of, and all of them where it lacks what was accepted, or names nobody.
 */
function doubtful({ lines, ours, unclear }: { lines: Lines; ours: Map<string, ReportRow[]>; unclear: UsageAccount['unclear'] }) {
  const lacksAccepted = [...ours].some(
    ([key, reports]) => sumOf(reports.map(({ accepted }) => accepted ?? 0n)) > (lines.get(key)?.submitted ?? 0n),
  );
  const unknown = [...lines].filter(([key]) => !ours.has(key)).map(([, { line }]) => line.resourceId);
  const named = new Set([...unclear, ...unknown].map((resourceId) => resourceId?.toLowerCase() ?? null));
  return (resourceId: string): boolean => lacksAccepted || named.has(null) || named.has(resourceId.toLowerCase());
}

const keyOf = ({ resourceId, dimension, planId }: Pick<UsageOfDay, 'resourceId' | 'dimension' | 'planId'>): string =>
  JSON.stringify([resourceId, dimension, planId]).toLowerCase();

const isRejected = ({ reconStatus }: Pick<UsageOfDay, 'reconStatus'>): boolean => reconStatus === 'Rejected' || reconStatus === 'Mismatch';
const sumOf = (quantities: readonly Quantity[]): Quantity => quantities.reduce((sum, one) => sum + one, 0n);
const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
