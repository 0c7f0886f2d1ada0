import { largestRemainder } from '../billing/money.rules';
import type { ResourceKind, TrimRule } from '../plans/policies';

/** What a smaller plan does to the settings-like items of an organization. Business records are none of these: they freeze (G8). */

/** An item that is in use. */
export interface TrimItem {
  id: string;
  kind: string;
  parentId: string | null;
  createdAt: Date;
  activatedAt: Date;
  /** By the name of the measure. */
  amounts: Readonly<Record<string, number>>;
  attachedTo: string | null;
}

export interface TrimQuestion {
  items: readonly TrimItem[];
  /** Of the plan to come; null = unlimited, absent = not part of it. */
  limits: ReadonlyMap<string, number | null>;
  kinds: Readonly<Record<string, ResourceKind>>;
  rules: readonly TrimRule[];
  /** Ids that the customer would rather keep. */
  kept?: ReadonlySet<string>;
  /** Whether the customer agreed to what cannot be undone; otherwise it freezes. */
  mayRemove: boolean;
}

/** What happens to one item. `meter`: the kind or measure whose limit asks for it. */
export type TrimStep = { meter: string; subject: string } & (
  | { action: 'cut'; because: 'limit' | 'parent' }
  | { action: 'scale' | 'cap'; before: number; after: number }
  | { action: 'detach'; from: string }
  | { action: 'remove' }
);

/** All but what is removed can be brought back once a larger plan has room. */
export const isReversible = ({ action }: Pick<TrimStep, 'action'>): boolean => action !== 'remove';

/**
 * What of the items does not fit, rule by rule and parents before children: an item that goes takes those below it along
 * before they are counted (CH-22). The same question has one answer; what it leaves asks for nothing more (CH-12, CH-14).
 */
export function planTrim(question: TrimQuestion): TrimStep[] {
  const { kinds, rules, mayRemove } = question;
  const steps: TrimStep[] = [];
  let { items } = question;
  for (const rule of [...rules].sort((a, b) => depthOf(a.of, kinds) - depthOf(b.of, kinds))) {
    if (rule.rule === 'remove' && !mayRemove) continue;
    const found = stepsOf(rule, { ...question, items });
    steps.push(...found);
    items = afterSteps(items, found);
  }
  return steps;
}

/** The items once the steps are taken. */
export function afterSteps(items: readonly TrimItem[], steps: readonly TrimStep[]): TrimItem[] {
  const stepsFor = groupedBy(steps, ({ subject }) => subject);
  return items.flatMap((item) => {
    const own = stepsFor.get(item.id) ?? [];
    return own.some(({ action }) => action === 'cut' || action === 'remove') ? [] : [own.reduce(changedBy, item)];
  });
}

function changedBy(item: TrimItem, step: TrimStep): TrimItem {
  if (step.action === 'detach') return { ...item, attachedTo: null };
  return step.action === 'scale' || step.action === 'cap' ? { ...item, amounts: { ...item.amounts, [step.meter]: step.after } } : item;
}

/** Kinds and measures of which there is more than their limit: nothing new of these until there is room again. */
export function excessOf({
  items,
  limits,
  kinds,
  rules,
}: Omit<TrimQuestion, 'mayRemove'>): { meter: string; held: number; limit: number }[] {
  return Object.keys(kinds)
    .sort()
    .flatMap((meter) => {
      const limit = limitOf(limits, meter);
      const held = heldOf(meter, items, kinds, rules);
      return limit !== null && held > limit ? [{ meter, held, limit }] : [];
    });
}

/** What a limit is compared with: the sum of a total, the largest of an each, the attached ones where a plan detaches, else the number. */
function heldOf(meter: string, items: readonly TrimItem[], kinds: TrimQuestion['kinds'], rules: readonly TrimRule[]): number {
  const measure = kinds[meter]?.measure;
  if (measure?.as === 'each') return Math.max(0, ...amountsOf(items, meter));
  if (measure) return amountsOf(items, meter).reduce((sum, amount) => sum + amount, 0);
  const own = items.filter(({ kind }) => kind === meter);
  return rules.some((one) => one.of === meter && one.rule === 'detach') ? own.filter(isAttached).length : own.length;
}

const isAttached = ({ attachedTo }: TrimItem): boolean => attachedTo !== null;
const amountsOf = (items: readonly TrimItem[], measure: string): number[] => items.map(({ amounts }) => amounts[measure] ?? 0);
const limitOf = (limits: TrimQuestion['limits'], meter: string): number | null => {
  const limit = limits.get(meter);
  return limit === undefined ? 0 : limit;
};

function stepsOf(rule: TrimRule, question: TrimQuestion): TrimStep[] {
  const { items } = question;
  const limit = limitOf(question.limits, rule.of);
  if (limit === null) return [];
  const own = items.filter(({ kind }) => kind === rule.of);
  const measured = items.filter(({ amounts }) => (amounts[rule.of] ?? 0) > 0).sort(older);
  const beyond = (ranked: (a: TrimItem, b: TrimItem) => number, among = own) => [...among].sort(preferred(question, ranked)).slice(limit);
  switch (rule.rule) {
    case 'freeze':
      return [];
    case 'keep_top_by':
      return beyond(rule.by === 'children' ? moreChildren(items) : laterActivated).flatMap((item) => cut(item, rule.of, items));
    case 'cut_newest_by':
      return beyond((a, b) => laterActivated(b, a)).flatMap((item) => cut(item, rule.of, items));
    case 'scale_proportionally':
      return scale(measured, rule.of, limit);
    case 'cap_at':
      return measured.flatMap((item) => changed('cap', rule.of, item, Math.min(item.amounts[rule.of]!, limit)));
    case 'detach':
      return beyond(older, own.filter(isAttached)).map(({ id, attachedTo }) => ({
        meter: rule.of,
        subject: id,
        action: 'detach',
        from: attachedTo!,
      }));
    case 'remove':
      return beyond(older).flatMap((item) => removal(item, rule.of, items));
  }
}

/** The item and whatever hangs below it. */
function cut({ id }: TrimItem, meter: string, items: readonly TrimItem[]): TrimStep[] {
  const hanging = below(id, items).map((child) => ({ meter, subject: child.id, action: 'cut', because: 'parent' }) as const);
  return [{ meter, subject: id, action: 'cut', because: 'limit' }, ...hanging];
}

/** What hangs below it goes for good with it: nothing that is gone can be brought back, and none goes unnamed (CH-19). */
const removal = (item: TrimItem, meter: string, items: readonly TrimItem[]): TrimStep[] =>
  [item, ...below(item.id, items)].map(({ id }) => ({ meter, subject: id, action: 'remove' }));

function below(id: string, items: readonly TrimItem[]): TrimItem[] {
  return items
    .filter(({ parentId }) => parentId === id)
    .sort(older)
    .flatMap((child) => [child, ...below(child.id, items)]);
}

/** To a smaller sum in the same proportions; what rounding leaves goes to the largest remainders, among equal ones to the older. */
function scale(items: readonly TrimItem[], measure: string, limit: number): TrimStep[] {
  const weights = amountsOf(items, measure);
  if (weights.reduce((sum, weight) => sum + weight, 0) <= limit) return [];
  const shares = largestRemainder(weights, limit);
  return items.flatMap((item, index) => changed('scale', measure, item, shares[index]!));
}

function changed(action: 'scale' | 'cap', measure: string, { id, amounts }: TrimItem, after: number): TrimStep[] {
  const before = amounts[measure]!;
  return before === after ? [] : [{ meter: measure, subject: id, action, before, after }];
}

/** What the customer chose stays before the rule is asked; ties go to the older, then to the smaller id. */
const preferred =
  ({ kept }: TrimQuestion, ranked: (a: TrimItem, b: TrimItem) => number) =>
  (a: TrimItem, b: TrimItem): number =>
    Number(kept?.has(b.id) ?? false) - Number(kept?.has(a.id) ?? false) || ranked(a, b) || older(a, b);

function moreChildren(items: readonly TrimItem[]): (a: TrimItem, b: TrimItem) => number {
  const children = groupedBy(items, ({ parentId }) => parentId);
  return (a, b) => (children.get(b.id)?.length ?? 0) - (children.get(a.id)?.length ?? 0);
}

const laterActivated = (a: TrimItem, b: TrimItem): number => b.activatedAt.getTime() - a.activatedAt.getTime();
const older = (a: TrimItem, b: TrimItem): number =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id));

function groupedBy<Key, Value>(values: readonly Value[], keyOf: (value: Value) => Key): Map<Key, Value[]> {
  const groups = new Map<Key, Value[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}

/** Kinds below their parent, measures between what they measure and what hangs below that. */
function depthOf(meter: string, kinds: TrimQuestion['kinds']): number {
  const kind = kinds[meter];
  if (kind?.measure) return depthOf(kind.measure.of, kinds) + 0.5;
  return kind?.parent ? depthOf(kind.parent, kinds) + 1 : 0;
}
