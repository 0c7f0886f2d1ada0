import type { Plan, PlanItem } from './plans';

export interface AmountDifference {
  entitlement: string;
  /** Units; null = unlimited; 0 = not part of the plan. */
  from: number | null;
  to: number | null;
}

/** What two plans grant differently, in the order of the plan that is looked at; what only the other has comes last. */
export function amountDifferences(from: Pick<Plan, 'items'>, to: Pick<Plan, 'items'>): AmountDifference[] {
  const amountIn = (items: readonly PlanItem[], name: string): number | null =>
    items.filter(({ entitlement }) => entitlement === name).reduce<number | null>((_, { amount }) => amount, 0);
  const names = [...new Set([...to.items, ...from.items].map(({ entitlement }) => entitlement))];
  return names
    .map((entitlement) => ({ entitlement, from: amountIn(from.items, entitlement), to: amountIn(to.items, entitlement) }))
    .filter((one) => one.from !== one.to);
}

type Known = Pick<Plan, 'planId' | 'version' | 'rank' | 'role'>;

/** How a plan on offer stands to the one that somebody has. By rank, never by name or price (TW-22). */
export function directionOf(yours: Known, offered: Known): 'yours' | 'new_version' | 'larger' | 'smaller' | 'beside' {
  if (offered.role === 'addon') return 'beside';
  if (offered.planId === yours.planId) return offered.version === yours.version ? 'yours' : 'new_version';
  return offered.rank > yours.rank ? 'larger' : 'smaller';
}

/** One field of a plan's document that is otherwise than before; undefined = not there. */
export interface FieldDifference {
  field: string;
  from: unknown;
  to: unknown;
}

/** Every field in which two documents differ, by its path. Lists are compared whole: their order means something. */
export function fieldDifferences(from: unknown, to: unknown, field = ''): FieldDifference[] {
  if (isRecord(from) && isRecord(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return names.flatMap((name) => fieldDifferences(from[name], to[name], field ? `${field}.${name}` : name));
  }
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ field, from, to }];
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
