/**
 * Usage periods: half-open, computed from the tenant's original anchor, never reset by a job (G4).
 * start(0) = activation; start(k) = local midnight of the anchor day k steps later, clamped to the month's end.
 */
export interface UsageAnchor {
  /** Instant of the tenant's activation. */
  startedAt: Date;
  /** Calendar date of the anchor, YYYY-MM-DD. */
  date: string;
  /** IANA time zone whose midnights divide the periods. */
  timeZone: string;
}

export interface UsagePeriod {
  start: Date;
  end: Date;
}

/** The one period of a limit on what is held now: it never begins anew. */
export const ALWAYS: UsagePeriod = { start: new Date(-8.64e15), end: new Date(8.64e15) };

/** The one period that holds `at`; an instant before the activation belongs to the first. `step` in months. */
export function usagePeriodAt(anchor: UsageAnchor, at: Date, step = 1): UsagePeriod {
  const [year, month] = parts(anchor.date);
  const monthsApart = (at.getUTCFullYear() - year) * 12 + (at.getUTCMonth() - (month - 1));
  let index = Math.max(0, Math.floor(monthsApart / step) - 1);
  while (startOf(anchor, index + 1, step) <= later(at, anchor.startedAt)) index += 1;
  return { start: startOf(anchor, index, step), end: startOf(anchor, index + 1, step) };
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);

/** Start of period `index`. A boundary not after the activation would divide nothing and counts as the activation. */
function startOf(anchor: UsageAnchor, index: number, step: number): Date {
  if (index === 0) return anchor.startedAt;
  const [year, month, day] = parts(anchor.date);
  const months = month - 1 + index * step;
  const lastDay = new Date(Date.UTC(year, months + 1, 0)).getUTCDate();
  const start = localMidnight(Date.UTC(year, months, Math.min(day, lastDay)), anchor.timeZone);
  return later(start, anchor.startedAt);
}

function parts(date: string): [number, number, number] {
  const [year, month, day] = date.split('-').map(Number);
  return [year!, month!, day!];
}

const DAY = 86_400_000;

/** The instant of 00:00 of a calendar day. A missing local time moves forward by the gap, a doubled one takes the first. */
export function localMidnight(utcMidnight: number, timeZone: string): Date {
  const before = offsetAt(utcMidnight - DAY, timeZone);
  const after = offsetAt(utcMidnight + DAY, timeZone);
  const real = [before, after]
    .filter((offset) => offsetAt(utcMidnight - offset, timeZone) === offset)
    .map((offset) => utcMidnight - offset);
  return new Date(real.length > 0 ? Math.min(...real) : utcMidnight - before);
}

/** The calendar date of an instant in a zone, YYYY-MM-DD. */
export function calendarDate(at: Date, timeZone: string): string {
  return new Date(at.getTime() + offsetAt(at.getTime(), timeZone)).toISOString().slice(0, 10);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Local time minus UTC, in milliseconds. */
function offsetAt(instant: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const field = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(field.year!, field.month! - 1, field.day!, field.hour!, field.minute!, field.second!);
  return local - Math.floor(instant / 1000) * 1000;
}

/** Whether the runtime knows this IANA zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
