const TITLE_MOST = 200;
const TEXT_MOST = 20_000;

/** A ticket from what somebody typed: the first line is the title, the rest the description; what does not fit into a title is not lost. */
export function ticketFromText(text: string): { title: string; description: string } {
  const clean = withoutControls(text).trim();
  const [first = '', ...others] = clean.split('\n');
  const title = oneLine(first);
  if (title.length <= TITLE_MOST) return { title, description: cut(others.join('\n').trim(), TEXT_MOST) };
  const start = cut(title, TITLE_MOST - 1);
  const space = start.lastIndexOf(' ');
  return { title: `${start.slice(0, space > TITLE_MOST / 2 ? space : undefined)}…`, description: cut(clean, TEXT_MOST) };
}

/** The lines of a text as items of a checklist; list signs people type are taken off. */
export const itemsFromText = (text: string): string[] =>
  withoutControls(text)
    .split('\n')
    .map((line) => oneLine(line.replace(/^\s*(?:[-*•☐]|\d+[.)])\s+/u, '')))
    .filter((line) => line !== '');

/** A text as one line without control characters. */
export const oneLine = (text: string): string => withoutControls(text).replace(/\s+/gu, ' ').trim();

/** Text the database can keep: no control characters but line breaks and tabs, no half characters. */
export const withoutControls = (text: string): string =>
  text
    .replace(/\r\n?/gu, '\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: taking them out is the purpose
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/gu, ' ')
    .replace(/\p{Cs}/gu, '');

const cut = (text: string, most: number): string => text.slice(0, most).replace(/\p{Cs}$/u, '');
