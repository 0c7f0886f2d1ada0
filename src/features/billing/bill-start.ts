import type { BillStart } from '../subscriptions/contracts';
import { linesFor } from './bill-lines.rules';
import { countsAt } from './counts';
import { issueBill } from './issue-bill';
import { isInArrears } from './mode.rules';

/**
 * The first bill of a contract: its whole first term. A contract that began elsewhere is billed from the term that is running; what
 * is counted over a term is billed when the term is over. What is not charged yet (HO-10) is so by the term's beginning, as it would
 * have been had the contract been entered then.
 */
export const billStart: BillStart = async (tx, { tenantId, timeZone }, { contract, plan, price }, at) => {
  if (isInArrears(price)) return;
  const { subscriptionId, termStart: start, termEnd: end, quantity } = contract;
  const counts = await countsAt(tx, tenantId, plan, quantity, at);
  await issueBill(tx, tenantId, {
    billId: billIdOf(subscriptionId, start),
    subscriptionId,
    cause: 'start',
    currency: price.currency,
    lines: linesFor(plan, price, counts, { start, end, timeZone }, start),
    periodStart: start,
    periodEnd: end,
    plan,
    at,
  });
};

/** Of one subscription there is one bill for the beginning of each of its terms. */
export const billIdOf = (subscriptionId: string, termStart: Date): string => `${subscriptionId}:${termStart.toISOString()}`;
