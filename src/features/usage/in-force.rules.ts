import type { Grant } from '../entitlements/grants';
import { type Limit, limitOf, type Override, stateOf } from '../entitlements/limits.rules';
import type { UsageAnchor } from '../entitlements/periods.rules';
import { DEFAULT_POLICY } from '../plans/quota-policy.rules';
import { type Counter, counterAt } from './counter.rules';

/** A place that is kept for an act under way. */
export interface Hold {
  periodStart: Date;
  quantity: number;
  expiresAt: Date;
}

/** Everything that decides a meter: its newest row, and what may have changed since that was right. */
export interface MeterFacts {
  newest: Counter | null;
  /** Null: what is held now is counted, in one period that never ends. */
  anchor: UsageAnchor | null;
  /** What it has when no plan says anything: nothing, or no limit. */
  absent: 0 | null;
  grants: readonly Grant[];
  overrides: readonly Override[];
  /** Those that nobody has closed, whether their time has run out or not. */
  holds: readonly Hold[];
}

export interface InForce {
  counter: Counter;
  limit: Limit;
  /** As given, with what was carried over and with what expired ones had given up. */
  grants: Grant[];
  /** Carried over into a period and not in the tables yet, in order. */
  carried: Grant[];
  /** Grants that expired since the row was right. */
  expired: Grant[];
}

/** What the enforcing statement decides by at `at`: the row while it is valid, else what it will be brought up to first (G10). */
export function inForce(facts: MeterFacts, at: Date): InForce {
  const { newest } = facts;
  if (newest === null || at >= newest.validUntil) return bringUpTo(facts, at);
  const grants = [...facts.grants];
  return { counter: newest, limit: limitIn(newest.periodStart, grants, facts, at), grants, carried: [], expired: [] };
}

/**
 * What was in force at an instant that is over, given the row of its period with what was used and held by then. A period that
 * nobody opened is what the one before it led to.
 */
export function asItWas(facts: MeterFacts, at: Date): InForce {
  const { newest } = facts;
  if (newest === null || at >= newest.periodEnd) return bringUpTo(facts, at);
  const grants = [...facts.grants];
  const limit = limitIn(newest.periodStart, grants, facts, at);
  // Of its own period, whatever the anchor became since.
  const counter = { ...counterAt(newest, null, limit, at), ...periodOf(newest), used: newest.used, held: newest.held };
  return { counter, limit, grants, carried: [], expired: [] };
}

const periodOf = ({ periodStart, periodEnd, months }: Counter): Pick<Counter, 'periodStart' | 'periodEnd' | 'months'> => ({
  periodStart,
  periodEnd,
  months,
});

/**
 * Brings a row up to `at` through every edge it has missed, one by one: a period that ended hands over what was left of it, a
 * grant that expired keeps what had been used of it. Nobody needs to have looked in between (TW-18).
 */
export function bringUpTo(facts: MeterFacts, at: Date): InForce {
  const { newest, anchor } = facts;
  const carried = new Set<string>();
  let grants = [...facts.grants];
  // A new activation after a gap begins from nothing.
  let row = newest !== null && anchor !== null && newest.periodStart < anchor.startedAt ? null : newest;
  while (row !== null && row.validUntil <= at) {
    const edge: Date = row.validUntil;
    if (anchor !== null) grants = keepBurnt(grants, row, edge);
    let next = rowAt(facts, grants, row, edge).counter;
    const left = next.periodStart.getTime() === row.periodStart.getTime() ? null : carryOver(facts, grants, row, next);
    if (left !== null) {
      grants = [...grants, left];
      carried.add(left.grantId);
      next = rowAt(facts, grants, row, edge).counter;
    }
    row = next;
  }
  return {
    ...rowAt(facts, grants, row, at),
    grants,
    carried: grants.filter(({ grantId }) => carried.has(grantId)),
    expired: grants.filter((grant) => grant.endedAt === null && stateOf(grant, at) === 'expired'),
  };
}

function rowAt(facts: MeterFacts, grants: readonly Grant[], row: Counter | null, at: Date): { counter: Counter; limit: Limit } {
  const { periodStart } = counterAt(row, facts.anchor, limitOf(grants, at, facts), at);
  const limit = limitIn(periodStart, grants, facts, at);
  const counter = counterAt(row, facts.anchor, limit, at);
  const holds = facts.holds.filter((hold) => hold.periodStart.getTime() === periodStart.getTime());
  const isNewest = facts.newest?.periodStart.getTime() === periodStart.getTime();
  const over = holds.filter(({ expiresAt }) => expiresAt <= at).reduce((sum, { quantity }) => sum + quantity, 0);
  const edges = holds.filter(({ expiresAt }) => expiresAt > at).map(({ expiresAt }) => expiresAt.getTime());
  return {
    limit,
    counter: {
      ...counter,
      held: isNewest ? facts.newest!.held - over : 0,
      validUntil: new Date(Math.min(counter.validUntil.getTime(), ...edges)),
    },
  };
}

/** The limit of one period: with what had been used of the grants that expired in it. */
function limitIn(periodStart: Date, grants: readonly Grant[], { overrides, absent }: MeterFacts, at: Date): Limit {
  const burnt = burntIn(periodStart, grants)
    .filter((grant) => stateOf(grant, at) === 'expired')
    .reduce((sum, grant) => sum + grant.burnt, 0);
  return limitOf(grants, at, { overrides, burnt, absent });
}

/** The grants that expired in a period after something had been used of them. */
export const burntIn = (periodStart: Date, grants: readonly Grant[]): Grant[] =>
  grants.filter((grant) => grant.burntIn?.getTime() === periodStart.getTime() && grant.burnt > 0);

/** Units are taken from the grants of the lowest priority first, then from those that expire first, then from the oldest. */
const burnOrder = (a: Grant, b: Grant): number =>
  a.priority - b.priority ||
  (a.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER) - (b.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER) ||
  a.createdAt.getTime() - b.createdAt.getTime() ||
  (a.grantId < b.grantId ? -1 : 1);

/** What has been used of each grant that was active just before an edge. */
function takenOf(grants: readonly Grant[], row: Counter, edge: Date): Map<Grant, number> {
  const before = new Date(edge.getTime() - 1);
  let left = row.used + row.held - burntIn(row.periodStart, grants).reduce((sum, { burnt }) => sum + burnt, 0);
  const taken = new Map<Grant, number>();
  for (const grant of grants.filter((one) => one.counts && stateOf(one, before) === 'active').sort(burnOrder)) {
    const part = Math.max(0, Math.min(left, grant.amount ?? left));
    taken.set(grant, part);
    left -= part;
  }
  return taken;
}

/** A grant that expires inside a period takes only what was left of it: the rest has been used. */
function keepBurnt(grants: readonly Grant[], row: Counter, edge: Date): Grant[] {
  const expires = (grant: Grant) => grant.expiresAt?.getTime() === edge.getTime();
  if (edge >= row.periodEnd || !grants.some(expires)) return [...grants];
  const taken = takenOf(grants, row, edge);
  return grants.map((grant) =>
    expires(grant) && taken.has(grant) ? { ...grant, burnt: taken.get(grant)!, burntIn: row.periodStart } : grant,
  );
}

/** What the next period gets of what was left, up to the plan's cap. What expires with the period is lost, except what was carried into it. */
function carryOver(facts: MeterFacts, grants: readonly Grant[], row: Counter, next: Counter): Grant | null {
  const edge = row.periodEnd;
  const cap = (limitOf(grants, new Date(edge.getTime() - 1), facts).policy ?? DEFAULT_POLICY).rollover?.cap ?? 0;
  const isCarried = grants.some(({ source, effectiveAt }) => source === 'rollover' && effectiveAt.getTime() === next.periodStart.getTime());
  if (cap === 0 || row.granted === null || isCarried) return null;
  let left = 0;
  for (const [grant, part] of takenOf(grants, row, edge)) {
    if (grant.source === 'rollover' || grant.expiresAt === null || grant.expiresAt > edge) left += grant.amount! - part;
  }
  if (left <= 0) return null;
  return {
    grantId: `rollover ${next.periodStart.toISOString()}`,
    source: 'rollover',
    sourceId: row.periodStart.toISOString(),
    amount: Math.min(cap, left),
    priority: 0,
    policy: {},
    activation: 'now',
    reason: null,
    createdAt: next.periodStart,
    effectiveAt: next.periodStart,
    activatedAt: next.periodStart,
    expiresAt: next.periodEnd,
    endedAt: null,
    burnt: 0,
    burntIn: null,
    counts: true,
  };
}
