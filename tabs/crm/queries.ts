import { type QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Money, Opportunity, Stage } from '../../src/contract/opportunities';
import { api } from '../api';

export const STAGES: readonly Stage[] = ['new', 'qualified', 'offer', 'won', 'lost'];
export const OPEN_STAGES: readonly Stage[] = ['new', 'qualified', 'offer'];

export const opportunityKey = (id: string) => ['opportunities', 'one', id];

export function useOpportunities(stage: string) {
  return useInfiniteQuery({
    queryKey: ['opportunities', 'list', stage],
    queryFn: ({ pageParam, signal }) => api.opportunities(stage, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (previous) => previous,
  });
}

export const useOpportunity = (id: string) =>
  useQuery({ queryKey: opportunityKey(id), queryFn: ({ signal }) => api.opportunity(id, signal), refetchInterval: 30_000 });

export function opportunityChanged(queryClient: QueryClient, opportunity: Opportunity): void {
  queryClient.setQueryData(opportunityKey(opportunity.id), opportunity);
  void queryClient.invalidateQueries({ queryKey: ['opportunities', 'list'] });
}

/** The sum of each currency by itself: amounts of different currencies are not added. */
export function sums(opportunities: Opportunity[]): Money[] {
  const totals = new Map<string, number>();
  for (const { value } of opportunities) if (value) totals.set(value.currency, (totals.get(value.currency) ?? 0) + value.minor);
  return [...totals].map(([currency, minor]) => ({ currency, minor }));
}
