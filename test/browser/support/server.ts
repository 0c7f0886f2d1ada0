import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { fillDataFolder, freePort } from '../../support/server-process';

const MAIN = path.resolve(__dirname, '../../../dist/server/main.js');
const READY_MS = 120_000;

/** The built product as its own process, in sandbox mode, with a data folder of its own. */
export interface RunningServer {
  /** Where browsers reach it, without a trailing slash. */
  url: string;
  /** Ends it as a power cut would (SIGKILL), then starts it again on the same data folder. */
  pullThePlug(): Promise<void>;
  /** Ends it and removes its data folder. */
  stop(): Promise<void>;
}

export async function startServer(): Promise<RunningServer> {
  if (!existsSync(MAIN))
    throw new Error('The server is not built: run the tests with "npm test", or "node scripts/start.mjs --build-only" first.');
  const dataDir = await mkdtemp(path.join(tmpdir(), 'kontingent-browser-'));
  await fillDataFolder(dataDir);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  let running = await run(port, dataDir);

  async function kill(): Promise<void> {
    if (running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }

  return {
    url,
    async pullThePlug() {
      await kill();
      running = await run(port, dataDir);
    },
    async stop() {
      await kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function run(port: number, dataDir: string): Promise<ChildProcess> {
  const said: string[] = [];
  const server = spawn(process.execPath, ['--enable-source-maps', MAIN], {
    env: { PATH: process.env.PATH, PORT: String(port), DATA_DIR: dataDir, RATE_LIMIT_PER_MINUTE: '100000', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text: Buffer) => said.push(text.toString()));
  const deadline = Date.now() + READY_MS;
  while (!(await isReady(port))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      server.kill('SIGKILL');
      throw new Error(`The server did not become ready:\n${said.join('')}`);
    }
    await pause(50);
  }
  return server;
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
