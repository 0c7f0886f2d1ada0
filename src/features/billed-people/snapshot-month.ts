import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { PeoplePolicy } from '../plans/policies';
import { findTenant } from '../tenants/tenants';
import { countUnits, findSnapshot, insertSnapshot, peoplePolicyAt, type SnapshotRow } from './billed-people.store';
import { isOver, spanOf } from './months.rules';

/**
 * Freezes who is billed in a month that is over, or finds it frozen: the same result whoever asks first, and whenever. By the plan
 * that was in force when the month ended, unless `people` says otherwise.
 */
export async function snapshotMonth(
  tx: TxContext,
  tenantId: string,
  month: string,
  people: PeoplePolicy | null,
  at: Date,
): Promise<SnapshotRow> {
  const known = await findSnapshot(tx.db, tenantId, month);
  if (known) return known;
  const { timeZone } = (await findTenant(tx.db, tenantId))!;
  invariant(isOver(month, timeZone, at), 'only a month that is over is frozen');
  const span = spanOf(month, timeZone);
  const policy = people ?? (await peoplePolicyIn(tx, tenantId, new Date(span.end.getTime() - 1)));
  await insertSnapshot(tx.db, tenantId, month, { ...span, timeZone, people: policy }, at);
  return (await findSnapshot(tx.db, tenantId, month))!;
}

/** How many are billed of any span by the same query, for a bill whose period is no calendar month. Nothing is frozen. */
export function billedCounts(
  tx: TxContext,
  tenantId: string,
  people: PeoplePolicy,
  span: { start: Date; end: Date },
): Promise<{ people: number; teams: number }> {
  return countUnits(tx.db, tenantId, { ...span, timeZone: 'UTC', people });
}

/** The people policy of the plan in force at an instant, as it was then. */
export const peoplePolicyIn = async (tx: TxContext, tenantId: string, at: Date): Promise<PeoplePolicy> =>
  PeoplePolicy.parse((await peoplePolicyAt(tx.db, tenantId, at))?.people ?? {});
