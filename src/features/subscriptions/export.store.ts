import type { Queryable } from '../../platform/db/database';

/** What makes the product work and says nothing of anybody's work. */
const MACHINERY = ['operations', 'deliveries', 'mail_deliveries', 'conversations', 'tenant_sequences', 'metering_marks'];

export interface TenantTable {
  name: string;
  /** Its key, in order; the first column is the tenant's. */
  key: string[];
}

/** Every table that belongs to organizations, from the catalog: a new one is not forgotten. */
export async function tenantTables(db: Queryable): Promise<TenantTable[]> {
  return db.query<TenantTable>(
    `select quote_ident(c.relname) as name, array_agg(quote_ident(a.attname) order by k.place) as key
       from pg_class c
       join pg_index i on i.indrelid = c.oid and i.indisprimary
       cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
       join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> all ($1)
      group by c.oid, c.relname
     having (array_agg(a.attname order by k.place))[1] = 'tenant_id'
      order by c.relname`,
    [MACHINERY],
  );
}

/** The rows after one, in the order of the key. */
export async function rowsAfter(
  db: Queryable,
  tenantId: string,
  { name, key }: TenantTable,
  last: object | null,
  limit: number,
): Promise<object[]> {
  const columns = key.join(', ');
  const after = last === null ? '' : `and (${columns}) > (select ${columns} from jsonb_populate_record(null::${name}, $3))`;
  const rows = await db.query<{ row: object }>(
    `select to_jsonb(t) as row from ${name} t where tenant_id = $1 ${after} order by ${columns} limit $2`,
    last === null ? [tenantId, limit] : [tenantId, limit, JSON.stringify(last)],
  );
  return rows.map(({ row }) => row);
}
