import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Address, CLIENT_LOCALES, type HostClient, type HostTheme, searchOf } from './address';
import { Card } from './card';
import { CloseIcon } from './icons';
import { fetchToken, type Person } from './sandbox-api';
import { type FrameContext, type LegacyContext, startTeamsHost, type Task } from './teams-host';

const APP_ID = '6f0a3c52-7d1e-4f5b-9c1d-2b8e4a7f9d30';
const SLOW_AFTER_MS = 30_000;

/** Teams' own names of the themes. */
const teamsTheme: Record<HostTheme, string> = { light: 'default', dark: 'dark', contrast: 'contrast' };
const clientTypeOf = (client: HostClient) => (client === 'phone' ? 'ios' : 'desktop');

/** The manifest's contentUrl of every page: which page and place is meant, the context says. */
const CONTENT_URL = '/tab/';

export interface TabViewProps {
  address: Address;
  person: Person;
  appName: string;
  /** Grows when the page is to be loaded anew. */
  generation: number;
  go(change: Partial<Address>): void;
  openLink(url: string): void;
  purchase(planId: string | undefined): void;
  toast(text: string): void;
  /** Hands out a way to press the phone's back button; null when the tab is gone. */
  onBack(press: (() => void) | null): void;
}

function contextOf({ address, person }: TabViewProps, frameContext: FrameContext): LegacyContext {
  return {
    appId: APP_ID,
    locale: CLIENT_LOCALES[address.lang].toLowerCase(),
    theme: teamsTheme[address.theme],
    hostName: 'Teams',
    hostClientType: clientTypeOf(address.client),
    entityId: address.page,
    subEntityId: address.sub ?? '',
    frameContext,
    userObjectId: person.objectId,
    userPrincipalName: person.address,
    loginHint: person.address,
    userDisplayName: person.name,
    tid: person.tenantId,
    ringId: 'general',
  };
}

interface OpenTask {
  task: Task;
  answer(args: readonly unknown[]): void;
}

/** The app's tab in its frame, with a Teams host around it. */
export function TabView(props: TabViewProps) {
  const { t } = useTranslation('host');
  const { address, person, appName, generation } = props;
  const frame = useRef<HTMLIFrameElement>(null);
  const taskFrame = useRef<HTMLIFrameElement>(null);
  const latest = useRef(props);
  const host = useRef<ReturnType<typeof startTeamsHost>>(null);
  const popup = useRef<{ window: Window; answer(args: readonly unknown[]): void }>(null);
  const [status, setStatus] = useState<'loading' | 'ready' | 'failed'>('loading');
  const [open, setOpen] = useState<OpenTask | null>(null);
  const openTask = useRef<OpenTask>(null);
  const [tries, setTries] = useState(0);
  const frameKey = [person.key, address.client, address.lang, address.page, address.sub, generation, tries].join('|');

  useEffect(() => {
    latest.current = props;
    openTask.current = open;
  });

  useEffect(() => {
    const started = startTeamsHost({
      origin: window.location.origin,
      pages: () => [
        ...(frame.current?.contentWindow ? [{ window: frame.current.contentWindow, frameContext: 'content' as const }] : []),
        ...(taskFrame.current?.contentWindow ? [{ window: taskFrame.current.contentWindow, frameContext: 'task' as const }] : []),
        ...(popup.current ? [{ window: popup.current.window, frameContext: 'authentication' as const }] : []),
      ],
      clientType: () => clientTypeOf(latest.current.address.client),
      context: (frameContext) => contextOf(latest.current, frameContext),
      token: () => fetchToken(latest.current.person.key),
      loaded: () => setStatus('ready'),
      failed: () => setStatus('failed'),
      navigate: ({ pageId, subPageId }) =>
        latest.current.go({ view: 'tab', page: pageId || latest.current.address.page, sub: subPageId || null }),
      openLink: (url) => latest.current.openLink(url),
      share: ({ subPageId }) => void shareLink({ ...latest.current.address, sub: subPageId }, latest.current.toast, t),
      purchase: (plan) => latest.current.purchase(plan?.planId),
      startTask: (task, answer) => setOpen({ task, answer }),
      completeTask: (result) => {
        openTask.current?.answer([null, result]);
        setOpen(null);
      },
      authenticate: (url, answer) => {
        const opened = window.open(url, 'kontingent-sign-in', 'popup,width=600,height=640');
        if (opened) popup.current = { window: opened, answer };
        else answer([false, 'FailedToOpenWindow']);
      },
      authenticated: (args) => {
        popup.current?.answer(args);
        popup.current = null;
      },
    });
    host.current = started;
    latest.current.onBack(() => started.send('backButtonPress'));
    return () => {
      started.stop();
      latest.current.onBack(null);
    };
  }, [t]);

  useEffect(() => host.current?.send('themeChange', teamsTheme[address.theme]), [address.theme]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: every load of the frame has its own thirty seconds
  useEffect(() => {
    setStatus('loading');
    setOpen(null);
    const slow = setTimeout(() => setStatus((now) => (now === 'loading' ? 'failed' : now)), SLOW_AFTER_MS);
    return () => clearTimeout(slow);
  }, [frameKey]);

  return (
    <div className="tab-place">
      <iframe key={frameKey} ref={frame} title={t('tab.frame', { app: appName })} src={CONTENT_URL} allow="clipboard-write" />
      {status === 'loading' && (
        <div className="tab-cover" role="status">
          <span className="spinner" aria-hidden="true" />
          <span className="spoken">{t('loading')}</span>
        </div>
      )}
      {status === 'failed' && (
        <div className="tab-cover" role="alert">
          <h2>{t('tab.failedTitle', { app: appName })}</h2>
          <p className="quiet">{t('tab.failedText')}</p>
          <button type="button" className="button primary" onClick={() => setTries(tries + 1)}>
            {t('retry')}
          </button>
        </div>
      )}
      {open && (
        <TaskDialog
          {...open}
          theme={address.theme}
          frame={taskFrame}
          openLink={props.openLink}
          close={(args) => {
            open.answer(args);
            setOpen(null);
          }}
        />
      )}
    </div>
  );
}

async function shareLink(address: Address, toast: (text: string) => void, t: (key: string) => string) {
  const link = `${window.location.origin}/${searchOf({ ...address, view: 'tab' })}`;
  await navigator.clipboard.writeText(link).then(
    () => toast(t('tab.linkCopied')),
    () => toast(link),
  );
}

const WIDTHS: Record<string, number> = { small: 280, medium: 400, large: 600 };
const HEIGHTS: Record<string, number> = { small: 280, medium: 400, large: 540 };

interface TaskDialogProps {
  task: Task;
  theme: HostTheme;
  frame: React.RefObject<HTMLIFrameElement | null>;
  openLink(url: string): void;
  close(args: readonly unknown[]): void;
}

/** A dialog of the app: its own page, or a card. */
function TaskDialog({ task, theme, frame, openLink, close }: TaskDialogProps) {
  const { t } = useTranslation('host');
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const cancelled = () => close(['User cancelled/closed the task module.', undefined]);
  const pixels = (size: number | string | undefined, named: Record<string, number>) =>
    typeof size === 'number' ? size : (named[size ?? 'medium'] ?? 400);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-label={task.title ?? t('tab.dialog')}
      onCancel={cancelled}
      style={{ width: pixels(task.width, WIDTHS) }}
    >
      <header className="dialog-head">
        <h2>{task.title}</h2>
        <button type="button" className="icon-button" aria-label={t('close')} onClick={cancelled}>
          <CloseIcon />
        </button>
      </header>
      {task.url && (
        <iframe ref={frame} title={task.title ?? t('tab.dialog')} src={task.url} style={{ height: pixels(task.height, HEIGHTS) }} />
      )}
      {task.card && (
        <Card
          payload={JSON.parse(task.card)}
          theme={theme}
          act={{ submit: (data) => close([null, data]), execute: (_verb, data) => close([null, data]), open: openLink }}
        />
      )}
    </dialog>
  );
}
