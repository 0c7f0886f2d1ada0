import type { RequestKind } from '../../contract/requests';
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

/** What waits for the publisher, of all organizations, oldest first. */
export async function findWaitingRequests(
  db: Queryable,
  at: Date,
  limit: number,
): Promise<{ tenantId: string; organization: string | null; requestId: string; kind: RequestKind; subject: string; createdAt: Date }[]> {
  return db.query(
    `select tenant_id as "tenantId", tenant_name as organization, request_id as "requestId", kind, subject, created_at as "createdAt"
       from find_waiting_requests($1, $2)`,
    [at, limit],
  );
}

export async function findContact(db: Queryable, tenantId: string): Promise<{ contactAddress: string | null; createdAt: Date }> {
  const [row] = await db.query<{ contactAddress: string | null; createdAt: Date }>(
    `select contact_address as "contactAddress", created_at as "createdAt" from tenants where tenant_id = $1`,
    [tenantId],
  );
  return row!;
}
