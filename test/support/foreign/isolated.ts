import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fillDataFolder, ServerProcess } from '../server-process';

/** The server as its own process, which reaches this machine only. */
export interface IsolatedServer {
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

/** `main`: the compiled server; `env` holds PORT; `ca`: a certificate that the process trusts besides Node's own. */
export async function startIsolated(main: string, env: Record<string, string>, ca: string | null): Promise<IsolatedServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kontingent-staging-'));
  const outsideFile = path.join(folder, 'outside');
  if (ca) writeFileSync(path.join(folder, 'ca.pem'), ca);
  const dataDir = path.join(folder, 'data');
  await fillDataFolder(dataDir);
  const all = {
    ...env,
    DATA_DIR: dataDir,
    NODE_OPTIONS: `--require ${path.join(__dirname, 'outside.cjs')}`,
    OUTSIDE_FILE: outsideFile,
    ...(ca && { NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem') }),
  };
  let before = '';
  let server = await ServerProcess.start(main, all);
  return {
    url: server.url,
    said: () => before + server.output,
    outside: () => (existsSync(outsideFile) ? readFileSync(outsideFile, 'utf8').split('\n').filter(Boolean) : []),
    async pullThePlug() {
      await server.kill();
      before += server.output;
      server = await ServerProcess.start(main, all);
    },
    async stop() {
      server.signal('SIGTERM');
      await server.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
