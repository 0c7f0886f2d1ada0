import { TryLater } from '../outbox/outbox';
import { MarketplaceUnavailable } from './marketplace.port';

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
