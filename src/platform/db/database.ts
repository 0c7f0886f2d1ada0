import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pool, PoolClient } from 'pg';
import { invariant } from '../invariant';

/** Runs one statement; casts stand in the SQL, so that both engines return the same values. */
export interface Queryable {
  /** `name`: the statement is prepared once per connection under this name. */
  query<Row>(text: string, values?: readonly unknown[], name?: string): Promise<Row[]>;
}

/** PostgreSQL, embedded or on a server. Statements outside a transaction see no tenant's rows. */
export interface Database extends Queryable {
  readonly engine: 'embedded' | 'server';
  /** All or nothing, seeing one tenant's rows (null: none). Never nest; the inner handle is passed on. */
  transaction<T>(tenantId: string | null, work: (db: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The role every statement of the application runs as; it owns no table. */
export const APP_ROLE = 'kontingent_app';

/** The SQLSTATE of a database error, null for anything else. */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/u.test(code) ? code : null;
}

/** The database does not answer, or went away in the middle: what was asked may or may not have happened. */
export class DatabaseAway extends Error {
  constructor(cause: unknown) {
    super(`The database is away: ${(cause as Error).message}`, { cause });
    this.name = 'DatabaseAway';
  }
}

/** Connection faults, a server that stops or starts, and too many connections. Source: PostgreSQL's error codes; node-postgres' own words have no code. */
const AWAY_CODE = /^(?:08...|57P0[1-3]|53300|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/u;
const AWAY_WORDS = /^Connection terminated|timeout exceeded when trying to connect|is not queryable/u;

/** The error as callers get it: DatabaseAway when the connection is what failed. */
export function asFault(error: unknown): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const isAway = (typeof code === 'string' && AWAY_CODE.test(code)) || (typeof message === 'string' && AWAY_WORDS.test(message));
  return isAway ? new DatabaseAway(error) : error;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** A pool whose connections already run as the application's role. */
export class PooledDatabase implements Database {
  private readonly inside = new AsyncLocalStorage<true>();

  constructor(
    readonly engine: 'embedded' | 'server',
    private readonly pool: Pool,
    private readonly closeEngine: () => Promise<void>,
  ) {}

  async query<Row>(text: string, values: readonly unknown[] = [], name?: string): Promise<Row[]> {
    const client = await this.connect();
    try {
      return await run<Row>(client, text, values, name);
    } catch (error) {
      throw asFault(error);
    } finally {
      client.release();
    }
  }

  async transaction<T>(tenantId: string | null, work: (db: Queryable) => Promise<T>): Promise<T> {
    const client = await this.connect();
    let broken: Error | undefined;
    try {
      await client.query(begin(tenantId));
      const db: Queryable = { query: (text, values = [], name) => run(client, text, values, name) };
      const result = await this.inside.run(true, () => work(db));
      const { command } = await client.query('commit');
      invariant(command === 'COMMIT', 'a transaction whose statement failed is not committed');
      return result;
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      throw asFault(error);
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.closeEngine();
  }

  /** The embedded engine has one connection: waiting for it inside a transaction would wait for ever. */
  private async connect(): Promise<PoolClient> {
    invariant(!this.inside.getStore(), 'a statement inside a transaction must use the transaction’s own handle');
    return this.pool.connect().catch((error: unknown) => {
      throw asFault(error);
    });
  }
}

function begin(tenantId: string | null): string {
  if (tenantId === null) return 'begin';
  invariant(UUID.test(tenantId), 'a tenant id is a UUID');
  return `begin; select set_config('kontingent.tenant_id', '${tenantId.toLowerCase()}', true)`;
}

async function run<Row>(client: PoolClient, text: string, values: readonly unknown[], name?: string): Promise<Row[]> {
  const result = await client.query({ text, values: values as unknown[], ...(name && { name }) });
  return result.rows as Row[];
}
