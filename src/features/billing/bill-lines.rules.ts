import { LOCALES, type Locale } from '../../contract/common';
import de from '../../contract/locales/de/billing.json';
import en from '../../contract/locales/en/billing.json';
import it from '../../contract/locales/it/billing.json';
import { counted, dateInWords, fill, moneyInWords } from '../../platform/sentences';
import { calendarDate } from '../entitlements/periods.rules';
import type { Plan } from '../plans/plans';
import type { ChangePolicy, PriceItem, Words } from '../plans/policies';
import { prorate, refundOf } from './money.rules';
import { lastDayOf, type Term, type TermParts, termParts } from './term-parts.rules';

/** What a bill says of one thing, in words that stay as they were written. */
export interface BillLine {
  words: Words;
  /** How the amount came about. */
  formula: Words;
  quantity: number;
  /** Negative: in the customer's favor. */
  amountMinor: number;
  /** What it would have cost, of a line that is not charged yet. */
  unchargedMinor?: number;
}

/** What a price may be multiplied by, as it is when the bill is made. */
export interface Counts {
  activeTeams: number;
  activeMembers: number;
  fullLicenses: number;
}

type Per = PriceItem['per'];

/** So many of what `per` names are billed. */
export function unitsOf(per: Per, counts: Counts): number {
  return { subscription: 1, active_team: counts.activeTeams, active_member: counts.activeMembers, full_license: counts.fullLicenses }[per];
}

/** A period as a bill names it: half-open, and read in this zone. */
export interface BilledPeriod extends Term {
  timeZone: string;
}

/**
 * What a plan costs for a whole period at this price. Before the plan's transition charges (`chargeFrom`, HO-10) the line says
 * what it would cost and amounts to nothing. A price of 0 makes a line too: a bill of a free plan names it.
 */
export function linesFor(
  plan: Pick<Plan, 'name' | 'planId' | 'policies'>,
  price: Omit<PriceItem, 'term'>,
  counts: Counts,
  period: BilledPeriod,
  billedAt: Date,
): BillLine[] {
  const quantity = unitsOf(price.per, counts);
  const amountMinor = price.minor * quantity;
  const part = { plan, price, quantity };
  const words = periodWords('plan', plan, period, 'day');
  const formula = inEachLanguage((language) => unitFormula(part, language));
  const line = { words, formula, quantity, amountMinor };
  const until = unchargedUntil(plan, billedAt);
  return [until ? uncharged(line, price.currency, until, period.timeZone) : line];
}

/** The day of a plan's first charge while it is still to come; null: a bill of `billedAt` charges it. */
export function unchargedUntil({ policies: { transition } }: Pick<Plan, 'policies'>, billedAt: Date): Date | null {
  const chargeFrom = transition && new Date(transition.chargeFrom);
  return chargeFrom && chargeFrom > billedAt ? chargeFrom : null;
}

/** The line as one that says what it would cost. */
function uncharged(line: BillLine, currency: string, until: Date, timeZone: string): BillLine {
  const formula = inEachLanguage((language) => {
    const sum = moneyInWords(line.amountMinor, currency, language);
    const own = line.formula[language]!;
    const date = dateInWords(calendarDate(until, timeZone), language);
    return fill(TEXTS[language].formula.uncharged, { formula: own === sum ? own : `${own} = ${sum}`, date }, language);
  });
  return { ...line, formula, amountMinor: 0, unchargedMinor: line.amountMinor };
}

/** A plan at its price for a whole period, of which a part is billed. */
export interface PlanPart {
  plan: Pick<Plan, 'name' | 'planId'>;
  price: Omit<PriceItem, 'term'>;
  quantity: number;
  /** Of a part that is not charged yet (HO-10): since when it would be. */
  unchargedUntil?: Date | null;
}

type Division = Pick<ChangePolicy, 'proration' | 'basis'>;

/**
 * What each plan costs for its part of a period cut at these instants; one plan more than cuts. Together the rounded exact sum (G5).
 * A part without length, as of two changes on one day, makes no line, and neither does a part in which nothing was held (null).
 */
export function proratedLines(period: BilledPeriod, cuts: readonly Date[], parts: readonly (PlanPart | null)[], by: Division): BillLine[] {
  const { unit, total, lengths } = termParts(period, cuts, by, period.timeZone);
  const priceOf = (part: PlanPart | null): number => (part ? part.price.minor * part.quantity : 0);
  const segments = parts.map((part, index) => ({ priceMinor: part?.unchargedUntil ? 0 : priceOf(part), length: lengths[index]! }));
  const amounts = prorate(segments, total);
  const edges = [period.start, ...cuts, period.end];
  return parts.flatMap((part, index) => {
    const length = lengths[index]!;
    if (!part || length === 0) return [];
    const words = periodWords('plan', part.plan, { start: edges[index]!, end: edges[index + 1]!, timeZone: period.timeZone }, unit);
    const formula = inEachLanguage((language) =>
      fill(TEXTS[language].formula[unit], { base: unitFormula(part, language), length, total }, language),
    );
    const line = { words, formula, quantity: part.quantity, amountMinor: amounts[index]! };
    if (!part.unchargedUntil) return [line];
    const [wouldCost] = prorate([{ priceMinor: priceOf(part), length }], total);
    return [uncharged({ ...line, amountMinor: wouldCost! }, part.price.currency, part.unchargedUntil, period.timeZone)];
  });
}

/** What goes back of a period paid whole that ends early; the amount is negative or 0. */
export function refundLine(period: BilledPeriod, at: Date, part: PlanPart, by: Division): BillLine {
  const [used] = termParts(period, [at], by, period.timeZone).lengths;
  const { unit, total } = termParts(period, [], by, period.timeZone);
  const paid = part.price.minor * part.quantity;
  const { usedMinor, refundMinor } = refundOf(paid, used!, total);
  return {
    words: periodWords('refund', part.plan, { start: at, end: period.end, timeZone: period.timeZone }, 'day'),
    formula: inEachLanguage((language) =>
      fill(
        TEXTS[language].formula[`refund_${unit}`],
        {
          paid: moneyInWords(paid, part.price.currency, language),
          used: moneyInWords(usedMinor, part.price.currency, language),
          length: used,
          total,
        },
        language,
      ),
    ),
    quantity: 1,
    amountMinor: refundMinor === 0 ? 0 : -refundMinor,
  };
}

/** Takes off what the customer was billed for the same period before; null when that was nothing. */
export function billedLine(billedMinor: number): BillLine | null {
  if (billedMinor === 0) return null;
  return {
    words: inEachLanguage((language) => TEXTS[language].line.billed),
    formula: inEachLanguage((language) => TEXTS[language].formula.billed),
    quantity: 1,
    amountMinor: -billedMinor,
  };
}

export const sumOf = (lines: readonly Pick<BillLine, 'amountMinor'>[]): number => lines.reduce((sum, line) => sum + line.amountMinor, 0);

const TEXTS = { en, de, it };

const inEachLanguage = (say: (language: Locale) => string): Words =>
  Object.fromEntries(LOCALES.map((language) => [language, say(language)])) as Words;

/** A period in calendar dates, its last day included. */
function periodWords(
  key: 'plan' | 'refund',
  plan: PlanPart['plan'],
  { start, end, timeZone }: BilledPeriod,
  unit: TermParts['unit'],
): Words {
  const from = calendarDate(start, timeZone);
  const until = unit === 'day' ? lastDayOf({ start, end }, timeZone) : calendarDate(new Date(end.getTime() - 1), timeZone);
  return inEachLanguage((language) =>
    fill(
      TEXTS[language].line[key],
      {
        plan: plan.name[language] ?? plan.name.en ?? plan.planId,
        from: dateInWords(from, language),
        until: dateInWords(until, language),
      },
      language,
    ),
  );
}

function unitFormula({ price, quantity }: PlanPart, language: Locale): string {
  const said = { price: moneyInWords(price.minor, price.currency, language) };
  const texts = TEXTS[language].formula;
  return price.per === 'subscription' ? fill(texts.subscription, said, language) : counted(texts, price.per, quantity, language, said);
}
