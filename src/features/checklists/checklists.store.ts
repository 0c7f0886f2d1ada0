import type { ChecklistQuery, ChecklistState, NewChecklist } from '../../contract/checklists';
import type { Queryable } from '../../platform/db/database';

export interface ChecklistRow {
  checklist_id: string;
  title: string;
  state: ChecklistState;
  created_by: string;
  created_by_name: string;
  created_at: Date;
  started_at: Date | null;
  completed_at: Date | null;
  revision: number;
}

export interface ItemRow {
  checklist_id: string;
  item_id: string;
  text: string;
  assignee: string | null;
  assignee_name: string | null;
  done_at: Date | null;
  done_by: string | null;
  done_by_name: string | null;
}

const SELECT = `
  select c.checklist_id, c.title, c.state, c.created_by, coalesce(m.name, '') as created_by_name, c.created_at, c.started_at, c.completed_at, c.revision
    from checklists c
    left join members m on m.tenant_id = c.tenant_id and m.member_id = c.created_by`;

export async function findChecklistRow(db: Queryable, tenantId: string, checklistId: string): Promise<ChecklistRow | null> {
  const [row] = await db.query<ChecklistRow>(`${SELECT} where c.tenant_id = $1 and c.checklist_id = $2`, [tenantId, checklistId]);
  return row ?? null;
}

/** Newest first. */
export async function findChecklistRows(
  db: Queryable,
  tenantId: string,
  query: { state: ChecklistQuery['state']; before: { at: string; id: string } | null; limit: number },
): Promise<ChecklistRow[]> {
  return db.query<ChecklistRow>(
    `${SELECT}
      where c.tenant_id = $1 and ($2 = 'any' or c.state = $2)
        and ($3::timestamptz is null or (c.created_at, c.checklist_id) < ($3, $4::uuid))
      order by c.created_at desc, c.checklist_id desc limit $5`,
    [tenantId, query.state, query.before?.at ?? null, query.before?.id ?? null, query.limit],
  );
}

/** The items of some checklists, in each one's own order. */
export async function findItemRows(db: Queryable, tenantId: string, checklistIds: readonly string[]): Promise<ItemRow[]> {
  return db.query<ItemRow>(
    `select i.checklist_id, i.item_id, i.text, i.assignee, a.name as assignee_name, i.done_at, i.done_by, d.name as done_by_name
       from checklist_items i
       left join members a on a.tenant_id = i.tenant_id and a.member_id = i.assignee
       left join members d on d.tenant_id = i.tenant_id and d.member_id = i.done_by
      where i.tenant_id = $1 and i.checklist_id = any($2::uuid[])
      order by i.checklist_id, i.position`,
    [tenantId, checklistIds],
  );
}

/** A draft checklist with its items; what is submitted at once is inserted by its admission. */
export async function insertDraftChecklist(
  db: Queryable,
  tenantId: string,
  checklist: { checklistId: string; createdBy: string; input: NewChecklist },
  at: Date,
): Promise<void> {
  await db.query(
    `insert into checklists (tenant_id, checklist_id, title, state, created_by, created_at) values ($1, $2, $3, 'draft', $4, $5)`,
    [tenantId, checklist.checklistId, checklist.input.title, checklist.createdBy, at],
  );
  await db.query(
    `insert into checklist_items (tenant_id, checklist_id, item_id, position, text, assignee)
     select $1, $2, gen_random_uuid(), i.position, i.item ->> 'text', (i.item ->> 'assigneeId')::uuid
       from jsonb_array_elements($3::jsonb) with ordinality as i(item, position)`,
    [tenantId, checklist.checklistId, JSON.stringify(checklist.input.items)],
  );
}

/** False when the revision is not the current one. The revision of a checklist guards its items too. */
export async function moveChecklist(
  db: Queryable,
  tenantId: string,
  checklistId: string,
  to: { state: ChecklistState; completedAt: Date | null },
  revision: number,
): Promise<boolean> {
  const rows = await db.query(
    `update checklists set state = $3, completed_at = $4, revision = revision + 1
      where tenant_id = $1 and checklist_id = $2 and revision = $5
      returning 1`,
    [tenantId, checklistId, to.state, to.completedAt, revision],
  );
  return rows.length > 0;
}

export async function tickItemRow(
  db: Queryable,
  tenantId: string,
  checklistId: string,
  itemId: string,
  done: { at: Date; by: string } | null,
): Promise<void> {
  await db.query('update checklist_items set done_at = $4, done_by = $5 where tenant_id = $1 and checklist_id = $2 and item_id = $3', [
    tenantId,
    checklistId,
    itemId,
    done?.at ?? null,
    done?.by ?? null,
  ]);
}
