/**
 * The publisher's command line: everything it does goes through /api/operator/v1, as a person with a role there.
 * Ends with 0: done; 1: refused, or nobody answers; 2: a wrong command line; 3: done, and something needs somebody.
 */
import { parseArgs } from 'node:util';
import { Api, Refused } from './kontingent/api.mjs';
import { COMMANDS, OPTIONS } from './kontingent/commands.mjs';
import { print } from './kontingent/print.mjs';
import { signIn } from './kontingent/sign-in.mjs';

class WrongUse extends Error {}

async function main(argv, env) {
  const { command, words, options } = read(argv);
  if (!command) return help(words[0]);
  const url = (options.url ?? env.KONTINGENT_URL ?? 'http://localhost:3978').replace(/\/+$/u, '');
  const api = new Api(url, await signIn(url, { token: options.token ?? env.KONTINGENT_TOKEN, as: options.as, env }));
  const answer = await command.run(api, words, options);
  if (options.json) console.log(JSON.stringify(answer, null, 2));
  else print(answer, command.shows);
  return command.needsSomebody?.(answer) ? 3 : 0;
}

function read(argv) {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new WrongUse(error.message);
  }
  const { values: options, positionals } = parsed;
  const [name, ...words] = positionals;
  if (name === undefined || name === 'help' || options.help) return { words: name === 'help' ? words : [name], options };
  const command = COMMANDS[name];
  if (!command) throw new WrongUse(`There is no command “${name}”.`);
  const least = command.words.filter((word) => !word.endsWith('?')).length;
  if (words.length < least) throw new WrongUse(`${name} needs ${command.words.slice(words.length).join(' and ')}.`);
  if (words.length > command.words.length) throw new WrongUse(`${name} takes no “${words[command.words.length]}”.`);
  const given = Object.keys(options).filter((option) => !EVERYWHERE.includes(option));
  const foreign = given.find((option) => !command.options.includes(option));
  if (foreign) throw new WrongUse(`${name} takes no --${foreign}.`);
  const missing = (command.needs ?? []).find((option) => !options[option]);
  if (missing) throw new WrongUse(`${name} needs --${missing}.`);
  return { command, words, options };
}

const EVERYWHERE = ['url', 'token', 'as', 'json', 'help'];

function help(name) {
  const known = COMMANDS[name];
  const shown = known ? { [name]: known } : COMMANDS;
  console.log('npm run kontingent -- <command> [options]\n');
  for (const [one, { words, options, needs = [], says }] of Object.entries(shown)) {
    const taken = options.map((option) => {
      const value = OPTIONS[option].type === 'string' ? ` ${OPTIONS[option].shows}` : '';
      return needs.includes(option) ? `--${option}${value}` : `[--${option}${value}]`;
    });
    console.log(`  ${[one, ...words.map((word) => `<${word}>`), ...taken].join(' ')}\n      ${says}`);
  }
  console.log(`
  --json           as the API answers
  --url URL        the server; else KONTINGENT_URL, else http://localhost:3978
  --token TOKEN    an access token of yours; else KONTINGENT_TOKEN, else you sign in with a code
  --as ROLE        in the sandbox: support (default) or accounting

Ends with 0: done, 1: refused or nobody answers, 2: a wrong command line, 3: done, and something needs somebody.`);
  return 0;
}

main(process.argv.slice(2), process.env).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    if (error instanceof WrongUse) {
      console.error(`${error.message} See: npm run kontingent -- help`);
      process.exitCode = 2;
      return;
    }
    console.error(error instanceof Refused ? error.message : error);
    process.exitCode = 1;
  },
);
