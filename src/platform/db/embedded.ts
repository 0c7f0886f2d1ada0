import { fsyncSync } from 'node:fs';
import path from 'node:path';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { Pool } from 'pg';
import { lockDataFolder } from './data-folder-lock';
import { APP_ROLE, type Database, PooledDatabase } from './database';
import { migrate } from './migrate';

/** The package's file system never syncs; with this an acknowledged write survives a power cut (G12). */
class SyncedNodeFS extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args);
    const sync = (module: { NODEFS?: { stream_ops: Record<string, unknown> } }) => {
      module.NODEFS!.stream_ops.fsync = ({ nfd }: { nfd: number }) => {
        fsyncSync(nfd);
        return 0;
      };
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), sync as never] } };
  }
}

/** `-F` turns PostgreSQL's own syncing off; fdatasync is an empty stub in this build, fsync is real. */
const SYNCED: string[] = [...PGlite.defaultStartParams.filter((param) => param !== '-F'), '-c', 'fsync=on', '-c', 'wal_sync_method=fsync'];

/**
 * PostgreSQL in this process, its files in `dataDir`; one process per folder, one connection.
 * @throws DataFolderInUse when another living process holds the folder
 */
export async function openEmbeddedDatabase(dataDir: string): Promise<Database> {
  const unlock = await lockDataFolder(dataDir);
  try {
    const engine = await PGlite.create({ fs: new SyncedNodeFS(path.join(dataDir, 'postgres')), startParams: SYNCED });
    return await embedded(engine, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** In memory, for tests; from the dump of a migrated one when given. */
export async function openMemoryDatabase(
  options: Pick<PGliteOptions, 'loadDataDir'> = {},
): Promise<{ database: Database; engine: PGlite }> {
  const engine = await PGlite.create(options);
  return { engine, database: await embedded(engine, async () => {}) };
}

async function embedded(engine: PGlite, unlock: () => Promise<void>): Promise<Database> {
  await engine.exec('reset role');
  await migrate({
    run: async (text) => void (await engine.exec(text)),
    rows: async <Row>(text: string, values?: unknown[]) => (await engine.query<Row>(text, values)).rows,
  });
  await engine.exec(`set role ${APP_ROLE}`);
  const pool = new Pool({ ...createPgConfig(engine), max: 1, idleTimeoutMillis: 0 });
  return new PooledDatabase('embedded', pool, async () => {
    await engine.close();
    await unlock();
  });
}
