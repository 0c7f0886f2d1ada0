import type { Excess, TrimmedItem } from '../../contract/plan-changes';
import type { Term } from '../billing/term-parts.rules';
import type { Plan } from '../plans/plans';
import type { ResourceKind } from '../plans/policies';
import { type Decision, limitUnsaid } from './change.rules';
import { type Money, type MoneyQuestion, moneyOf } from './change-money.rules';
import { afterSteps, excessOf, isReversible, planTrim, type TrimItem, type TrimStep } from './trim.rules';

/** An item with what people call it. */
export type NamedItem = TrimItem & { name: string };

/** What an organization holds and has used, as far as a change touches it. */
export interface Holdings {
  items: readonly NamedItem[];
  /** Of every meter that was ever granted; `isPeriodic` ones begin anew by themselves. */
  used: readonly { meter: string; used: number; isPeriodic: boolean }[];
}

export interface OutcomeQuestion {
  decision: Decision;
  /** All plans that are held, before and after. */
  before: readonly Plan[];
  after: readonly Plan[];
  limitsBefore: ReadonlyMap<string, number | null>;
  limitsAfter: ReadonlyMap<string, number | null>;
  holdings: Holdings;
  /** null: the subscription was never activated, so nothing is paid. */
  money: MoneyQuestion | null;
  kept: ReadonlySet<string>;
  mayRemove: boolean;
  at: Date;
}

/** What a change does: the one answer behind preview, rehearsal, order and reminder. */
export interface Outcome {
  effectiveAt: Date;
  money: Money | null;
  limits: { meter: string; before: number | null; after: number | null }[];
  exceeds: Excess[];
  steps: TrimStep[];
  /** What is too much even after the steps. */
  frozen: Excess[];
  /** Every item as it will be, in words. */
  items: TrimmedItem[];
}

export function outcomeOf(question: OutcomeQuestion): Outcome {
  const { decision, after, holdings, limitsAfter, money, kept, mayRemove, at } = question;
  const trim = {
    items: holdings.items,
    limits: limitsAfter,
    kinds: kindsOf([...question.before, ...after]),
    rules: rulesOf(after),
    kept,
    mayRemove,
  };
  const steps = planTrim(trim);
  const others = excessOfMeters(question, Object.keys(trim.kinds));
  const frozen = [...others, ...excessOf({ ...trim, items: afterSteps(trim.items, steps) })];
  return {
    effectiveAt: effectiveAt(decision, money?.term ?? null, at),
    money: money && moneyOf(money),
    limits: limitsOf(question),
    exceeds: [...others, ...excessOf(trim)],
    steps,
    frozen,
    items: holdings.items.map((item) => told(item, steps, frozen)),
  };
}

const effectiveAt = ({ effective }: Decision, term: Term | null, at: Date): Date => (effective === 'period_end' && term ? term.end : at);

/** The kinds of items that any of the plans speaks of. */
export const kindsOf = (plans: readonly Plan[]): Record<string, ResourceKind> =>
  Object.assign({}, ...plans.map(({ resources }) => resources));

/** The base plan says what happens to what is too much, whatever stands beside it. */
export const rulesOf = (plans: readonly Plan[]): Plan['policies']['trim'] => plans.find(({ role }) => role === 'base')?.policies.trim ?? [];

function limitsOf({ limitsBefore, limitsAfter }: OutcomeQuestion): Outcome['limits'] {
  const meters = [...new Set([...limitsBefore.keys(), ...limitsAfter.keys()])].sort();
  return meters.map((meter) => ({ meter, before: limitIn(limitsBefore, meter), after: limitIn(limitsAfter, meter) }));
}

const limitIn = (limits: ReadonlyMap<string, number | null>, meter: string): number | null => {
  const limit = limits.get(meter);
  return limit === undefined ? limitUnsaid(meter) : limit;
};

/** What is not made of items: quotas while their period runs, teams, people. */
function excessOfMeters({ decision, holdings, limitsAfter }: OutcomeQuestion, kinds: readonly string[]): Excess[] {
  return holdings.used.flatMap(({ meter, used, isPeriodic }) => {
    const limit = limitIn(limitsAfter, meter);
    const isAbout = !kinds.includes(meter) && !(isPeriodic && decision.effective === 'period_end');
    return isAbout && limit !== null && used > limit ? [{ meter, held: used, limit }] : [];
  });
}

const RESULTS = { cut: 'cut', scale: 'scaled', cap: 'capped', detach: 'detached', remove: 'removed' } as const;
/** Of several things that happen to one item, the gravest is told. */
const GRAVEST: readonly TrimStep['action'][] = ['remove', 'cut', 'detach', 'scale', 'cap'];

function told({ id, kind, name }: NamedItem, steps: readonly TrimStep[], frozen: readonly Excess[]): TrimmedItem {
  const own = steps.filter(({ subject }) => subject === id);
  const [step] = own.sort((a, b) => GRAVEST.indexOf(a.action) - GRAVEST.indexOf(b.action));
  if (step) return { id, kind, name, ...tellStep(step) };
  const isFrozen = frozen.some(({ meter }) => meter === kind);
  return {
    id,
    kind,
    name,
    result: isFrozen ? 'frozen' : 'kept',
    meter: isFrozen ? kind : null,
    before: null,
    after: null,
    reversible: true,
  };
}

export const tellStep = (step: TrimStep): Omit<TrimmedItem, 'id' | 'kind' | 'name'> => ({
  result: RESULTS[step.action],
  meter: step.meter,
  before: 'before' in step ? step.before : null,
  after: 'after' in step ? step.after : null,
  reversible: isReversible(step),
});
