import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changeLocale } from '../shared/i18n';
import { type Address, addressOf, type HostView, placeOfDeepLink } from './address';
import { ChatView } from './chat-view';
import { Guide } from './guide';
import { AppMark, BackIcon, ChatIcon, StoreIcon } from './icons';
import { MarketplaceView } from './marketplace-view';
import { fetchContracts, fetchMarketplace, fetchState, fetchToken, fetchUsage, type Person, type SandboxState } from './sandbox-api';
import { SandboxBar } from './sandbox-bar';
import { TabView } from './tab-view';
import { useAddress } from './use-address';
import { keepWalk, readWalk, type Step, stepsSeen } from './walk';

const POLL_MS = 4000;
/** Where the guide fits beside the app. */
const ROOM_FOR_GUIDE = '(min-width: 1100px)';

/** A Teams look-alike around Kontingent, with everything a newcomer needs to try it. */
export function SandboxApp() {
  const { t } = useTranslation('host');
  const { data: state, isError, refetch } = useQuery({ queryKey: ['state'], queryFn: fetchState, refetchInterval: POLL_MS });
  if (!state)
    return (
      <main className="blank">
        {isError ? (
          <>
            <h1>{t('notAnswering')}</h1>
            <p className="quiet">{t('startAgain')}</p>
            <button type="button" className="button primary" onClick={() => void refetch()}>
              {t('retry')}
            </button>
          </>
        ) : (
          <p role="status">{t('loading')}</p>
        )}
      </main>
    );
  return <Desk state={state} away={isError} />;
}

function Desk({ state, away }: { state: SandboxState; away: boolean }) {
  const { t } = useTranslation('host');
  const client = useQueryClient();
  const [address, go] = useAddress();
  const [generation, setGeneration] = useState(0);
  const [wanted, setWanted] = useState<string | null>(null);
  const [toast, showToast] = useToast();
  const [pressBack, setPressBack] = useState<(() => void) | null>(null);
  const onBack = useCallback((press: (() => void) | null) => setPressBack(() => press), []);
  const person = state.people.find(({ key }) => key === address.person) ?? state.people[0]!;
  const roomy = useMedia(ROOM_FOR_GUIDE);
  const guideShown = address.guide ? address.guide === 'on' : roomy;
  const [done, startOver] = useWalk(state, person, address, away);

  useEffect(() => void changeLocale(address.lang), [address.lang]);
  useEffect(() => {
    document.documentElement.dataset.theme = address.theme;
  }, [address.theme]);

  const changed = useCallback(() => {
    setGeneration((count) => count + 1);
    void client.invalidateQueries();
  }, [client]);
  const openLink = useCallback(
    (url: string) => {
      const place = placeOfDeepLink(url);
      if (place) return go({ view: 'tab', ...place });
      if (isOurBot(url, state.botId)) return go({ view: 'chat' });
      if (/^https?:/u.test(url)) window.open(url, '_blank', 'noopener');
    },
    [go, state.botId],
  );
  const purchase = useCallback(
    (planId: string | undefined) => {
      setWanted(planId ?? null);
      go({ view: 'marketplace' });
    },
    [go],
  );
  const forgetWanted = useCallback(() => setWanted(null), []);

  const inTeams = (
    <div className="teams-client">
      <ClientHeader address={address} appName={state.appName} go={go} back={address.view === 'tab' ? pressBack : null} />
      {address.view === 'tab' ? (
        <TabView
          address={address}
          person={person}
          appName={state.appName}
          generation={generation}
          go={go}
          openLink={openLink}
          purchase={purchase}
          toast={showToast}
          onBack={onBack}
        />
      ) : (
        <ChatView person={person} appName={state.appName} theme={address.theme} lang={address.lang} openLink={openLink} />
      )}
    </div>
  );

  return (
    <div className="sandbox" data-client={address.client} data-view={address.view}>
      <SandboxBar address={address} state={state} guideShown={guideShown} go={go} moved={changed} />
      {away && (
        <p className="strip" role="alert">
          {t('notAnswering')} {t('startAgain')}
        </p>
      )}
      <div className={`desk ${guideShown ? 'desk-guided' : ''}`}>
        <Rail address={address} appName={state.appName} go={go} />
        <main className="stage">
          {address.view === 'marketplace' ? (
            <MarketplaceView person={person} lang={address.lang} wanted={wanted} forgetWanted={forgetWanted} />
          ) : (
            inTeams
          )}
        </main>
        {guideShown && (
          <Guide
            address={{ ...address, person: person.key }}
            now={state.now}
            done={done}
            go={(change) => go(roomy ? change : { ...change, guide: 'off' })}
            changed={changed}
            close={() => go({ guide: 'off' })}
            startOver={startOver}
          />
        )}
      </div>
      <p className="toast" role="status" data-shown={toast !== ''}>
        {toast}
      </p>
    </div>
  );
}

const isOurBot = (url: string, botId: string) => URL.canParse(url) && new URL(url).pathname.startsWith('/l/chat/') && url.includes(botId);

function Rail({ address, appName, go }: { address: Address; appName: string; go(change: Partial<Address>): void }) {
  const { t } = useTranslation('host');
  const places: { view: HostView; name: string; icon: React.ReactNode }[] = [
    { view: 'tab', name: appName, icon: <AppMark size={24} /> },
    { view: 'chat', name: t('rail.chat'), icon: <ChatIcon /> },
    { view: 'marketplace', name: t('rail.marketplace'), icon: <StoreIcon /> },
  ];
  return (
    <nav className="rail" aria-label={t('rail.label')}>
      {places.map(({ view, name, icon }) => (
        <button key={view} type="button" aria-current={view === address.view ? 'page' : undefined} onClick={() => go({ view })}>
          {icon}
          <span>{name}</span>
        </button>
      ))}
    </nav>
  );
}

/** The client's own title bar: the app's name and its tabs, as the manifest declares them. */
function ClientHeader({
  address,
  appName,
  go,
  back,
}: {
  address: Address;
  appName: string;
  go(change: Partial<Address>): void;
  back: (() => void) | null;
}) {
  const { t } = useTranslation('host');
  const tabs = [
    { view: 'tab', name: t('tab.home') },
    { view: 'chat', name: t('tab.chat') },
  ] as const;
  return (
    <header className="client-head">
      {address.client === 'phone' && (
        <button type="button" className="icon-button" aria-label={t('tab.back')} disabled={!back} onClick={() => back?.()}>
          <BackIcon />
        </button>
      )}
      <AppMark size={address.client === 'phone' ? 24 : 28} />
      <h1>{appName}</h1>
      <nav aria-label={t('tab.tabs', { app: appName })}>
        {tabs.map(({ view, name }) => (
          <button key={view} type="button" aria-current={view === address.view ? 'page' : undefined} onClick={() => go({ view })}>
            {name}
          </button>
        ))}
      </nav>
    </header>
  );
}

const TOAST_SHOWS_MS = 6000;

function useToast(): [string, (text: string) => void] {
  const [text, setText] = useState('');
  useEffect(() => {
    if (text === '') return;
    const over = setTimeout(() => setText(''), TOAST_SHOWS_MS);
    return () => clearTimeout(over);
  }, [text]);
  return [text, setText];
}

function useMedia(query: string): boolean {
  const media = useMemo(() => window.matchMedia(query), [query]);
  const [matches, setMatches] = useState(media.matches);
  useEffect(() => {
    const follow = () => setMatches(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, [media]);
  return matches;
}

/** The ticks of the walk: every sighting adds to what is kept; nothing unticks but starting over. */
function useWalk(state: SandboxState, person: Person, address: Address, away: boolean): [readonly Step[], () => void] {
  const [kept, setKept] = useState(readWalk);
  const wasAway = useRef(false);
  const { data: marketplace } = useQuery({
    queryKey: ['marketplace', person.key],
    queryFn: () => fetchMarketplace(person.key),
    refetchInterval: POLL_MS,
  });
  const { data: direct } = useQuery({
    queryKey: ['contracts', person.key, address.lang],
    queryFn: () => fetchContracts(person.key, address.lang),
    enabled: marketplace?.plans.length === 0,
    refetchInterval: POLL_MS,
  });
  const subscriptions = useMemo(
    () => [...(marketplace?.subscriptions ?? []), ...(direct?.contracts ?? []).map(({ status }) => ({ status, lastWebhook: null }))],
    [marketplace, direct],
  );
  const { data: usage } = useQuery({
    queryKey: ['usage', person.key],
    queryFn: async () => fetchUsage(await fetchToken(person.key)),
    // Before anything is active there is nothing to count, and asking would only be refused.
    enabled: subscriptions.some(({ status }) => status === 'Subscribed'),
    refetchInterval: POLL_MS,
  });
  const plain = addressOf('', navigator.language);
  const switched = (['person', 'theme', 'client', 'lang'] as const).some((choice) => address[choice] !== plain[choice]);

  useEffect(() => {
    const cameBack = wasAway.current && !away;
    wasAway.current = away;
    setKept((before) => {
      const firstReset = before.firstReset ?? usage?.meters[0]?.resetsAt ?? null;
      const seen = stepsSeen({
        switched,
        subscriptions,
        usage: usage ?? null,
        now: state.now,
        firstReset,
        cameBack,
      }).filter((step) => !before.done.includes(step));
      if (seen.length === 0 && firstReset === before.firstReset) return before;
      return { done: [...before.done, ...seen], firstReset };
    });
  }, [switched, subscriptions, usage, state.now, away]);
  useEffect(() => keepWalk(kept), [kept]);

  return [kept.done, () => setKept({ done: [], firstReset: null })];
}
