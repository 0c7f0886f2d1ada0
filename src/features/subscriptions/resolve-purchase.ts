import type { Refusal } from '../../contract/refusals';
import { ok, type Result, refuse } from '../../platform/result';
import { type MarketplaceSubscription, MarketplaceUnavailable, type Selling } from './marketplace.port';

/**
 * What a purchase token names. The token says nothing about who holds it, so nothing is stored.
 * `purchaseToken` is URL-decoded exactly once.
 */
export async function resolvePurchase(
  { marketplace }: Selling,
  purchaseToken: string,
): Promise<Result<MarketplaceSubscription, Refusal & { code: 'purchase_token_invalid' | 'activation_failed' }>> {
  try {
    const subscription = await marketplace.resolve(purchaseToken);
    return subscription ? ok(subscription) : refuse({ code: 'purchase_token_invalid' });
  } catch (error) {
    if (error instanceof MarketplaceUnavailable) return refuse({ code: 'activation_failed', reason: 'marketplace_unavailable' });
    throw error;
  }
}
