import type { Locale } from '../contract/common';

export const COMMANDS = ['new_ticket', 'my_work', 'find', 'start_checklist', 'new_deal', 'usage', 'settings', 'help'] as const;
export type CommandName = (typeof COMMANDS)[number];

/** What a person's line means. `rest` is what follows the command's words, as typed; `text` the whole line without the mention. */
export type ParsedCommand = { command: CommandName; rest: string; text: string } | { command: null; text: string };

interface Phrases {
  /** Whether words after the phrase belong to it (a title, a search). */
  takesRest: boolean;
  /** Per language; the first is the one that menus and help show. */
  words: Record<Locale, readonly [string, ...string[]]>;
}

/** One handler for all languages: whoever types German in an English Teams is understood. */
const PHRASES: Record<CommandName, Phrases> = {
  new_ticket: {
    takesRest: true,
    words: {
      en: ['new ticket', 'create ticket', 'create a ticket', 'open ticket'],
      de: ['neues ticket', 'ticket erstellen', 'ticket anlegen', 'neue anfrage'],
      it: ['nuovo ticket', 'crea ticket', 'crea un ticket', 'apri ticket', 'nuova richiesta'],
    },
  },
  my_work: {
    takesRest: false,
    words: {
      en: ['my work', 'my tickets', 'my open tickets'],
      de: ['meine arbeit', 'meine tickets', 'meine aufgaben'],
      it: ['il mio lavoro', 'i miei ticket', 'mio lavoro'],
    },
  },
  find: {
    takesRest: true,
    words: {
      en: ['find', 'search', 'find ticket'],
      de: ['suche', 'suchen', 'finde', 'ticket suchen'],
      it: ['cerca', 'trova', 'cercare', 'cerca ticket'],
    },
  },
  start_checklist: {
    takesRest: true,
    words: {
      en: ['start checklist', 'start a checklist', 'new checklist'],
      de: ['checkliste starten', 'neue checkliste', 'starte checkliste'],
      it: ['avvia checklist', 'nuova checklist', 'avviare checklist'],
    },
  },
  new_deal: {
    takesRest: true,
    words: {
      en: ['new deal', 'new opportunity', 'create deal'],
      de: ['neue chance', 'neuer deal', 'chance erstellen', 'chance anlegen'],
      it: ['nuova opportunità', 'nuovo deal', 'crea opportunità'],
    },
  },
  usage: {
    takesRest: false,
    words: { en: ['usage', 'quota'], de: ['kontingent', 'verbrauch'], it: ['consumo', 'utilizzo'] },
  },
  settings: {
    takesRest: false,
    words: { en: ['settings', 'language'], de: ['einstellungen', 'sprache'], it: ['impostazioni', 'lingua'] },
  },
  help: {
    takesRest: false,
    words: {
      en: ['help', 'hi', 'hello', 'hey', 'good morning', 'start', 'menu'],
      de: ['hilfe', 'hallo', 'guten tag', 'guten morgen', 'servus', 'moin', 'start'],
      it: ['aiuto', 'ciao', 'salve', 'buongiorno', 'buonasera', 'inizia'],
    },
  },
};

/** The words that the manifest and the help show for a command. */
export const commandTitle = (command: CommandName, locale: Locale): string => PHRASES[command].words[locale][0];

/** Reads a line in any of the three languages; case, accents and small slips do not matter. */
export function parseCommand(line: string): ParsedCommand {
  const text = withoutMention(line);
  const words = wordsOf(text);
  const best = candidates(words).sort((a, b) => a.slips - b.slips || b.words - a.words)[0];
  if (!best) return { command: null, text };
  const end = words[best.words - 1]!.end;
  return {
    command: best.command,
    rest: text.slice(end).replace(/^[\s:;,.!?–—-]+/u, ''),
    text,
  };
}

/** Teams puts the bot's mention into the text, and a no-break space after it. */
export function withoutMention(line: string): string {
  return line
    .replace(/<at\b[^>]*>.*?<\/at>/giu, ' ')
    .replace(/&nbsp;|\u00a0/giu, ' ')
    .normalize('NFC')
    .trim();
}

/** Lower case, without accents: ä and a are one, ß is ss. */
export const fold = (word: string): string =>
  word
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/gu, '');

interface Word {
  folded: string;
  /** Where it ends in the text. */
  end: number;
}

function wordsOf(text: string): Word[] {
  return [...text.matchAll(/[\p{L}\p{N}']+/gu)].map((match) => ({
    folded: fold(match[0]),
    end: match.index + match[0].length,
  }));
}

interface Candidate {
  command: CommandName;
  words: number;
  slips: number;
}

/** Words that may follow a command that takes none: “help me please” is still a cry for help, a sentence is not. */
const MOST_EXTRA_WORDS = 2;

function candidates(words: readonly Word[]): Candidate[] {
  const found: Candidate[] = [];
  for (const command of COMMANDS) {
    const { takesRest, words: byLanguage } = PHRASES[command];
    for (const phrase of new Set(Object.values(byLanguage).flat().map(fold))) {
      const length = phrase.split(' ').length;
      // One word more or less: a space too many or too few is a slip like others.
      for (const taken of new Set([length, length - 1, length + 1])) {
        if (taken > words.length) continue;
        const extra = words.length - taken;
        const said = words
          .slice(0, taken)
          .map((word) => word.folded)
          .join(' ');
        const slips = slipsBetween(phrase, said, extra === 0);
        if (slips === null) continue;
        if (!takesRest && extra > (slips === 0 ? MOST_EXTRA_WORDS : 0)) continue;
        found.push({ command, words: taken, slips });
      }
    }
  }
  return found;
}

/** How many slips lie between a phrase and what was typed; null: too many to be meant. Short words leave less room. */
function slipsBetween(phrase: string, said: string, alone: boolean): number | null {
  if (phrase === said) return 0;
  const most = phrase.length >= 9 ? 2 : phrase.length >= (alone ? 4 : 6) ? 1 : 0;
  if (phrase[0] !== said[0] || Math.abs(phrase.length - said.length) > most) return null;
  const slips = editDistance(phrase, said);
  return slips <= most ? slips : null;
}

/** Insertions, deletions, replacements and neighbors swapped (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j += 1) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  }
  return rows[a.length]![b.length]!;
}
