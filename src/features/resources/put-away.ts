import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { refreshCounter } from '../usage/refresh-counters';
import { release } from '../usage/release';
import { kindsOf } from './kinds';
import { totalsOf } from './resources.rules';
import { dropResources, lockResource, lockTrees, type ResourceRow, saveResource, setAmount } from './resources.store';

/** Which member puts something away, and by which plan change, if any. `act` names the act for ever. */
export interface Handling {
  actor: string;
  act: string;
  trimmedBy: string | null;
}

/** Takes items out of use, with all that hangs below them; their places and amounts are free at once. */
export async function archiveItems(tx: TxContext, tenantId: string, ids: readonly string[], by: Handling, at: Date): Promise<void> {
  for (const row of await lockTrees(tx.db, tenantId, ids)) {
    if (row.archivedAt) continue;
    await giveBack(tx, tenantId, row, by, at);
    await saveResource(tx.db, tenantId, { ...row, archivedAt: at, trimmedBy: by.trimmedBy }, at);
  }
}

/** Removes items for good. What hangs below them goes too. */
export async function removeItems(tx: TxContext, tenantId: string, ids: readonly string[], by: Handling, at: Date): Promise<void> {
  const rows = await lockTrees(tx.db, tenantId, ids);
  for (const row of rows) if (!row.archivedAt) await giveBack(tx, tenantId, row, by, at);
  await dropResources(
    tx.db,
    tenantId,
    rows.map(({ id }) => id),
  );
}

/** Takes an item off what it hangs on, and remembers where it hung. */
export async function detachItem(tx: TxContext, tenantId: string, id: string, by: Handling, at: Date): Promise<void> {
  const row = await lockResource(tx.db, tenantId, id);
  if (!row?.attachedTo) return;
  await saveResource(tx.db, tenantId, { ...row, attachedTo: null, detachedFrom: row.attachedTo, trimmedBy: by.trimmedBy }, at);
}

/** Gives an item in use less of a measure. */
export async function lowerAmount(
  tx: TxContext,
  tenantId: string,
  id: string,
  { measure, to }: { measure: string; to: number },
  by: Handling,
  at: Date,
): Promise<void> {
  const row = await lockResource(tx.db, tenantId, id);
  const before = row?.amounts[measure] ?? 0;
  if (!row || row.archivedAt || before <= to) return;
  await moveTotals(tx, tenantId, row, { ...row.amounts, [measure]: to }, by, at);
  await saveResource(tx.db, tenantId, { ...row, amounts: { ...row.amounts, [measure]: to }, trimmedBy: by.trimmedBy }, at);
}

/** Books what an item holds of each total as it becomes `after`. The caller has looked whether it fits. */
export async function moveTotals(
  tx: TxContext,
  tenantId: string,
  row: ResourceRow,
  after: Readonly<Record<string, number>>,
  { act, actor }: Pick<Handling, 'act' | 'actor'>,
  at: Date,
): Promise<void> {
  const kinds = await kindsOf(tx, tenantId);
  const before = totalsOf(row.amounts, kinds);
  const next = totalsOf(after, kinds);
  for (const measure of [...new Set([...Object.keys(before), ...Object.keys(next)])].sort()) {
    await refreshCounter(tx, tenantId, measure, at);
    const change = { measure, subject: row.id, before: before[measure] ?? 0, after: next[measure] ?? 0, key: `${act}:${row.id}`, actor };
    invariant(await setAmount(tx.db, tenantId, change, at), 'an amount that was checked under the counter’s lock fits');
  }
}

async function giveBack(tx: TxContext, tenantId: string, row: ResourceRow, by: Handling, at: Date): Promise<void> {
  await moveTotals(tx, tenantId, row, {}, by, at);
  await release(tx, tenantId, { meter: row.kind, subject: row.id, actor: by.actor, at });
}
