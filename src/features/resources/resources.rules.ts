import type { Refusal } from '../../contract/refusals';
import { ok, type Result, refuse } from '../../platform/result';
import type { ResourceKind } from '../plans/policies';

export type Kinds = Readonly<Record<string, ResourceKind>>;
export type Amounts = Readonly<Record<string, number>>;

/** What limits an item and its amounts now; null = unlimited. */
export interface Room {
  limitOf(meter: string): number | null;
  /** What all other items hold of a total. */
  heldOf(measure: string): number;
}

interface Place {
  kind: string;
  archivedAt: Date | null;
}

/** Whether an item of this kind may stand there: in the plan at all, and below an item of the kind's parent that is in use. */
export function checkPlace(kind: string, parent: Place | null, hasParent: boolean, kinds: Kinds, room: Room): Result<true, Refusal> {
  const known = kinds[kind];
  if (!known || known.measure) return refuse({ code: 'resource_kind_unknown', kind });
  if (room.limitOf(kind) === 0) return refuse({ code: 'resource_not_in_plan', kind });
  if (hasParent ? parent?.kind !== known.parent : known.parent !== null)
    return refuse({ code: 'resource_parent_wrong', kind, parentKind: known.parent });
  return parent?.archivedAt ? refuse({ code: 'resource_not_active' }) : ok(true);
}

/** Whether an item may have these amounts: below the ceiling of each, and within what is left of each total. */
export function checkAmounts(kind: string, amounts: Amounts, kinds: Kinds, room: Room): Result<true, Refusal> {
  for (const [measure, requested] of Object.entries(amounts)) {
    const of = kinds[measure]?.measure;
    if (of?.of !== kind) return refuse({ code: 'resource_kind_unknown', kind: measure });
    const limit = room.limitOf(measure);
    const held = of.as === 'total' ? room.heldOf(measure) : 0;
    if (limit !== null && requested > 0 && held + requested > limit)
      return refuse({ code: 'amount_exceeded', measure, limit, held, requested });
  }
  return ok(true);
}

/** The amounts that a sum of the plan limits. */
export function totalsOf(amounts: Amounts, kinds: Kinds): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([measure, amount]) => amount > 0 && kinds[measure]?.measure?.as === 'total'));
}

/** Amounts with others in their place; an amount of 0 is none. */
export function withAmounts(before: Amounts, changes: Amounts): Amounts {
  return Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, amount]) => amount > 0));
}
