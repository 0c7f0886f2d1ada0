import { Client, Pool } from 'pg';
import type { Logger } from '../logger';
import { APP_ROLE, type Database, PooledDatabase } from './database';
import { migrate } from './migrate';

/** Small on purpose: more connections than the server has cores make it slower. */
const CONNECTIONS = 10;

/** Migrates as the connection's own role, then works as the application's role, which owns nothing. */
export async function openServerDatabase(url: string, log: Logger): Promise<Database> {
  const client = new Client({ connectionString: url, application_name: 'kontingent migrate' });
  await client.connect();
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
    options: `-c role=${APP_ROLE}`,
    application_name: 'kontingent',
  });
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'a database connection broke'));
  return new PooledDatabase('server', pool, async () => {});
}
