import type { Queryable } from '../../platform/db/database';
import type { UsageAnchor } from '../entitlements/periods.rules';

export interface Tenant {
  tenantId: string;
  name: string | null;
  locale: string;
  timeZone: string;
  anchor: UsageAnchor | null;
}

interface Row {
  tenant_id: string;
  name: string | null;
  locale: string;
  time_zone: string;
  usage_started_at: Date | null;
  anchor_date: string | null;
}

export async function findTenant(db: Queryable, tenantId: string): Promise<Tenant | null> {
  const [row] = await db.query<Row>(
    `select tenant_id, name, locale, time_zone, usage_started_at, anchor_date::text as anchor_date
       from tenants where tenant_id = $1`,
    [tenantId],
  );
  return row ? toTenant(row) : null;
}

/** As findTenant, and holds the row until the transaction ends: whatever rearranges a tenant's counters takes turns here. */
export async function lockTenant(db: Queryable, tenantId: string): Promise<Tenant | null> {
  const [row] = await db.query<Row>(
    `select tenant_id, name, locale, time_zone, usage_started_at, anchor_date::text as anchor_date
       from tenants where tenant_id = $1 for update`,
    [tenantId],
  );
  return row ? toTenant(row) : null;
}

/** Known from now on; an existing tenant stays as it is. */
export async function ensureTenant(db: Queryable, tenantId: string, at: Date): Promise<void> {
  await db.query('insert into tenants (tenant_id, created_at) values ($1, $2) on conflict (tenant_id) do nothing', [tenantId, at]);
}

export async function describeTenant(
  db: Queryable,
  tenantId: string,
  about: { name: string; contactAddress: string; locale: string; timeZone: string },
): Promise<void> {
  await db.query('update tenants set name = $2, contact_address = $3, locale = $4, time_zone = $5 where tenant_id = $1', [
    tenantId,
    about.name,
    about.contactAddress,
    about.locale,
    about.timeZone,
  ]);
}

/** Sets where usage periods are counted from. */
export async function anchorUsage(db: Queryable, tenantId: string, startedAt: Date, date: string): Promise<void> {
  await db.query('update tenants set usage_started_at = $2, anchor_date = $3::date where tenant_id = $1', [tenantId, startedAt, date]);
}

function toTenant(row: Row): Tenant {
  return {
    tenantId: row.tenant_id,
    name: row.name,
    locale: row.locale,
    timeZone: row.time_zone,
    anchor:
      row.usage_started_at && row.anchor_date ? { startedAt: row.usage_started_at, date: row.anchor_date, timeZone: row.time_zone } : null,
  };
}
