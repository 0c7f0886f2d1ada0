import { z } from 'zod';
import { NewComment, NewTicket, type Ticket, type TicketPatch } from '../../contract/tickets';
import { createTicket } from '../../features/tickets/create-ticket';
import { commentTicket, getTicket, listTickets, ticketTimeline, updateTicket } from '../../features/tickets/tickets';
import { ticketForm } from '../cards/forms';
import { ticketCard, ticketListCard } from '../cards/tickets';
import { type Answer, formKey, messageKey, refused, refusedCreation, show, type Turn } from '../turn';
import { ticketFromText } from './typed-text.rules';

const MOST_HITS = 5;
const EVERY = { status: 'any', limit: MOST_HITS } as const;

/** `new ticket`: with words, the ticket at once; without, a form. */
export async function newTicket(turn: Turn, rest: string): Promise<Answer> {
  if (rest === '') return show(ticketForm(turn.speech, turn.ctx.newId()));
  return create(turn, messageKey(turn), ticketFromText(rest), { inPlace: false });
}

export const TicketSubmission = z.object({ key: z.string().max(200), title: z.string(), description: z.string().default('') });

export function submitTicket(turn: Turn, { key, title, description }: z.output<typeof TicketSubmission>): Promise<Answer> {
  const { title: line, description: rest } = ticketFromText(title);
  return create(turn, formKey(turn, key), { title: line, description: description === '' ? rest : description }, { inPlace: true });
}

async function create(
  turn: Turn,
  clientKey: string,
  given: { title: string; description: string },
  { inPlace }: { inPlace: boolean },
): Promise<Answer> {
  const input = NewTicket.safeParse(given);
  if (!input.success) return { text: turn.speech.texts.forms.invalid };
  const created = await createTicket(turn.ctx, turn.actor, { clientKey }, input.data);
  if (!created.ok) return refusedCreation(turn, created.refusal, given.title, inPlace);
  return showTicket(turn, created.value.record, turn.speech.texts.ticket.created, inPlace);
}

/** `my work`: what is assigned to me and open. */
export async function myWork(turn: Turn): Promise<Answer> {
  const { mine, mineEmpty } = turn.speech.texts.list;
  const found = await listTickets(turn.ctx, turn.actor, { ...EVERY, status: 'unclosed', assignee: 'me' });
  if (!found.ok) return refused(turn, found.refusal);
  const { items, nextCursor } = found.value;
  return items.length === 0 ? { text: mineEmpty } : show(ticketListCard(turn.speech, mine, items, nextCursor !== null));
}

/** `find`: up to five hits; a single one is shown whole. */
export async function findTickets(turn: Turn, rest: string): Promise<Answer> {
  const { found: title, foundEmpty, findWhat } = turn.speech.texts.list;
  const q = rest.slice(0, 200).trim();
  if (q === '') return { text: findWhat };
  const found = await listTickets(turn.ctx, turn.actor, { ...EVERY, q });
  if (!found.ok) return refused(turn, found.refusal);
  const { items, nextCursor } = found.value;
  if (items.length === 0) return { text: foundEmpty };
  if (items.length === 1) return showTicket(turn, items[0]!, null, false);
  return show(ticketListCard(turn.speech, title, items, nextCursor !== null));
}

export const TicketPress = z.object({ ticketId: z.uuid() });
export const TicketChange = TicketPress.extend({ revision: z.number().int().min(1) });

export async function openTicket(turn: Turn, { ticketId }: z.output<typeof TicketPress>): Promise<Answer> {
  const found = await getTicket(turn.ctx, turn.actor, ticketId);
  return found.ok ? showTicket(turn, found.value, null, false) : refused(turn, found.refusal);
}

type Press = z.output<typeof TicketChange>;

export const takeTicket = (turn: Turn, press: Press): Promise<Answer> =>
  change(turn, press, { assigneeId: turn.actor.memberId }, ({ assignee }) => assignee?.id === turn.actor.memberId, 'taken');

export const closeTicket = (turn: Turn, press: Press): Promise<Answer> =>
  change(turn, press, { status: 'closed' }, ({ status }) => status === 'closed', 'closed');

export const reopenTicket = (turn: Turn, press: Press): Promise<Answer> =>
  change(turn, press, { status: 'open' }, ({ status }) => status !== 'closed', 'reopened');

/** Changes what the pressed card showed. A card that is out of date shows what is now instead; a second press is no error. */
async function change(
  turn: Turn,
  { ticketId, revision }: Press,
  patch: TicketPatch,
  isDone: (ticket: Ticket) => boolean,
  done: 'taken' | 'closed' | 'reopened',
): Promise<Answer> {
  const words = turn.speech.texts.ticket;
  const changed = await updateTicket(turn.ctx, turn.actor, ticketId, patch, revision);
  if (changed.ok) return showTicket(turn, changed.value, words[done], true);
  if (changed.refusal.code !== 'stale_revision') return refused(turn, changed.refusal);
  const current = changed.refusal.current as unknown as Ticket;
  return showTicket(turn, current, isDone(current) ? words[done] : words.changed, true);
}

export const CommentSubmission = TicketPress.extend({ key: z.string().max(200), comment: z.string() });

export async function submitComment(turn: Turn, { ticketId, key, comment }: z.output<typeof CommentSubmission>): Promise<Answer> {
  const { forms, ticket: words } = turn.speech.texts;
  const input = NewComment.safeParse({ body: comment.trim() });
  if (!input.success) return { text: forms.invalid };
  const commented = await commentTicket(turn.ctx, turn.actor, ticketId, { clientKey: formKey(turn, key) }, input.data);
  if (!commented.ok) return refused(turn, commented.refusal);
  const found = await getTicket(turn.ctx, turn.actor, ticketId);
  return found.ok ? showTicket(turn, found.value, words.commented, true) : refused(turn, found.refusal);
}

export async function showTicket(turn: Turn, ticket: Ticket, remark: string | null, inPlace: boolean): Promise<Answer> {
  const timeline = await ticketTimeline(turn.ctx, turn.actor, ticket.id);
  const card = ticketCard(turn.speech, ticket, {
    viewer: turn.actor.memberId,
    latest: timeline.ok ? timeline.value : [],
    remark,
    commentKey: turn.ctx.newId(),
    link: turn.linkTo(`t/${ticket.id}`),
  });
  return show(card, { inPlace });
}
