import { readFileSync } from 'node:fs';
import path from 'node:path';
import { COMMANDS, commandTitle, parseCommand } from '../../src/bot/parse-command.rules';

const folder = path.join(__dirname, '../../appPackage');
const load = (name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));

const manifest = load('manifest.json') as { bots: { commandLists: { commands: { title: string }[] }[] }[] };
const [list] = manifest.bots[0]!.commandLists;

/** The titles that people of a language pick from. */
function titles(locale: 'en' | 'de' | 'it'): string[] {
  if (locale === 'en') return list!.commands.map(({ title }) => title);
  const texts = load(`${locale}.json`) as Record<string, string>;
  return list!.commands.map((_command, at) => texts[`bots[0].commandLists[0].commands[${at}].title`]!);
}

describe.each(['en', 'de', 'it'] as const)('the command menu in %s', (locale) => {
  test('offers every command of the bot under the words of its own table, in the same order', () => {
    expect(titles(locale)).toEqual(COMMANDS.map((command) => commandTitle(command, locale)));
  });

  test('offers only what the bot understands', () => {
    expect(titles(locale).map((title) => parseCommand(title).command)).toEqual([...COMMANDS]);
  });
});
