/** @jest-environment jsdom */
import './offline';
import { app, authentication, dialog, monetization, pages } from '@microsoft/teams-js';
import { type FrameContext, type HostSurroundings, type LegacyContext, startTeamsHost } from '../../../tabs/sandbox/teams-host';

const ORIGIN = 'https://sandbox.example';

/** A frame with the real teams-js in it, and the host around it; jsdom's own postMessage carries neither origin nor source. */
function frameAndHost(overrides: Partial<HostSurroundings> = {}) {
  const listeners: ((event: unknown) => void)[] = [];
  const posted: unknown[] = [];
  const toHost = {
    postMessage: (data: unknown) => window.dispatchEvent(new MessageEvent('message', { data, origin: ORIGIN, source: frame as never })),
  };
  const frame = {
    parent: toHost,
    opener: null,
    location: { origin: ORIGIN, href: `${ORIGIN}/tab/` },
    document,
    addEventListener: (_name: string, listener: (event: unknown) => void) => listeners.push(listener),
    removeEventListener: () => undefined,
    setInterval: window.setInterval.bind(window),
    postMessage: (data: unknown, options: { targetOrigin: string }) => {
      posted.push(data);
      expect(options.targetOrigin).toBe(ORIGIN);
      for (const listener of listeners) listener({ data, origin: ORIGIN, source: toHost });
    },
  } as Record<string, unknown>;
  frame.self = frame;
  frame.top = toHost;
  const around: jest.Mocked<HostSurroundings> = {
    origin: ORIGIN,
    pages: jest.fn(() => [{ window: frame as never, frameContext: 'content' as const }]),
    clientType: jest.fn(() => 'desktop' as const),
    context: jest.fn(
      (_frame: FrameContext): LegacyContext => ({
        locale: 'de-de',
        theme: 'dark',
        entityId: 'home',
        subEntityId: 't/7',
        hostName: 'Teams',
        hostClientType: 'desktop',
        tid: 'tenant',
        userObjectId: 'person',
      }),
    ),
    token: jest.fn(async () => 'a.b.c'),
    loaded: jest.fn(),
    failed: jest.fn(),
    navigate: jest.fn(),
    openLink: jest.fn(),
    share: jest.fn(),
    purchase: jest.fn(),
    startTask: jest.fn(),
    completeTask: jest.fn(),
    authenticate: jest.fn(),
    authenticated: jest.fn(),
    ...(overrides as object),
  };
  const host = startTeamsHost(around);
  app._initialize(frame);
  return { host, around, posted, toHost };
}

/** One more round trip: what was posted before has arrived. */
const settled = () => app.getContext();

let running: ReturnType<typeof frameAndHost>;
afterEach(() => {
  running.host.stop();
  app._uninitialize();
});

test('the real teams-js initializes and reads its context', async () => {
  running = frameAndHost();
  await app.initialize();
  const context = await app.getContext();
  expect(context.app).toMatchObject({ locale: 'de-de', theme: 'dark', host: { name: 'Teams', clientType: 'desktop' } });
  expect(context.page).toMatchObject({ id: 'home', subPageId: 't/7', frameContext: 'content' });
  expect(context.user).toMatchObject({ id: 'person', tenant: { id: 'tenant' } });
});

test('the page learns of a new theme without being loaded again', async () => {
  running = frameAndHost();
  await app.initialize();
  const themes: string[] = [];
  app.registerOnThemeChangeHandler((theme) => themes.push(theme));
  running.host.send('themeChange', 'contrast');
  await settled();
  expect(themes).toEqual(['contrast']);
});

test('nobody is told of an event that nobody registered for', async () => {
  running = frameAndHost();
  await app.initialize();
  const before = running.posted.length;
  running.host.send('themeChange', 'dark');
  expect(running.posted.length).toBe(before);
});

test('the token of the selected person is handed out, and a failure is told', async () => {
  running = frameAndHost();
  await app.initialize();
  await expect(authentication.getAuthToken()).resolves.toBe('a.b.c');
  running.around.token.mockRejectedValueOnce(new Error('resourceRequiresConsent'));
  await expect(authentication.getAuthToken({ silent: true })).rejects.toThrow('resourceRequiresConsent');
});

test('success is confirmed, so that the page may wait for it', async () => {
  running = frameAndHost();
  await app.initialize();
  app.notifyAppLoaded();
  await expect(app.notifySuccess()).resolves.toEqual({ hasFinishedSuccessfully: true });
  expect(running.around.loaded).toHaveBeenCalledTimes(2);
});

test('links, deep links and navigation reach the host', async () => {
  running = frameAndHost();
  await app.initialize();
  await app.openLink('https://example.com/');
  await pages.currentApp.navigateTo({ pageId: 'home', subPageId: 't/9' });
  pages.shareDeepLink({ subPageId: 't/9', subPageLabel: 'Ticket 9' });
  expect(running.around.openLink).toHaveBeenCalledWith('https://example.com/');
  expect(running.around.navigate).toHaveBeenCalledWith({ pageId: 'home', subPageId: 't/9' });
  expect(running.around.share).toHaveBeenCalledWith({ subPageId: 't/9', label: 'Ticket 9' });
});

test('a dialog answers with what its page submitted', async () => {
  running = frameAndHost();
  await app.initialize();
  const results: unknown[] = [];
  running.around.startTask.mockImplementation((_task, answer) => answer([null, { id: 7 }]));
  dialog.url.open({ url: `${ORIGIN}/tab/`, title: 'New', size: { height: 300, width: 400 } }, (response) => results.push(response.result));
  expect(running.around.startTask.mock.calls[0]![0]).toMatchObject({ title: 'New', height: 300, width: 400 });
  await settled();
  expect(results).toEqual([{ id: 7 }]);
});

test('a desktop client can sell, and a phone cannot', async () => {
  running = frameAndHost();
  await app.initialize();
  expect(monetization.isSupported()).toBe(true);
  await monetization.openPurchaseExperience({ planId: 'premium', term: 'P1M' });
  expect(running.around.purchase).toHaveBeenCalledWith({ planId: 'premium', term: 'P1M' });
  running.host.stop();
  app._uninitialize();

  running = frameAndHost({ clientType: () => 'ios' });
  await app.initialize();
  expect(monetization.isSupported()).toBe(false);
  await expect(async () => monetization.openPurchaseExperience()).rejects.toMatchObject({ errorCode: 100 });
  expect(running.around.purchase).not.toHaveBeenCalled();
});

test('the back button of the client goes to the page that registered for it', async () => {
  running = frameAndHost();
  await app.initialize();
  const pressed = jest.fn(() => true);
  pages.backStack.registerBackButtonHandler(pressed);
  running.host.send('backButtonPress');
  await settled();
  expect(pressed).toHaveBeenCalledTimes(1);
});

test.each([
  ['another origin', (source: unknown) => ({ origin: 'https://evil.example', source })],
  ['an unknown window', () => ({ origin: ORIGIN, source: { postMessage: jest.fn() } })],
])('a message from %s gets no answer and no token', async (_whose, envelope) => {
  running = frameAndHost();
  const stranger = running.around.pages()[0]!.window;
  const before = running.posted.length;
  const event = new MessageEvent('message', { data: { id: 1, func: 'authentication.getAuthToken', args: [] } });
  for (const [name, value] of Object.entries(envelope(stranger))) Object.defineProperty(event, name, { value });
  window.dispatchEvent(event);
  await Promise.resolve();
  expect(running.posted.length).toBe(before);
  expect(running.around.token).not.toHaveBeenCalled();
});
