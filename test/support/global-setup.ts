import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { openMemoryDatabase } from '../../src/platform/db/embedded';
import { migrate } from '../../src/platform/db/migrate';

export const TEMPLATE = 'kontingent_test_template';

/** Migrates once: a dump that every embedded test loads, or a template database that every server test is copied from. */
export default async function setup(): Promise<void> {
  const url = process.env.TEST_DATABASE_URL;
  if (url) {
    await migrateTemplate(url);
    return;
  }
  const { engine, database } = await openMemoryDatabase();
  await engine.exec('reset role; update pg_database set datistemplate = false');
  // Nobody connects to them: every test would load them for nothing.
  for (const empty of ['template0', 'template1']) await engine.exec(`drop database ${empty}`);
  await engine.exec('checkpoint');
  const dump = await engine.dumpDataDir('none');
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'kontingent-test-')), 'migrated.tar');
  await writeFile(file, Buffer.from(await dump.arrayBuffer()));
  process.env.KONTINGENT_TEST_DUMP = file;
  await database.close();
}

async function migrateTemplate(url: string): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  await admin.query(`drop database if exists ${TEMPLATE}`);
  await admin.query(`create database ${TEMPLATE}`);
  await admin.end();
  const template = new URL(url);
  template.pathname = `/${TEMPLATE}`;
  const client = new Client({ connectionString: template.href });
  await client.connect();
  await migrate({
    run: async (text) => void (await client.query(text)),
    rows: async (text, values) => (await client.query(text, values)).rows,
  });
  await client.end();
}
