import { useCallback, useMemo } from 'react';
import { createStore } from './store';

/** A place in the tab: `#/tickets/<id>?view=mine` is page `tickets`, id, and what follows the question mark. */
export interface Place {
  page: string;
  id: string | null;
  search: URLSearchParams;
}

const SUB_PAGES: Record<string, string> = { t: 'tickets', c: 'checklists', o: 'crm', d: 'drafts' };
const PAGES = ['home', 'tickets', 'checklists', 'crm', 'drafts', 'usage', 'settings'];

/** The hash a deep link's sub page stands for: `t/<id>` → `#/tickets/<id>`; null where it names nothing we have. */
export function hashOfSubPage(subPage: string | null): string | null {
  const [head = '', id] = (subPage ?? '').replace(/^\/+/u, '').split('/');
  const page = SUB_PAGES[head] ?? head;
  if (!PAGES.includes(page)) return null;
  return id ? `#/${page}/${encodeURIComponent(id)}` : `#/${page}`;
}

export function parseHash(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/u, '').split('?');
  const [page, id] = path.split('/');
  return {
    page: page && PAGES.includes(page) ? page : 'home',
    id: id ? decodeURIComponent(id) : null,
    search: new URLSearchParams(search),
  };
}

const hash = createStore(window.location.hash);
/** How many of our own pages lie behind the current one; kept in the history's entries, so that Back and Forward are counted too. */
let depth = 0;
window.addEventListener('hashchange', () => {
  const known = (window.history.state as { depth?: number } | null)?.depth;
  depth = known ?? depth + 1;
  if (known === undefined) window.history.replaceState({ depth }, '');
  hash.set(window.location.hash);
});

export function go(to: string, { replace = false } = {}): void {
  if (to === window.location.hash) return;
  if (replace) {
    window.history.replaceState({ depth }, '', to);
    hash.set(to);
    return;
  }
  window.location.hash = to;
}

/** Goes to the page before; false when there is none of ours. */
export function goBack(): boolean {
  if (depth === 0) return false;
  window.history.back();
  return true;
}

export function usePlace(): Place {
  const now = hash.use();
  return useMemo(() => parseHash(now), [now]);
}

/** One value of the address behind the question mark; kept there so that Back and a reload bring it back. */
export function useSearchValue(name: string, initial: string): [string, (value: string) => void] {
  const place = usePlace();
  const set = useCallback(
    (value: string) => {
      const here = parseHash(window.location.hash);
      if (value === initial) here.search.delete(name);
      else here.search.set(name, value);
      go(hrefOf(here.page, here.id, here.search), { replace: true });
    },
    [name, initial],
  );
  return [place.search.get(name) ?? initial, set];
}

/** The address of a place, for a plain link. */
export function hrefOf(page: string, id?: string | null, search?: URLSearchParams): string {
  const values = search?.toString();
  return `#/${page}${id ? `/${encodeURIComponent(id)}` : ''}${values ? `?${values}` : ''}`;
}
