// Runs jest with what the embedded database needs. Arguments are jest's own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', process.env.CHROMIUM_PATH].find(
  (path) => path && existsSync(path),
);
if (!chromium) console.warn('\n*** No Chromium found: the browser tests are LEFT OUT. Install it or set CHROMIUM_PATH. ***\n');
if (!process.env.TEST_DATABASE_URL)
  console.warn(
    '\n*** TEST_DATABASE_URL is not set: tests run on the embedded database, those that need a PostgreSQL server are LEFT OUT. ***\n',
  );

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
// The browser tests drive the built server.
if (chromium && (named.length === 0 || named.some((name) => name.includes('browser')))) {
  const start = fileURLToPath(new URL('start.mjs', import.meta.url));
  const built = spawnSync(process.execPath, [start, '--build-only'], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const { status } = spawnSync(process.execPath, ['--experimental-vm-modules', '--no-warnings', jest, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ...(chromium && { CHROMIUM_PATH: chromium }) },
});
process.exit(status ?? 1);
