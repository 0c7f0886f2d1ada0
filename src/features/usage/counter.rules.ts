import { type Limit, thresholdsCrossed } from '../entitlements/limits.rules';
import { type UsageAnchor, type UsagePeriod, usagePeriodAt } from '../entitlements/periods.rules';

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
  /** The highest limit of this period so far; null = unlimited. */
  peakLimit: number | null;
  /** Rises with the limit, so that notices can be given anew. */
  limitEpoch: number;
  thresholds: number[];
}

/**
 * What the newest row must be at `at`: itself, itself with another allowance, or the row of a new period.
 * The same function serves admission and every screen (G10).
 */
export function counterAt(newest: Counter | null, anchor: UsageAnchor, limit: Limit, at: Date): Counter {
  const period = currentPeriod(newest, anchor, at);
  const same = newest !== null && newest.periodStart.getTime() === period.start.getTime();
  return {
    periodStart: period.start,
    periodEnd: period.end,
    validUntil: limit.nextEdge !== null && limit.nextEdge < period.end ? limit.nextEdge : period.end,
    granted: limit.available,
    hardLimit: limit.hardLimit,
    used: same ? newest.used : 0,
    held: same ? newest.held : 0,
    peakLimit: same && !rose(newest.peakLimit, limit.hardLimit) ? newest.peakLimit : limit.hardLimit,
    limitEpoch: same ? newest.limitEpoch + (isNewLevel(newest, limit.hardLimit) ? 1 : 0) : 0,
    thresholds: limit.thresholds,
  };
}

/** More than two time zones can lie apart, less than any whole period. */
const ZONES_APART_MS = 2 * 86_400_000;

/**
 * A period once opened runs to its own end, whatever happened to the anchor; a clock behind it does not reopen the last.
 * After a change of the time zone the next one begins where it ended, without gap or overlap, and ends in the new zone.
 */
function currentPeriod(newest: Counter | null, anchor: UsageAnchor, at: Date): UsagePeriod {
  if (newest === null || newest.periodStart < anchor.startedAt) return usagePeriodAt(anchor, at);
  if (at < newest.periodEnd) return { start: newest.periodStart, end: newest.periodEnd };
  const ended = newest.periodEnd;
  const found = usagePeriodAt(anchor, at);
  const period = apart(found.end, ended) < ZONES_APART_MS ? usagePeriodAt(anchor, found.end) : found;
  return { start: apart(period.start, ended) < ZONES_APART_MS ? ended : period.start, end: period.end };
}

const apart = (a: Date, b: Date): number => Math.abs(a.getTime() - b.getTime());

/** A raised limit is a new level (G7); one that a suspension took away and that comes back is not. */
function isNewLevel({ hardLimit, peakLimit }: Counter, next: number | null): boolean {
  return rose(hardLimit, next) && (hardLimit !== 0 || rose(peakLimit, next));
}

function rose(before: number | null, after: number | null): boolean {
  if (before === null) return false;
  return after === null || after > before;
}

/** What the enforcing statement decides by at `at`: the row while it is valid, else what it will be brought up to first. */
export function counterInForce(newest: Counter | null, anchor: UsageAnchor, limit: Limit, at: Date): Counter {
  return newest && at < newest.validUntil ? newest : counterAt(newest, anchor, limit, at);
}

export const remainingOf = ({ hardLimit, used, held }: Counter): number | null =>
  hardLimit === null ? null : Math.max(0, hardLimit - used - held);

/** How a meter stands: a warning from the lowest threshold on, exhausted when nothing more is admitted. */
export function standingOf(counter: Counter): 'open' | 'warning' | 'exhausted' {
  if (remainingOf(counter) === 0) return 'exhausted';
  return thresholdsCrossed(-1, counter.used, counter.granted, counter.thresholds).length > 0 ? 'warning' : 'open';
}
