import { MarketplaceClient } from '../../src/clients/marketplace/marketplace-client';
import type { Selling } from '../../src/features/subscriptions/marketplace.port';
import { systemClock } from '../../src/platform/clock';
import { quiet } from './database';
import type { FulfillmentApi } from './fulfillment-api';

/** The real client against a fulfillment API; pauses are as short as they can be. */
export function sellingAt(api: FulfillmentApi): Selling {
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 2));
  const marketplace = new MarketplaceClient(
    { apiUrl: api.url, apiHosts: [api.host] },
    { token: async () => 'sample-token', log: quiet, pause },
  );
  return { marketplace, realTime: systemClock, pause };
}
