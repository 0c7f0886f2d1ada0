/** The Markdown that Teams shows in messages and cards: bold, italic, links, lists, line breaks. Everything else stays text. */

const escaped = (text: string) =>
  text.replace(/[&<>"']/gu, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[character]!);

const inline = (text: string) =>
  escaped(text)
    .replace(
      /\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/gu,
      (_match, label, url) => `<a href="${url}" target="_blank" rel="noopener noreferrer">${label}</a>`,
    )
    .replace(/\*\*(.+?)\*\*/gu, '<strong>$1</strong>')
    .replace(/(^|[\s(])_(.+?)_(?=$|[\s).,;:!?])/gu, '$1<em>$2</em>');

const listItem = /^\s*(?:[-*]|\d+[.)])\s+(.*)$/u;

/** Safe HTML: the text is escaped first, and links lead to http and https only. */
export function markdownToHtml(text: string): string {
  const blocks: string[] = [];
  let items: string[] = [];
  const closeList = () => {
    if (items.length > 0) blocks.push(`<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`);
    items = [];
  };
  for (const line of text.split(/\r?\n/u)) {
    const item = line.match(listItem);
    if (item) {
      items.push(inline(item[1]!));
      continue;
    }
    closeList();
    if (line.trim()) blocks.push(`<p>${inline(line)}</p>`);
  }
  closeList();
  return blocks.join('');
}
