import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { transformFile } from '@swc/core';

const ROOT = path.resolve(__dirname, '../..');

/** The server compiled from the sources as they are now, in a folder of this test file's own below dist. */
export async function compileServer(): Promise<{ main: string; folder: string; remove(): Promise<void> }> {
  await mkdir(path.join(ROOT, 'dist'), { recursive: true });
  const folder = await mkdtemp(path.join(ROOT, 'dist/server-under-test-'));
  const names = await readdir(path.join(ROOT, 'src'), { recursive: true });
  for (const name of names) {
    const [from, to] = [path.join(ROOT, 'src', name), path.join(folder, name)];
    if (name.endsWith('.ts')) {
      const { code } = await transformFile(from, {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'commonjs' },
        swcrc: false,
      });
      await mkdir(path.dirname(to), { recursive: true });
      await writeFile(to.replace(/\.ts$/u, '.js'), code);
    } else if (path.extname(name)) await cp(from, to);
  }
  return { main: path.join(folder, 'main.js'), folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Lays an empty, migrated database into a data folder: a first start, which makes one, takes seconds, and another test is
 * about it (`lock`). Where the tests run on a server there is no dump, and the first start makes it.
 */
export async function fillDataFolder(dataDir: string): Promise<void> {
  const dump = process.env.KONTINGENT_TEST_DUMP;
  if (!dump) return;
  const folder = path.join(dataDir, 'postgres');
  await mkdir(folder, { recursive: true });
  await promisify(execFile)('tar', ['--extract', '--file', dump, '--directory', folder]);
}

/** Below those that the system gives to outgoing connections: one of them may take a port between the look and its use. */
const PORTS = [20_000, 32_000] as const;

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The server as a process of its own. */
export class ServerProcess {
  output = '';
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    readonly exited: Promise<Exit>,
  ) {}

  /** Started, not waited for. */
  static spawn(main: string, env: Record<string, string>): ServerProcess {
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = new Promise<Exit>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    children.push(child);
    const server = new ServerProcess(child, `http://127.0.0.1:${env.PORT}`, exited);
    const keep = (chunk: Buffer) => {
      server.output += chunk;
    };
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
    return server;
  }

  /** Started and ready; throws what it said when it ended instead. */
  static async start(main: string, env: Record<string, string>): Promise<ServerProcess> {
    const server = ServerProcess.spawn(main, env);
    await server.ready();
    return server;
  }

  async ready(withinMs = 120_000): Promise<void> {
    let ended = false;
    void this.exited.then(() => {
      ended = true;
    });
    const until = Date.now() + withinMs;
    while (Date.now() < until) {
      if (ended) throw new Error(`the server ended: ${this.output}`);
      const is = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(5_000) }).then(
        (res) => res.status === 200,
        () => false,
      );
      if (is) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`the server is not ready: ${this.output}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Kills it outright and waits until it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
