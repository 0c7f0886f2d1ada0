import { DEFAULT_QUOTA_POLICY, type QuotaPolicy } from '../plans/quota-policy.rules';

/** A grant as the limit sees it. `counts` is false while its subscription is not Subscribed. */
export interface LimitGrant {
  amount: number | null;
  state: 'pending' | 'active';
  effectiveAt: Date;
  expiresAt: Date | null;
  priority: number;
  policy: Partial<QuotaPolicy>;
  counts: boolean;
}

export interface Limit {
  /** All grants, pending ones too; null = unlimited. */
  entitled: number | null;
  /** Active grants; null = unlimited. */
  available: number | null;
  /** What admission compares with; null = unlimited. */
  hardLimit: number | null;
  thresholds: number[];
  /** When a grant begins or ends next; null = none in sight. */
  nextEdge: Date | null;
}

/** What the grants of one meter amount to at an instant. */
export function limitOf(grants: readonly LimitGrant[], at: Date): Limit {
  const current = grants.filter((grant) => isCurrent(grant, at));
  const begun = current.filter((grant) => hasBegun(grant, at));
  const policy = { ...DEFAULT_QUOTA_POLICY, ...[...begun].sort((a, b) => a.priority - b.priority).at(-1)?.policy };
  const available = sum(begun.filter((grant) => grant.state === 'active'));
  return {
    entitled: sum(begun),
    available,
    hardLimit: available === null ? null : available + (available > 0 ? policy.tolerance : 0),
    thresholds: policy.thresholds,
    nextEdge: earliest(current.flatMap((grant) => [grant.effectiveAt, grant.expiresAt]).filter((edge) => edge !== null && edge > at)),
  };
}

const isCurrent = (grant: LimitGrant, at: Date): boolean => grant.counts && (grant.expiresAt === null || grant.expiresAt > at);

/** Whether a grant is part of what a tenant is entitled to at an instant. */
export const hasBegun = (grant: LimitGrant, at: Date): boolean => isCurrent(grant, at) && grant.effectiveAt <= at;

/** Which thresholds an increase from `before` to `after` crossed. Integers, so that 100 fires at exactly full. */
export function thresholdsCrossed(before: number, after: number, granted: number | null, thresholds: readonly number[]): number[] {
  if (granted === null || granted === 0) return [];
  return thresholds.filter((threshold) => before * 100 < threshold * granted && after * 100 >= threshold * granted);
}

function sum(grants: readonly LimitGrant[]): number | null {
  return grants.some((grant) => grant.amount === null) ? null : grants.reduce((total, grant) => total + grant.amount!, 0);
}

function earliest(edges: readonly (Date | null)[]): Date | null {
  return edges.reduce<Date | null>((first, edge) => (first === null || (edge !== null && edge < first) ? edge : first), null);
}
