import { TryLater } from '../outbox/outbox';
import { type Marketplace, type MarketplaceOperation, MarketplaceUnavailable } from './marketplace.port';

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

/** The number of what is under way already, as after an answer that was lost or named none: it is followed, not asked for again. */
export async function begunAlready(
  marketplace: Marketplace,
  subscriptionId: string,
  isWanted: (operation: MarketplaceOperation) => boolean,
): Promise<string | null> {
  const open = (await marketplace.listOperations(subscriptionId)).filter(
    ({ status }) => status === 'NotStarted' || status === 'InProgress',
  );
  return open.find(isWanted)?.id ?? null;
}
