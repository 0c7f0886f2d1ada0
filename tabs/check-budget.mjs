// Fails when what a person's browser must load first grows over its budget. Reads the manifest of `npm run build:tabs`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGETS_KB = { shell: 130, route: 130, firstView: 250, locale: 15 };

const folder = fileURLToPath(new URL('../dist/tabs/', import.meta.url));
const manifest = JSON.parse(readFileSync(`${folder}.vite/manifest.json`, 'utf8'));
const sizes = new Map();

function gzipped(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(folder + file)).length);
  return sizes.get(file);
}

/** The chunk's files and those it imports at once, not those it may import later. */
function filesOf(key, found = new Set()) {
  const chunk = manifest[key];
  if (found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const css of chunk.css ?? []) found.add(css);
  for (const next of chunk.imports ?? []) filesOf(next, found);
  return found;
}

const kilobytes = (files) => [...files].reduce((sum, file) => sum + gzipped(file), 0) / 1000;
const without = (files, known) => new Set([...files].filter((file) => !known.has(file)));

// The shell paints the skeleton; the host's library and the frame around the pages follow, and count in the first view.
const shell = filesOf('tab/index.html');
const frame = new Set([...shell, ...filesOf('teams.ts'), ...filesOf('tab/running.tsx')]);
const routes = Object.keys(manifest).filter((key) => /^[a-z]+\/page\.tsx$/u.test(key));
const locales = ['en', 'de', 'it'].map((locale) => [
  locale,
  new Set(['tab', 'refusals'].flatMap((name) => [...filesOf(`../src/contract/locales/${locale}/${name}.json`)])),
]);
if (routes.length === 0) throw new Error('the manifest names no route: was tabs/tab/app.tsx moved?');

const largestLocale = Math.max(...locales.map(([, files]) => kilobytes(without(files, shell))));
const lines = [['shell', kilobytes(shell), BUDGETS_KB.shell]];
for (const route of routes) lines.push([`route ${route}`, kilobytes(without(filesOf(route), frame)), BUDGETS_KB.route]);
for (const [locale, files] of locales) lines.push([`locale ${locale}`, kilobytes(without(files, shell)), BUDGETS_KB.locale]);
for (const route of routes) {
  const all = new Set([...frame, ...filesOf(route)]);
  lines.push([`first view ${route}`, kilobytes(all) + largestLocale, BUDGETS_KB.firstView]);
}

let over = 0;
for (const [name, size, budget] of lines) {
  if (size > budget) over += 1;
  console.log(`${size > budget ? 'OVER' : 'ok  '} ${name.padEnd(34)} ${size.toFixed(1).padStart(6)} of ${budget} kB gzip`);
}
if (over > 0) {
  console.error(`${over} over budget`);
  process.exitCode = 1;
}
