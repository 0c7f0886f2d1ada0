import { type Context, inTenant } from '../../platform/context';
import type { OutboxEvent } from '../outbox/outbox';
import { refreshCounter } from '../usage/refresh-counters';

/** Written by settle_active_members (0042), where an act met a limit that had begun to hold and was not in its row yet. */
export const LIMIT_STALE_TOPIC = 'limits.stale';

/** Brings the row up to date, and tells whom it concerns, after a grant has begun or ended and nobody else has looked since. */
export const refreshStaleLimit = (ctx: Context, { tenantId }: OutboxEvent): Promise<void> =>
  inTenant(ctx, tenantId!, (tx) => refreshCounter(tx, tenantId!, 'active_members', tx.now()));
