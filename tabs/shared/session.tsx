import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import type { Locale } from '../../src/contract/common';
import type { Me } from '../../src/contract/me';
import { api } from '../api';
import type { Host } from '../teams';
import { changeLocale, localeOf } from './i18n';
import { forget, readKept, writeKept } from './kept';

/** What one person chose on this device. */
interface Settings {
  locale: Locale | null;
  shortcuts: boolean;
}

export interface Session {
  host: Host;
  locale: Locale;
  chosenLocale: Locale | null;
  chooseLocale: (locale: Locale | null) => void;
  shortcuts: boolean;
  setShortcuts: (on: boolean) => void;
}

const SessionContext = createContext<Session | null>(null);

const settingsKey = (host: Host) => `kontingent.${host.settingsKey}.settings`;

export function readSettings(host: Host): Settings {
  return { locale: null, shortcuts: true, ...readKept<Partial<Settings>>(settingsKey(host)) };
}

export function SessionProvider({ host, children }: { host: Host; children: ReactNode }) {
  const [settings, setSettings] = useState(() => readSettings(host));
  const change = useCallback(
    (next: Settings) => {
      setSettings(next);
      if (next.locale === null && next.shortcuts) forget(settingsKey(host));
      else writeKept(settingsKey(host), next);
    },
    [host],
  );
  const session = useMemo<Session>(
    () => ({
      host,
      locale: settings.locale ?? localeOf(host.language),
      chosenLocale: settings.locale,
      chooseLocale: (locale) => {
        change({ ...settings, locale });
        void changeLocale(locale ?? localeOf(host.language));
      },
      shortcuts: settings.shortcuts,
      setShortcuts: (shortcuts) => change({ ...settings, shortcuts }),
    }),
    [host, settings, change],
  );
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('SessionProvider is missing');
  return session;
}

const POLL_MS = 15_000;

/** Who is asking and what they may do. Asked again while nothing is bought or active, so that a purchase shows without a reload. */
export function useMeQuery(): UseQueryResult<Me> {
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => api.me(signal),
    refetchInterval: POLL_MS,
  });
}

/** For everything below the gate that waits for Me. */
export function useMe(): Me {
  const { data } = useMeQuery();
  if (!data) throw new Error('the gate lets nobody in without Me');
  return data;
}

/** Where a person's typed text is kept until it is sent. */
export function useKeptName(name: string): string {
  const me = useMe();
  return `kontingent.${me.tenantId}.${me.member?.id ?? 'nobody'}.${name}`;
}
