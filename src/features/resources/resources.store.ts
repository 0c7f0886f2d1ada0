import type { Queryable } from '../../platform/db/database';

export interface ResourceRow {
  id: string;
  kind: string;
  name: string;
  parentId: string | null;
  attachedTo: string | null;
  detachedFrom: string | null;
  amounts: Record<string, number>;
  createdAt: Date;
  activatedAt: Date;
  archivedAt: Date | null;
  trimmedBy: string | null;
  revision: number;
}

const SELECT = `
  select resource_id as id, kind, name, parent_id as "parentId", attached_to as "attachedTo", detached_from as "detachedFrom", amounts,
         created_at as "createdAt", activated_at as "activatedAt", archived_at as "archivedAt", trimmed_by as "trimmedBy", revision
    from resources`;

export async function findResource(db: Queryable, tenantId: string, resourceId: string): Promise<ResourceRow | null> {
  const [row] = await db.query<ResourceRow>(`${SELECT} where tenant_id = $1 and resource_id = $2`, [tenantId, resourceId]);
  return row ?? null;
}

/** As findResource, and holds the row until the transaction ends. */
export async function lockResource(db: Queryable, tenantId: string, resourceId: string): Promise<ResourceRow | null> {
  const [row] = await db.query<ResourceRow>(`${SELECT} where tenant_id = $1 and resource_id = $2 for update`, [tenantId, resourceId]);
  return row ?? null;
}

/** Oldest first. */
export async function findResources(
  db: Queryable,
  tenantId: string,
  query: { kind: string | null; state: 'active' | 'archived' | 'any'; after: { at: string; id: string } | null; limit: number },
): Promise<ResourceRow[]> {
  return db.query<ResourceRow>(
    `${SELECT} where tenant_id = $1 and ($2::text is null or kind = $2) and ($3 = 'any' or ($3 = 'active') = (archived_at is null))
        and ($4::timestamptz is null or (created_at, resource_id) > ($4, $5::uuid))
      order by created_at, resource_id limit $6`,
    [tenantId, query.kind, query.state, query.after?.at ?? null, query.after?.id ?? null, query.limit],
  );
}

/** Everything in use. */
export async function activeResources(db: Queryable, tenantId: string): Promise<ResourceRow[]> {
  return db.query<ResourceRow>(`${SELECT} where tenant_id = $1 and archived_at is null order by created_at, resource_id`, [tenantId]);
}

/** What a plan change took something from, in use or not, as long as nobody took it back. */
export async function trimmedIds(db: Queryable, tenantId: string, changeId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>('select resource_id as id from resources where tenant_id = $1 and trimmed_by = $2', [
    tenantId,
    changeId,
  ]);
  return rows.map(({ id }) => id);
}

/** The items and all that hang below them, in use or not, held until the transaction ends. */
export async function lockTrees(db: Queryable, tenantId: string, ids: readonly string[]): Promise<ResourceRow[]> {
  await db.query(`select 1 from resources where tenant_id = $1 and resource_id = any ($2::uuid[]) order by resource_id for update`, [
    tenantId,
    ids,
  ]);
  return db.query<ResourceRow>(
    `with recursive tree as (
       select resource_id from resources where tenant_id = $1 and resource_id = any ($2::uuid[])
       union
       select r.resource_id from resources r join tree t on r.tenant_id = $1 and r.parent_id = t.resource_id)
     ${SELECT} where tenant_id = $1 and resource_id in (select resource_id from tree) order by resource_id for update`,
    [tenantId, ids],
  );
}

/** What others than `except` hold of a measure, as a sum and as the largest. */
export async function heldOfMeasure(
  db: Queryable,
  tenantId: string,
  measure: string,
  except: string | null = null,
): Promise<{ total: number; most: number }> {
  const [row] = await db.query<{ total: number; most: number }>(
    `select coalesce(sum((amounts ->> $2)::bigint), 0)::float8 as total, coalesce(max((amounts ->> $2)::bigint), 0)::float8 as most
       from resources where tenant_id = $1 and archived_at is null and amounts ? $2 and ($3::uuid is null or resource_id <> $3)`,
    [tenantId, measure, except],
  );
  return row!;
}

export async function countActive(db: Queryable, tenantId: string, kind: string): Promise<{ all: number; attached: number }> {
  const [row] = await db.query<{ all: number; attached: number }>(
    `select count(*)::int as all, count(attached_to)::int as attached from resources where tenant_id = $1 and kind = $2 and archived_at is null`,
    [tenantId, kind],
  );
  return row!;
}

export async function saveResource(db: Queryable, tenantId: string, row: ResourceRow, at: Date): Promise<void> {
  await db.query(
    `update resources set name = $3, amounts = $4, attached_to = $5, detached_from = $6, archived_at = $7, trimmed_by = $8, updated_at = $9,
                          revision = revision + 1
      where tenant_id = $1 and resource_id = $2`,
    [tenantId, row.id, row.name, JSON.stringify(row.amounts), row.attachedTo, row.detachedFrom, row.archivedAt, row.trimmedBy, at],
  );
}

/** Whatever hung on these hangs on nothing and has nowhere to go back to. */
export async function dropResources(db: Queryable, tenantId: string, ids: readonly string[]): Promise<void> {
  await db.query(
    `update resources set attached_to = null, detached_from = null, revision = revision + 1
      where tenant_id = $1 and (attached_to = any ($2::uuid[]) or detached_from = any ($2::uuid[]))`,
    [tenantId, ids],
  );
  await db.query('delete from resources where tenant_id = $1 and resource_id = any ($2::uuid[])', [tenantId, ids]);
}

/** False: there is no room. The counter must be up to date. */
export async function setAmount(
  db: Queryable,
  tenantId: string,
  change: { measure: string; subject: string; before: number; after: number; key: string; actor: string },
  at: Date,
): Promise<boolean> {
  const [row] = await db.query<{ fits: boolean }>(
    'select set_amount($1::uuid, $2::timestamptz, $3::text, $4::uuid, $5::bigint, $6::bigint, $7::text, $8::uuid) as fits',
    [tenantId, at, change.measure, change.subject, change.before, change.after, change.key, change.actor],
  );
  return row!.fits;
}
