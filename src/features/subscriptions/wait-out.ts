import type { Context } from '../../platform/context';
import { TryLater } from '../outbox/outbox';
import { isUnderWay } from './lifecycle.rules';
import { type Marketplace, type MarketplaceOperation, MarketplaceUnavailable } from './marketplace.port';
import { announcedSince } from './marketplace-events.store';

/** The marketplace carries out what it is asked within seconds, sometimes minutes. */
const LOOK_AGAIN_MS = 3_000;

/** For what a customer ordered: looked at again until it is settled, however long that takes. */
export const lookAgain = (): TryLater => new TryLater(LOOK_AGAIN_MS, { isPatient: true });

/** As `lookAgain`, for as long as the marketplace is away: an outage must not lose what a customer ordered. */
export async function waitOut<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof MarketplaceUnavailable)) throw error;
    throw new TryLater(error.retryAfterMs || null, { isPatient: true, cause: error });
  }
}

type Wanted = Pick<MarketplaceOperation, 'action' | 'planId' | 'quantity'>;

/**
 * The operation that an order became: the one that was named, else one under way for the same, as after an answer that was lost or named
 * none, else the one whose webhook came since it was taken. null: the marketplace shows no trace of it.
 */
export async function traceOf(
  ctx: Context,
  marketplace: Marketplace,
  subscriptionId: string,
  { operationId, sentAt }: { operationId: string | null; sentAt: Date | null },
  isWanted: (operation: Wanted) => boolean,
): Promise<MarketplaceOperation | null> {
  const named = operationId && (await marketplace.getOperation(subscriptionId, operationId));
  if (named) return named;
  const open = (await marketplace.listOperations(subscriptionId)).find((one) => isUnderWay(one) && isWanted(one));
  if (open || sentAt === null) return open ?? null;
  const announced = (await announcedSince(ctx.database, subscriptionId, sentAt)).find(isWanted);
  return announced ? marketplace.getOperation(subscriptionId, announced.operationId) : null;
}
