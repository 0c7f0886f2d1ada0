import { METERS } from '../../contract/meters';
import type { TxContext } from '../../platform/context';
import { anchorUsage } from '../tenants/tenants';
import { lockNewestCounter, moveUse } from './counters.store';
import { refreshCounters } from './refresh-counters';

/**
 * What a change of plan does to the use so far, the organization's and the teams'. `usage` keep: it stays used (TW-21); reset: it
 * begins at nothing. `anchor` reset: a new period begins now, opened with what is kept; keep: the running one goes on. `date`: the
 * calendar date that a new period is counted from. Call it after the grants were replaced.
 */
export async function restartUsage(
  tx: TxContext,
  tenantId: string,
  { usage, anchor, date }: { usage: 'keep' | 'reset'; anchor: 'keep' | 'reset'; date?: string },
  at: Date,
): Promise<void> {
  await refreshCounters(tx, tenantId, at);
  if (usage === 'keep' && anchor === 'keep') return;
  const before = new Map<string, Date>();
  for (const meter of METERS) {
    const row = await lockNewestCounter(tx.db, tenantId, meter);
    if (row) before.set(meter, row.periodStart);
  }
  if (anchor === 'reset') {
    await anchorUsage(tx.db, tenantId, at, date ?? at.toISOString().slice(0, 10));
    await refreshCounters(tx, tenantId, at);
  }
  for (const meter of METERS) {
    const row = await lockNewestCounter(tx.db, tenantId, meter);
    const from = before.get(meter);
    if (row && from) await moveUse(tx.db, tenantId, meter, { periodStart: row.periodStart, from: usage === 'keep' ? from : null }, at);
  }
  await refreshCounters(tx, tenantId, at);
}
