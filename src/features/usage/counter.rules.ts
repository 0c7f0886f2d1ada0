import { type Limit, thresholdsCrossed } from '../entitlements/limits.rules';
import { ALWAYS, type UsageAnchor, type UsagePeriod, usagePeriodAt } from '../entitlements/periods.rules';
import { DEFAULT_POLICY } from '../plans/quota-policy.rules';

/** Why people are told: a share in percent, units left, a forecast, or that a larger plan would fit. */
export type NoticeKind = 'threshold' | 'remaining' | 'forecast' | 'advice';

/** One row that decides admission: (tenant, scope, meter, usage period). */
export interface Counter {
  periodStart: Date;
  periodEnd: Date;
  /** From here on the row must be brought up to date before it decides. */
  validUntil: Date;
  granted: number | null;
  hardLimit: number | null;
  used: number;
  held: number;
  /** The highest allowance of this period so far; null = unlimited. */
  peakLimit: number | null;
  /** Rises with the limit, so that notices can be given anew. */
  limitEpoch: number;
  thresholds: number[];
  /** Units left at which people are told too. */
  remainingMarks: number[];
  /** Length of the period in months; 0: it never ends. */
  months: number;
}

/**
 * What the newest row must be at `at`: itself, itself with another allowance, or the row of a new period. Without an anchor it
 * counts what is held now, in one period that never ends. The same function serves admission and every screen (G10).
 */
export function counterAt(newest: Counter | null, anchor: UsageAnchor | null, limit: Limit, at: Date): Counter {
  const months = anchor === null ? 0 : monthsOf(limit, newest);
  const period = anchor === null ? ALWAYS : currentPeriod(newest, anchor, months, at);
  const same = newest !== null && newest.periodStart.getTime() === period.start.getTime();
  const { notice } = limit.policy ?? DEFAULT_POLICY;
  const next = {
    periodStart: period.start,
    periodEnd: period.end,
    validUntil: limit.nextEdge !== null && limit.nextEdge < period.end ? limit.nextEdge : period.end,
    granted: limit.available,
    hardLimit: limit.hardLimit,
    used: same ? newest.used : 0,
    held: same ? newest.held : 0,
    thresholds: notice.thresholds,
    remainingMarks: notice.remaining,
    months,
  };
  const level = levelOf(next);
  return {
    ...next,
    peakLimit: same && !rose(newest.peakLimit, level) ? newest.peakLimit : level,
    limitEpoch: same ? newest.limitEpoch + (isNewLevel(newest, level) ? 1 : 0) : 0,
  };
}

function monthsOf({ policy }: Limit, newest: Counter | null): number {
  if (policy === null) return newest?.months || 1;
  return policy.period === 'year' ? 12 : 1;
}

/** What people see as the limit, whether it refuses or only tells. */
export const levelOf = ({ hardLimit, granted }: Pick<Counter, 'hardLimit' | 'granted'>): number | null => hardLimit ?? granted;

/** More than two time zones can lie apart, less than any whole period. */
const ZONES_APART_MS = 2 * 86_400_000;

/**
 * A period once opened runs to its own end, whatever happened to the anchor; a clock behind it does not reopen the last.
 * After a change of the time zone the next one begins where it ended, without gap or overlap, and ends in the new zone.
 * A plan with periods of another length lets the open one end where one of those ends.
 */
function currentPeriod(newest: Counter | null, anchor: UsageAnchor, months: number, at: Date): UsagePeriod {
  if (newest === null || newest.periodStart < anchor.startedAt) return usagePeriodAt(anchor, at, months);
  if (at < newest.periodEnd) {
    return { start: newest.periodStart, end: newest.months === months ? newest.periodEnd : usagePeriodAt(anchor, at, months).end };
  }
  const ended = newest.periodEnd;
  const found = usagePeriodAt(anchor, at, months);
  const period = apart(found.end, ended) < ZONES_APART_MS ? usagePeriodAt(anchor, found.end, months) : found;
  const begins = apart(period.start, ended) < ZONES_APART_MS || period.start < ended ? ended : period.start;
  return { start: begins, end: period.end };
}

const apart = (a: Date, b: Date): number => Math.abs(a.getTime() - b.getTime());

/** A raised limit is a new level (G7); one that a suspension took away and that comes back is not. */
function isNewLevel(before: Counter, next: number | null): boolean {
  return rose(levelOf(before), next) && (levelOf(before) !== 0 || rose(before.peakLimit, next));
}

function rose(before: number | null, after: number | null): boolean {
  if (before === null) return false;
  return after === null || after > before;
}

/** Units left below the limit that people see; null = unlimited. */
export function remainingOf(counter: Counter): number | null {
  const level = levelOf(counter);
  return level === null ? null : Math.max(0, level - counter.used - counter.held);
}

export type Standing = 'open' | 'warning' | 'over' | 'exhausted';

/** How a meter stands: a warning from the lowest mark on, exhausted when nothing more is admitted, over when more was than granted. */
export function standingOf(counter: Counter): Standing {
  const { hardLimit, granted, used, held } = counter;
  if (hardLimit !== null && used + held >= hardLimit) return 'exhausted';
  if (hardLimit === null && granted !== null && used > granted) return 'over';
  const isTold = thresholdsCrossed(-1, used, granted, counter.thresholds).length > 0 || marksReached(counter).length > 0;
  return isTold ? 'warning' : 'open';
}

/** What a limit is on: on all together, or on every single item, of which the counter then tells the largest. */
export type Counts = 'all' | 'each';

/** As `standingOf`, of a limit on every single item: however large one is, the next may be as large. */
function standingOfEach(counter: Counter): Standing {
  const level = levelOf(counter);
  if (level === 0) return 'exhausted';
  return level !== null && counter.used > level ? 'over' : 'open';
}

/** The figures that every screen, card and explanation names of a counter (G10). */
export const figuresOf = (counter: Counter, { entitled }: Pick<Limit, 'entitled'>, counts: Counts) => ({
  entitled,
  available: counter.granted,
  limit: levelOf(counter),
  used: counter.used,
  held: counter.held,
  remaining: remainingOf(counter),
  counts,
  state: counts === 'each' ? standingOfEach(counter) : standingOf(counter),
});

/** Which of the units-left marks have been reached. Nothing is reached without an allowance. */
export function marksReached({ granted, used, remainingMarks }: Counter): number[] {
  return granted === null || granted === 0 ? [] : remainingMarks.filter((left) => granted - used <= left);
}
