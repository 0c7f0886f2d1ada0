import type { Refusal } from '../../contract/refusals';
import type { Context } from '../../platform/context';
import { actionOf, type EventAnswer } from './lifecycle.rules';
import type { Selling } from './marketplace.port';
import { recordEvent } from './marketplace-events.store';
import { whyUnsold } from './sold-plan';
import { whyRefused } from './why-refused';

/** A webhook of the marketplace. Only the first three fields can be relied on; the rest is kept as it came. */
export interface MarketplaceEvent {
  /** The operation's id; a repeated one is the same event. */
  id: string;
  subscriptionId: string;
  action: string;
  planId: string | null;
  quantity?: number | null;
  payload: object;
  requestId: string | null;
  correlationId: string | null;
}

/**
 * Keeps the event and decides its answer from what we know ourselves; no other system is asked. A repeated event gets the
 * answer it was given first, so that a refused change stays refused.
 */
export async function receiveMarketplaceEvent(
  ctx: Context,
  { realTime }: Selling,
  event: MarketplaceEvent,
): Promise<{ eventId: string; answer: EventAnswer; refusal: Refusal | null }> {
  const eventId = event.id.toLowerCase();
  const action = actionOf(event.action);
  const { subscriptionId, planId, quantity = null, payload } = event;
  const refusal = await whyRefused(ctx, { subscriptionId, action, planId, quantity, payload });
  const decided = refusal ? 'refuse' : action === null ? 'note' : 'accept';

  const { answer, isNew } = await recordEvent(ctx.database, {
    eventId,
    subscriptionId: event.subscriptionId,
    action: event.action,
    payload: event.payload,
    requestId: event.requestId,
    correlationId: event.correlationId,
    receivedAt: ctx.now(),
    answer: decided,
    dueAt: realTime.now(),
  });
  const facts = {
    eventId,
    subscriptionId: event.subscriptionId,
    action: event.action,
    answer,
    requestId: event.requestId,
    correlationId: event.correlationId,
  };
  if (!isNew) ctx.log.info(facts, 'a marketplace event came again');
  else if (answer === 'refuse')
    ctx.log.error(
      { ...facts, planId, quantity, refusal, plan: planId && (await whyUnsold(ctx.database, { offerId: '', planId })) },
      'a change is refused',
    );
  else ctx.log.info(facts, 'a marketplace event came');
  return { eventId, answer, refusal };
}
