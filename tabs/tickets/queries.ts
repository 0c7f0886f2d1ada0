import { type QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Ticket } from '../../src/contract/tickets';
import { api, type TicketFilter } from '../api';

export const ticketKey = (id: string) => ['tickets', 'one', id];
export const timelineKey = (id: string) => ['tickets', 'timeline', id];

export function useTickets(filter: TicketFilter) {
  return useInfiniteQuery({
    queryKey: ['tickets', 'list', filter],
    queryFn: ({ pageParam, signal }) => api.tickets(filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (previous) => previous,
  });
}

export const useTicket = (id: string) =>
  useQuery({ queryKey: ticketKey(id), queryFn: ({ signal }) => api.ticket(id, signal), refetchInterval: 30_000 });

export const useTimeline = (id: string) =>
  useQuery({ queryKey: timelineKey(id), queryFn: ({ signal }) => api.timeline(id, signal), refetchInterval: 30_000 });

/** After a change: the lists are asked anew, the open ticket shows what the server answered. */
export function ticketChanged(queryClient: QueryClient, ticket: Ticket): void {
  queryClient.setQueryData(ticketKey(ticket.id), ticket);
  void queryClient.invalidateQueries({ queryKey: ['tickets', 'list'] });
  void queryClient.invalidateQueries({ queryKey: timelineKey(ticket.id) });
}

export function ticketGone(queryClient: QueryClient, id: string): void {
  queryClient.removeQueries({ queryKey: ticketKey(id) });
  queryClient.removeQueries({ queryKey: timelineKey(id) });
  void queryClient.invalidateQueries({ queryKey: ['tickets', 'list'] });
  void queryClient.invalidateQueries({ queryKey: ['usage'] });
}
