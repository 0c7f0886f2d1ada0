import type { Grant } from '../entitlements/grants';
import { type GrantState, limitOf, stateOf } from '../entitlements/limits.rules';
import type { Billed, Stretch } from './overage.rules';
import { type Quantity, units } from './quantity.rules';
import type { BaseWindow } from './window.rules';

/** Since when and until when an organization agreed to be billed. */
export interface Agreed {
  agreedAt: Date;
  endedAt: Date | null;
}

/** Everything that decides what one meter of one subscription owes. */
export interface MeterHistory {
  subscriptionId: string;
  grants: readonly Grant[];
  consents: readonly Agreed[];
}

/** An instant from which on the same holds, and what the organization's subscriptions were then, by id. */
export interface Edge {
  start: Date;
  statuses: ReadonlyMap<string, string>;
}

/** The instants in a window at which something begins or ends: between two of them the same holds. */
export function edgesIn({ start, end }: BaseWindow, { grants, consents }: Pick<MeterHistory, 'grants' | 'consents'>): Date[] {
  const edges = [
    ...grants.flatMap(({ effectiveAt, createdAt, activatedAt, expiresAt, endedAt }) => [
      effectiveAt,
      createdAt,
      activatedAt,
      expiresAt,
      endedAt,
    ]),
    ...consents.flatMap(({ agreedAt, endedAt }) => [agreedAt, endedAt]),
  ].filter((edge): edge is Date => edge !== null && edge > start && edge < end);
  return [start, ...new Set(edges.map(Number))].map((at) => new Date(at)).sort((a, b) => a.getTime() - b.getTime());
}

/** The stretches of a window that begin at these edges, of which each knows what was used before. */
export const stretchesAt = (history: MeterHistory, edges: readonly Edge[], used: (at: Date) => Quantity): Stretch[] =>
  edges.map(({ start, statuses }) => ({
    start,
    usedBefore: used(start),
    included: includedAt(history, start, statuses),
    isMetered: isAgreed(history.consents, start) && billedAt(history, start) !== null,
  }));

const isAgreed = (consents: readonly Agreed[], at: Date): boolean =>
  consents.some(({ agreedAt, endedAt }) => agreedAt <= at && (endedAt === null || endedAt > at));

const LIVE: readonly GrantState[] = ['active', 'pending'];

/** What the plan held at an instant bills by; null: it bills no overage of this meter, or nothing is held. */
export function billedAt({ grants, subscriptionId }: Pick<MeterHistory, 'grants' | 'subscriptionId'>, at: Date): Billed | null {
  const held = grants.filter(({ source, sourceId }) => source === 'plan' && sourceId === subscriptionId);
  const plan = held.find((grant) => LIVE.includes(stateOf(grant, at)));
  const overage = plan?.policy.overage;
  return plan?.reason && overage?.mode === 'metered' && overage.dimension ? { planId: plan.reason, dimension: overage.dimension } : null;
}

/**
 * Every unit that is available counts as included, wherever it comes from. A suspension takes nothing out of a window, and the end of
 * the metered subscription nothing of what it had included.
 */
function includedAt({ grants, subscriptionId }: MeterHistory, at: Date, statuses: Edge['statuses']): Quantity | null {
  const counting = grants.map((grant) => ({
    ...grant,
    counts: grant.sourceId === subscriptionId || statuses.get(grant.sourceId) !== 'Unsubscribed',
  }));
  const { available } = limitOf(counting, at);
  return available === null ? null : units(available);
}

/** The length of the base window: as long as the quota's own period, which the catalog ties to the term. */
export function monthsOf({ grants, subscriptionId }: Pick<MeterHistory, 'grants' | 'subscriptionId'>): number {
  const plans = grants.filter(
    ({ source, sourceId, policy }) => source === 'plan' && sourceId === subscriptionId && policy.overage?.mode === 'metered',
  );
  return plans.at(-1)?.policy.period === 'year' ? 12 : 1;
}
