import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './server-process';

const NEEDED = ['initdb', 'pg_ctl', 'postgres'];

/** The folder of PostgreSQL's programs; null when there are none on this machine. */
export function postgresBinaries(): string | null {
  const packaged = '/usr/lib/postgresql';
  const folders = [
    ...(existsSync(packaged) ? readdirSync(packaged).map((version) => path.join(packaged, version, 'bin')) : []),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  return folders.find((folder) => NEEDED.every((name) => existsSync(path.join(folder, name)))) ?? null;
}

/** A PostgreSQL server of this test file's own, which may be killed. */
export class Cluster {
  private constructor(
    private readonly bin: string,
    private readonly data: string,
    private readonly port: number,
  ) {}

  static async start(bin: string): Promise<Cluster> {
    const data = mkdtempSync(path.join(tmpdir(), 'kontingent-cluster-'));
    if (asRoot) chownSync(data, Number(execFileSync('id', ['-u', 'postgres'])), Number(execFileSync('id', ['-g', 'postgres'])));
    const cluster = new Cluster(bin, data, await freePort());
    cluster.run('initdb', ['-D', data, '-U', 'owner', '--auth=trust', '-E', 'UTF8', '--no-locale', '--no-sync']);
    await cluster.up();
    return cluster;
  }

  get url(): string {
    return `postgres://owner@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts it, again after a kill: the killed one's processes may still be going. */
  async up(): Promise<void> {
    const options = `-p ${this.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${this.data} -c shared_buffers=32MB`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.run('pg_ctl', ['-D', this.data, '-w', '-l', path.join(this.data, 'log'), '-o', options, 'start']);
      } catch (error) {
        if (attempt === 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  /** kill −9 of the server; its children follow it. */
  kill(): void {
    process.kill(Number(readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
  }

  remove(): void {
    try {
      this.run('pg_ctl', ['-D', this.data, '-m', 'immediate', 'stop']);
    } catch {
      // It was killed and never started again.
    }
    rmSync(this.data, { recursive: true, force: true });
  }

  /** PostgreSQL refuses to run as root: then the system's postgres account owns it. */
  private run(name: string, args: string[]): void {
    const program = path.join(this.bin, name);
    const [file, all] = asRoot ? ['runuser', ['-u', 'postgres', '--', program, ...args]] : [program, args];
    const { status, stderr } = spawnSync(file, all, { encoding: 'utf8', cwd: tmpdir(), stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  }
}

const asRoot = process.getuid?.() === 0;
