import type { Refusal } from '../../contract/refusals';
import type { NewTicket, Ticket } from '../../contract/tickets';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { keepWhatWasRefused } from '../drafts/drafts';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { mayCreateFor } from '../shares/shares';
import { admit } from '../usage/admit';
import { actKeyOf, type Created, type CreationKey } from '../usage/creation';
import { recall } from '../usage/recall';
import { toTicket } from './present-ticket';
import { findTicketRowEver, type TicketRow } from './tickets.store';

/** Creates a ticket and counts it; at the limit the input is kept as its author's draft. */
export async function createTicket(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: NewTicket,
): Promise<Result<Created<Ticket>, Refusal>> {
  const act = actKeyOf('create_ticket', actor, key, input);
  const share = await mayCreateFor(ctx, actor, act, input.teamId);
  if (!share.ok) return share;
  const assignee = await assigneeOf(ctx, actor, act, input);
  if (!assignee.ok) return assignee;
  if ('before' in assignee.value) return ok({ record: assignee.value.before, replayed: true });

  const admitted = await admit(ctx, actor, {
    ...act,
    creation: 'create_tickets',
    meter: 'tickets',
    subject: ctx.newId(),
    quantity: 1,
    record: input,
    teamId: input.teamId,
  });
  if (!admitted.ok) return keepWhatWasRefused(ctx, actor, act, { meter: 'tickets', payload: input }, admitted.refusal);
  const { outcome, subject, number, at } = admitted.value;
  const row =
    outcome === 'admitted'
      ? newRow(actor, input, assignee.value.name, { subject, number: number!, at })
      : (await inTenant(ctx, actor.tenantId, ({ db }) => findTicketRowEver(db, actor.tenantId, subject)))!;
  return ok({ record: toTicket(row), replayed: outcome === 'replayed' });
}

/** Someone who left since is no reason to refuse a retry of what succeeded. */
async function assigneeOf(
  ctx: Context,
  actor: Actor,
  act: { key: string; fingerprint: string },
  { assigneeId }: NewTicket,
): Promise<Result<{ name: string | null } | { before: Ticket }, Refusal>> {
  if (assigneeId === null) return ok({ name: null });
  if (assigneeId === actor.memberId) return ok({ name: actor.name });
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const name = (await memberNames(tx, actor.tenantId, [assigneeId])).get(assigneeId);
    return name === undefined ? createdBefore(tx, actor, act) : ok({ name });
  });
}

async function createdBefore(
  tx: TxContext,
  actor: Actor,
  act: { key: string; fingerprint: string },
): Promise<Result<{ before: Ticket }, Refusal>> {
  const access = await enter(tx, actor, 'read');
  if (!access.ok) return access;
  const known = await recall(tx, actor.tenantId, act);
  if (!known.ok) return known;
  if (known.value === null) return refuse({ code: 'member_not_found' });
  return ok({ before: toTicket((await findTicketRowEver(tx.db, actor.tenantId, known.value))!) });
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
