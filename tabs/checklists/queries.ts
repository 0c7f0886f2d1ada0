import { type QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Checklist } from '../../src/contract/checklists';
import { api } from '../api';

export const checklistKey = (id: string) => ['checklists', 'one', id];

export function useChecklists(state: string) {
  return useInfiniteQuery({
    queryKey: ['checklists', 'list', state],
    queryFn: ({ pageParam, signal }) => api.checklists(state, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (previous) => previous,
  });
}

export const useChecklist = (id: string) =>
  useQuery({ queryKey: checklistKey(id), queryFn: ({ signal }) => api.checklist(id, signal), refetchInterval: 30_000 });

export function checklistChanged(queryClient: QueryClient, checklist: Checklist): void {
  queryClient.setQueryData(checklistKey(checklist.id), checklist);
  void queryClient.invalidateQueries({ queryKey: ['checklists', 'list'] });
}

export const doneCount = (checklist: Checklist): number => checklist.items.filter((item) => item.doneAt !== null).length;
