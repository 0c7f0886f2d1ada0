import type { TenantFound, WaitingRequest } from '../../contract/operator';
import { type Context, inPublisher } from '../../platform/context';
import { findTenants, findWaitingRequests } from './operator.store';

const MOST_TENANTS = 25;
const MOST_REQUESTS = 100;

/** The organizations that a customer's letter may mean; open to any of the publisher's people. */
export async function searchTenants(ctx: Context, q: string): Promise<TenantFound[]> {
  const found = await inPublisher(ctx, ({ db }) => findTenants(db, q, MOST_TENANTS));
  return found.map(({ createdAt, ...tenant }) => ({ ...tenant, createdAt: createdAt.toISOString() }));
}

/** What waits for the publisher's decision, of all organizations, oldest first. */
export async function waitingRequests(ctx: Context): Promise<WaitingRequest[]> {
  const at = ctx.now();
  const found = await inPublisher(ctx, ({ db }) => findWaitingRequests(db, at, MOST_REQUESTS));
  return found.map(({ createdAt, ...request }) => ({ ...request, createdAt: createdAt.toISOString() }));
}
