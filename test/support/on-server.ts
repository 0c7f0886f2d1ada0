import type { Context } from '../../src/platform/context';
import type { Database } from '../../src/platform/db/database';
import { openServerDatabase } from '../../src/platform/db/server';
import { quiet, testContext, testDatabaseUrl } from './database';

const hasServer = Boolean(process.env.TEST_DATABASE_URL);
if (!hasServer) process.stderr.write('*** LEFT OUT: these guarantees need a PostgreSQL server (TEST_DATABASE_URL). ***\n');

/** `describe` for what only several connections can break; left out, with a line that says so, where there is no server. */
export const onServer = hasServer ? describe : describe.skip;

/** Contexts over one database as so many instances of the application hold it: a pool and a lane each; closed after the file. */
export async function instances(count: number): Promise<{ ctxs: Context[]; clock: Awaited<ReturnType<typeof testContext>>['clock'] }> {
  const { ctx, clock } = await testContext();
  const url = await testDatabaseUrl();
  while (pools.length < count) pools.push(await openServerDatabase(url!, quiet));
  return { ctxs: pools.slice(0, count).map((database) => ({ ...ctx, database })), clock };
}

const pools: Database[] = [];

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
});
