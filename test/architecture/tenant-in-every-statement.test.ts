import { filesIn, read, textsOf } from './source';

/** Table → the columns of its primary key, from the migrations. */
function primaryKeys(): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const file of filesIn('src/platform/db/migrations', /\.sql$/)) {
    for (const [, table, body] of withoutComments(read(file)).matchAll(/create table (?:if not exists )?(\w+) \(\n([\s\S]*?)\n\)/g)) {
      const whole = /^\s*primary key \(([^)]+)\)/m.exec(body!)?.[1];
      const inline = /^\s*(\w+)\s.*\bprimary key\b/m.exec(body!)?.[1];
      keys.set(
        table!,
        (whole ?? inline ?? '').split(',').map((column) => column.trim()),
      );
    }
  }
  return keys;
}

function withoutComments(sql: string): string {
  return sql.replace(/--.*$/gm, '');
}

const keys = primaryKeys();
const tenantTables = [...keys].filter(([, columns]) => columns[0] === 'tenant_id').map(([table]) => table);

/** Whether a text is a statement that reads or writes a tenant's table without naming the tenant. */
function forgetsTenant(text: string): boolean {
  const sql = withoutComments(text);
  if (!/\b(select|insert into|update|delete from)\b/i.test(sql)) return false;
  const tables = new RegExp(`\\b(from|join|into|update|using)\\s+(only\\s+)?(${tenantTables.join('|')})\\b`, 'i');
  return tables.test(sql) && !/\b(tenant_id|p_tenant)\b/i.test(sql);
}

test('every table of a tenant is known by tenant_id first', () => {
  expect(tenantTables).toEqual(
    expect.arrayContaining(['tenants', 'members', 'subscriptions', 'usage_counters', 'usage_records', 'tickets', 'drafts']),
  );
  const publisher = [...keys.keys()].filter((table) => !tenantTables.includes(table)).sort();
  expect(publisher).toEqual(expect.arrayContaining(['marketplace_events', 'plans', 'subscription_directory']));
  for (const table of publisher) expect(keys.get(table)).not.toContain('tenant_id');
});

test('every statement of the program over a tenant table names tenant_id', () => {
  const statements = filesIn('src', /\.ts$/).flatMap((file) => textsOf(file, read(file)).map((text) => ({ file, text })));
  expect(statements.filter(({ text }) => forgetsTenant(text))).toEqual([]);
});

test('every statement of a database function over a tenant table names the tenant', () => {
  const statements = filesIn('src/platform/db/migrations', /\.sql$/).flatMap((file) =>
    bodiesOf(withoutComments(read(file))).flatMap((body) => body.split(';').map((text) => ({ file, text: text.trim() }))),
  );
  expect(statements.length).toBeGreaterThan(10);
  expect(statements.filter(({ text }) => forgetsTenant(text))).toEqual([]);
});

function bodiesOf(sql: string): string[] {
  return [...sql.matchAll(/\$(\w*)\$([\s\S]*?)\$\1\$/g)].map(([, , body]) => body!);
}

test.each([
  'select title from tickets where ticket_id = $1',
  'update usage_counters set used = used + 1 where meter = $1',
  'delete from drafts where draft_id = $1',
  'insert into members (member_id) values ($1)',
  'select 1 from plans p join subscriptions s on s.plan_id = p.plan_id',
  'select title -- of one tenant_id\n from tickets',
])('a statement without the tenant is seen: %s', (text) => {
  expect(forgetsTenant(text)).toBe(true);
});

test.each([
  'select title from tickets where tenant_id = $1',
  'select * from marketplace_events',
  'This ticket is from members of your team',
])('a statement in order is left alone: %s', (text) => {
  expect(forgetsTenant(text)).toBe(false);
});

test('a statement put together from a constant is judged as a whole', () => {
  const text = `
    const SELECT = 'select title from tickets';
    query(\`\${SELECT} where tenant_id = $1\`);
    query(\`\${SELECT} where ticket_id = $1\`);`;
  expect(textsOf('store.ts', text).map(forgetsTenant)).toEqual([false, true]);
});

/** The tables on which the migrations switch row-level security on. */
function tablesWithRowSecurity(): string[] {
  return filesIn('src/platform/db/migrations', /\.sql$/).flatMap((file) => {
    const sql = withoutComments(read(file));
    const direct = [...sql.matchAll(/alter table (\w+) enable row level security/g)].map(([, table]) => table!);
    const looped = bodiesOf(sql)
      .filter((body) => /alter table %I enable row level security/.test(body) && /create policy/.test(body))
      .flatMap((body) => /array\[([^\]]+)\] loop/.exec(body)?.[1]?.match(/\w+/g) ?? []);
    return [...direct, ...looped];
  });
}

test('every tenant table has row-level security', () => {
  expect(tablesWithRowSecurity().sort()).toEqual([...tenantTables].sort());
});
