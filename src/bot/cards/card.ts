/** Adaptive Card 1.5 as JSON: what Teams renders for bots. Functions here and beside return plain data and nothing else. */
export type Element = { type: string } & Record<string, unknown>;
export type Action = { type: 'Action.Submit' | 'Action.Execute' | 'Action.OpenUrl' | 'Action.ShowCard'; title: string } & Record<
  string,
  unknown
>;

export interface Card {
  type: 'AdaptiveCard';
  version: '1.5';
  fallbackText?: string;
  body: Element[];
  actions: Action[];
}

/** Teams and its store allow no more. */
export const MOST_ACTIONS = 6;

export const card = (fallbackText: string, body: (Element | null)[], actions: (Action | null)[] = []): Card => ({
  type: 'AdaptiveCard',
  version: '1.5',
  fallbackText,
  body: body.filter((element) => element !== null),
  actions: actions.filter((action) => action !== null).slice(0, MOST_ACTIONS),
});

export const heading = (text: string): Element => ({
  type: 'TextBlock',
  text,
  wrap: true,
  weight: 'Bolder',
  size: 'Medium',
  style: 'heading',
});
export const paragraph = (text: string, look: Record<string, unknown> = {}): Element => ({ type: 'TextBlock', text, wrap: true, ...look });
export const remark = (text: string): Element => paragraph(text, { isSubtle: true, size: 'Small' });

/** Text somebody typed. A text run knows no Markdown, so that nobody can plant a link or a heading in a colleague's card. */
export const typed = (text: string, look: Record<string, unknown> = {}): Element => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text, ...look }],
});

/** Names and values; values may hold what people typed, so their Markdown is taken out. */
export const facts = (pairs: (readonly [string, string] | null)[]): Element => ({
  type: 'FactSet',
  facts: pairs.filter((pair) => pair !== null).map(([title, value]) => ({ title, value: withoutMarkdown(value) })),
});

/** Teams reads Markdown in facts and texts: characters that mean something to it are shown as their look-alikes. */
export const withoutMarkdown = (text: string): string => text.replace(/[[\]*_`<>~#\\]/gu, (sign) => LOOK_ALIKES[sign]!);

const LOOK_ALIKES: Record<string, string> = {
  '[': '［',
  ']': '］',
  '*': '∗',
  _: '＿',
  '`': 'ˋ',
  '<': '‹',
  '>': '›',
  '~': '∼',
  '#': '＃',
  '\\': '＼',
};

/** A press that the bot hears as a message; `data.verb` says what is wanted. */
export const submit = (title: string, verb: string, data: Record<string, unknown> = {}, look: Record<string, unknown> = {}): Action => ({
  type: 'Action.Submit',
  title,
  data: { ...data, verb },
  ...look,
});

/** A press answered in place: the card the bot returns replaces the pressed one. */
export const execute = (title: string, verb: string, data: Record<string, unknown> = {}, look: Record<string, unknown> = {}): Action => ({
  type: 'Action.Execute',
  title,
  verb,
  data: { ...data, verb },
  ...look,
});

export const openUrl = (title: string, url: string): Action => ({ type: 'Action.OpenUrl', title, url });

export const textInput = (id: string, label: string, look: Record<string, unknown> = {}): Element => ({
  type: 'Input.Text',
  id,
  label,
  ...look,
});
