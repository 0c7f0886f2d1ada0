import type { Comment, Ticket } from '../../contract/tickets';
import { undoableUntil } from './tickets.rules';
import type { CommentRow, TicketRow } from './tickets.store';

export function toTicket(row: TicketRow): Ticket {
  return {
    id: row.ticket_id,
    number: row.number,
    title: row.title,
    description: row.description,
    status: row.status,
    priority: row.priority,
    requester: { id: row.requester, name: row.requester_name },
    assignee: row.assignee ? { id: row.assignee, name: row.assignee_name ?? '' } : null,
    dueOn: row.due_on,
    tags: row.tags,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
    undoableUntil: undoableUntil(row.created_at).toISOString(),
    revision: row.revision,
  };
}

export const toComment = (row: CommentRow): Comment => ({
  id: row.comment_id,
  author: { id: row.author, name: row.author_name },
  body: row.body,
  kind: row.kind,
  createdAt: row.created_at.toISOString(),
});
