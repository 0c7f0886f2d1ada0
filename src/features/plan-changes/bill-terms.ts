import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { billedCounts, peoplePolicyIn, snapshotMonth } from '../billed-people/snapshot-month';
import { type BillLine, type Counts, linesFor } from '../billing/bill-lines.rules';
import { billIdOf } from '../billing/bill-start';
import { countsAt } from '../billing/counts';
import { issueBill, type NewBill } from '../billing/issue-bill';
import { isInArrears } from '../billing/mode.rules';
import { monthEndedIn, type Term } from '../billing/term-parts.rules';
import type { Plan } from '../plans/plans';
import type { PeoplePolicy, PriceItem } from '../plans/policies';
import type { Contract, OnEnd } from '../subscriptions/contracts';
import { paidTerm, type SubscriptionRow } from '../subscriptions/held';
import type { Tenant } from '../tenants/tenants';
import { priceFor } from './change.rules';
import { dividedTerm, type StoredMoney, sinceAnchor } from './change-money.rules';
import type { ChangeRow } from './plan-changes.store';
import { publishedPlan, stretchesOf } from './situation';

/** A term that begins, at its full price. Made again it is the same bill. */
export async function billAhead(
  tx: TxContext,
  tenant: Tenant,
  { subscriptionId, termStart, termEnd, termUnit, quantity }: Contract,
  plan: Plan,
  at: Date,
): Promise<void> {
  const price = priceFor(plan, termUnit);
  invariant(price, 'a contract runs for a term that its plan is sold for');
  if (isInArrears(price)) return;
  const counts = await countsAt(tx, tenant.tenantId, plan, quantity, at);
  const lines = linesFor(plan, price, counts, { start: termStart, end: termEnd, timeZone: tenant.timeZone }, at);
  const billId = billIdOf(subscriptionId, termStart);
  await issueBill(tx, tenant.tenantId, {
    billId,
    subscriptionId,
    cause: 'renewal',
    currency: price.currency,
    lines,
    plan,
    at,
    periodStart: termStart,
    periodEnd: termEnd,
  });
}

/**
 * What was counted in a term that is over, of plans whose price multiplies people or teams. A monthly term is billed by the calendar
 * month that ended in it, so that a month's bill and its list of people are one and the same (EC-13); a longer one by itself.
 */
export async function billCounted(tx: TxContext, tenant: Tenant, contract: Contract, plan: Plan, term: Term, at: Date): Promise<void> {
  const { tenantId, timeZone } = tenant;
  const { termUnit, quantity } = contract;
  const price = priceFor(plan, termUnit);
  if (!price || !isInArrears(price)) return;
  const month =
    termUnit === 'P1M' ? await snapshotMonth(tx, tenantId, monthEndedIn({ ...contract, end: term.end }, timeZone), null, at) : null;
  const period = month ? { start: month.began_at, end: month.ended_at } : term;
  const { people, teams } = month ?? (await billedCounts(tx, tenantId, await peopleOf(tx, tenantId, plan, term.end), term));
  const counts: Counts = { activeMembers: people, activeTeams: teams, fullLicenses: quantity ?? 0 };
  const stretches = sinceAnchor(await stretchesOf(tx, tenantId, contract, plan, period), contract, timeZone);
  const billed = { ...period, timeZone };
  // The plan of the bill is the one held when its period ended: what was changed after it counts for the next.
  const last = stretches.at(-1)!.plan;
  const lastPrice = priceFor(last, termUnit);
  if (!lastPrice || !isInArrears(lastPrice)) return;
  const lines =
    stretches.length === 1
      ? linesFor(last, lastPrice, counts, billed, at)
      : dividedTerm({ heldTerm: termUnit, counts, billedAt: at, ofCounted: true }, stretches, billed).lines;
  if (lines.length > 0) await issueBill(tx, tenantId, countedBill(contract, last, lastPrice, lines, period, at));
}

/**
 * What was counted until a contract ends within its term, for the part of the term that has passed: nobody would bill it any more.
 * One that ends with its term is billed as one that goes on.
 */
export const billCountedUntil: OnEnd = async (tx, tenant, contract, at) => {
  const { tenantId, timeZone } = tenant;
  const { termStart: start, termEnd: end, termUnit, quantity, planId, planVersion } = contract;
  const plan = await publishedPlan(tx, planId, planVersion);
  if (end <= at) return billCounted(tx, tenant, contract, plan, { start, end }, end);
  const price = priceFor(plan, termUnit);
  if (!price || !isInArrears(price)) return;
  const { people, teams } = await billedCounts(tx, tenantId, await peopleOf(tx, tenantId, plan, at), { start, end: at });
  const counts: Counts = { activeMembers: people, activeTeams: teams, fullLicenses: quantity ?? 0 };
  const stretches = await stretchesOf(tx, tenantId, contract, plan, { start, end: at });
  const { lines } = dividedTerm({ heldTerm: termUnit, counts, billedAt: at, ofCounted: true }, stretches, { start, end, timeZone }, at);
  if (lines.length > 0) await issueBill(tx, tenantId, countedBill(contract, plan, price, lines, { start, end: at }, at));
};

/** Who counts in a span that ends at `end`: an add-on has no say in it, its base plan does. */
const peopleOf = (tx: TxContext, tenantId: string, { role, policies }: Plan, end: Date): Promise<PeoplePolicy> | PeoplePolicy =>
  role === 'base' ? policies.people : peoplePolicyIn(tx, tenantId, new Date(end.getTime() - 1));

/** Named by where its period begins, so that no period is billed twice. */
const countedBill = (
  { subscriptionId }: SubscriptionRow,
  plan: Plan,
  { currency }: PriceItem,
  lines: BillLine[],
  { start, end }: Term,
  at: Date,
): NewBill => ({
  billId: `${subscriptionId}:counted:${start.toISOString()}`,
  subscriptionId,
  cause: 'renewal',
  currency,
  lines,
  plan,
  at,
  periodStart: start,
  periodEnd: end,
});

/** A statement of a term that Microsoft bills, by what our catalog knows of the price. */
export async function billMarketplaceTerm(tx: TxContext, { tenantId, timeZone }: Tenant, row: SubscriptionRow, at: Date): Promise<void> {
  const term = paidTerm(row);
  const plan = await publishedPlan(tx, row.planId, row.planVersion);
  const price = priceFor(plan, row.termUnit);
  if (!term || !price) return;
  const { subscriptionId, quantity, activatedAt } = row;
  const counts = await countsAt(tx, tenantId, plan, quantity, at);
  await issueBill(tx, tenantId, {
    billId: billIdOf(subscriptionId, term.start),
    subscriptionId,
    cause: activatedAt && activatedAt >= term.start ? 'start' : 'renewal',
    currency: price.currency,
    lines: linesFor(plan, price, counts, { ...term, timeZone }, at),
    plan,
    at,
    periodStart: term.start,
    periodEnd: term.end,
  });
}

/** What a change costs, billed here or stated where Microsoft bills. */
export async function billChange(
  tx: TxContext,
  tenantId: string,
  change: ChangeRow,
  to: Plan,
  money: StoredMoney,
  at: Date,
): Promise<void> {
  const { lines, refunds, currency, periodStart, periodEnd } = money;
  await issueBill(tx, tenantId, {
    billId: `change:${change.changeId}`,
    subscriptionId: change.subscriptionId,
    cause: 'change',
    currency,
    lines,
    refunds,
    plan: to,
    at,
    periodStart: new Date(periodStart),
    periodEnd: new Date(periodEnd),
  });
}
