import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { Draft } from '../../src/contract/drafts';
import type { Meter } from '../../src/contract/meters';
import type { MeterUsage, Usage } from '../../src/contract/usage';
import { api, type Page } from '../api';
import { learnServerTime } from './server-time';
import { useMe } from './session';

const POLL_MS = 15_000;

/** The three meters; asked again every 15 s while the page is visible, since a plan may change anywhere at any time. */
export function useUsage(): UseQueryResult<Usage> {
  return useQuery({
    queryKey: ['usage'],
    queryFn: async ({ signal }) => {
      const usage = await api.usage(signal);
      learnServerTime(usage.asOf);
      return usage;
    },
    refetchInterval: POLL_MS,
  });
}

export function useMeter(meter: Meter): MeterUsage | undefined {
  return useUsage().data?.meters.find((usage) => usage.meter === meter);
}

/** What the limit kept this person from creating, oldest first. */
export function useDrafts(): UseQueryResult<Page<Draft>> {
  return useQuery({ queryKey: ['drafts'], queryFn: ({ signal }) => api.drafts(signal) });
}

/** Whether this person may be shown how to get more: never on phones, and only those who manage the plan. */
export function mayBeOfferedMore(phone: boolean, me: { may: { managePlan: boolean } }): boolean {
  return !phone && me.may.managePlan;
}

/** Whether creating makes sense for this person at all: an active subscription and a role that may. */
export function useMayCreate(): boolean {
  return useMe().may.create;
}
