/**
 * How long a meter lasts. The use of the last four weeks, seven days each counted back from now, is taken week by week: the
 * median week is the pace, the busiest and the quietest are the band. One unusual day or week moves the band, not the pace. Under
 * seven days of data nothing is said.
 */
export interface PaceData {
  /** Units used in each whole week of data, the latest first; at most four. */
  weeks: readonly number[];
  /** null = unlimited. */
  remaining: number | null;
  at: Date;
  /** When counting starts anew; null: never. */
  resetsAt: Date | null;
}

export interface Outlook {
  state: 'too_early' | 'unlimited' | 'lasts' | 'runs_out' | 'exhausted';
  /** Units a day at the pace of the median week. */
  perDay: number | null;
  /** When it runs out: at the earliest, likely, and at the latest. null: not before counting starts anew, or not within ten years. */
  from: Date | null;
  likely: Date | null;
  until: Date | null;
}

const DAY = 86_400_000;
/** With a single week there is no other to compare with: a quarter more or less. */
const ALONE = 0.25;
const OUT_OF_SIGHT_DAYS = 3650;

export function outlookOf({ weeks, remaining, at, resetsAt }: PaceData): Outlook {
  const nothing = { perDay: null, from: null, likely: null, until: null };
  if (remaining === null) return { state: 'unlimited', ...nothing };
  if (remaining === 0) return { state: 'exhausted', ...nothing };
  if (weeks.length === 0) return { state: 'too_early', ...nothing };
  const sorted = weeks.map((used) => Math.max(0, used)).sort((a, b) => a - b);
  const pace = median(sorted) / 7;
  const isAlone = sorted.length === 1;
  const fast = isAlone ? pace * (1 + ALONE) : sorted.at(-1)! / 7;
  const slow = isAlone ? pace * (1 - ALONE) : sorted[0]! / 7;
  const runsOut = (perDay: number): Date | null => {
    const days = remaining / perDay;
    if (days > OUT_OF_SIGHT_DAYS) return null;
    const end = new Date(at.getTime() + Math.round(days * DAY));
    return resetsAt !== null && end >= resetsAt ? null : end;
  };
  const likely = runsOut(pace);
  return { state: likely ? 'runs_out' : 'lasts', perDay: pace, from: runsOut(fast), likely, until: runsOut(slow) };
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const WEEK_MS = 7 * DAY;
export const MOST_WEEKS = 4;

/** The edges of the whole weeks that there is data for, the latest first: one more than there are weeks. */
export function weekEdges(at: Date, since: Date): Date[] {
  const weeks = Math.min(MOST_WEEKS, Math.floor((at.getTime() - since.getTime()) / WEEK_MS));
  return Array.from({ length: Math.max(0, weeks) + 1 }, (_, index) => new Date(at.getTime() - index * WEEK_MS));
}
