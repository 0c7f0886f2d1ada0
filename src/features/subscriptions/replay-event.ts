import type { Context, TxContext } from '../../platform/context';
import { applyMarketplaceEvent } from './apply-event';
import { findEvent, reopenEvent } from './event-log.store';
import type { Selling } from './marketplace.port';
import { findInDirectory } from './subscriptions.store';

/** The organization that an event is about; undefined: there is no such event; null: its subscription is nobody's here. */
export async function ownerOfEvent({ database }: Context, eventId: string): Promise<string | null | undefined> {
  const event = await findEvent(database, eventId.toLowerCase());
  if (!event) return undefined;
  return (await findInDirectory(database, event.subscriptionId))?.tenantId ?? null;
}

/** Has an event applied once more; within the transaction of whoever writes down why. */
export const reopen = ({ db }: TxContext, { realTime }: Selling, eventId: string): Promise<void> =>
  reopenEvent(db, eventId.toLowerCase(), realTime.now());

/**
 * Applies a reopened event by the same function as the first time. Harmless however often: an operation that is over takes no second
 * answer, and what is adopted is the marketplace's state of today.
 */
export const applyAgain = (ctx: Context, selling: Selling, eventId: string): Promise<void> =>
  applyMarketplaceEvent(ctx, selling, eventId.toLowerCase());
