import { app, authentication, pages } from '@microsoft/teams-js';
import { type ThemeName, themeNameOf } from './shared/theme-name';

/** What the tab takes from its host. Who someone is, the server learns from the token alone: nothing here is trusted for that. */
export interface Host {
  /** The host's language tag, such as `de-de`. */
  language: string;
  theme: ThemeName;
  /** On phones and tablets no price, no larger plan and no way to one may be shown (store rule). */
  phone: boolean;
  /** Where a deep link points: `t/<id>`, `usage`, …; null when the tab was opened plainly. */
  subPage: string | null;
  /** The manifest's entity id of the tab that was opened. */
  page: string | null;
  /** Keeps the local settings of several people on one device apart. */
  settingsKey: string;
}

const PHONES = ['android', 'ios', 'ipados', 'visionos'];
const CONNECT_MS = 10_000;
const SILENT_TOKEN_MS = 15_000;

/** Connects to the host around the frame; rejects when none answers within ten seconds (teams-js itself would wait for sixty). */
export async function connect(): Promise<Host> {
  await within(CONNECT_MS, app.initialize());
  const context = await within(CONNECT_MS, app.getContext());
  return {
    language: context.app.locale ?? '',
    theme: themeNameOf(context.app.theme),
    phone: PHONES.includes(String(context.app.host?.clientType ?? '').toLowerCase()),
    subPage: context.page?.subPageId || null,
    page: context.page?.id || null,
    settingsKey: `${context.user?.tenant?.id ?? 'tenant'}.${context.user?.id ?? 'person'}`,
  };
}

/**
 * The access token of the person in front, asked for per need: the host caches it.
 * Where consent is missing the host refuses the silent way, and only then may it show its prompt.
 */
export async function getToken(): Promise<string> {
  try {
    return await within(SILENT_TOKEN_MS, authentication.getAuthToken({ silent: true }));
  } catch {
    return authentication.getAuthToken({ silent: false });
  }
}

/** A host has one handler for the theme; the last caller's is used. */
export function onThemeChange(handler: (theme: ThemeName) => void): void {
  app.registerOnThemeChangeHandler((theme) => handler(themeNameOf(theme)));
}

/** Ends the host's loading indicator: something is painted. */
export function notifyLoaded(): void {
  app.notifyAppLoaded();
}

/** Tells the host that the page works; without it some hosts show their own error page. A host that never answers is no reason to wait. */
export function notifySuccess(): void {
  app.notifySuccess().catch(() => undefined);
}

/** Lets the host's back button go through our own pages; `goBack` says whether there was one to go back to. */
export function onBack(goBack: () => boolean): void {
  if (pages.backStack.isSupported()) pages.backStack.registerBackButtonHandler(goBack);
}

export const canShareLink = (): boolean => pages.isSupported();

/** Opens the host's own dialog with a link to a place in this tab. */
export async function shareLink(subPageId: string, subPageLabel: string): Promise<void> {
  await pages.shareDeepLink({ subPageId, subPageLabel });
}

/** Opens an address in the browser, outside of the host. */
export async function openInBrowser(url: string): Promise<void> {
  try {
    await app.openLink(url);
  } catch {
    window.open(url, '_blank', 'noopener');
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the host did not answer in time')), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
