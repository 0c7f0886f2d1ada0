/**
 * `npm run rules`: the import rules of .dependency-cruiser.cjs over src and tabs. `--root <folder>` checks another tree (for tests).
 * A cruise that understands no TypeScript sees nothing and finds nothing; therefore every file on disk must have been seen.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { root: { type: 'string', default: path.resolve(import.meta.dirname, '..') } } });
const cruiser = path.resolve(import.meta.dirname, '../node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const folders = ['src', 'tabs'].filter((folder) => existsSync(path.join(values.root, folder)));

const onDisk = folders.flatMap((folder) => typeScriptFiles(folder));
const run = spawnSync(process.execPath, [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders], {
  cwd: values.root,
  encoding: 'utf8',
  maxBuffer: 256 * 1024 * 1024,
});
if (!run.stdout.startsWith('{')) fail(`The cruise did not run:\n${run.stdout}${run.stderr}`);

const { modules, summary } = JSON.parse(run.stdout);
const seen = new Set(modules.map((module) => module.source));
const unseen = onDisk.filter((file) => !seen.has(file));
const own = modules.filter((module) => folders.some((folder) => module.source.startsWith(`${folder}/`)));
if (own.length === 0) fail('The cruise saw no module at all: it checked nothing.');
if (unseen.length > 0) fail(`The cruise did not see ${unseen.length} files, ${unseen[0]} among them.`);

for (const { rule, from, to } of summary.violations) {
  const { comment } = summary.ruleSetUsed.forbidden.find(({ name }) => name === rule.name);
  console.error(`${rule.name}: ${from} → ${to}\n    ${comment}`);
}
if (summary.violations.length > 0) fail(`${summary.violations.length} imports break the rules of .dependency-cruiser.cjs.`);
console.log(`${own.length} modules keep the ${summary.ruleSetUsed.forbidden.length} import rules.`);

function typeScriptFiles(folder) {
  return readdirSync(path.join(values.root, folder), { recursive: true })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => path.posix.join(folder, ...name.split(path.sep)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
