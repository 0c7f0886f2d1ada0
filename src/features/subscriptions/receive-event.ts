import { type Context, inTenant } from '../../platform/context';
import { actionOf, answerTo, type EventAnswer } from './lifecycle.rules';
import type { Selling } from './marketplace.port';
import { recordEvent } from './marketplace-events.store';
import { whyUnsold } from './sold-plan';
import { findInDirectory, findSubscription } from './subscriptions.store';

/** A webhook of the marketplace. Only these three fields can be relied on; the rest is kept as it came. */
export interface MarketplaceEvent {
  /** The operation's id; a repeated one is the same event. */
  id: string;
  subscriptionId: string;
  action: string;
  planId: string | null;
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
): Promise<{ eventId: string; answer: EventAnswer }> {
  const eventId = event.id.toLowerCase();
  const action = actionOf(event.action);
  const wanted = action === 'ChangePlan' ? event.planId : null;
  const unsold = wanted === null ? null : await whyUnsold(ctx.database, { offerId: '', planId: wanted });
  const heldPlan = unsold ? await planHeld(ctx, event.subscriptionId) : null;
  const decided = answerTo({ action, wantedPlan: event.planId, isSold: unsold === null, heldPlan });

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
    ctx.log.error({ ...facts, planId: event.planId, plan: unsold }, 'a change to a plan that the catalog does not sell there is refused');
  else ctx.log.info(facts, 'a marketplace event came');
  return { eventId, answer };
}

async function planHeld(ctx: Context, subscriptionId: string): Promise<string | null> {
  const entry = await findInDirectory(ctx.database, subscriptionId);
  const row = entry && (await inTenant(ctx, entry.tenantId, ({ db }) => findSubscription(db, entry.tenantId, entry.subscriptionId)));
  return row ? row.planId : null;
}
