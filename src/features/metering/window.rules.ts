/**
 * The marketplace's base window: the included amount begins anew with every month, or every year, of the term. Not our usage period,
 * which has its own anchor. Source: metered billing for SaaS, "monthly base", "yearly base".
 */
export interface BaseWindow {
  start: Date;
  end: Date;
}

/** Where windows are counted from: the term's start as the marketplace names it, and their length in months. */
export interface WindowAnchor {
  termStart: Date;
  months: number;
}

const DAY_MS = 86_400_000;
/** Terms that are stated anew may differ by hours and still mean the same window. */
const APART_MS = 2 * DAY_MS;

/** The window that holds an instant. */
export function windowAt(anchor: WindowAnchor, at: Date): BaseWindow {
  const { termStart, months } = anchor;
  const apart = (at.getUTCFullYear() - termStart.getUTCFullYear()) * 12 + at.getUTCMonth() - termStart.getUTCMonth();
  let index = Math.floor(apart / months) - 1;
  while (startOf(anchor, index + 1) <= at) index += 1;
  return { start: startOf(anchor, index), end: startOf(anchor, index + 1) };
}

/** The next one begins where the last ended, without gap or overlap, and ends where the term as it is stated now lets it end. */
export const windowAfter = (before: BaseWindow, anchor: WindowAnchor): BaseWindow => ({
  start: before.end,
  end: windowAt(anchor, new Date(before.end.getTime() + APART_MS)).end,
});

/** A term that began anew inside a window ends it there, unless that part of it has been reported already. */
export function cutBy({ start, end }: BaseWindow, { termStart }: WindowAnchor, closedUntil: Date): BaseWindow {
  const isInside = termStart.getTime() > start.getTime() + APART_MS && termStart.getTime() < end.getTime() - APART_MS;
  return { start, end: isInside && termStart >= closedUntil ? termStart : end };
}

/** Always from the original day: 31 January, 28 February, 31 March. */
function startOf({ termStart, months }: WindowAnchor, index: number): Date {
  const month = termStart.getUTCMonth() + index * months;
  const year = termStart.getUTCFullYear();
  const day = Math.min(termStart.getUTCDate(), new Date(Date.UTC(year, month + 1, 0)).getUTCDate());
  return new Date(Date.UTC(year, month, day) + (termStart.getTime() % DAY_MS));
}
