// Builds a part of the product when its sources are others than at the last build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** A digest of names, sizes and times of all sources of a part. */
function stateOf(...places) {
  const hash = createHash('sha256').update(process.version);
  const visit = (place) => {
    const stat = statSync(place, { throwIfNoEntry: false });
    if (!stat) return;
    if (stat.isDirectory()) for (const name of readdirSync(place).sort()) visit(path.join(place, name));
    else hash.update(`${path.relative(root, place)} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const place of places) visit(path.join(root, place));
  return hash.digest('hex');
}

function buildIfChanged(script, stampFile, ...places) {
  const stamp = path.join(root, 'dist', stampFile);
  const state = stateOf(...places);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  console.error(`Building (${script}) …`);
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, state);
}

export const buildServer = () =>
  buildIfChanged('build:server', '.server-state', 'src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json');
export const buildTabs = () => buildIfChanged('build:tabs', '.tabs-state', 'tabs', 'src/contract', 'package-lock.json');
