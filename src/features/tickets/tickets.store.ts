import type { TicketPriority, TicketQuery, TicketStatus } from '../../contract/tickets';
import type { Queryable } from '../../platform/db/database';

export interface TicketRow {
  ticket_id: string;
  number: number;
  title: string;
  description: string;
  status: TicketStatus;
  priority: TicketPriority;
  requester: string;
  requester_name: string;
  assignee: string | null;
  assignee_name: string | null;
  due_on: string | null;
  tags: string[];
  created_at: Date;
  updated_at: Date;
  closed_at: Date | null;
  revision: number;
}

const SELECT = `
  select t.ticket_id, t.number::float8 as number, t.title, t.description, t.status, t.priority, t.requester, coalesce(r.name, '') as requester_name,
         t.assignee, a.name as assignee_name, t.due_on::text as due_on, t.tags, t.created_at, t.updated_at, t.closed_at, t.revision
    from tickets t
    left join members r on r.tenant_id = t.tenant_id and r.member_id = t.requester
    left join members a on a.tenant_id = t.tenant_id and a.member_id = t.assignee`;

export async function findTicketRow(db: Queryable, tenantId: string, ticketId: string): Promise<TicketRow | null> {
  const [row] = await db.query<TicketRow>(`${SELECT} where t.tenant_id = $1 and t.ticket_id = $2 and t.deleted_at is null`, [
    tenantId,
    ticketId,
  ]);
  return row ?? null;
}

/** As findTicketRow, deleted ones too: what a replayed creation answers. */
export async function findTicketRowEver(db: Queryable, tenantId: string, ticketId: string): Promise<TicketRow | null> {
  const [row] = await db.query<TicketRow>(`${SELECT} where t.tenant_id = $1 and t.ticket_id = $2`, [tenantId, ticketId]);
  return row ?? null;
}

/** Newest first. Each filter is there or not, so the text is built; the values never are. */
export async function findTicketRows(
  db: Queryable,
  tenantId: string,
  memberId: string,
  query: Pick<TicketQuery, 'status' | 'assignee' | 'limit'> & { words: string | null; number: number | null; before: number | null },
): Promise<TicketRow[]> {
  const values: unknown[] = [tenantId];
  const where = ['t.tenant_id = $1', 't.deleted_at is null'];
  const add = (condition: (place: string) => string, value: unknown) => where.push(condition(`$${values.push(value)}`));
  if (query.status === 'unclosed') where.push(`t.status <> 'closed'`);
  else if (query.status !== 'any') add((place) => `t.status = ${place}`, query.status);
  if (query.assignee === 'none') where.push('t.assignee is null');
  else if (query.assignee) add((place) => `t.assignee = ${place}`, query.assignee === 'me' ? memberId : query.assignee);
  if (query.words && query.number !== null) {
    const words = `$${values.push(query.words)}`;
    add((place) => `(t.ticket_id in (select find_ticket_ids(to_tsquery('simple', ${words}))) or t.number = ${place})`, query.number);
  } else if (query.words) add((place) => `t.ticket_id in (select find_ticket_ids(to_tsquery('simple', ${place})))`, query.words);
  else if (query.number !== null) add((place) => `t.number = ${place}`, query.number);
  if (query.before !== null) add((place) => `t.number < ${place}`, query.before);
  return db.query<TicketRow>(`${SELECT} where ${where.join(' and ')} order by t.number desc limit $${values.push(query.limit)}`, values);
}

/** Null when the revision is not the current one. */
export async function updateTicketRow(
  db: Queryable,
  tenantId: string,
  ticket: TicketRow,
  revision: number,
  at: Date,
): Promise<{ revision: number } | null> {
  const [row] = await db.query<{ revision: number }>(
    `update tickets set title = $4, description = $5, status = $6, priority = $7, assignee = $8, due_on = $9::date, tags = $10,
                        closed_at = $11, updated_at = $12, revision = revision + 1
      where tenant_id = $1 and ticket_id = $2 and revision = $3 and deleted_at is null
      returning revision`,
    [
      tenantId,
      ticket.ticket_id,
      revision,
      ticket.title,
      ticket.description,
      ticket.status,
      ticket.priority,
      ticket.assignee,
      ticket.due_on,
      ticket.tags,
      ticket.closed_at,
      at,
    ],
  );
  return row ?? null;
}

export async function deleteTicketRow(
  db: Queryable,
  tenantId: string,
  ticketId: string,
  revision: number | null,
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `update tickets set deleted_at = $4, updated_at = $4, revision = revision + 1
      where tenant_id = $1 and ticket_id = $2 and ($3::int is null or revision = $3) and deleted_at is null
      returning 1`,
    [tenantId, ticketId, revision, at],
  );
  return rows.length > 0;
}

export async function insertChange(
  db: Queryable,
  tenantId: string,
  change: { ticketId: string; revision: number; actor: string; changes: Record<string, [string | null, string | null]>; at: Date },
): Promise<void> {
  await db.query('insert into ticket_changes (tenant_id, ticket_id, revision, actor, changes, at) values ($1, $2, $3, $4, $5, $6)', [
    tenantId,
    change.ticketId,
    change.revision,
    change.actor,
    JSON.stringify(change.changes),
    change.at,
  ]);
}

export interface CommentRow {
  comment_id: string;
  author: string;
  author_name: string;
  kind: 'reply' | 'note';
  body: string;
  created_at: Date;
}

export async function insertComment(
  db: Queryable,
  tenantId: string,
  comment: { commentId: string; ticketId: string; author: string; kind: 'reply' | 'note'; body: string },
  at: Date,
): Promise<void> {
  await db.query(
    `insert into ticket_comments (tenant_id, comment_id, ticket_id, author, kind, body, created_at) values ($1, $2, $3, $4, $5, $6, $7)`,
    [tenantId, comment.commentId, comment.ticketId, comment.author, comment.kind, comment.body, at],
  );
}

export async function findCommentRows(
  db: Queryable,
  tenantId: string,
  ticketId: string,
  commentId: string | null = null,
): Promise<CommentRow[]> {
  return db.query<CommentRow>(
    `select c.comment_id, c.author, coalesce(m.name, '') as author_name, c.kind, c.body, c.created_at
       from ticket_comments c left join members m on m.tenant_id = c.tenant_id and m.member_id = c.author
      where c.tenant_id = $1 and c.ticket_id = $2 and ($3::uuid is null or c.comment_id = $3)
      order by c.created_at, c.comment_id`,
    [tenantId, ticketId, commentId],
  );
}

export interface ChangeRow {
  actor: string;
  actor_name: string;
  changes: Record<string, [string | null, string | null]>;
  at: Date;
}

export async function findChangeRows(db: Queryable, tenantId: string, ticketId: string): Promise<ChangeRow[]> {
  return db.query<ChangeRow>(
    `select c.actor, coalesce(m.name, '') as actor_name, c.changes, c.at
       from ticket_changes c left join members m on m.tenant_id = c.tenant_id and m.member_id = c.actor
      where c.tenant_id = $1 and c.ticket_id = $2 order by c.revision`,
    [tenantId, ticketId],
  );
}
