/**
 * The address of the next page of a list: the link as it is when its host may have our token, else the same page at our own host. A
 * link's query is opaque and never encoded again, and may hold what no address may: only that is escaped.
 */
export function nextPage(link: string, list: string, allowedHosts: readonly string[]): string {
  const base = new URL(list);
  const [place = '', ...rest] = link.split('?');
  const query = rest.join('?').replace(/[\s"#<>\\^`|]/gu, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const asked = /(^|&)api-version=/iu.test(query) ? query : [query, base.search.slice(1)].filter(Boolean).join('&');
  if (URL.canParse(place)) {
    const { host, protocol, username, password, origin, pathname } = new URL(place);
    const isAllowed = allowedHosts.includes(host) && protocol === base.protocol && !username && !password;
    if (isAllowed) return `${origin}${pathname}?${asked}`;
  }
  return `${base.origin}${pathOf(place, base)}?${asked}`;
}

/** A page of its own below the list, where the link names one; any other path is not ours. */
function pathOf(place: string, base: URL): string {
  const path = URL.canParse(place, base.origin) ? new URL(place, base.origin).pathname : '';
  return path.startsWith(`${base.pathname}/`) ? path : base.pathname;
}
