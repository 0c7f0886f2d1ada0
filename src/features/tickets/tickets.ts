import type { Refusal } from '../../contract/refusals';
import type { Comment, NewComment, Ticket, TicketPatch, TicketQuery, TimelineEntry } from '../../contract/tickets';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { type Page, pageOf, readCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { seesNotes } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { once } from '../usage/once';
import { recall } from '../usage/recall';
import { release, releaseDeleted, wasReleased } from '../usage/release';
import { toComment, toTicket } from './present-ticket';
import { changesOf, readSearch, undoableUntil } from './tickets.rules';
import {
  deleteTicketRow,
  findChangeRows,
  findCommentRows,
  findTicketRow,
  findTicketRows,
  insertChange,
  insertComment,
  type TicketRow,
  updateTicketRow,
} from './tickets.store';

export function getTicket(ctx: Context, actor: Actor, ticketId: string): Promise<Result<Ticket, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await ticketFor(tx, actor, ticketId, 'read');
    return found.ok ? ok(toTicket(found.value.row)) : found;
  });
}

/** Newest first; `q` finds words by their beginning, and a number. */
export function listTickets(ctx: Context, actor: Actor, query: TicketQuery): Promise<Result<Page<Ticket>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const before = readCursor(query.cursor, ([number]) => Number.isSafeInteger(number)) as [number] | null;
    const rows = await findTicketRows(tx.db, actor.tenantId, actor.memberId, {
      ...query,
      ...readSearch(query.q),
      before: before?.[0] ?? null,
      limit: query.limit + 1,
    });
    return ok(pageOf(rows, query.limit, toTicket, (row) => [row.number]));
  });
}

/** Changes what the patch names and writes the history; refuses a revision that is not the current one. */
export function updateTicket(
  ctx: Context,
  actor: Actor,
  ticketId: string,
  patch: TicketPatch,
  revision: number,
): Promise<Result<Ticket, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const found = await ticketFor(tx, actor, ticketId, 'edit');
    if (!found.ok) return found;
    const { row } = found.value;
    if (row.revision !== revision) return refuse({ code: 'stale_revision', current: toTicket(row) });

    const names = await memberNames(
      tx,
      actor.tenantId,
      [row.assignee, patch.assigneeId].filter((id) => typeof id === 'string'),
    );
    if (patch.assigneeId && !names.has(patch.assigneeId)) return refuse({ code: 'member_not_found' });
    const before = { ...row, assigneeId: row.assignee, dueOn: row.due_on };
    const changes = changesOf(before, patch, (id) => names.get(id) ?? row.assignee_name);
    if (Object.keys(changes).length === 0) return ok(toTicket(row));

    const next = applyPatch(row, patch, at);
    const saved = await updateTicketRow(tx.db, actor.tenantId, next, revision, at);
    if (!saved) return refuse({ code: 'stale_revision', current: toTicket((await findTicketRow(tx.db, actor.tenantId, ticketId)) ?? row) });
    await insertChange(tx.db, actor.tenantId, { ticketId, revision: saved.revision, actor: actor.memberId, changes, at });
    return ok(toTicket((await findTicketRow(tx.db, actor.tenantId, ticketId))!));
  });
}

function applyPatch(row: TicketRow, patch: TicketPatch, at: Date): TicketRow {
  const status = patch.status ?? row.status;
  return {
    ...row,
    title: patch.title ?? row.title,
    description: patch.description ?? row.description,
    status,
    priority: patch.priority ?? row.priority,
    assignee: patch.assigneeId === undefined ? row.assignee : patch.assigneeId,
    due_on: patch.dueOn === undefined ? row.due_on : patch.dueOn,
    tags: patch.tags ?? row.tags,
    closed_at: status === 'closed' ? (row.closed_at ?? at) : null,
  };
}

/** Takes a ticket off every list. The unit it used stays used, unless the plan gives it back to the period it was taken from. */
export function deleteTicket(ctx: Context, actor: Actor, ticketId: string, revision: number): Promise<Result<null, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await ticketFor(tx, actor, ticketId, 'edit');
    if (!found.ok) return found;
    const at = tx.now();
    const deleted = await deleteTicketRow(tx.db, actor.tenantId, ticketId, revision, at);
    if (!deleted) return refuse({ code: 'stale_revision', current: toTicket(found.value.row) });
    await releaseDeleted(tx, actor.tenantId, { meter: 'tickets', subject: ticketId, actor: actor.memberId, at });
    return ok(null);
  });
}

/** Takes back a creation within its window: the ticket goes, the unit comes back to the period it was taken from. */
export function undoTicket(ctx: Context, actor: Actor, ticketId: string): Promise<Result<null, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const act = { meter: 'tickets' as const, subject: ticketId, actor: actor.memberId };
    const found = await ticketFor(tx, actor, ticketId, 'edit');
    // Looked for last: another try of the same undo may have ended a moment ago.
    if (!found.ok) return (await wasReleased(tx, actor.tenantId, act)) ? ok(null) : found;
    const { row } = found.value;
    if (row.requester !== actor.memberId) return refuse({ code: 'not_allowed', needs: 'edit' });
    const until = undoableUntil(row.created_at);
    if (at > until) return refuse({ code: 'undo_too_late', undoableUntil: until.toISOString() });
    if (!(await deleteTicketRow(tx.db, actor.tenantId, ticketId, null, at))) {
      return (await wasReleased(tx, actor.tenantId, act)) ? ok(null) : refuse({ code: 'ticket_not_found' });
    }
    await release(tx, actor.tenantId, { ...act, at });
    return ok(null);
  });
}

/** Counts nothing, and works at the limit (TW-12). */
export function commentTicket(
  ctx: Context,
  actor: Actor,
  ticketId: string,
  key: CreationKey,
  input: NewComment,
): Promise<Result<Created<Comment>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const act = { key: keyOf('comment_ticket', actor, key), fingerprint: fingerprint([ticketId, input]) };
    const known = await commentMadeBefore(tx, actor, ticketId, act);
    if (!known.ok || known.value) return known.ok ? ok({ record: known.value!, replayed: true }) : known;
    const found = await ticketFor(tx, actor, ticketId, 'comment');
    if (!found.ok) return found;
    if (input.kind === 'note' && !seesNotes(found.value.role)) return refuse({ code: 'not_allowed', needs: 'edit' });
    const commentId = tx.newId();
    const first = await once(tx, actor.tenantId, { ...act, subject: commentId }, at);
    if (first.outcome === 'conflict') return refuse({ code: 'idempotency_conflict' });
    if (first.outcome === 'first') {
      await insertComment(tx.db, actor.tenantId, { commentId, ticketId, author: actor.memberId, ...input }, at);
    }
    const [row] = await findCommentRows(tx.db, actor.tenantId, ticketId, first.outcome === 'first' ? commentId : first.subject);
    return ok({ record: toComment(row!), replayed: first.outcome === 'replayed' });
  });
}

/** A retry gets its comment whatever has become of the ticket and the subscription since (G2). */
async function commentMadeBefore(
  tx: TxContext,
  actor: Actor,
  ticketId: string,
  act: { key: string; fingerprint: string },
): Promise<Result<Comment | null, Refusal>> {
  const access = await enter(tx, actor, 'read');
  if (!access.ok) return access;
  const known = await recall(tx, actor.tenantId, act);
  if (!known.ok || known.value === null) return known.ok ? ok(null) : known;
  const [row] = await findCommentRows(tx.db, actor.tenantId, ticketId, known.value);
  return ok(toComment(row!));
}

/** Comments and changes, oldest first; internal notes only for those who may see them. */
export function ticketTimeline(ctx: Context, actor: Actor, ticketId: string): Promise<Result<TimelineEntry[], Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await ticketFor(tx, actor, ticketId, 'read');
    if (!found.ok) return found;
    const comments = await findCommentRows(tx.db, actor.tenantId, ticketId);
    const changes = await findChangeRows(tx.db, actor.tenantId, ticketId);
    const entries: TimelineEntry[] = [
      ...comments
        .filter((comment) => comment.kind === 'reply' || seesNotes(found.value.role))
        .map((row) => ({ type: 'comment' as const, at: row.created_at.toISOString(), comment: toComment(row) })),
      ...changes.map((row) => ({
        type: 'change' as const,
        at: row.at.toISOString(),
        actor: { id: row.actor, name: row.actor_name },
        changes: row.changes,
      })),
    ];
    return ok(entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)));
  });
}

/** What the actor may not see does not exist for them. */
async function ticketFor(tx: TxContext, actor: Actor, ticketId: string, capability: 'read' | 'comment' | 'edit') {
  const access = await enter(tx, actor, capability);
  if (!access.ok) return access;
  const row = await findTicketRow(tx.db, actor.tenantId, ticketId);
  return row ? ok({ row, role: access.value.role }) : refuse({ code: 'ticket_not_found' as const });
}
