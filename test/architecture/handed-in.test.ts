import ts from 'typescript';
import { filesIn, nodesOf, read, textsOf } from './source';

/** What makes a use case unrepeatable, and the one file that may have it. */
const HOME: Record<string, string> = {
  'Date.now()': 'src/platform/clock.ts',
  'new Date()': 'src/platform/clock.ts',
  'performance.now()': 'src/platform/clock.ts',
  'Math.random': 'src/platform/ids.ts',
  randomUUID: 'src/platform/ids.ts',
  'process.env': 'src/config.ts',
};

/** The forbidden words of a file that does not own them, with their line. */
function takenInstead(file: string, text: string): string[] {
  return nodesOf(file, text).flatMap((node) => {
    const word = wordOf(node);
    if (word === null || HOME[word] === file) return [];
    const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
    return [`${file}:${line + 1} ${word}`];
  });
}

function wordOf(node: ts.Node): string | null {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()';
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'new Date()';
  if (ts.isIdentifier(node) && node.text === 'randomUUID') return 'randomUUID';
  if (!ts.isPropertyAccessExpression(node)) return null;
  const access = node.getText().replace(/\s/g, '');
  if (access === 'Date.now' || access === 'performance.now') return `${access}()`;
  return access === 'Math.random' || access === 'process.env' ? access : null;
}

test('time, chance and the environment are handed in, never taken', () => {
  expect(filesIn('src', /\.ts$/).flatMap((file) => takenInstead(file, read(file)))).toEqual([]);
});

test.each([
  ['const at = Date.now();', 'Date.now()'],
  ['const at = new Date();', 'new Date()'],
  ['const at = new Date;', 'new Date()'],
  ['const at = Date();', 'new Date()'],
  ['const at = performance.now();', 'performance.now()'],
  ['const now = Date.now;', 'Date.now()'],
  ['const chance = Math.random();', 'Math.random'],
  ["import { randomUUID } from 'node:crypto';", 'randomUUID'],
  ['const id = crypto.randomUUID();', 'randomUUID'],
  ['const { PORT } = process.env;', 'process.env'],
])('%s is seen', (text, word) => {
  expect(takenInstead('src/features/tickets/create-ticket.ts', text)).toEqual([`src/features/tickets/create-ticket.ts:1 ${word}`]);
});

test.each(['const at = new Date(given);', '// not Date.now() but ctx.now()', "const text = 'Math.random';", 'const at = ctx.now();'])(
  '%s is left alone',
  (text) => {
    expect(takenInstead('src/features/tickets/create-ticket.ts', text)).toEqual([]);
  },
);

test('each word has a home that exists, and only there it is allowed', () => {
  expect(filesIn('src', /\.ts$/)).toEqual(expect.arrayContaining([...new Set(Object.values(HOME))]));
  expect(takenInstead('src/platform/clock.ts', 'const id = randomUUID();')).toHaveLength(1);
});

/** Clocks of the database: statements receive their instant as a parameter. */
const DATABASE_CLOCK =
  /\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)|\bcurrent_(timestamp|date|time)\b|\blocaltime(stamp)?\b/i;

test('no statement reads the clock of the database', () => {
  const migrations = filesIn('src', /\.sql$/).map((file) => ({ file, text: withoutComments(read(file)) }));
  const statements = filesIn('src', /\.ts$/).flatMap((file) =>
    textsOf(file, read(file))
      .filter((text) => /\b(select|insert into|update|delete from|create table)\b/i.test(text))
      .map((text) => ({ file, text })),
  );
  const readers = [...migrations, ...statements].filter(({ text }) => DATABASE_CLOCK.test(text)).map(({ file }) => file);
  // The list of migrations that ran notes when, for whoever operates the database.
  expect(readers).toEqual(['src/platform/db/migrate.ts']);
  expect(DATABASE_CLOCK.test('insert into t (at) values (now())')).toBe(true);
  expect(DATABASE_CLOCK.test('at timestamptz default current_timestamp')).toBe(true);
});

function withoutComments(sql: string): string {
  return sql.replace(/--.*$/gm, '');
}
