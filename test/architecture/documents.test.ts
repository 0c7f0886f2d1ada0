import { existsSync } from 'node:fs';
import path from 'node:path';
import { filesIn, read, root } from './source';

const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'infra/README.md', ...filesIn('docs', /\.md$/)];

/** Addresses in links and pictures that lead into the repository. */
function links(file: string): string[] {
  return [...read(file).matchAll(/\]\(([^)#]+)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^https?:/.test(target))
    .map((target) => path.join(path.dirname(file), target));
}

/** Paths written as code: `src/…`, `docs/…` and the like; a pattern names the folder before it. */
function paths(file: string): string[] {
  return [...read(file).matchAll(/`((?:src|tabs|test|scripts|docs|plans|infra|appPackage|\.ci)\/[^`\s]*)`/g)].map(([, name]) =>
    name!.replace(/[^/]*[*{<…].*$/, ''),
  );
}

test.each(documents)('what %s points to exists', (file) => {
  const missing = [...links(file), ...paths(file)].filter((target) => !/NNNN/.test(target) && !existsSync(path.join(root, target)));
  expect(missing).toEqual([]);
});

test.each(documents)('every npm script that %s names exists', (file) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(file).matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, script, short]) => script ?? short!);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});

test('README.md fits on a screen', () => {
  expect(read('README.md').split('\n').length).toBeLessThan(60);
});

test('a decision fits on a page and ends with what one must now do', () => {
  const records = filesIn('docs/decisions', /^\d{4}-.*\.md$/);
  expect(records.length).toBeGreaterThan(5);
  for (const record of records) {
    const text = read(record);
    expect(text).toMatch(new RegExp(`^# ${path.basename(record).slice(0, 4)} · `));
    for (const part of ['Context', 'Decision', 'Consequences', 'What one must now do']) expect(text).toContain(`**${part}.**`);
    expect(text.split('\n').length).toBeLessThan(60);
  }
});
