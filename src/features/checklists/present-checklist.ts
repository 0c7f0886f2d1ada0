import type { Checklist, ChecklistItem } from '../../contract/checklists';
import type { ChecklistRow, ItemRow } from './checklists.store';

export function toChecklist(row: ChecklistRow, items: readonly ItemRow[]): Checklist {
  return {
    id: row.checklist_id,
    title: row.title,
    state: row.state,
    items: items.filter((item) => item.checklist_id === row.checklist_id).map(toItem),
    createdBy: { id: row.created_by, name: row.created_by_name },
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    completedAt: row.completed_at?.toISOString() ?? null,
    revision: row.revision,
  };
}

const toItem = (row: ItemRow): ChecklistItem => ({
  id: row.item_id,
  text: row.text,
  assignee: row.assignee ? { id: row.assignee, name: row.assignee_name ?? '' } : null,
  doneAt: row.done_at?.toISOString() ?? null,
  doneBy: row.done_by ? { id: row.done_by, name: row.done_by_name ?? '' } : null,
});
