// A throwaway PostgreSQL server on loopback with its own data folder and the server's default durability.
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The folder of initdb, pg_ctl and pgbench; null when there is none on this machine. */
export function findBinaries() {
  const packaged = '/usr/lib/postgresql';
  const folders = [
    ...(existsSync(packaged)
      ? readdirSync(packaged)
          .sort((a, b) => Number(b) - Number(a))
          .map((version) => path.join(packaged, version, 'bin'))
      : []),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  return folders.find((folder) => ['initdb', 'pg_ctl', 'pgbench'].every((name) => existsSync(path.join(folder, name)))) ?? null;
}

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** PostgreSQL refuses to run as root: then the system's postgres account owns it. */
export async function startPostgres(bin) {
  const data = mkdtempSync(path.join(tmpdir(), 'kontingent-bench-'));
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chownSync(data, Number(execFileSync('id', ['-u', 'postgres'])), Number(execFileSync('id', ['-g', 'postgres'])));
  const run = (name, args) => {
    const [file, all] = asRoot ? ['runuser', ['-u', 'postgres', '--', path.join(bin, name), ...args]] : [path.join(bin, name), args];
    const { status, stderr } = spawnSync(file, all, { encoding: 'utf8', cwd: tmpdir(), stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  };
  const port = await freePort();
  run('initdb', ['-D', data, '-U', 'bench', '--auth=trust', '-E', 'UTF8', '--no-locale']);
  run('pg_ctl', [
    '-D',
    data,
    '-w',
    '-l',
    path.join(data, 'log'),
    '-o',
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${data}`,
    'start',
  ]);
  return {
    url: `postgres://bench@127.0.0.1:${port}/postgres`,
    stop() {
      run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop']);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Runs a measurement by itself: on the server of DATABASE_URL, else on one of its own. */
export async function onServer(measure) {
  const own = process.env.DATABASE_URL ? null : await startPostgres(findBinaries());
  try {
    return await measure(process.env.DATABASE_URL ?? own.url);
  } finally {
    own?.stop();
  }
}
