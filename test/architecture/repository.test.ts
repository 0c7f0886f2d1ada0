import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { read, root } from './source';

const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
const texts = files.filter((file) => !/\.(png|ico|woff2?)$/.test(file));

/** The committed text files in which a pattern stands. */
function holding(pattern: RegExp): string[] {
  return texts.filter((file) => file !== 'test/architecture/repository.test.ts' && pattern.test(readSafely(file)));
}

/** A file that is listed but just deleted from the working tree holds nothing. */
function readSafely(file: string): string {
  try {
    return readFileSync(path.join(root, file), 'utf8');
  } catch {
    return '';
  }
}

test('the lock file names packages, not the addresses they were once downloaded from', () => {
  const lock = read('package-lock.json');
  expect(lock).not.toMatch(/"resolved": "https?:/);
  expect(lock).toMatch(/"integrity": "sha512-/);
});

test.each([
  ['a home or working folder of one machine', /(^|[\s"'`(=])(\/root\/|\/work\/|\/home\/(?!node\b)\w+\/|\/Users\/\w+\/|[A-Z]:\\Users\\)/m],
  ['a mark of an unfinished merge', /^(<<<<<<<|>>>>>>>) /m],
  ['a private key', /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/],
  ['a test that runs alone', /\b(test|it|describe)\.only\(/],
])('no file holds %s', (_what, pattern) => {
  expect(holding(pattern)).toEqual([]);
});

test('what the build makes is not committed', () => {
  expect(files.filter((file) => /^(dist|build|node_modules|coverage|\.data)\//.test(file) || /(^|\/)\.env$/.test(file))).toEqual([]);
});

test('no file of the program is named for having found no name', () => {
  expect(files.filter((file) => /^(src|tabs)\/.*\b(utils?|helpers?|services?|managers?)\b/i.test(file))).toEqual([]);
});

test('the lock file knows the packages of every platform, or npm ci refuses it where a registry lacks one', () => {
  type Entry = { optionalDependencies?: Record<string, string> };
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Entry> };
  const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !packages[`node_modules/${name}`] && !packages[`${place}/node_modules/${name}`]),
  );
  expect(missing).toEqual([]);
});
