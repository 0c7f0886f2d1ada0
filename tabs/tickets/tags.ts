/** "vpn, Bolzano" → ['vpn', 'Bolzano']: trimmed, each once, at most twenty of forty characters. */
export function tagsOf(text: string): string[] {
  const tags = text
    .split(',')
    .map((tag) => tag.trim().slice(0, 40))
    .filter((tag) => tag !== '');
  return [...new Set(tags)].slice(0, 20);
}
