import type { Checklist, ChecklistQuery } from '../../contract/checklists';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { type Page, pageOf, readAgeCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { stateOf } from './checklists.rules';
import { findChecklistRow, findChecklistRows, findItemRows, moveChecklist, tickItemRow } from './checklists.store';
import { toChecklist } from './present-checklist';

/** A checklist with its items, in the caller's transaction; who may see it is the caller's question. */
export async function readChecklist(tx: TxContext, tenantId: string, checklistId: string): Promise<Checklist | null> {
  const row = await findChecklistRow(tx.db, tenantId, checklistId);
  return row && toChecklist(row, await findItemRows(tx.db, tenantId, [checklistId]));
}

export function getChecklist(ctx: Context, actor: Actor, checklistId: string): Promise<Result<Checklist, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const checklist = await readChecklist(tx, actor.tenantId, checklistId);
    return checklist ? ok(checklist) : refuse({ code: 'checklist_not_found' });
  });
}

/** Newest first. */
export function listChecklists(ctx: Context, actor: Actor, query: ChecklistQuery): Promise<Result<Page<Checklist>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const before = readAgeCursor(query.cursor);
    const rows = await findChecklistRows(tx.db, actor.tenantId, { state: query.state, before, limit: query.limit + 1 });
    const items = await findItemRows(
      tx.db,
      actor.tenantId,
      rows.slice(0, query.limit).map((row) => row.checklist_id),
    );
    return ok(
      pageOf(
        rows,
        query.limit,
        (row) => toChecklist(row, items),
        (row) => [row.created_at, row.checklist_id],
      ),
    );
  });
}

/** Ticks or unticks an item of a started checklist. The last open one completes it, an unticked one opens it again. */
export function tickItem(
  ctx: Context,
  actor: Actor,
  checklistId: string,
  itemId: string,
  done: boolean,
  revision: number,
): Promise<Result<Checklist, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'edit');
    if (!access.ok) return access;
    const row = await findChecklistRow(tx.db, actor.tenantId, checklistId);
    if (!row) return refuse({ code: 'checklist_not_found' });
    const items = await findItemRows(tx.db, actor.tenantId, [checklistId]);
    const item = items.find(({ item_id }) => item_id === itemId);
    if (!item) return refuse({ code: 'checklist_not_found' });
    if (row.revision !== revision) return refuse({ code: 'stale_revision', current: toChecklist(row, items) });
    if (row.state === 'draft') return refuse({ code: 'checklist_not_running' });
    if ((item.done_at !== null) === done) return ok(toChecklist(row, items));

    const state = stateOf(items.map((one) => ({ done_at: one === item ? (done ? at : null) : one.done_at })));
    const moved = await moveChecklist(
      tx.db,
      actor.tenantId,
      checklistId,
      { state, completedAt: state === 'completed' ? at : null },
      revision,
    );
    if (moved) await tickItemRow(tx.db, actor.tenantId, checklistId, itemId, done ? { at, by: actor.memberId } : null);
    const current = (await readChecklist(tx, actor.tenantId, checklistId))!;
    return moved ? ok(current) : refuse({ code: 'stale_revision', current });
  });
}
