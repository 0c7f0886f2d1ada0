import { type Context, inTenant } from '../../platform/context';
import type { OutboxEvent } from '../outbox/outbox';
import { refreshCounter } from '../usage/refresh-counters';

/** Written by settle_active_members (0035), where a first contact met a limit that could not be trusted any more. */
export const LIMIT_STALE_TOPIC = 'limits.stale';

/** Brings the limit of active members up to date, after a grant has begun or ended and nobody else has looked since. */
export const refreshStaleLimit = (ctx: Context, { tenantId }: OutboxEvent): Promise<void> =>
  inTenant(ctx, tenantId!, (tx) => refreshCounter(tx, tenantId!, 'active_members', tx.now()));
