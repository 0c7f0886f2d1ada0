import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Client } from 'pg';
import { MIGRATIONS_DIR, migrate, type Owner } from '../../src/platform/db/migrate';
import { openServerDatabase } from '../../src/platform/db/server';
import { quiet } from '../support/database';

const server = process.env.TEST_DATABASE_URL;
if (!server) console.warn('*** TEST_DATABASE_URL is not set: migrating from twenty processes at once is LEFT OUT. ***');
const withServer = server ? test : test.skip;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function emptyEmbedded(): Promise<Owner> {
  const engine = await PGlite.create();
  closers.push(() => engine.close());
  return {
    run: async (text) => void (await engine.exec(text)),
    rows: async <Row>(text: string, values?: unknown[]) => (await engine.query<Row>(text, values)).rows,
  };
}

async function emptyDatabase(): Promise<string> {
  const name = `kontingent_migrate_${randomBytes(6).toString('hex')}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name}`);
  closers.push(async () => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  });
  const url = new URL(server!);
  url.pathname = `/${name}`;
  return url.href;
}

async function ownerOf(url: string): Promise<Owner> {
  const client = new Client({ connectionString: url });
  await client.connect();
  closers.push(() => client.end());
  return { run: async (text) => void (await client.query(text)), rows: async (text, values) => (await client.query(text, values)).rows };
}

async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kontingent-migrations-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  await cp(MIGRATIONS_DIR, folder, { recursive: true });
  return folder;
}

const files = async () => (await readdir(MIGRATIONS_DIR)).filter((name) => name.endsWith('.sql')).sort();

test('every file runs once, in order; a second run does nothing', async () => {
  const owner = await emptyEmbedded();
  expect(await migrate(owner)).toEqual(await files());
  expect(await migrate(owner)).toEqual([]);
});

test('file names are numbered without a double', async () => {
  const numbers = (await files()).map((name) => /^(\d{4})_[a-z0-9_]+\.sql$/u.exec(name)?.[1]);
  expect(numbers).not.toContain(undefined);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('a file that was edited after it ran is refused by its name, and nothing runs', async () => {
  const [owner, folder] = [await emptyEmbedded(), await ownFolder()];
  await migrate(owner, folder);
  const [first] = await files();
  await writeFile(path.join(folder, first!), 'select 1; -- edited');
  await writeFile(path.join(folder, '9999_later.sql'), 'create table planted (id int);');
  await expect(migrate(owner, folder)).rejects.toThrow(`Migration ${first} was edited after it ran`);
  expect(await owner.rows(`select 1 from pg_tables where tablename = 'planted'`)).toEqual([]);
});

test('a file that fails leaves nothing of itself, names itself, and runs when it was mended', async () => {
  const [owner, folder] = [await emptyEmbedded(), await ownFolder()];
  const file = path.join(folder, '9999_later.sql');
  await writeFile(file, 'create table planted (id int);\nselect 1/0;');
  await expect(migrate(owner, folder)).rejects.toThrow('Migration 9999_later.sql failed: division by zero');
  expect(await owner.rows(`select 1 from pg_tables where tablename = 'planted'`)).toEqual([]);
  await writeFile(file, 'create table planted (id int);');
  expect(await migrate(owner, folder)).toEqual(['9999_later.sql']);
});

test('0059: an order to the marketplace that an outage once ended is sent again; what is done, and other topics, stay as they are', async () => {
  const [owner, folder] = [await emptyEmbedded(), await ownFolder()];
  for (const file of (await files()).filter((name) => name >= '0059')) await rm(path.join(folder, file));
  await migrate(owner, folder);
  const orders = [
    ['subscription.cancel', 'given_up'],
    ['plan_change.send', 'given_up'],
    ['subscription.cancel', 'done'],
    ['mail', 'given_up'],
  ];
  for (const [topic, state] of orders)
    await owner.run(`insert into outbox (outbox_id, topic, payload, not_before, attempts, state)
                     values (gen_random_uuid(), '${topic}', '{}', '2026-01-01', 12, '${state}')`);
  await migrate(owner);
  expect(await owner.rows('select topic, state, attempts from outbox order by state desc, topic')).toEqual([
    { topic: 'plan_change.send', state: 'queued', attempts: 0 },
    { topic: 'subscription.cancel', state: 'queued', attempts: 0 },
    { topic: 'mail', state: 'given_up', attempts: 12 },
    { topic: 'subscription.cancel', state: 'done', attempts: 12 },
  ]);
});

withServer('twenty at once: each file runs once, nobody fails', async () => {
  const url = await emptyDatabase();
  const owners = await Promise.all(Array.from({ length: 20 }, () => ownerOf(url)));
  const applied = await Promise.all(owners.map((owner) => migrate(owner)));
  expect(applied.flat().sort()).toEqual(await files());
  expect(await migrate(owners[0]!)).toEqual([]);
});

withServer('several databases of one server at once, whose role is the same', async () => {
  const urls = [await emptyDatabase(), await emptyDatabase(), await emptyDatabase(), await emptyDatabase()];
  const databases = await Promise.all(urls.flatMap((url) => [openServerDatabase(url, quiet), openServerDatabase(url, quiet)]));
  for (const database of databases) {
    expect(await database.query('select current_user::text as who')).toEqual([{ who: 'kontingent_app' }]);
    await database.close();
  }
});
