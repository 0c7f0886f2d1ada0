import type { TxContext } from '../../platform/context';
import { listSubscriptions, type SubscriptionRow } from './subscriptions.store';

export type Purchase = Pick<
  SubscriptionRow,
  'subscriptionId' | 'externalId' | 'planId' | 'planVersion' | 'status' | 'isFreeTrial' | 'termStart' | 'activatedAt' | 'endedAt'
>;

/** What an organization bought at the marketplace, the best standing first; for features that have asked who may. */
export const purchasesOf = async (tx: TxContext, tenantId: string): Promise<Purchase[]> =>
  (await listSubscriptions(tx.db, tenantId)).filter(({ source }) => source === 'marketplace');
