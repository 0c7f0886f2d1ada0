import type { Context } from '../../platform/context';
import { applyMarketplaceEvent } from './apply-event';
import { actionOf, awaitsAnswer, isUnderWay } from './lifecycle.rules';
import { isStop, type MarketplaceOperation, MarketplaceUnavailable, type Selling } from './marketplace.port';
import { receiveMarketplaceEvent } from './receive-event';

/**
 * Answers what waits for our word although no webhook of it arrived, as after a downtime: each open operation is taken as the event
 * that its webhook would have been, so a webhook that comes after all is a repeat. Answers how many it took.
 */
export async function answerOpenOperations(ctx: Context, selling: Selling, subscriptionId: string): Promise<number> {
  try {
    const open = (await selling.marketplace.listOperations(subscriptionId)).filter(waits);
    for (const operation of open) {
      ctx.log.warn({ subscriptionId, operationId: operation.id, action: operation.action }, 'an operation was found open');
      const { eventId } = await receiveMarketplaceEvent(ctx, selling, eventOf(operation, subscriptionId));
      await applyMarketplaceEvent(ctx, selling, eventId);
    }
    return open.length;
  } catch (error) {
    if (isStop(error)) throw error;
    // The others are looked for all the same.
    const level = error instanceof MarketplaceUnavailable ? 'warn' : 'error';
    ctx.log[level]({ err: error, subscriptionId }, 'open operations could not be answered');
    return 0;
  }
}

const waits = (operation: MarketplaceOperation): boolean => awaitsAnswer(actionOf(operation.action)) && isUnderWay(operation);

const eventOf = (operation: MarketplaceOperation, subscriptionId: string) => ({
  id: operation.id,
  subscriptionId,
  action: operation.action,
  planId: operation.planId,
  quantity: operation.quantity,
  payload: { ...operation, foundOpen: true },
  requestId: null,
  correlationId: null,
});
