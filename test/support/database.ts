import { randomBytes } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { Client } from 'pg';
import type { Clock } from '../../src/platform/clock';
import type { Context } from '../../src/platform/context';
import type { Database } from '../../src/platform/db/database';
import { openMemoryDatabase } from '../../src/platform/db/embedded';
import { openServerDatabase } from '../../src/platform/db/server';
import { newId } from '../../src/platform/ids';
import { createLogger } from '../../src/platform/logger';
import { createMetrics } from '../../src/platform/metrics';
import { TEMPLATE } from './global-setup';

export const quiet = createLogger('silent');

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  constructor(private at: Date) {}
  now = (): Date => new Date(this.at);
  set(instant: string): void {
    this.at = new Date(instant);
  }
  advance({
    days = 0,
    hours = 0,
    minutes = 0,
    seconds = 0,
    ms = 0,
  }: Partial<Record<'days' | 'hours' | 'minutes' | 'seconds' | 'ms', number>>): void {
    this.at = new Date(this.at.getTime() + (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms);
  }
}

/** A migrated database of this test file's own, on the engine that TEST_DATABASE_URL chooses; closed after the file. */
let opened: Promise<{ database: Database; url: string | null; drop: () => Promise<void> }> | null = null;

export async function testDatabase(): Promise<Database> {
  opened ??= open();
  return (await opened).database;
}

/** The address of this file's database on the server; null on the embedded engine. */
export async function testDatabaseUrl(): Promise<string | null> {
  opened ??= open();
  return (await opened).url;
}

/** A migrated database of whoever asks; `drop` after it was closed. */
export const openDatabase = open;

async function open() {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) {
    const { database } = await openMemoryDatabase({ loadDataDir: await openAsBlob(process.env.KONTINGENT_TEST_DUMP!) });
    return { database, url: null, drop: async () => {} };
  }
  const name = `kontingent_test_${randomBytes(6).toString('hex')}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name} template ${TEMPLATE}`);
  await admin.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = await openServerDatabase(url.href, quiet);
  return {
    database,
    url: url.href,
    drop: async () => {
      const client = new Client({ connectionString: server });
      await client.connect();
      await client.query(`drop database if exists ${name} with (force)`);
      await client.end();
    },
  };
}

afterAll(async () => {
  if (!opened) return;
  const { database, drop } = await opened;
  await database.close();
  await drop();
});

/** What a use case needs, with a clock to be moved by hand. */
export async function testContext({
  now = '2026-03-10T09:00:00.000Z',
} = {}): Promise<{ ctx: Context; clock: TestClock; database: Database }> {
  const database = await testDatabase();
  const clock = new TestClock(new Date(now));
  return { ctx: { database, now: clock.now, newId, log: quiet, metrics: createMetrics() }, clock, database };
}
