import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { COMMANDS, commandTitle, editDistance, fold, parseCommand } from '../../src/bot/parse-command.rules';

const root = path.join(__dirname, '../..');

test.each([
  ['new ticket VPN is down in Bolzano', 'new_ticket', 'VPN is down in Bolzano'],
  ['New Ticket: Drucker klemmt', 'new_ticket', 'Drucker klemmt'],
  ['neues ticket Drucker im 2. Stock klemmt', 'new_ticket', 'Drucker im 2. Stock klemmt'],
  ['NUOVO TICKET la stampante è rotta', 'new_ticket', 'la stampante è rotta'],
  ['new ticket', 'new_ticket', ''],
  ['my work', 'my_work', ''],
  ['meine Arbeit', 'my_work', ''],
  ['il mio lavoro', 'my_work', ''],
  ['find 1042', 'find', '1042'],
  ['suche T-1042', 'find', 'T-1042'],
  ['cerca stampante', 'find', 'stampante'],
  ['start checklist Onboarding', 'start_checklist', 'Onboarding'],
  ['Checkliste starten Kassenabschluss', 'start_checklist', 'Kassenabschluss'],
  ['avvia checklist apertura', 'start_checklist', 'apertura'],
  ['new deal Sample Bakery', 'new_deal', 'Sample Bakery'],
  ['neue Chance Beispiel GmbH', 'new_deal', 'Beispiel GmbH'],
  ['nuova opportunità Cliente A', 'new_deal', 'Cliente A'],
  ['nuova opportunita Cliente A', 'new_deal', 'Cliente A'],
  ['usage', 'usage', ''],
  ['Kontingent', 'usage', ''],
  ['consumo', 'usage', ''],
  ['language', 'settings', ''],
  ['Einstellungen', 'settings', ''],
  ['lingua', 'settings', ''],
  ['Hi', 'help', ''],
  ['HELLO', 'help', ''],
  ['Help', 'help', ''],
  ['hallo', 'help', ''],
  ['Ciao!', 'help', ''],
  ['Hilfe', 'help', ''],
  ['aiuto', 'help', ''],
  ['help me please', 'help', 'me please'],
  ['find ticket 1042', 'find', '1042'],
  ['ticket suchen Drucker', 'find', 'Drucker'],
  ['find tickt 1042', 'find', 'tickt 1042'],
  ['sucher 1042', 'find', '1042'],
  ['start', 'help', ''],
])('“%s” is %s', (line, command, rest) => {
  expect(parseCommand(line)).toMatchObject({ command, rest });
});

test.each([
  ['new tickte printer', 'new_ticket', 'printer'],
  ['newticket printer', 'new_ticket', 'printer'],
  ['neus ticket Drucker', 'new_ticket', 'Drucker'],
  ['hlep', 'help', ''],
  ['helo', 'help', ''],
  ['hilfee', 'help', ''],
  ['usgae', 'usage', ''],
  ['mein arbeit', 'my_work', ''],
  ['serach printer', 'find', 'printer'],
  ['check liste starten Onboarding', 'start_checklist', 'Onboarding'],
  ['nouvo ticket stampante', 'new_ticket', 'stampante'],
  ['neus tickt Drucker', 'new_ticket', 'Drucker'],
  ['gutn tga', 'help', ''],
])('a slip of the finger is forgiven: “%s” is %s', (line, command, rest) => {
  expect(parseCommand(line)).toMatchObject({ command, rest });
});

test.each([
  'the printer on floor 3 is broken',
  'fine, thanks for everything',
  'hello, my laptop does not start any more',
  'Wann kommt der Techniker?',
  'mind the gap',
  'ticket 1042 is still not solved',
  '👍',
  '42',
])('“%s” is no command, and nothing of it is lost', (line) => {
  expect(parseCommand(line)).toEqual({ command: null, text: line });
});

test('the mention of the bot is not part of what is said', () => {
  expect(parseCommand('<at>Kontingent</at>&nbsp;new ticket VPN')).toMatchObject({ command: 'new_ticket', rest: 'VPN' });
  expect(parseCommand('<at id="0">Kontingent</at> usage')).toMatchObject({ command: 'usage' });
  expect(parseCommand('find<at>Kontingent</at>1042')).toMatchObject({ command: 'find', rest: '1042' });
  expect(parseCommand('find&nbsp;1042')).toMatchObject({ command: 'find', rest: '1042' });
  expect(parseCommand('<at>Kontingent</at>')).toEqual({ command: null, text: '' });
  expect(parseCommand('   ')).toEqual({ command: null, text: '' });
});

test.each([
  ['new ticket:  – Drucker', 'Drucker'],
  ['new ticket Drucker', 'Drucker'],
  ['new ticket a: b - c', 'a: b - c'],
  ['new ticket (urgent) Drucker', '(urgent) Drucker'],
  ['new ticket Drucker  ', 'Drucker'],
])('of “%s” the signs between command and rest fall away, those within stay', (line, rest) => {
  expect(parseCommand(line)).toMatchObject({ command: 'new_ticket', rest });
});

test.each(['xelp', 'hepl me please', 'hxy', 'new', 'settigns please', 'gtn tga'])(
  'too many slips, in too short a word or in a whole sentence, are none: “%s”',
  (line) => {
    expect(parseCommand(line).command).toBeNull();
  },
);

test('case, accents and the sharp s are no difference', () => {
  expect(['Straße', 'STRASSE', 'Öffnung', 'OPPORTUNITÀ'].map(fold)).toEqual(['strasse', 'strasse', 'offnung', 'opportunita']);
});

test('the rest keeps its case, its lines and its accents', () => {
  expect(parseCommand('new ticket Größe ändern\nBitte bis Freitag')).toMatchObject({ rest: 'Größe ändern\nBitte bis Freitag' });
});

test.each(['en', 'de', 'it'] as const)('every command is understood by its own title in %s', (locale) => {
  for (const command of COMMANDS) expect(parseCommand(commandTitle(command, locale))).toMatchObject({ command });
});

test.each([
  ['en', 'manifest.json'],
  ['de', 'de.json'],
  ['it', 'it.json'],
] as const)('every command of the app package is one the bot knows by that title (%s)', (locale, file) => {
  const text = JSON.parse(readFileSync(path.join(root, 'appPackage', file), 'utf8'));
  const titles: string[] =
    locale === 'en'
      ? text.bots[0].commandLists[0].commands.map((command: { title: string }) => command.title)
      : Object.entries(text)
          .filter(([key]) => /commands\[\d+\]\.title$/u.test(key))
          .map(([, title]) => title);
  const known = COMMANDS.map((command) => commandTitle(command, locale));
  expect(titles.length).toBeGreaterThan(0);
  expect(titles.filter((title) => !known.includes(title))).toEqual([]);
});

test('slips are the same either way, at least the difference in length, and at most the longer word', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });
  fc.assert(
    fc.property(word, word, word, (a, b, tail) => {
      const slips = editDistance(a, b);
      expect(editDistance(b, a)).toBe(slips);
      expect(slips).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      expect(slips).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(slips === 0).toBe(a === b);
      expect(editDistance(a + tail, b + tail)).toBeLessThanOrEqual(slips);
    }),
  );
});

test.each([
  ['', '', 0],
  ['help', 'hlep', 1],
  ['help', 'helpp', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['ab', 'ba', 1],
  ['abcd', 'acbd', 1],
  ['ab', 'cd', 2],
  ['ab', 'bc', 2],
  ['abc', 'xyz', 3],
  ['a', 'b', 1],
  ['ca', 'abc', 3],
])('%s and %s are %i slips apart', (a, b, slips) => {
  expect(editDistance(a, b)).toBe(slips);
});
