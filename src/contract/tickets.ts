import { z } from 'zod';
import { CalendarDate, Id, Instant, line, PageQuery, PersonRef, prose, Revision } from './common';

export const TICKET_STATUSES = ['open', 'in_progress', 'waiting', 'closed'] as const;
export const TicketStatus = z.enum(TICKET_STATUSES);
export type TicketStatus = z.infer<typeof TicketStatus>;

export const TICKET_PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export const TicketPriority = z.enum(TICKET_PRIORITIES);
export type TicketPriority = z.infer<typeof TicketPriority>;

/** A title is enough; the rest is defaulted. */
export const NewTicket = z.strictObject({
  title: line(200),
  description: prose(20_000).default(''),
  priority: TicketPriority.default('normal'),
  assigneeId: Id.nullable().default(null),
  dueOn: CalendarDate.nullable().default(null),
  tags: z.array(line(40)).max(20).default([]),
  /** Counts against this team's share, too, should it have one. */
  teamId: Id.optional(),
});
export type NewTicket = z.infer<typeof NewTicket>;

export const TicketPatch = z
  .strictObject({
    title: line(200),
    description: prose(20_000),
    status: TicketStatus,
    priority: TicketPriority,
    assigneeId: Id.nullable(),
    dueOn: CalendarDate.nullable(),
    tags: z.array(line(40)).max(20),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'at least one field must be given');
export type TicketPatch = z.infer<typeof TicketPatch>;

export const Ticket = z.object({
  id: Id,
  number: z.number().int(),
  title: z.string(),
  description: z.string(),
  status: TicketStatus,
  priority: TicketPriority,
  requester: PersonRef,
  assignee: PersonRef.nullable(),
  dueOn: CalendarDate.nullable(),
  tags: z.array(z.string()),
  createdAt: Instant,
  updatedAt: Instant,
  closedAt: Instant.nullable(),
  /** Until when an undo gives the unit back to the quota: 60 s after creation. */
  undoableUntil: Instant,
  revision: Revision,
});
export type Ticket = z.infer<typeof Ticket>;

/** `q` finds words of title, description and tags, and a number such as 1042 or T-1042. */
export const TicketQuery = PageQuery.extend({
  status: z.enum([...TICKET_STATUSES, 'any', 'unclosed']).default('any'),
  assignee: z.union([z.literal('me'), z.literal('none'), Id]).optional(),
  q: z.string().trim().max(200).optional(),
});
export type TicketQuery = z.infer<typeof TicketQuery>;

export const NewComment = z.strictObject({
  body: prose(20_000).refine((body) => body.trim() !== '', 'must not be empty'),
  /** A note is for agents and admins, a reply for everybody. */
  kind: z.enum(['reply', 'note']).default('reply'),
});
export type NewComment = z.infer<typeof NewComment>;

export const Comment = z.object({
  id: Id,
  author: PersonRef,
  body: z.string(),
  kind: z.enum(['reply', 'note']),
  createdAt: Instant,
});
export type Comment = z.infer<typeof Comment>;

/** One line of a ticket's history, oldest first. */
export const TimelineEntry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('comment'), at: Instant, comment: Comment }),
  z.object({
    type: z.literal('change'),
    at: Instant,
    actor: PersonRef,
    /** Field → [before, after], as a person reads them. */
    changes: z.record(z.string(), z.tuple([z.string().nullable(), z.string().nullable()])),
  }),
]);
export type TimelineEntry = z.infer<typeof TimelineEntry>;
