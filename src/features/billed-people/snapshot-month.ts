import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { PeoplePolicy } from '../plans/policies';
import { findTenant } from '../tenants/tenants';
import { countUnits, findSnapshot, insertSnapshot, peoplePolicyAt, type SnapshotRow } from './billed-people.store';
import { besideFrozen, isOver, type MonthSpan, monthAfter, monthBefore, spanOf } from './months.rules';

/** What two zones lie apart at the most. */
const ZONES_APART_MS = 26 * 3_600_000;

/**
 * Freezes who is billed in a month that is over, or finds it frozen: the same result whoever asks first, and whenever. By the plan
 * that was in force when the month ended, unless `people` says otherwise. A term that was cut in another zone than that of now may end
 * hours before its month does: then the month is over with it.
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
  invariant(isOver(month, timeZone, new Date(at.getTime() + ZONES_APART_MS)), 'only a month that is over is frozen');
  const cut = await monthSpan(tx, tenantId, month, timeZone);
  const span = { start: cut.start, end: cut.end < at ? cut.end : at };
  const policy = people ?? (await peoplePolicyIn(tx, tenantId, new Date(span.end.getTime() - 1)));
  await insertSnapshot(tx.db, tenantId, month, { ...span, timeZone, people: policy }, at);
  return (await findSnapshot(tx.db, tenantId, month))!;
}

/** When a month begins and ends here: as the zone of now divides it, and as its neighbors were frozen. */
export async function monthSpan(tx: TxContext, tenantId: string, month: string, timeZone: string): Promise<MonthSpan> {
  const before = await findSnapshot(tx.db, tenantId, monthBefore(month));
  const after = await findSnapshot(tx.db, tenantId, monthAfter(month));
  return besideFrozen(spanOf(month, timeZone), { before: before?.ended_at ?? null, after: after?.began_at ?? null });
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
