import type { AdvicePolicy } from '../plans/policies';

/** One usage period as it ended, or as it stands. */
export interface PastPeriod {
  start: Date;
  end: Date;
  used: number;
  /** null = unlimited. */
  granted: number | null;
  /** Somebody was refused in it. */
  wasRefused: boolean;
}

/** The limit was hit: somebody was refused, or everything granted was used up. Without an allowance there is no limit to hit. */
export const isHit = ({ used, granted, wasRefused }: PastPeriod): boolean =>
  granted !== 0 && (wasRefused || (granted !== null && used >= granted));

/** How often the limit was hit in the last periods, the running one included, when that is often enough to advise a larger plan (TW-20). */
export function adviceOf(history: readonly PastPeriod[], { hits, periods }: AdvicePolicy): { hits: number; periods: number } | null {
  const count = history.slice(0, periods).filter(isHit).length;
  return count >= hits ? { hits: count, periods } : null;
}

/**
 * Those of the opened periods, newest first, that are among the last `count` by the calendar. Periods of one meter are about as
 * long as each other; half of one is more than they differ.
 */
export function withinReach<Period extends Pick<PastPeriod, 'start' | 'end'>>(
  opened: readonly Period[],
  count: number,
  at: Date,
): Period[] {
  const newest = opened[0];
  if (!newest) return [];
  const length = newest.end.getTime() - newest.start.getTime();
  const unopened = Math.max(0, Math.ceil((at.getTime() + 1 - newest.end.getTime()) / length));
  const reach = newest.start.getTime() - (count - unopened - 0.5) * length;
  return opened.filter(({ start }) => start.getTime() > reach);
}
