import { z } from 'zod';
import { Id } from '../../contract/common';
import type { TxContext } from '../../platform/context';
import { enqueue } from '../outbox/outbox';
import type { SubscriptionRow } from './subscriptions.store';

/** Said after the marketplace's word has changed a subscription, for what follows from it elsewhere. */
export const SUBSCRIPTION_CHANGED = 'subscription.changed';

const Pinned = z.object({ planId: z.string(), planVersion: z.number().int(), quantity: z.number().int().nullable() });

export const SubscriptionChanged = z.object({
  subscriptionId: Id,
  /** null: it is new here. */
  before: Pinned.nullable(),
  after: Pinned,
  /** Another plan, version or number of seats. */
  isOtherPlan: z.boolean(),
  /** The first term, or the next one, has begun. */
  isNewTerm: z.boolean(),
});

/** Queued with the change itself. Contracts are changed here, by whoever knows what follows. */
export async function tellChanged(
  tx: TxContext,
  tenantId: string,
  before: SubscriptionRow | null,
  row: SubscriptionRow,
  at: Date,
): Promise<void> {
  if (row.source !== 'marketplace') return;
  const pinned = ({ planId, planVersion, quantity }: SubscriptionRow) => ({ planId, planVersion, quantity });
  const isLive = row.status === 'Subscribed';
  const payload = {
    subscriptionId: row.subscriptionId,
    before: before && pinned(before),
    after: pinned(row),
    isOtherPlan: before !== null && JSON.stringify(pinned(before)) !== JSON.stringify(pinned(row)),
    isNewTerm: isLive && row.termStart !== null && row.termStart.getTime() !== before?.termStart?.getTime(),
  };
  await enqueue(tx, tenantId, SUBSCRIPTION_CHANGED, payload, at);
}
