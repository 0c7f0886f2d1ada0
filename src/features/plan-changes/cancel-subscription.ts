import type { Refusal } from '../../contract/refusals';
import type { CancellationOrder } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import type { Result } from '../../platform/result';
import { orderCancellation } from '../subscriptions/cancel-purchase';
import { heldSubscription } from '../subscriptions/held';
import { cancelContract } from './cancel-contract';

/** Cancels a subscription where it was bought: a contract here and at once, a purchase by asking the marketplace. */
export async function cancelSubscription(
  ctx: Context,
  actor: Actor,
  subscriptionId: string,
  { consent }: CancellationOrder,
): Promise<Result<null, Refusal>> {
  const held = await inTenant(ctx, actor.tenantId, (tx) => heldSubscription(tx, actor.tenantId, subscriptionId));
  return held?.source === 'marketplace'
    ? orderCancellation(ctx, actor, subscriptionId, consent)
    : cancelContract(ctx, actor, subscriptionId);
}
