import { z } from 'zod';
import { page } from '../../contract/common';
import { Comment, NewComment, NewTicket, Ticket, TicketPatch, TicketQuery, TimelineEntry } from '../../contract/tickets';
import { createTicket } from '../../features/tickets/create-ticket';
import {
  commentTicket,
  deleteTicket,
  getTicket,
  listTickets,
  ticketTimeline,
  undoTicket,
  updateTicket,
} from '../../features/tickets/tickets';
import { ok } from '../../platform/result';
import { type ApiRoute, idParams, route } from '../api-route';

const params = idParams('ticketId');

export const ticketRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/tickets',
    summary: 'Tickets, newest first; filtered and searched',
    query: TicketQuery,
    answer: page(Ticket),
    run: ({ ctx, actor, query }) => listTickets(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/tickets',
    summary: 'Create a ticket; counts one of the tickets meter',
    body: NewTicket,
    answer: Ticket,
    creates: true,
    run: ({ ctx, actor, key, body }) => createTicket(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'get',
    path: '/tickets/:ticketId',
    summary: 'One ticket',
    params,
    answer: Ticket,
    run: ({ ctx, actor, params }) => getTicket(ctx, actor, params.ticketId),
  }),
  route({
    method: 'patch',
    path: '/tickets/:ticketId',
    summary: 'Change a ticket; works at the limit',
    params,
    body: TicketPatch,
    answer: Ticket,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => updateTicket(ctx, actor, params.ticketId, body, revision),
  }),
  route({
    method: 'delete',
    path: '/tickets/:ticketId',
    summary: 'Delete a ticket; its unit stays used',
    params,
    answer: null,
    changes: true,
    run: ({ ctx, actor, params, revision }) => deleteTicket(ctx, actor, params.ticketId, revision),
  }),
  route({
    method: 'post',
    path: '/tickets/:ticketId/undo',
    summary: 'Take back a creation within 60 seconds; gives its unit back',
    params,
    answer: null,
    run: ({ ctx, actor, params }) => undoTicket(ctx, actor, params.ticketId),
  }),
  route({
    method: 'get',
    path: '/tickets/:ticketId/timeline',
    summary: 'Comments and changes of a ticket, oldest first',
    params,
    answer: z.object({ items: z.array(TimelineEntry) }),
    run: async ({ ctx, actor, params }) => {
      const found = await ticketTimeline(ctx, actor, params.ticketId);
      return found.ok ? ok({ items: found.value }) : found;
    },
  }),
  route({
    method: 'post',
    path: '/tickets/:ticketId/comments',
    summary: 'Comment on a ticket; counts nothing',
    params,
    body: NewComment,
    answer: Comment,
    creates: true,
    run: ({ ctx, actor, params, key, body }) => commentTicket(ctx, actor, params.ticketId, { clientKey: key }, body),
  }),
];
