import { atLeast, type Quantity } from './quantity.rules';

/** A part of a base window in which the same holds; it lasts until the next one begins. */
export interface Stretch {
  start: Date;
  /** Units used in the window before it began. */
  usedBefore: Quantity;
  /** null = unlimited. */
  included: Quantity | null;
  /** Whether use beyond the included amount is billed: the plan says so and the organization agreed. */
  isMetered: boolean;
}

/**
 * Overage of one window so far: used beyond included. Nothing is billed that was used before it was agreed to, or while more was
 * included; what was billed once stays covered when the plan or the included amount changes.
 */
export function overageOf(stretches: readonly Stretch[], used: Quantity): Quantity {
  return stretches.reduce((owed, { usedBefore, included, isMetered }, index) => {
    if (!isMetered || included === null) return owed;
    const until = stretches[index + 1]?.usedBefore ?? used;
    return owed + atLeast(0n, until - atLeast(included + owed, usedBefore));
  }, 0n);
}

const HOUR_MS = 3_600_000;
/** An act can be undone for so long: the hour is over when its last act cannot be any more. */
const UNDO_MS = 60_000;
/** The marketplace takes nothing older; what takes minutes to be sent is not begun. */
const SENDABLE_MS = 24 * HOUR_MS;
const MARGIN_MS = 10 * 60_000;

export const hourOf = (at: Date): Date => new Date(Math.floor(at.getTime() / HOUR_MS) * HOUR_MS);
export const hoursAfter = (at: Date, hours: number): Date => new Date(at.getTime() + hours * HOUR_MS);

/** End of the last hour that is over for good. */
export const closedAt = (at: Date): Date => hourOf(new Date(at.getTime() - UNDO_MS));
/** When the next one will be. */
export const nextClosing = (at: Date): Date => new Date(hoursAfter(closedAt(at), 1).getTime() + UNDO_MS);

/** Events from here on are still taken. */
export const sendableFrom = (at: Date): Date => new Date(at.getTime() - SENDABLE_MS + MARGIN_MS);
/** From here on nothing of a subscription that ended is taken. */
export const tooLateFrom = (endedAt: Date): Date => new Date(endedAt.getTime() + SENDABLE_MS);

/** The plan that an event names. */
export interface Billed {
  planId: string;
  dimension: string;
}

/** The end of a stretch within one hour and one plan: what was owed in all by then. */
export interface Point {
  at: Date;
  owed: Quantity;
  billed: Billed;
}

export interface NewReport extends Billed {
  hour: Date;
  quantity: Quantity;
  /** Holds units of earlier hours. */
  isCarried: boolean;
}

/** The instants at which reports are drawn up: every end of an hour, and every change of the plan. */
export function instantsBetween(from: Date, until: Date, cuts: readonly Date[]): Date[] {
  const instants = cuts.filter((cut) => cut > from && cut < until);
  for (let end = hoursAfter(hourOf(from), 1); end <= until; end = hoursAfter(end, 1)) instants.push(end);
  return [...new Set(instants.map(Number))].sort((a, b) => a - b).map((at) => new Date(at));
}

/**
 * The reports that hours call for: due = owed − told, of which told is what was accepted or is on its way. What a point cannot tell,
 * because it is too old or its hour has told already, the next one does: nothing is dropped.
 */
export function reportsFor(
  points: readonly Point[],
  {
    owedBefore,
    told,
    sendableFrom: oldest,
    taken = [],
  }: { owedBefore: Quantity; told: Quantity; sendableFrom: Date; taken?: readonly string[] },
): NewReport[] {
  const reports: NewReport[] = [];
  const keys = new Set(taken);
  let before = owedBefore;
  let sum = told;
  for (const { at, owed, billed } of points) {
    const hour = hourOf(new Date(at.getTime() - 1));
    const key = keyOf(billed, hour);
    if (owed > sum && hour >= oldest && !keys.has(key)) {
      reports.push({ ...billed, hour, quantity: owed - sum, isCarried: before > sum });
      keys.add(key);
      sum = owed;
    }
    before = owed;
  }
  return reports;
}

/** The marketplace takes one event of each, and drops every other. */
export const keyOf = ({ planId, dimension }: Billed, hour: Date): string => `${planId} ${dimension} ${hour.toISOString()}`;

/** The latest hour, from `last` back, that has told nothing yet and is still taken; null: there is none. */
export function freeHour(
  last: Date,
  billed: Billed,
  { sendableFrom: oldest, taken }: { sendableFrom: Date; taken: readonly string[] },
): Date | null {
  for (let hour = hourOf(last); hour >= oldest; hour = hoursAfter(hour, -1)) if (!taken.includes(keyOf(billed, hour))) return hour;
  return null;
}
