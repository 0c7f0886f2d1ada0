import { type Context, inTenant, type TxContext } from '../../platform/context';
import { audit } from '../audit/audit';
import { entitlementsOf, statusesAt } from '../entitlements/grants';
import { type Purchase, purchasesOf } from '../subscriptions/purchases';
import { stopOverage } from './agree-to-overage';
import { billedAt, type Edge, edgesIn, type MeterHistory, monthsOf, stretchesAt } from './meter-periods.rules';
import {
  type Consent,
  dueMeters,
  listConsents,
  lockMarks,
  type Mark,
  moveMark,
  scheduleMeter,
  type Told,
  toldOf,
  usedBefore,
} from './metering.store';
import {
  type Billed,
  closedAt,
  freeHour,
  hourOf,
  hoursAfter,
  instantsBetween,
  keyOf,
  type NewReport,
  nextClosing,
  overageOf,
  type Point,
  reportsFor,
  sendableFrom,
  tooLateFrom,
} from './overage.rules';
import { numeral, type Quantity } from './quantity.rules';
import { insertReport } from './reports.store';
import { type BaseWindow, cutBy, windowAfter } from './window.rules';

/** One that fails comes back later: so many that fail do not keep the others from their turn. */
const AFTER_FAULT_MS = 15 * 60_000;

/**
 * Draws up the usage reports of every hour that is over, of all organizations that agreed to overage. A watermark over the ledger:
 * whatever was missed is caught up, whoever runs it and whenever (G11). Answers how many subscriptions it looked at.
 */
export async function closeHours(ctx: Context, limit = 200): Promise<number> {
  const at = ctx.now();
  const due = await dueMeters(ctx.database, at, limit);
  for (const { tenantId, subscriptionId } of due) {
    try {
      await inTenant(ctx, tenantId, (tx) => closeSubscription(tx, tenantId, subscriptionId, at));
    } catch (error) {
      ctx.log.error({ err: error, tenantId, subscriptionId }, 'the hours of a metered subscription could not be closed');
      await scheduleMeter(ctx.database, subscriptionId, new Date(at.getTime() + AFTER_FAULT_MS));
    }
  }
  return due.length;
}

async function closeSubscription(tx: TxContext, tenantId: string, subscriptionId: string, at: Date): Promise<void> {
  const marks = await lockMarks(tx.db, tenantId, subscriptionId);
  const purchase = (await purchasesOf(tx, tenantId)).find((one) => one.subscriptionId === subscriptionId);
  let isDone = true;
  for (const mark of purchase ? marks : []) {
    await stopWhereNothingIsMetered(tx, tenantId, purchase!, mark, at);
    isDone = (await closeMeter(tx, tenantId, purchase!, mark, at)) && isDone;
  }
  await scheduleMeter(tx.db, subscriptionId, isDone ? null : nextClosing(at));
}

/** Trials are never metered, and what ended is not used any more. In doubt for the customer: from the last closed hour on. */
async function stopWhereNothingIsMetered(
  tx: TxContext,
  tenantId: string,
  purchase: Purchase,
  { meter, closedUntil }: Mark,
  at: Date,
): Promise<void> {
  const { subscriptionId, status, isFreeTrial, endedAt } = purchase;
  const open = (await listConsents(tx.db, tenantId)).find(
    (one) => one.subscriptionId === subscriptionId && one.meter === meter && !one.endedAt,
  );
  if (!open) return;
  if (status === 'Unsubscribed') await stopOverage(tx, tenantId, open, { by: 'subscription ended', until: endedAt ?? at }, at);
  else if (isFreeTrial) await stopOverage(tx, tenantId, open, { by: 'free trial', until: closedUntil }, at);
}

/** True: nothing is to be expected of this meter any more. */
async function closeMeter(tx: TxContext, tenantId: string, purchase: Purchase, mark: Mark, at: Date): Promise<boolean> {
  const { status, endedAt, isFreeTrial } = purchase;
  const hasEnded = status === 'Unsubscribed';
  const end = hasEnded ? (endedAt ?? at) : null;
  const isTooLate = end !== null && at >= tooLateFrom(end);
  // Microsoft takes nothing while it is suspended, and nothing that nobody could mend is tried again; in the end it is lost.
  if ((status !== 'Subscribed' && !hasEnded) || ((mark.stoppedAt !== null || isFreeTrial) && !isTooLate)) return false;
  const last = closedAt(at);
  const until = end && hoursAfter(hourOf(end), 1) < last ? hoursAfter(hourOf(end), 1) : last;
  const consents = (await listConsents(tx.db, tenantId)).filter(
    (one) => one.subscriptionId === purchase.subscriptionId && one.meter === mark.meter,
  );
  const latest = consents.at(-1)!;
  const { grants } = await entitlementsOf(tx, tenantId, mark.meter, mark.window.start);
  const history = { subscriptionId: purchase.subscriptionId, grants, consents };
  const told = await toldOf(
    tx.db,
    tenantId,
    { subscriptionId: purchase.subscriptionId, meter: mark.meter },
    hoursAfter(sendableFrom(at), -1),
  );

  const fallback = { planId: purchase.planId, dimension: latest.dimension };
  const counted = await count(tx, tenantId, { purchase, mark, history, fallback }, { until, oldest: hourOf(sendableFrom(at)) });
  const reports = reportsFor(counted.points, {
    owedBefore: counted.owedBefore,
    told: told.sum,
    sendableFrom: sendableFrom(at),
    taken: told.taken.map((one) => keyOf(one, one.hour)),
  });
  let sum = told.sum;
  for (const report of reports) if (await write(tx, tenantId, purchase, mark.meter, report, consents, at)) sum += report.quantity;
  await moveMark(tx.db, tenantId, purchase.subscriptionId, counted.mark);

  const isSettled = counted.owed <= sum && !told.isOpen && reports.length === 0;
  if (end === null) return isSettled && latest.endedAt !== null && latest.endedAt <= counted.mark.closedUntil;
  if (isSettled && until > end) return true;
  if (counted.owed > sum)
    await tellTheRest(tx, tenantId, purchase, mark.meter, { latest, rest: counted.owed - sum, told, reports, end, consents }, at);
  return false;
}

interface Counted {
  /** Overage of all windows by the watermark it began at, and at its end. */
  owedBefore: Quantity;
  owed: Quantity;
  points: Point[];
  mark: Pick<Mark, 'meter' | 'window' | 'owed' | 'closedUntil'>;
}

interface Counting {
  purchase: Purchase;
  mark: Mark;
  history: MeterHistory;
  /** What a rest is billed by that is left over when the plan meters nothing any more. */
  fallback: Billed;
}

/** Walks from the watermark to `until`, through every window that ended on the way; hours before `oldest` are not told one by one. */
async function count(
  tx: TxContext,
  tenantId: string,
  { purchase, mark, history, fallback }: Counting,
  { until, oldest }: { until: Date; oldest: Date },
): Promise<Counted> {
  const anchor = { termStart: purchase.termStart ?? purchase.activatedAt ?? mark.window.start, months: monthsOf(history) };
  const points: Point[] = [];
  let { owed: before, closedUntil } = mark;
  let owedBefore: Quantity | null = null;
  for (let window = cutBy(mark.window, anchor, closedUntil); ; window = windowAfter(window, anchor)) {
    const isLast = window.end > until;
    const to = later(isLast ? until : window.end, closedUntil);
    const starts = edgesIn(window, history);
    const from = later(closedUntil, oldest);
    const instants =
      from < to
        ? [
            ...instantsBetween(
              from,
              to,
              starts.filter((start) => isSwitch(history, start)),
            ),
            ...(isLast ? [] : [to]),
          ]
        : [];
    const used = await usedIn(tx, tenantId, mark.meter, window, [...starts, ...instants, from, to]);
    const edges: Edge[] = [];
    for (const start of starts) edges.push({ start, statuses: await statusesAt(tx, tenantId, start) });
    const stretches = stretchesAt(history, edges, used);
    const owedAt = (at: Date): Quantity =>
      before +
      overageOf(
        stretches.filter(({ start }) => start < at),
        used(at),
      );
    if (instants.length > 0) owedBefore ??= owedAt(from);
    points.push(...instants.map((at) => ({ at, owed: owedAt(at), billed: billedAt(history, new Date(at.getTime() - 1)) ?? fallback })));
    const owed = owedAt(to);
    if (isLast) return { owedBefore: owedBefore ?? owed, owed, points, mark: { meter: mark.meter, window, owed: before, closedUntil: to } };
    before = owed;
    closedUntil = to;
  }
}

/** Another plan begins: what was used before is billed by the one before. */
function isSwitch(meter: MeterHistory, at: Date): boolean {
  return billedAt(meter, new Date(at.getTime() - 1))?.planId !== billedAt(meter, at)?.planId;
}

async function usedIn(
  tx: TxContext,
  tenantId: string,
  meter: string,
  window: BaseWindow,
  instants: readonly Date[],
): Promise<(at: Date) => Quantity> {
  const used = await usedBefore(tx.db, tenantId, meter, window, instants);
  const known = new Map(instants.map((at, index) => [at.getTime(), used[index]!]));
  return (at) => known.get(at.getTime())!;
}

/** An event is of an hour, at an instant of it at which the overage had been agreed to. */
async function write(
  tx: TxContext,
  tenantId: string,
  { subscriptionId, externalId, activatedAt }: Purchase,
  meter: string,
  { planId, dimension, hour, quantity, isCarried }: NewReport,
  consents: readonly Consent[],
  at: Date,
): Promise<boolean> {
  const begun = later(consents[0]!.agreedAt, activatedAt ?? consents[0]!.agreedAt);
  const effectiveAt = begun > hour && begun < hoursAfter(hour, 1) ? begun : hour;
  const flags = isCarried ? ['carried'] : [];
  const report = {
    reportId: tx.newId(),
    tenantId,
    subscriptionId,
    meter,
    resourceId: externalId.toLowerCase(),
    planId,
    dimension,
    hour,
    effectiveAt,
    quantity,
  };
  return insertReport(tx.db, { ...report, flags, state: 'queued' }, at);
}

/** After the end there are no further hours: what is still due goes into one that has told nothing, and is lost when none is taken any more. */
async function tellTheRest(
  tx: TxContext,
  tenantId: string,
  purchase: Purchase,
  meter: string,
  {
    latest,
    rest,
    told,
    reports,
    end,
    consents,
  }: { latest: Consent; rest: Quantity; told: Told; reports: NewReport[]; end: Date; consents: Consent[] },
  at: Date,
): Promise<void> {
  const billed: Billed = { planId: purchase.planId, dimension: latest.dimension };
  const taken = [...told.taken, ...reports].map((one) => keyOf(one, one.hour));
  const hour = at < tooLateFrom(end) ? freeHour(new Date(end.getTime() - 1), billed, { sendableFrom: sendableFrom(at), taken }) : null;
  if (hour !== null) {
    await write(tx, tenantId, purchase, meter, { ...billed, hour, quantity: rest, isCarried: true }, consents, at);
    return;
  }
  // What is on its way may still come back.
  if (told.isOpen || at < tooLateFrom(end)) return;
  const { subscriptionId, externalId } = purchase;
  const lost = {
    reportId: tx.newId(),
    tenantId,
    subscriptionId,
    meter,
    resourceId: externalId.toLowerCase(),
    ...billed,
    hour: hourOf(end),
    effectiveAt: end,
  };
  await insertReport(tx.db, { ...lost, quantity: rest, flags: ['lost'], state: 'lost' }, at);
  const details = { meter, dimension: billed.dimension, quantity: numeral(rest) };
  tx.log.error({ tenantId, subscriptionId, ...details }, 'overage of a subscription that ended cannot be reported any more');
  await audit(tx, tenantId, { actor: 'metering', via: 'marketplace', action: 'metering.lost', subject: subscriptionId, details }, at);
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);
