import type { TenantFound } from '../../contract/operator';
import { type Context, inPublisher } from '../../platform/context';
import { findTenants } from './operator.store';

const MOST = 25;

/** The organizations that a customer's letter may mean; open to any of the publisher's people. */
export async function searchTenants(ctx: Context, q: string): Promise<TenantFound[]> {
  const found = await inPublisher(ctx, ({ db }) => findTenants(db, q, MOST));
  return found.map(({ createdAt, ...tenant }) => ({ ...tenant, createdAt: createdAt.toISOString() }));
}
