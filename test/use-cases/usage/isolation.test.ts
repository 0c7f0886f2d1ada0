import { inPublisher, inTenant } from '../../../src/platform/context';
import { sqlState } from '../../../src/platform/db/database';
import { creationOf, key, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aTenant } from '../../support/tenant';

const TABLES = [
  'tenants',
  'members',
  'subscriptions',
  'grants',
  'usage_counters',
  'usage_records',
  'tickets',
  'checklists',
  'checklist_items',
  'opportunities',
  'notices',
  'tenant_sequences',
];

async function twoTenants() {
  const { ctx, database } = await testContext();
  const [mine, theirs] = [await aTenant(ctx, { limits: { tickets: 1 } }), await aTenant(ctx, { limits: { tickets: 1 } })];
  for (const tenant of [mine, theirs]) {
    for (const create of Object.values(creationOf)) unwrap(await create(ctx, tenant.owner, key()));
  }
  return { ctx, database, mine, theirs };
}

test.each(TABLES)('G9 row-level security: a statement without a where sees one tenant’s rows of %s, or none', async (table) => {
  const { ctx, database, mine } = await twoTenants();
  const seen = await inTenant(ctx, mine.tenantId, ({ db }) => db.query<{ tenant_id: string }>(`select tenant_id from ${table}`));
  expect(new Set(seen.map((row) => row.tenant_id))).toEqual(new Set([mine.tenantId]));
  expect(await inPublisher(ctx, ({ db }) => db.query(`select 1 from ${table}`))).toEqual([]);
  expect(await database.query(`select 1 from ${table}`)).toEqual([]);
});

test('G9 a tenant chosen for one transaction is forgotten with it', async () => {
  const { ctx, database, mine } = await twoTenants();
  await inTenant(ctx, mine.tenantId, ({ db }) => db.query('select 1'));
  for (let index = 0; index < 20; index += 1) expect(await database.query('select 1 from tickets')).toEqual([]);
  // An admission chooses its tenant inside its statement.
  await creationOf.tickets(ctx, mine.owner, key());
  for (let index = 0; index < 20; index += 1) expect(await database.query('select 1 from tickets')).toEqual([]);
});

test('G9 with a foreign tenant’s id nothing is read, changed, deleted or planted', async () => {
  const { ctx, mine, theirs } = await twoTenants();
  const asMe = (sql: string) => inTenant(ctx, mine.tenantId, ({ db }) => db.query(sql, [theirs.tenantId]));
  expect(await asMe('select 1 from tickets where tenant_id = $1')).toEqual([]);
  expect(await asMe(`update tickets set title = 'mine' where tenant_id = $1 returning 1`)).toEqual([]);
  expect(await asMe('delete from tickets where tenant_id = $1 returning 1')).toEqual([]);
  const plant = asMe(`insert into tenant_sequences (tenant_id, name, last) values ($1, 'planted', 1)`);
  expect(sqlState(await plant.catch((error) => error))).toBe('42501');
  const move = asMe('update tickets set tenant_id = $1');
  expect(sqlState(await move.catch((error) => error))).toBe('42501');
});

test.each(['usage_records', 'operations', 'subscription_log', 'audit_log', 'notices', 'ticket_changes'])(
  'the ledger %s can be added to, never changed or emptied',
  async (table) => {
    const { ctx, mine } = await twoTenants();
    for (const sql of [`update ${table} set tenant_id = tenant_id`, `delete from ${table}`, `truncate ${table}`]) {
      const attempt = inTenant(ctx, mine.tenantId, ({ db }) => db.query(sql));
      expect([sql, sqlState(await attempt.catch((error) => error))]).toEqual([sql, '42501']);
    }
  },
);

test('the application’s role owns no table and cannot lift the lock', async () => {
  const { database } = await testContext();
  const owned = await database.query(`select 1 from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = current_user`);
  expect(owned).toEqual([]);
  const [role] = await database.query<{ rolname: string; rolsuper: boolean; rolbypassrls: boolean }>(
    'select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user',
  );
  expect(role).toEqual({ rolname: 'kontingent_app', rolsuper: false, rolbypassrls: false });
  for (const sql of ['alter table tickets disable row level security', 'create table planted (id int)']) {
    expect([sql, sqlState(await database.query(sql).catch((error) => error))]).toEqual([sql, '42501']);
  }
});
