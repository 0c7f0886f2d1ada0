import type { Locale } from '../../src/contract/common';
import { localeOf } from '../shared/i18n';

export const LOCALES: readonly Locale[] = ['en', 'de', 'it'];
/** Each language in its own words. */
export const LANGUAGES: Record<Locale, string> = { en: 'English', de: 'Deutsch', it: 'Italiano' };
/** The tag that a Teams client in this language reports. */
export const CLIENT_LOCALES: Record<Locale, string> = { en: 'en-US', de: 'de-DE', it: 'it-IT' };
export const THEMES = ['light', 'dark', 'contrast'] as const;
export const CLIENTS = ['desktop', 'phone'] as const;
export const VIEWS = ['tab', 'chat', 'marketplace'] as const;

export type HostTheme = (typeof THEMES)[number];
export type HostClient = (typeof CLIENTS)[number];
export type HostView = (typeof VIEWS)[number];

/** Everything the sandbox shows, as its URL says it: a link reproduces a view. */
export interface Address {
  /** Key of a sample person: owner, agent, member, other. */
  person: string;
  theme: HostTheme;
  client: HostClient;
  lang: Locale;
  view: HostView;
  /** The app's page (entityId) and the place in it (subEntityId), as a deep link names them. */
  page: string;
  sub: string | null;
  /** null: shown where there is room. */
  guide: 'on' | 'off' | null;
}

export const HOME_PAGE = 'home';

const oneOf = <Value extends string>(values: readonly Value[], text: string | null): Value | undefined =>
  values.find((value) => value === text);

/** Reads a query string; whatever it does not say, or says wrongly, is the default. */
export function addressOf(search: string, browserLanguage: string): Address {
  const query = new URLSearchParams(search);
  return {
    person: query.get('person') ?? 'owner',
    theme: oneOf(THEMES, query.get('theme')) ?? 'light',
    client: oneOf(CLIENTS, query.get('client')) ?? 'desktop',
    lang: localeOf(query.get('lang') ?? browserLanguage),
    view: oneOf(VIEWS, query.get('view')) ?? 'tab',
    page: query.get('page') ?? HOME_PAGE,
    sub: query.get('sub'),
    guide: oneOf(['on', 'off'] as const, query.get('guide')) ?? null,
  };
}

export function searchOf(address: Address): string {
  const { sub, guide, page, ...rest } = address;
  const query = new URLSearchParams(rest);
  if (page !== HOME_PAGE) query.set('page', page);
  if (sub) query.set('sub', sub);
  if (guide) query.set('guide', guide);
  return `?${query}`;
}

/** Where a Teams deep link leads inside this host; undefined: somewhere else. */
export function placeOfDeepLink(link: string): { page: string; sub: string | null } | undefined {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  const entity =
    url &&
    /(^|\.)(teams\.microsoft\.com|teams\.cloud\.microsoft)$/u.test(url.hostname) &&
    url.pathname.match(/^\/l\/entity\/[^/]+\/([^/]+)/u);
  if (!url || !entity) return undefined;
  return { page: decodeURIComponent(entity[1]!), sub: subEntityOf(url.searchParams.get('context')) };
}

function subEntityOf(context: string | null): string | null {
  if (!context) return null;
  try {
    const parsed: unknown = JSON.parse(context);
    const sub = parsed && typeof parsed === 'object' ? (parsed as { subEntityId?: unknown }).subEntityId : undefined;
    return typeof sub === 'string' ? sub : null;
  } catch {
    return null;
  }
}
