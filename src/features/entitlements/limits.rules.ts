import {
  DEFAULT_POLICY,
  type MeterPolicy,
  overageAdmitted,
  type StoredPolicy,
  wholePolicy,
  withOverrides,
} from '../plans/quota-policy.rules';

export type GrantSource = 'plan' | 'addon' | 'support' | 'trial' | 'rollover' | 'transition';

/** A grant with its whole history: what it is at an instant follows from its dates. */
export interface LimitGrant {
  source: GrantSource;
  amount: number | null;
  priority: number;
  policy: StoredPolicy;
  createdAt: Date;
  effectiveAt: Date;
  expiresAt: Date | null;
  /** Since when its units are there; null: it waits. */
  activatedAt: Date | null;
  /** When it was replaced, or its expiry was booked; null: it goes on. */
  endedAt: Date | null;
  /** False while its subscription is not Subscribed. */
  counts: boolean;
}

/** One field of a meter's policy that a tenant has otherwise for a time. */
export interface Override {
  field: string;
  value: unknown;
  setAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
}

export type GrantState = 'upcoming' | 'pending' | 'active' | 'expired' | 'voided';

/** What a grant is at an instant. Begins are inclusive, ends are not. */
export function stateOf({ effectiveAt, createdAt, expiresAt, activatedAt, endedAt }: LimitGrant, at: Date): GrantState {
  if (expiresAt !== null && expiresAt <= at) return endedAt !== null && endedAt < expiresAt ? 'voided' : 'expired';
  if (endedAt !== null && endedAt <= at) return 'voided';
  if (effectiveAt > at || createdAt > at) return 'upcoming';
  return activatedAt === null || activatedAt > at ? 'pending' : 'active';
}

export interface Limit {
  /** All grants that have begun, pending ones too; null = unlimited. */
  entitled: number | null;
  /** Active grants; null = unlimited. */
  available: number | null;
  /** What admission compares with; null = nothing is refused. */
  hardLimit: number | null;
  /** The policy in force; null: no grant says one. */
  policy: MeterPolicy | null;
  /** When any of this changes by itself next; null = not in sight. */
  nextEdge: Date | null;
}

/**
 * What the grants of one meter amount to at an instant. `burnt`: units of grants that expired in the running period and had
 * been used up by then. `absent`: what a meter has that is not part of the plan, nothing by default.
 */
export function limitOf(
  grants: readonly LimitGrant[],
  at: Date,
  { overrides = [], burnt = 0, absent = 0 }: { overrides?: readonly Override[]; burnt?: number; absent?: 0 | null } = {},
): Limit {
  const begun = grants.filter((grant) => hasBegun(grant, at));
  // What was carried over is spent beside a plan, never instead of one.
  const counting = begun.some(({ source }) => source !== 'rollover') ? begun : [];
  const policy = policyInForce(grants, overrides, at);
  const isAbsent = policy === null && absent === null;
  const available = isAbsent ? null : plus(sum(counting.filter((grant) => stateOf(grant, at) === 'active')), burnt);
  return {
    entitled: isAbsent ? null : plus(sum(counting), burnt),
    available,
    hardLimit: hardLimitOf(available, policy ?? DEFAULT_POLICY),
    policy,
    nextEdge: earliest([...grants.flatMap(edgesOf), ...overrides.flatMap(edgesOfOverride)].filter((edge) => edge > at)),
  };
}

/** What a limit on what is held now will be from each of its edges on, earliest first: what is used does not change it. */
export function limitsToCome(
  grants: readonly LimitGrant[],
  at: Date,
  given: { overrides?: readonly Override[]; absent?: 0 | null } = {},
): { from: Date; hardLimit: number | null }[] {
  const coming: { from: Date; hardLimit: number | null }[] = [];
  for (let from = limitOf(grants, at, given).nextEdge; from !== null; ) {
    const { hardLimit, nextEdge } = limitOf(grants, from, given);
    coming.push({ from, hardLimit });
    from = nextEdge;
  }
  return coming;
}

/** Nothing is beyond an allowance that is not there: neither a tolerance nor an overage. */
function hardLimitOf(available: number | null, policy: MeterPolicy): number | null {
  if (available === null || available === 0) return available;
  if (policy.enforcement !== 'hard' || policy.onExhausted === 'allow_over') return null;
  const billed = overageAdmitted(policy);
  return billed === null ? null : available + (billed || policy.tolerance);
}

/** Whose policy holds when several grants have one: a plan's before an add-on's, then the higher priority, then the later. */
const LEADING: readonly GrantSource[] = ['rollover', 'support', 'addon', 'trial', 'transition', 'plan'];

/** A suspended plan still says how its meters behave. */
function policyInForce(grants: readonly LimitGrant[], overrides: readonly Override[], at: Date): MeterPolicy | null {
  const leading = grants
    .filter((grant) => ['pending', 'active'].includes(stateOf(grant, at)))
    .sort((a, b) => LEADING.indexOf(a.source) - LEADING.indexOf(b.source) || a.priority - b.priority)
    .at(-1);
  if (!leading) return null;
  const current = overrides.filter((one) => one.setAt <= at && at < endOf(one));
  return withOverrides(wholePolicy(leading.policy), current);
}

/** Whether a grant is part of what a tenant is entitled to at an instant. */
export const hasBegun = (grant: LimitGrant, at: Date): boolean => grant.counts && ['pending', 'active'].includes(stateOf(grant, at));

/** Which thresholds an increase from `before` to `after` crossed. Integers, so that 100 fires at exactly full. */
export function thresholdsCrossed(before: number, after: number, granted: number | null, thresholds: readonly number[]): number[] {
  if (granted === null || granted === 0) return [];
  return thresholds.filter((threshold) => before * 100 < threshold * granted && after * 100 >= threshold * granted);
}

const edgesOf = ({ effectiveAt, createdAt, activatedAt, expiresAt, endedAt }: LimitGrant): Date[] =>
  [effectiveAt, createdAt, activatedAt, expiresAt, endedAt].filter((edge) => edge !== null);

const endOf = ({ expiresAt, endedAt }: Override): Date => (endedAt !== null && endedAt < expiresAt ? endedAt : expiresAt);

const edgesOfOverride = (one: Override): Date[] => [one.setAt, endOf(one)];

function sum(grants: readonly LimitGrant[]): number | null {
  return grants.some((grant) => grant.amount === null) ? null : grants.reduce((total, grant) => total + grant.amount!, 0);
}

const plus = (amount: number | null, more: number): number | null => (amount === null ? null : amount + more);

function earliest(edges: readonly Date[]): Date | null {
  return edges.reduce<Date | null>((first, edge) => (first === null || edge < first ? edge : first), null);
}
