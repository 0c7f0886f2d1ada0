import type { Queryable } from '../../platform/db/database';

export interface FoundTenant {
  tenantId: string;
  name: string | null;
  contactAddress: string | null;
  createdAt: Date;
}

/** Organizations that a word means: a part of a name, an organization's id, a subscription's id of ours or of the marketplace. */
export async function findTenants(db: Queryable, q: string, limit: number): Promise<FoundTenant[]> {
  return db.query<FoundTenant>(
    `select tenant_id as "tenantId", name, contact_address as "contactAddress", created_at as "createdAt" from find_tenants($1, $2)`,
    [q, limit],
  );
}
