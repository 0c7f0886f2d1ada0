/** The days a term covers. `next` is the midnight its successor begins; `lastDay` the midnight its last valid day begins. */
export interface Term {
  start: Date;
  lastDay: Date;
  next: Date;
}

const DAY_MS = 86_400_000;

/**
 * The `index`-th term (0 is the first) after a subscription's activation, in UTC days. Every term is counted from the
 * activation, so a subscription begun on the 31st returns to the 31st after a shorter month. `unit` is P<n>M or P<n>Y.
 */
export function termOf(activatedAt: Date, unit: string, index: number): Term {
  const [, count = '1', kind = 'M'] = /^P(\d+)([MY])$/.exec(unit) ?? [];
  const months = Number(count) * (kind === 'Y' ? 12 : 1);
  const start = monthsAfter(activatedAt, months * index);
  const next = monthsAfter(activatedAt, months * (index + 1));
  return { start, lastDay: new Date(next.getTime() - DAY_MS), next };
}

export function daysAfter(at: Date, days: number): Date {
  return new Date(at.getTime() + days * DAY_MS);
}

function monthsAfter(at: Date, months: number): Date {
  const year = at.getUTCFullYear();
  const month = at.getUTCMonth() + months;
  const lastDayOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(at.getUTCDate(), lastDayOfMonth)));
}
