import { randomUUID } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import type { Database } from '../../src/platform/db/database';
import { migrate } from '../../src/platform/db/migrate';
import { testDatabase } from '../support/database';

/** Read from the catalog of a migrated database: what is really in force, however the migrations came to it. */
let db: Database;
beforeAll(async () => {
  db = await testDatabase();
});

interface Table {
  name: string;
  key: string[];
  secured: boolean;
  policies: number;
  changeable: boolean;
}

async function tables(): Promise<Table[]> {
  return db.query<Table>(
    `select c.relname as name, c.relrowsecurity as secured,
            (select array_agg(a.attname::text order by k.n)
               from pg_index i, unnest(i.indkey) with ordinality as k(attnum, n), pg_attribute a
              where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and a.attnum = k.attnum) as key,
            (select count(*)::int from pg_policy p where p.polrelid = c.oid and p.polqual is not null and p.polwithcheck is not null) as policies,
            has_table_privilege('kontingent_app', c.oid, 'update') or has_table_privilege('kontingent_app', c.oid, 'delete') as changeable
       from pg_class c
      where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
      order by c.relname`,
  );
}

test('every table whose key begins with the tenant shows one tenant at a time, to read and to write', async () => {
  const ofTenants = (await tables()).filter(({ key }) => key[0] === 'tenant_id');
  expect(ofTenants.length).toBeGreaterThan(15);
  expect(ofTenants.filter(({ secured, policies }) => !secured || policies !== 1)).toEqual([]);
});

test('no other table hides a tenant in the middle of its key', async () => {
  const others = (await tables()).filter(({ key }) => key[0] !== 'tenant_id');
  expect(others.filter(({ key }) => key.includes('tenant_id'))).toEqual([]);
});

test('the application’s role owns nothing and can neither log in nor pass by the policies', async () => {
  const roles = await db.query(
    `select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,
            (select count(*)::int from pg_class where relowner = r.oid) + (select count(*)::int from pg_proc where proowner = r.oid) as owned
       from pg_roles r where rolname = 'kontingent_app'`,
  );
  expect(roles).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false, rolcanlogin: false, owned: 0 }]);
});

test('statements run as that role', async () => {
  expect(await db.query('select current_user::text as role')).toEqual([{ role: 'kontingent_app' }]);
});

test('four functions lend their owner’s rights, and no other', async () => {
  const lending = await db.query<{ proname: string }>(
    `select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef order by 1`,
  );
  expect(lending.map(({ proname }) => proname)).toEqual(['find_tenants', 'find_ticket_ids', 'find_waiting_requests', 'purge_tenant']);
});

test('those that name organizations do so in a transaction of none', async () => {
  const tenant = randomUUID();
  await db.transaction(tenant, (tx) =>
    tx.query(`insert into tenants (tenant_id, name, created_at) values ($1, 'Quartz', '2026-01-01')`, [tenant]),
  );
  await db.transaction(tenant, (tx) =>
    tx.query(
      `insert into requests (tenant_id, request_id, kind, subject, requested_by, created_at) values ($1, $1, 'early_unlock', 'teams', $1, '2026-01-01')`,
      [tenant],
    ),
  );
  for (const find of [
    `select tenant_id from find_tenants('quartz', 10)`,
    `select tenant_id from find_waiting_requests('2026-01-02', 10)`,
  ]) {
    expect(await db.query(find)).toEqual([{ tenant_id: tenant }]);
    expect(await db.transaction(tenant, (tx) => tx.query(find))).toEqual([]);
    expect(await db.transaction(randomUUID(), (tx) => tx.query(find))).toEqual([]);
  }
});

test('the one that searches tickets finds the transaction’s own tenant only', async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  const ids: Record<string, string> = {};
  for (const tenant of [a, b]) {
    ids[tenant] = randomUUID();
    await db.transaction(tenant, (tx) =>
      tx.query(
        `insert into tickets (tenant_id, ticket_id, number, title, description, status, priority, requester, created_at, updated_at)
         values ($1, $2, 1, 'printer jam', '', 'open', 'normal', $2, '2026-01-01', '2026-01-01')`,
        [tenant, ids[tenant]],
      ),
    );
  }
  const find = `select find_ticket_ids(to_tsquery('simple', 'print:*')) as id`;
  expect(await db.transaction(a, (tx) => tx.query(find))).toEqual([{ id: ids[a] }]);
  expect(await db.transaction(a, (tx) => tx.query(`select find_ticket_ids(to_tsquery('simple', '''${b}'' | print:*')) as id`))).toEqual([
    { id: ids[a] },
  ]);
  expect(await db.query(find)).toEqual([]);
});

test('what was written down once cannot be changed or deleted by the application', async () => {
  const appendOnly = [
    'usage_records',
    'operations',
    'notices',
    'subscription_log',
    'audit_log',
    'ticket_changes',
    'bills',
    'bill_lines',
    'sellers',
    'plans',
    'plan_items',
    'publisher_audit',
    'said_once',
    'schema_migrations',
  ];
  const changeable = (await tables()).filter(({ name, changeable }) => appendOnly.includes(name) && changeable);
  expect(changeable).toEqual([]);
});

test('an owner without superuser rights, as cloud databases give one, can migrate and become that role', async () => {
  const engine = await PGlite.create();
  await engine.exec(
    'create role landlord createrole; grant create, usage on schema public to landlord with grant option; set session authorization landlord',
  );
  await migrate({
    run: async (text) => void (await engine.exec(text)),
    rows: async <Row>(text: string, values?: unknown[]) => (await engine.query<Row>(text, values)).rows,
  });
  await engine.exec('set role kontingent_app');
  expect((await engine.query('select current_user::text as role')).rows).toEqual([{ role: 'kontingent_app' }]);
  await engine.close();
});
