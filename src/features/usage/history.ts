import type { TxContext } from '../../platform/context';
import { plansInForce } from '../entitlements/plans-in-force';
import { type AdvicePolicy, PlanPolicies } from '../plans/policies';
import { adviceOf, isHit, type PastPeriod, withinReach } from './advice.rules';
import type { Counter } from './counter.rules';
import { counterInForceAt, findHistory, giveNotice } from './counters.store';

/** The last usage periods of a meter that anything happened in, the newest first; those between had no use. */
export async function usageHistory(
  tx: TxContext,
  tenantId: string,
  meter: string,
  count: number,
  at: Date,
): Promise<(PastPeriod & { isHit: boolean })[]> {
  const rows = await findHistory(tx.db, tenantId, meter, count, at);
  return rows.map((row) => ({ ...row, isHit: isHit(row) }));
}

/** The advice to take a larger plan because of one meter; null: there is none to give. The policy is the base plan's. */
export async function adviceFor(
  tx: TxContext,
  tenantId: string,
  meter: string,
  at: Date,
  given?: AdvicePolicy,
): Promise<{ hits: number; periods: number } | null> {
  const policy = given ?? (await advicePolicy(tx, tenantId));
  return adviceOf(await periodsBack(tx, tenantId, meter, policy.periods, at), policy);
}

/** When a larger plan is advised. */
export async function advicePolicy(tx: TxContext, tenantId: string): Promise<AdvicePolicy> {
  const [base] = await plansInForce(tx, tenantId);
  return (base?.policies ?? PlanPolicies.parse({})).advice;
}

/** The last periods by the calendar: one that nobody opened was not hit. */
async function periodsBack(tx: TxContext, tenantId: string, meter: string, count: number, at: Date): Promise<PastPeriod[]> {
  const rows = await findHistory(tx.db, tenantId, meter, count, at);
  return withinReach(rows, count, at);
}

/** Says once per period that a larger plan would fit, if it would. Call it when the limit may have been hit. */
export async function adviseOnce(tx: TxContext, tenantId: string, meter: string, at: Date): Promise<void> {
  const counter: Counter | null = await counterInForceAt(tx.db, tenantId, meter, at);
  if (!counter || counter.months === 0 || counter.periodEnd <= at) return;
  if (await adviceFor(tx, tenantId, meter, at))
    await giveNotice(tx.db, tenantId, meter, counter, { kind: 'advice', marks: [0], sends: true }, at);
}
