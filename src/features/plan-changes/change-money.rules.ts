import {
  type BilledPeriod,
  type BillLine,
  billedLine,
  type Counts,
  linesFor,
  type PlanPart,
  proratedLines,
  refundLine,
  unchargedUntil,
  unitsOf,
} from '../billing/bill-lines.rules';
import { isInArrears } from '../billing/mode.rules';
import type { HeldPlan } from '../billing/plans-held';
import type { Term } from '../billing/term-parts.rules';
import type { Plan } from '../plans/plans';
import type { PriceItem } from '../plans/policies';
import { type Decision, priceFor } from './change.rules';

export interface Money {
  currency: string;
  lines: BillLine[];
  /** What goes back of earlier bills. */
  refunds: BillLine[];
  period: Term;
  /** Somebody else bills, or it is counted when the term is over. */
  isEstimate: boolean;
}

/** As a change keeps it. */
export type StoredMoney = Omit<Money, 'period'> & { periodStart: string; periodEnd: string };

/** A plan that was paid for during a term, and since when. */
export interface Stretch {
  plan: Plan;
  quantity: number | null;
  since: Date;
  /** It has a bill of its own. */
  isBilled?: boolean;
}

export interface MoneyQuestion {
  decision: Decision;
  source: 'marketplace' | 'direct';
  /** What was held in the running term, oldest first; the last is the plan held now. */
  stretches: readonly Stretch[];
  heldTerm: string | null;
  /** The running term, and the one that begins with the change or after it. */
  term: Term;
  next: Term;
  /** Where the running term would end were it a whole one, should it have been cut. */
  wholeEnd?: Date | null;
  /** What was billed for the running term so far. */
  billedMinor: number;
  counts: Counts;
  timeZone: string;
  at: Date;
}

/** What a change costs, as lines that sum to the cent (G5); null: it costs nothing by itself. */
export function moneyOf(question: MoneyQuestion): Money | null {
  const { decision, source, next, at } = question;
  const price = priceFor(decision.to, decision.term)!;
  const common = { currency: price.currency, isEstimate: source === 'marketplace' || isInArrears(price) };
  if (decision.effective === 'period_end') return { ...common, ...fullTerm(question, price, next, next.start), refunds: [] };
  if (decision.restarts) return { ...common, ...fullTerm(question, price, next, at), refunds: refundsOf(question) };
  const { proration } = heldPlan(question).policies.change;
  return proration === 'days' || proration === 'seconds' ? { ...common, ...sharedTerm(question, price), refunds: [] } : null;
}

const heldPlan = ({ stretches }: Pick<MoneyQuestion, 'stretches'>): Plan => stretches.at(-1)!.plan;

function fullTerm({ decision, counts, timeZone }: MoneyQuestion, price: PriceItem, term: Term, billedAt: Date) {
  const own = { ...counts, fullLicenses: decision.quantity ?? 0 };
  return { lines: linesFor(decision.to, price, own, { ...term, timeZone }, billedAt), period: term };
}

/** The unused rest of what was paid for the running term (CH-03); a plan that gives nothing back keeps it. */
function refundsOf({ decision, stretches, heldTerm, term, billedMinor, timeZone, at }: MoneyQuestion): BillLine[] {
  const { plan } = stretches.at(-1)!;
  const { change } = plan.policies;
  const price = priceFor(plan, heldTerm);
  const givesBack = change.proration !== 'none' || decision.term !== heldTerm;
  if (!price || !givesBack || billedMinor <= 0) return [];
  const paid: PlanPart = { plan, price: { ...price, minor: billedMinor, per: 'subscription' }, quantity: 1 };
  return [
    refundLine({ ...term, timeZone }, at, paid, { proration: change.proration === 'seconds' ? 'seconds' : 'days', basis: change.basis }),
  ];
}

/** The running term divided between the plans held in it and the new one; what was billed for it is taken off. */
function sharedTerm(question: MoneyQuestion, price: PriceItem) {
  const { decision, source, stretches, term, wholeEnd, billedMinor, timeZone, at } = question;
  const after = { plan: decision.to, quantity: decision.quantity, since: at };
  const whole = { start: term.start, end: wholeEnd ?? term.end, timeZone };
  const { lines } = dividedTerm({ ...question, billedAt: term.end }, [...stretches, after], whole, wholeEnd ? term.end : null);
  const billed = source === 'direct' && !isInArrears(price) ? billedLine(billedMinor) : null;
  return { lines: billed ? [...lines, billed] : lines, period: term };
}

/**
 * What each plan held in a term costs for its part of it, by the rule of the first; nothing from `endedAt` on. `ofCounted`: only
 * plans that are billed afterwards; what the others cost was billed ahead. `billedAt`: when what is counted is billed; a price paid
 * ahead was billed, or not charged yet (HO-10), as its part began.
 */
export function dividedTerm(
  { heldTerm, counts, billedAt, ofCounted = false }: Pick<MoneyQuestion, 'heldTerm' | 'counts'> & { billedAt: Date; ofCounted?: boolean },
  stretches: readonly Stretch[],
  period: BilledPeriod,
  endedAt: Date | null = null,
): { lines: BillLine[] } {
  const held = stretches.flatMap(({ plan, quantity, since, isBilled }): { part: PlanPart | null; since: Date }[] => {
    const price = priceFor(plan, heldTerm);
    if (isBilled || (ofCounted && !(price && isInArrears(price)))) return [{ part: null, since }];
    if (!price) return [];
    const units = unitsOf(price.per, { ...counts, fullLicenses: quantity ?? 0 });
    const until = unchargedUntil(plan, isInArrears(price) ? billedAt : since);
    return [{ part: { plan, price, quantity: units, unchargedUntil: until }, since }];
  });
  const parts = held.map(({ part }) => part);
  const { proration, basis } = stretches[0]!.plan.policies.change;
  const cuts = [...held.slice(1).map(({ since }) => since), ...(endedAt ? [endedAt] : [])];
  const by = { proration: proration === 'seconds' ? 'seconds' : 'days', basis } as const;
  return { lines: proratedLines(period, cuts, endedAt ? [...parts, null] : parts, by) };
}

/** Whether a plan held so is billed by the month, for what was counted in it. */
export function isCountedMonthly(plan: Plan, termUnit: string | null): boolean {
  const price = termUnit === 'P1M' ? priceFor(plan, termUnit) : null;
  return price !== null && isInArrears(price);
}

/**
 * Since when what is billed at `end` has been counted by the month; null: since the contract began. That one's first month is billed
 * whole, for the days that its last one is not (EC-13: a month's bill is its list of people).
 */
export function countedSince(held: readonly Pick<HeldPlan, 'plan' | 'termUnit' | 'since'>[], end: Date): Date | null {
  const before = held.filter(({ since }) => since < end);
  const other = before.findLastIndex(({ plan, termUnit }) => !isCountedMonthly(plan, termUnit));
  return other < 0 ? null : (before[other + 1]?.since ?? null);
}

/** What was held before it was counted by the month has its own bill: no day is billed twice. */
export const heldSince = (stretches: readonly Stretch[], begun: Date | null): readonly Stretch[] =>
  stretches.map((one, index) => {
    const next = stretches[index + 1];
    return begun && next && next.since <= begun ? { ...one, isBilled: true } : one;
  });

export const storedMoney = ({ period, ...money }: Money): StoredMoney => ({
  ...money,
  periodStart: period.start.toISOString(),
  periodEnd: period.end.toISOString(),
});
