import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import type { Counts } from '../billing/bill-lines.rules';
import { countsAt } from '../billing/counts';
import { billedFor } from '../billing/issue-bill';
import type { Term } from '../billing/term-parts.rules';
import { calendarDate } from '../entitlements/periods.rules';
import { poolOf } from '../licenses/pool';
import { findPlan, type Plan } from '../plans/plans';
import { itemsInUse } from '../resources/resources';
import { termFollowing } from '../subscriptions/contracts.rules';
import { heldSubscriptions, paidTerm, type SubscriptionRow } from '../subscriptions/held';
import type { Tenant } from '../tenants/tenants';
import { type MeterStanding, standingsAt } from '../usage/read-usage';
import type { GivenLicenses, Held } from './change.rules';
import type { Stretch } from './change-money.rules';
import type { NamedItem } from './outcome.rules';
import { appliedSince, type ChangeRow, findOpenChange } from './plan-changes.store';

/** Everything that a change of one subscription is decided by, as it is at an instant. */
export interface Situation {
  tenant: Tenant;
  row: SubscriptionRow;
  held: Held;
  /** Of the organization's other subscriptions that are running; of an addition bought several times each. */
  otherPlans: Plan[];
  open: ChangeRow | null;
  items: NamedItem[];
  standings: MeterStanding[];
  counts: Counts;
  /** null: none are given to people. */
  licenses: GivenLicenses | null;
  term: Term | null;
  stretches: Stretch[];
  billedMinor: number;
  at: Date;
}

/** Reads it; takes no lock and writes nothing. */
export async function situationOf(tx: TxContext, tenant: Tenant, row: SubscriptionRow, at: Date): Promise<Situation> {
  const { tenantId } = tenant;
  const plan = await pinnedPlan(tx, row);
  const term = paidTerm(row);
  const others = (await heldSubscriptions(tx, tenantId)).filter(
    (other) => other.subscriptionId !== row.subscriptionId && (other.status === 'Subscribed' || other.status === 'Suspended'),
  );
  const otherPlans: Plan[] = [];
  for (const other of others) {
    const otherPlan = await pinnedPlan(tx, other);
    otherPlans.push(...Array<Plan>(otherPlan.role === 'addon' ? (other.quantity ?? 1) : 1).fill(otherPlan));
  }
  return {
    tenant,
    row,
    held: {
      plan,
      source: row.source,
      status: row.status,
      termUnit: row.termUnit,
      termEnd: term?.end ?? null,
      quantity: row.quantity,
      allowedOperations: row.allowedOperations,
    },
    otherPlans,
    open: await findOpenChange(tx.db, tenantId, row.subscriptionId),
    items: await itemsInUse(tx, tenantId),
    standings: await standingsAt(tx, tenantId, at),
    counts: await countsAt(tx, tenantId, plan, row.quantity, at),
    licenses: await poolOf(tx, tenantId),
    term,
    stretches: term ? await stretchesOf(tx, tenantId, row, plan, term) : [],
    billedMinor: term ? await billedFor(tx, tenantId, row.subscriptionId, term.start) : 0,
    at,
  };
}

/** The plans that were held in a term, oldest first; of one that is over, whatever was changed after it. `plan`: the one held now. */
export async function stretchesOf(tx: TxContext, tenantId: string, row: SubscriptionRow, plan: Plan, term: Term): Promise<Stretch[]> {
  const changes = await appliedSince(tx.db, tenantId, row.subscriptionId, term.start);
  const [first] = changes;
  if (!first) return [{ plan, quantity: row.quantity, since: term.start }];
  const stretches: Stretch[] = [
    { plan: await publishedPlan(tx, first.fromPlan, first.fromVersion), quantity: first.fromQuantity, since: term.start },
  ];
  for (const change of changes.filter(({ effectiveAt }) => effectiveAt < term.end))
    stretches.push({
      plan: await publishedPlan(tx, change.toPlan, change.toVersion),
      quantity: change.toQuantity,
      since: change.effectiveAt,
    });
  return stretches;
}

const pinnedPlan = (tx: TxContext, { planId, planVersion }: SubscriptionRow): Promise<Plan> => publishedPlan(tx, planId, planVersion);

export async function publishedPlan(tx: TxContext, planId: string, version: number): Promise<Plan> {
  const plan = await findPlan(tx.db, planId, version);
  invariant(plan, 'what is pinned was published');
  return plan;
}

/** The term that begins at `start`: of a contract from its own anchor, or from a new one when it begins anew. */
export function termFrom({ tenant, row }: Pick<Situation, 'tenant' | 'row'>, start: Date, unit: string, beginsAnew: boolean): Term {
  const { timeZone } = row.source === 'direct' ? tenant : { timeZone: 'UTC' };
  const date = !beginsAnew && row.anchorDate ? row.anchorDate : calendarDate(start, timeZone);
  return termFollowing({ date, timeZone }, unit, start);
}
