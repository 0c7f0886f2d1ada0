/**
 * The host's side of the protocol that teams-js 2.58 speaks with `window.postMessage`.
 * A request is `{id, uuidAsString, func, args}`; its answer echoes both ids; an event has no id.
 */

export type FrameContext = 'content' | 'task' | 'authentication';

/** A page that may talk to the host: the tab, an open dialog, a sign-in window. */
export interface HostedPage {
  window: MessageEventSource;
  frameContext: FrameContext;
}

/** `tasks.startTask`: a dialog with a page or a card in it. Sizes are pixels or small, medium, large. */
export interface Task {
  title?: string;
  url?: string;
  card?: string;
  width?: number | string;
  height?: number | string;
}

/** The flat context object of `getContext`; teams-js maps it to the nested one. */
export type LegacyContext = Record<string, string | undefined>;

type Answer = readonly unknown[];

export interface HostSurroundings {
  /** Pages of other origins are not answered. */
  origin: string;
  pages(): HostedPage[];
  clientType(): 'desktop' | 'ios';
  context(frameContext: FrameContext): LegacyContext;
  token(): Promise<string>;
  loaded(): void;
  failed(message: string): void;
  navigate(place: { pageId?: string; subPageId?: string | null }): void;
  openLink(url: string): void;
  share(place: { subPageId: string | null; label: string }): void;
  purchase(plan: { planId?: string; term?: string } | undefined): void;
  startTask(task: Task, answer: (args: Answer) => void): void;
  completeTask(result: unknown): void;
  authenticate(url: string, answer: (args: Answer) => void): void;
  authenticated(args: Answer): void;
}

interface Request {
  id: number;
  uuidAsString?: string;
  func: string;
  args?: unknown[];
}

const isRequest = (data: unknown): data is Request =>
  typeof data === 'object' && data !== null && typeof (data as Request).id === 'number' && typeof (data as Request).func === 'string';

/** What the client can do. A phone cannot sell, so it does not have `monetization`. */
export function runtimeOf(clientType: 'desktop' | 'ios'): string {
  return JSON.stringify({
    apiVersion: 4,
    isLegacyTeams: false,
    isNAAChannelRecommended: false,
    hostVersionsInfo: { adaptiveCardSchemaVersion: { majorVersion: 1, minorVersion: 5 } },
    supports: {
      app: { notifySuccessResponse: {} },
      pages: { config: {}, backStack: {}, currentApp: {}, tabs: {} },
      dialog: { url: { bot: {}, parentCommunication: {} }, card: { bot: {} }, update: {} },
      ...(clientType === 'desktop' ? { monetization: {} } : {}),
    },
  });
}

/** A name in the form the protocol wants: text, or nothing. */
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The one event that is registered under another name than it is sent. */
const registrationOf = (event: string) => (event === 'backButtonPress' ? 'backButton' : event);

/** Starts answering. `send` tells every page that registered for an event; `stop` falls silent. */
export function startTeamsHost(around: HostSurroundings): { send(func: string, ...args: unknown[]): void; stop(): void } {
  const registered = new WeakMap<MessageEventSource, Set<string>>();
  const tell = (to: FrameContext, func: string, args: unknown[]) => {
    for (const page of around.pages()) {
      if (page.frameContext === to) page.window.postMessage({ func, args }, { targetOrigin: around.origin });
    }
  };

  /** What is asked, and what is answered. `undefined`: no answer, or one that comes later. */
  const answers: Record<
    string,
    (page: HostedPage, args: unknown[], later: (args: Answer) => void) => Answer | undefined | Promise<Answer>
  > = {
    initialize: (page) => {
      registered.set(page.window, new Set());
      return [page.frameContext, around.clientType(), '2.0.1', runtimeOf(around.clientType())];
    },
    getContext: (page) => [around.context(page.frameContext)],
    registerHandler: (page, [event]) => {
      registered.get(page.window)?.add(String(event));
      return undefined;
    },
    'appInitialization.appLoaded': () => {
      around.loaded();
      return undefined;
    },
    'appInitialization.success': () => {
      around.loaded();
      return [undefined];
    },
    'appInitialization.failure': (_page, [reason, message]) => {
      around.failed(text(message) ?? String(reason));
      return undefined;
    },
    'appInitialization.expectedFailure': (_page, [reason, message]) => {
      around.failed(text(message) ?? String(reason));
      return undefined;
    },
    'authentication.getAuthToken': () =>
      around.token().then(
        (token) => [true, token],
        (error: Error) => [false, error.message],
      ),
    'authentication.authenticate': (_page, [url], later) => {
      around.authenticate(String(url), later);
      return undefined;
    },
    'authentication.authenticate.success': (_page, [result]) => {
      around.authenticated([true, result]);
      return undefined;
    },
    'authentication.authenticate.failure': (_page, [reason]) => {
      around.authenticated([false, reason]);
      return undefined;
    },
    'settings.setValidityState': () => undefined,
    'settings.getSettings': (page) => [{ entityId: around.context(page.frameContext).entityId }],
    'settings.setSettings': () => [true],
    'tasks.startTask': (_page, [task], later) => {
      around.startTask((task ?? {}) as Task, later);
      return undefined;
    },
    'tasks.completeTask': (_page, [result]) => {
      around.completeTask(result);
      return undefined;
    },
    'tasks.updateTask': () => undefined,
    messageForParent: (_page, args) => {
      tell('content', 'messageForParent', args);
      return undefined;
    },
    messageForChild: (_page, args) => {
      tell('task', 'messageForChild', args);
      return undefined;
    },
    shareDeepLink: (_page, [subPageId, label]) => {
      around.share({ subPageId: text(subPageId) ?? null, label: text(label) ?? '' });
      return undefined;
    },
    executeDeepLink: (_page, [url]) => {
      if (!text(url)) return [false, 'A link is needed.'];
      around.openLink(String(url));
      return [true];
    },
    'pages.navigateToApp': (_page, [place]) => {
      around.navigate((place ?? {}) as { pageId?: string; subPageId?: string });
      return [true];
    },
    'pages.currentApp.navigateTo': (_page, [place]) => {
      around.navigate((place ?? {}) as { pageId?: string; subPageId?: string });
      return [null];
    },
    'pages.currentApp.navigateToDefaultPage': () => {
      around.navigate({ subPageId: null });
      return [null];
    },
    navigateBack: () => [true],
    'monetization.openPurchaseExperience': (_page, [plan]) => {
      if (around.clientType() !== 'desktop') return [{ errorCode: 100, message: 'Not supported on this client.' }];
      around.purchase((plan ?? undefined) as { planId?: string; term?: string } | undefined);
      return [null];
    },
  };

  async function listen(event: MessageEvent): Promise<void> {
    const page = around.pages().find(({ window }) => window === event.source);
    if (!page || event.origin !== around.origin || !isRequest(event.data)) return;
    const { id, uuidAsString, func, args } = event.data;
    const reply = (answer: Answer) => page.window.postMessage({ id, uuidAsString, args: answer }, { targetOrigin: around.origin });
    const answer = await answers[func]?.(page, args ?? [], reply);
    if (answer) reply(answer);
  }

  const onMessage = (event: MessageEvent) => void listen(event);
  window.addEventListener('message', onMessage);
  return {
    send(func, ...args) {
      for (const page of around.pages()) {
        if (registered.get(page.window)?.has(registrationOf(func)))
          page.window.postMessage({ func, args }, { targetOrigin: around.origin });
      }
    },
    stop: () => window.removeEventListener('message', onMessage),
  };
}
