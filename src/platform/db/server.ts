import { Client, Pool } from 'pg';
import { invariant } from '../invariant';
import type { Logger } from '../logger';
import { APP_ROLE, asFault, type Database, PooledDatabase } from './database';
import { migrate } from './migrate';

/** Enough for the commits of as many requests to share one flush of the disk; a tenant's creations need one only. */
const CONNECTIONS = 32;

/** Migrates as the connection's own role, then works as the application's role, which owns nothing. */
export async function openServerDatabase(url: string, log: Logger): Promise<Database> {
  const client = new Client({ connectionString: url, application_name: 'kontingent migrate' });
  await client.connect().catch((error: unknown) => {
    throw asFault(error);
  });
  try {
    const applied = await migrate({
      run: async (text) => void (await client.query(text)),
      rows: async (text, values) => (await client.query(text, values)).rows,
    });
    if (applied.length > 0) log.info({ applied }, 'migrated the database');
  } finally {
    await client.end();
  }
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
    // After a failover the old connection says nothing at all: both ends of a half-open one must notice.
    query_timeout: 35_000,
    keepAlive: true,
    application_name: 'kontingent',
    onConnect: takeRole,
  });
  // A connection that breaks without a listener would end the process: the pool listens to idle ones only.
  const broke = (error: Error) => log.warn({ err: error }, 'a database connection broke');
  pool.on('error', broke);
  pool.on('connect', (connection) => connection.on('error', broke));
  return new PooledDatabase('server', pool, async () => {});
}

/**
 * Makes a new connection the application's. By statement, not by a start-up option: a URL's own options or a pooler could
 * drop that silently, and row-level security with it.
 */
async function takeRole(client: Pick<Client, 'query'>): Promise<void> {
  await client.query(`set role ${APP_ROLE}`);
  const { rows } = await client.query<{ role: string }>('select current_user as role');
  invariant(rows[0]?.role === APP_ROLE, `statements run as ${APP_ROLE}`);
}
