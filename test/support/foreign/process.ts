import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const ROOT = path.resolve(__dirname, '../../..');
const READY_MS = 30_000;

/** The built server as its own process, which reaches this machine only. */
export interface ServerProcess {
  /** On loopback, without a trailing slash; PUBLIC_URL may be another one. */
  url: string;
  /** What it wrote so far. */
  said(): string;
  /** Hosts outside this machine that it tried to reach. */
  outside(): string[];
  /** Ends it as a power cut would and starts it again on the same data. */
  pullThePlug(): Promise<void>;
  stop(): Promise<void>;
}

/** Builds the server if its sources changed since it was built. */
export function buildServer(): void {
  execFileSync(process.execPath, [path.join(ROOT, 'scripts/start.mjs'), '--build-only'], { stdio: 'ignore' });
}

/** `ca`: certificates that the process trusts besides those of Node. */
export async function startProcess(port: number, env: Record<string, string>, ca: string): Promise<ServerProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kontingent-staging-'));
  const [caFile, outsideFile] = [path.join(folder, 'ca.pem'), path.join(folder, 'outside')];
  writeFileSync(caFile, ca);
  const url = `http://127.0.0.1:${port}`;
  const said: string[] = [];
  let server = await run();

  async function run(): Promise<ChildProcess> {
    const guard = path.join(__dirname, 'outside.cjs');
    const child = spawn(process.execPath, ['--require', guard, '--enable-source-maps', path.join(ROOT, 'dist/server/main.js')], {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        DATA_DIR: path.join(folder, 'data'),
        NODE_EXTRA_CA_CERTS: caFile,
        OUTSIDE_FILE: outsideFile,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream!.on('data', (text: Buffer) => said.push(text.toString()));
    const deadline = Date.now() + READY_MS;
    while (!(await isReady(url))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL');
        throw new Error(`The server did not become ready:\n${said.join('')}`);
      }
      await pause(50);
    }
    return child;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill(signal);
    await gone;
  }

  return {
    url,
    said: () => said.join(''),
    outside: () => (existsSync(outsideFile) ? readFileSync(outsideFile, 'utf8').split('\n').filter(Boolean) : []),
    async pullThePlug() {
      await end('SIGKILL');
      server = await run();
    },
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
