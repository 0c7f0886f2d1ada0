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

/** From the first to the last, both included, newest first. */
export function monthsDown(first: string, last: string): string[] {
  const months: string[] = [];
  for (let month = last; month >= first; month = before(month)) months.push(month);
  return months;
}

function before(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return number === 1 ? `${String(year - 1).padStart(4, '0')}-12` : `${month.slice(0, 4)}-${String(number - 1).padStart(2, '0')}`;
}
