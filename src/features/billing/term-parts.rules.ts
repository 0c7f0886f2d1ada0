import { invariant } from '../../platform/invariant';
import { calendarDate } from '../entitlements/periods.rules';
import type { ChangePolicy } from '../plans/policies';

/** A paid period, half-open. (The marketplace names the last day instead of the end: add one day.) */
export interface Term {
  start: Date;
  end: Date;
}

/** A term in units, and how many of them lie in each part. */
export interface TermParts {
  unit: 'day' | 'second';
  total: number;
  lengths: number[];
}

/**
 * Cuts a term at these instants, earliest first: one part more than cuts. Days are the zone's calendar dates, and the day of a
 * change belongs wholly to what begins on it (TW-29). `fixed30` takes every month for thirty days.
 */
export function termParts(
  term: Term,
  cuts: readonly Date[],
  { proration, basis }: { proration: ChangePolicy['proration']; basis: ChangePolicy['basis'] },
  timeZone: string,
): TermParts {
  const measure = proration === 'seconds' ? seconds(term) : days(term, basis, timeZone);
  const total = measure(term.end);
  invariant(total > 0, 'a term ends after it starts');
  const edges = [...cuts.map((cut) => Math.min(Math.max(measure(cut), 0), total)), total];
  const lengths = edges.map((edge, index) => edge - (edges[index - 1] ?? 0));
  invariant(
    lengths.every((length) => length >= 0),
    'the cuts of a term are in order',
  );
  return { unit: proration === 'seconds' ? 'second' : 'day', total, lengths };
}

type Measure = (at: Date) => number;

const seconds =
  ({ start }: Term): Measure =>
  (at) =>
    Math.floor((at.getTime() - start.getTime()) / 1000);

function days({ start }: Term, basis: ChangePolicy['basis'], timeZone: string): Measure {
  const first = calendarDate(start, timeZone);
  if (basis === 'actual') return (at) => daysBetween(first, calendarDate(at, timeZone));
  return (at) => {
    const date = calendarDate(at, timeZone);
    const months = monthsBetween(first, date);
    return months * 30 + Math.min(daysBetween(monthsAfter(first, months), date), 30);
  };
}

const DAY_MS = 86_400_000;

/** Nights between two calendar dates. */
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);

export const dayBefore = (date: string): string => new Date(Date.parse(date) - DAY_MS).toISOString().slice(0, 10);

/** The last calendar date of a half-open period: the one before its end's, which belongs to what follows, and never before its first. */
export function lastDayOf({ start, end }: Term, timeZone: string): string {
  return [calendarDate(start, timeZone), dayBefore(calendarDate(end, timeZone))].sort()[1]!;
}

/** Whole months from one date to another, counted from the first so that month ends do not drift. */
function monthsBetween(from: string, to: string): number {
  const [a, b] = [new Date(from), new Date(to)];
  const apart = (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
  return monthsAfter(from, apart) > to ? apart - 1 : apart;
}

/**
 * The calendar month, YYYY-MM, that ended in a monthly term: by the date that its end was counted to from the anchor, in whatever zone
 * that was. `timeZone`: that of now, in which the end may lie a day beside it.
 */
export function monthEndedIn({ anchorDate, end }: { anchorDate: string; end: Date }, timeZone: string): string {
  const near = calendarDate(end, timeZone);
  const apart = monthsBetween(anchorDate, near);
  const distance = (date: string): number => Math.abs(daysBetween(date, near));
  const edges = [apart, apart + 1].map((months) => monthsAfter(anchorDate, months));
  const [edge] = edges.sort((a, b) => distance(a) - distance(b));
  return monthsAfter(`${edge!.slice(0, 7)}-01`, -1).slice(0, 7);
}

/** The same day `months` later, or the month's last where it has no such day. */
export function monthsAfter(date: string, months: number): string {
  const from = new Date(date);
  const month = from.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(from.getUTCFullYear(), month, Math.min(from.getUTCDate(), lastDay))).toISOString().slice(0, 10);
}
