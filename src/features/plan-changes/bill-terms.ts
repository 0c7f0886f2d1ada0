import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { monthAfter } from '../billed-people/months.rules';
import { billedCounts, monthSpan, peoplePolicyIn, snapshotMonth } from '../billed-people/snapshot-month';
import { type BillLine, type Counts, linesFor } from '../billing/bill-lines.rules';
import { billIdOf } from '../billing/bill-start';
import { countsAt } from '../billing/counts';
import { issueBill, type NewBill } from '../billing/issue-bill';
import { isInArrears } from '../billing/mode.rules';
import { plansHeld } from '../billing/plans-held';
import { monthEndedIn, type Term } from '../billing/term-parts.rules';
import type { Plan } from '../plans/plans';
import type { PeoplePolicy, PriceItem } from '../plans/policies';
import type { Contract, OnEnd } from '../subscriptions/contracts';
import { paidTerm, type SubscriptionRow } from '../subscriptions/held';
import type { Tenant } from '../tenants/tenants';
import { priceFor } from './change.rules';
import { countedSince, dividedTerm, heldSince, isCountedMonthly, type StoredMoney, type Stretch } from './change-money.rules';
import type { ChangeRow } from './plan-changes.store';
import { publishedPlan, stretchesOf } from './situation';

/**
 * A term that begins, at its full price, or of one that ends with the plan it belongs to (`wholeEnd`: where it would have ended
 * otherwise) for its part. Made again it is the same bill.
 */
export async function billAhead(
  tx: TxContext,
  tenant: Tenant,
  { subscriptionId, termStart, termEnd, termUnit, quantity }: Contract,
  plan: Plan,
  wholeEnd: Date,
  at: Date,
): Promise<void> {
  const price = priceFor(plan, termUnit);
  invariant(price, 'a contract runs for a term that its plan is sold for');
  if (isInArrears(price)) return;
  const counts = await countsAt(tx, tenant.tenantId, plan, quantity, at);
  const whole = { start: termStart, end: wholeEnd, timeZone: tenant.timeZone };
  const lines =
    wholeEnd > termEnd
      ? dividedTerm({ heldTerm: termUnit, counts, billedAt: at }, [{ plan, quantity, since: at }], whole, termEnd).lines
      : linesFor(plan, price, counts, whole, at);
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
  if (isCountedMonthly(plan, contract.termUnit))
    return billMonth(tx, tenant, contract, plan, monthEndedIn({ ...contract, end: term.end }, tenant.timeZone), at);
  const price = priceFor(plan, contract.termUnit);
  if (!price || !isInArrears(price)) return;
  const counted = await billedCounts(tx, tenant.tenantId, await peopleOf(tx, tenant.tenantId, plan, term.end), term);
  await billWhole(
    tx,
    tenant,
    contract,
    { period: term, counted, stretches: await stretchesOf(tx, tenant.tenantId, contract, plan, term) },
    at,
  );
}

async function billMonth(tx: TxContext, tenant: Tenant, contract: Contract, plan: Plan, month: string, at: Date): Promise<void> {
  const { people, teams, ...span } = await snapshotMonth(tx, tenant.tenantId, month, null, at);
  const period = { start: span.began_at, end: span.ended_at };
  const stretches = await stretchesCounted(tx, tenant.tenantId, contract, plan, period);
  await billWhole(tx, tenant, contract, { period, counted: { people, teams }, stretches }, at);
}

/** What was held in a period, without what was billed before it was counted by the month. */
async function stretchesCounted(
  tx: TxContext,
  tenantId: string,
  contract: Contract,
  plan: Plan,
  period: Term,
): Promise<readonly Stretch[]> {
  const begun = countedSince(await plansHeld(tx, tenantId, contract.subscriptionId), period.end);
  return heldSince(await stretchesOf(tx, tenantId, contract, plan, period), begun);
}

interface Counted {
  period: Term;
  counted: { people: number; teams: number };
  stretches: readonly Stretch[];
}

async function billWhole(
  tx: TxContext,
  { tenantId, timeZone }: Tenant,
  contract: Contract,
  { period, counted, stretches }: Counted,
  at: Date,
): Promise<void> {
  const { termUnit } = contract;
  const counts = countsOf(contract, counted);
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

const countsOf = ({ quantity }: Contract, { people, teams }: Counted['counted']): Counts => ({
  activeMembers: people,
  activeTeams: teams,
  fullLicenses: quantity ?? 0,
});

/**
 * What was counted until a contract ends, for the part of the term that has passed: nobody would bill it any more. One that ends with
 * its term is billed as one that goes on.
 */
export const billCountedUntil: OnEnd = async (tx, tenant, contract, at) => {
  const { termStart: start, termEnd: end, termUnit, planId, planVersion } = contract;
  const plan = await publishedPlan(tx, planId, planVersion);
  if (end <= at) await billCounted(tx, tenant, contract, plan, { start, end }, end);
  if (await billRest(tx, tenant, contract, plan, at)) return;
  const price = priceFor(plan, termUnit);
  if (end > at && price && isInArrears(price)) await billPart(tx, tenant, contract, plan, { start, end }, at);
};

/**
 * The months of a contract that is counted by the month no longer, as far as no edge of a term bills them: where its first month was
 * divided, its last one is, too. False: it was counted so from its beginning, and its first month was billed whole.
 */
export async function billRest(tx: TxContext, tenant: Tenant, contract: Contract, plan: Plan, at: Date): Promise<boolean> {
  const { tenantId, timeZone } = tenant;
  const { subscriptionId, termEnd, termUnit } = contract;
  if (!isCountedMonthly(plan, termUnit) || !countedSince(await plansHeld(tx, tenantId, subscriptionId), at)) return false;
  const ending = monthEndedIn({ ...contract, end: termEnd }, timeZone);
  for (let month = termEnd <= at ? monthAfter(ending) : ending; ; month = monthAfter(month)) {
    const span = await monthSpan(tx, tenantId, month, timeZone);
    if (span.start >= at) return true;
    if (span.end <= at) await billMonth(tx, tenant, contract, plan, month, at);
    else await billPart(tx, tenant, contract, plan, span, at);
  }
}

/** What was counted in a period until `at`, for the part of it that has passed. */
async function billPart(tx: TxContext, tenant: Tenant, contract: Contract, plan: Plan, { start, end }: Term, at: Date): Promise<void> {
  const { tenantId, timeZone } = tenant;
  const { termUnit } = contract;
  const passed = { start, end: at };
  const counts = countsOf(contract, await billedCounts(tx, tenantId, await peopleOf(tx, tenantId, plan, at), passed));
  const stretches = await stretchesCounted(tx, tenantId, contract, plan, passed);
  const { lines } = dividedTerm({ heldTerm: termUnit, counts, billedAt: at, ofCounted: true }, stretches, { start, end, timeZone }, at);
  const bill = countedBill(contract, plan, priceFor(plan, termUnit)!, lines, passed, at);
  // Named by its end, too: what begins to be counted again within the month has a bill of the rest.
  if (lines.length > 0) await issueBill(tx, tenantId, { ...bill, billId: `${bill.billId}/${at.toISOString()}` });
}

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
