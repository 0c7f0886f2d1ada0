import type { Ticket, TimelineEntry } from '../../contract/tickets';
import type { Speech } from '../speech';
import {
  type Action,
  type Card,
  card,
  type Element,
  execute,
  facts,
  heading,
  openUrl,
  paragraph,
  remark,
  submit,
  textInput,
  typed,
} from './card';

export const ticketNumber = (ticket: Pick<Ticket, 'number'>): string => `T-${ticket.number}`;

/** `commentKey` names the next comment; `link` opens the ticket in the tab, null where Teams does not know the app. */
export function ticketCard(
  speech: Speech,
  ticket: Ticket,
  more: { viewer: string; latest: readonly TimelineEntry[]; remark: string | null; commentKey: string; link: string | null },
): Card {
  const { texts, date } = speech;
  const { ticket: words, buttons } = texts;
  const at = { ticketId: ticket.id, revision: ticket.revision };
  const isClosed = ticket.status === 'closed';
  return card(
    `${ticketNumber(ticket)} ${ticket.title}`,
    [
      more.remark === null ? null : paragraph(more.remark, { color: 'Good' }),
      heading(ticketNumber(ticket)),
      typed(ticket.title, { weight: 'Bolder' }),
      ticket.description === '' ? null : typed(short(ticket.description, 600)),
      facts([
        [words.status, words.statuses[ticket.status]],
        [words.priority, words.priorities[ticket.priority]],
        [words.requester, ticket.requester.name],
        [words.assignee, ticket.assignee?.name ?? words.nobody],
        ticket.dueOn === null ? null : [words.due, date(ticket.dueOn)],
      ]),
      ...latestLines(speech, more.latest),
    ],
    [
      isClosed || ticket.assignee?.id === more.viewer ? null : execute(buttons.take, 'take_ticket', at),
      isClosed ? execute(buttons.reopen, 'reopen_ticket', at) : execute(buttons.close, 'close_ticket', at),
      commentForm(speech, ticket.id, more.commentKey),
      more.link === null ? null : openUrl(buttons.open, more.link),
    ],
  );
}

function commentForm({ texts }: Speech, ticketId: string, key: string): Action {
  const { label, missing } = texts.forms.comment;
  return {
    type: 'Action.ShowCard',
    title: texts.buttons.comment,
    card: {
      type: 'AdaptiveCard',
      version: '1.5',
      body: [textInput('comment', label, { isMultiline: true, isRequired: true, errorMessage: missing, maxLength: 20_000 })],
      actions: [execute(texts.buttons.send, 'comment_ticket', { ticketId, key })],
    },
  };
}

/** The last three events, beneath the facts. */
function latestLines({ texts, say }: Speech, latest: readonly TimelineEntry[]): Element[] {
  if (latest.length === 0) return [];
  const { history, changeLine, fields } = texts.ticket;
  const lines = latest.slice(-3).map((entry) =>
    entry.type === 'comment'
      ? `${entry.comment.author.name}: ${short(entry.comment.body, 200)}`
      : say(changeLine, {
          name: entry.actor.name,
          fields: Object.keys(entry.changes)
            .map((field) => fields[field as keyof typeof fields] ?? field)
            .join(', '),
        }),
  );
  return [paragraph(history, { weight: 'Bolder', separator: true }), ...lines.map((line) => typed(line, { size: 'Small' }))];
}

/** At most five, each with a button that shows it whole. */
export function ticketListCard(speech: Speech, title: string, tickets: readonly Ticket[], hasMore: boolean): Card {
  const { texts, say, date } = speech;
  const shown = tickets.slice(0, 5);
  const { statuses, priorities } = texts.ticket;
  return card(
    title,
    [
      heading(title),
      ...shown.map((ticket) => ({
        type: 'Container',
        separator: true,
        items: [
          typed(`${ticketNumber(ticket)}  ${ticket.title}`, { weight: 'Bolder' }),
          remark(
            [
              statuses[ticket.status],
              priorities[ticket.priority],
              ...(ticket.dueOn === null ? [] : [say(texts.list.dueOn, { date: date(ticket.dueOn) })]),
            ].join(' · '),
          ),
        ],
      })),
      hasMore ? remark(say(texts.list.more, { count: shown.length })) : null,
    ],
    shown.map((ticket) => submit(say(texts.buttons.show, { ticket: ticketNumber(ticket) }), 'show_ticket', { ticketId: ticket.id })),
  );
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most).trimEnd()}…` : text);
