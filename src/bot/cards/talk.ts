import { COMMANDS, commandTitle } from '../parse-command.rules';
import type { Speech } from '../speech';
import { type Action, type Card, card, execute, facts, heading, paragraph, remark, submit, typed } from './card';

/** One welcome per installation: what this is for, how to begin, what limits there are. */
export function welcomeCard({ texts }: Speech): Card {
  const { title, about, start, limits, setup } = texts.welcome;
  return card(
    title,
    [heading(title), paragraph(about), paragraph(start), remark(limits), remark(setup)],
    shortcuts(texts.buttons, ['new_ticket', 'my_work', 'start_checklist', 'new_deal', 'help']),
  );
}

export function helpCard({ locale, texts }: Speech): Card {
  const { title, hint, commands } = texts.help;
  const lines = COMMANDS.filter((command) => command !== 'help').map(
    (command) => [commandTitle(command, locale), commands[command]] as const,
  );
  return card(
    title,
    [heading(title), paragraph(hint), facts(lines)],
    shortcuts(texts.buttons, ['new_ticket', 'my_work', 'start_checklist', 'new_deal', 'usage']),
  );
}

type Shortcut = Exclude<(typeof COMMANDS)[number], 'find' | 'settings'>;

/** Five at most: some clients hide a sixth. */
const shortcuts = (buttons: Speech['texts']['buttons'], commands: readonly Shortcut[]): Action[] =>
  commands.map((command) => submit(buttons[command], 'command', { command }));

/** What cannot be understood is not lost: it can become a ticket in one press. */
export function unknownCard({ texts }: Speech, text: string, ticket: { title: string; description: string }, key: string): Card {
  const { title, offer } = texts.unknown;
  return card(
    title,
    [heading(title), typed(text.length > 300 ? `${text.slice(0, 300)}…` : text, { italic: true }), paragraph(offer)],
    [
      submit(texts.buttons.create_from_text, 'create_ticket', { ...ticket, key }),
      submit(texts.buttons.help, 'command', { command: 'help' }),
    ],
  );
}

/** A no with its reason, and the way out where there is one; what was typed is quoted, so that it can be seen to be kept. */
export function refusalCard(
  { texts }: Speech,
  {
    title,
    reason,
    quoted,
    draftId,
    licenseKey = null,
  }: { title: string; reason: string; quoted: string | null; draftId: string | null; licenseKey?: string | null },
): Card {
  return card(
    reason,
    [heading(title), quoted === null ? null : typed(quoted, { italic: true }), paragraph(reason)],
    [
      draftId === null ? null : submit(texts.buttons.retry, 'submit_draft', { draftId }),
      licenseKey === null ? null : execute(texts.buttons.request_license, 'request_license', { key: licenseKey }),
    ],
  );
}

export function settingsCard(
  { locale, texts }: Speech,
  chosen: { language: Speech['locale'] | null; notices: boolean },
  saved: string | null = null,
): Card {
  const { title, language, languages, asTeams, noticesOn, noticesOff, mute, unmute } = texts.settings;
  return card(
    title,
    [
      heading(title),
      saved === null ? null : paragraph(saved, { color: 'Good' }),
      paragraph(language.replace('{{language}}', chosen.language === null ? `${languages[locale]} (${asTeams})` : languages[locale])),
      paragraph(chosen.notices ? noticesOn : noticesOff),
    ],
    [
      ...(['en', 'de', 'it'] as const).map((code) => submit(NATIVE[code], 'choose_language', { language: code })),
      submit(asTeams, 'choose_language', { language: null }),
      submit(chosen.notices ? mute : unmute, 'choose_notices', { notices: !chosen.notices }),
    ],
  );
}

/** A language is offered by its own name: whoever cannot read this one finds theirs. */
const NATIVE = { en: 'English', de: 'Deutsch', it: 'Italiano' } as const;
