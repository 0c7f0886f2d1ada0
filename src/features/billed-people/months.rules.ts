import { calendarDate, localMidnight } from '../entitlements/periods.rules';

/** A billing month: a calendar month of the organization's zone, half-open. */
export interface MonthSpan {
  start: Date;
  end: Date;
}

/** YYYY-MM of an instant in a zone. */
export const monthAt = (at: Date, timeZone: string): string => calendarDate(at, timeZone).slice(0, 7);

export function spanOf(month: string, timeZone: string): MonthSpan {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return { start: localMidnight(Date.UTC(year, number - 1, 1), timeZone), end: localMidnight(Date.UTC(year, number, 1), timeZone) };
}

export const isOver = (month: string, timeZone: string, at: Date): boolean => at >= spanOf(month, timeZone).end;

/**
 * A month beside those that are frozen: it begins where the one before ended and ends where the one after began, in whatever zone
 * they were cut, so that no instant is in two of them or in none.
 */
export const besideFrozen = ({ start, end }: MonthSpan, { before, after }: { before: Date | null; after: Date | null }): MonthSpan => ({
  start: before ?? start,
  end: after ?? end,
});

/** From the first to the last, both included, newest first. */
export function monthsDown(first: string, last: string): string[] {
  const months: string[] = [];
  for (let month = last; month >= first; month = monthBefore(month)) months.push(month);
  return months;
}

export function monthBefore(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return number === 1 ? named(year - 1, 12) : named(year, number - 1);
}

export function monthAfter(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return number === 12 ? named(year + 1, 1) : named(year, number + 1);
}

const named = (year: number, number: number): string => `${String(year).padStart(4, '0')}-${String(number).padStart(2, '0')}`;
