import type { TxContext } from '../../platform/context';
import { findSubscription, listSubscriptions, lockSubscription, type SubscriptionRow } from './subscriptions.store';

export type { SubscriptionRow } from './subscriptions.store';

/** A subscription of an organization, wherever it was bought; null: there is none. */
export const heldSubscription = (tx: TxContext, tenantId: string, subscriptionId: string): Promise<SubscriptionRow | null> =>
  findSubscription(tx.db, tenantId, subscriptionId);

/** As heldSubscription, and holds it until the transaction ends. */
export const lockHeld = (tx: TxContext, tenantId: string, subscriptionId: string): Promise<SubscriptionRow | null> =>
  lockSubscription(tx.db, tenantId, subscriptionId);

/** All of an organization, the best standing first. */
export const heldSubscriptions = (tx: TxContext, tenantId: string): Promise<SubscriptionRow[]> => listSubscriptions(tx.db, tenantId);

const DAY_MS = 86_400_000;

/** What is paid for now, half-open: the marketplace names a term's last day, a contract its end. Null: not activated. */
export function paidTerm({
  source,
  termStart,
  termEnd,
}: Pick<SubscriptionRow, 'source' | 'termStart' | 'termEnd'>): { start: Date; end: Date } | null {
  if (!termStart || !termEnd) return null;
  return { start: termStart, end: source === 'direct' ? termEnd : new Date(termEnd.getTime() + DAY_MS) };
}
