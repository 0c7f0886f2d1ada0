import type { Refusal } from '../../contract/refusals';
import type { NewTicket, Ticket } from '../../contract/tickets';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { keepWhatWasRefused } from '../drafts/drafts';
import { memberNames } from '../members/members';
import { admit } from '../usage/admit';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { toTicket } from './present-ticket';
import { findTicketRowEver, type TicketRow } from './tickets.store';

/** Creates a ticket and counts it; at the limit the input is kept as its author's draft. */
export async function createTicket(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: NewTicket,
): Promise<Result<Created<Ticket>, Refusal>> {
  const assigneeName = await nameOfAssignee(ctx, actor, input);
  if (!assigneeName.ok) return assigneeName;
  const act = { key: keyOf('create_ticket', actor, key), fingerprint: key.fingerprint ?? fingerprint(input) };
  const admitted = await admit(ctx, actor, {
    ...act,
    creation: 'create_tickets',
    meter: 'tickets',
    subject: ctx.newId(),
    quantity: 1,
    record: input,
  });
  if (!admitted.ok) return keepWhatWasRefused(ctx, actor, act, { meter: 'tickets', payload: input }, admitted.refusal);
  const { outcome, subject, number, at } = admitted.value;
  const row =
    outcome === 'admitted'
      ? newRow(actor, input, assigneeName.value, { subject, number: number!, at })
      : (await inTenant(ctx, actor.tenantId, ({ db }) => findTicketRowEver(db, actor.tenantId, subject)))!;
  return ok({ record: toTicket(row), replayed: outcome === 'replayed' });
}

async function nameOfAssignee(ctx: Context, actor: Actor, { assigneeId }: NewTicket): Promise<Result<string | null, Refusal>> {
  if (assigneeId === null) return ok(null);
  if (assigneeId === actor.memberId) return ok(actor.name);
  const names = await inTenant(ctx, actor.tenantId, (tx) => memberNames(tx, actor.tenantId, [assigneeId]));
  const name = names.get(assigneeId);
  return name === undefined ? refuse({ code: 'member_not_found' }) : ok(name);
}

/** The row as the admission wrote it, without reading it again. */
function newRow(
  actor: Actor,
  input: NewTicket,
  assigneeName: string | null,
  made: { subject: string; number: number; at: Date },
): TicketRow {
  return {
    ticket_id: made.subject,
    number: made.number,
    title: input.title,
    description: input.description,
    status: 'open',
    priority: input.priority,
    requester: actor.memberId,
    requester_name: actor.name,
    assignee: input.assigneeId,
    assignee_name: assigneeName,
    due_on: input.dueOn,
    tags: input.tags,
    created_at: made.at,
    updated_at: made.at,
    closed_at: null,
    revision: 1,
  };
}
