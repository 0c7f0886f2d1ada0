import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Clock } from '../../platform/clock';

/** A person as the marketplace names them; any part may be missing. Ids are lower case. */
export interface MarketplacePerson {
  tenantId: string | null;
  objectId: string | null;
  address: string | null;
}

/** A purchase as the marketplace holds it. Source: SaaS fulfillment API v2, subscription object. */
export interface MarketplaceSubscription {
  id: string;
  name: string;
  offerId: string;
  planId: string;
  /** Seats; null on flat-rate plans. */
  quantity: number | null;
  status: SubscriptionStatus;
  /** A word for the status that we do not know: `status` only stands in for it, and what is held stays. */
  unknownStatus?: string;
  purchaser: MarketplacePerson;
  beneficiary: MarketplacePerson;
  /** Open string: P1M, P1Y and what Microsoft may add. */
  termUnit: string | null;
  /** Absent until activated. */
  termStart: Date | null;
  /** The last valid day. */
  termEnd: Date | null;
  autoRenew: boolean;
  isFreeTrial: boolean;
  /** Read, Update, Delete and what may come; all three where it is not said: the marketplace refuses what it does not allow. */
  allowedOperations: string[];
  purchasedAt: Date | null;
}

/** What an entry of the list may leave out although the subscription itself says it. */
export type LeftOut = 'name' | 'offerId' | 'quantity' | 'autoRenew' | 'allowedOperations';

export interface ListedSubscription extends MarketplaceSubscription {
  /** What this entry does not say; absent: it says everything. */
  leftOut?: readonly LeftOut[];
}

export type OperationStatus = 'NotStarted' | 'InProgress' | 'Succeeded' | 'Failed' | 'Conflict';

/** A change under way. Source: SaaS fulfillment API v2, operations. */
export interface MarketplaceOperation {
  id: string;
  subscriptionId: string;
  action: string;
  status: OperationStatus;
  planId: string | null;
  quantity: number | null;
  /** Partner: we asked for it. */
  source: string | null;
}

/** A plan that a subscription may have. Source: SaaS fulfillment API v2, list available plans. */
export interface MarketplacePlan {
  id: string;
  name: string;
  isPrivate: boolean;
  hasFreeTrials: boolean;
  /** No longer sold: not to be offered. */
  isStopSell: boolean;
  /** Bounds of the seats; null on flat-rate plans. */
  minQuantity: number | null;
  maxQuantity: number | null;
}

/** No answer that can be used now: a timeout, an error of theirs, or a call they do not allow us. Try again later. */
export class MarketplaceUnavailable extends Error {
  override name = 'MarketplaceUnavailable';
  constructor(
    message: string,
    /** How long they ask us to wait; 0 when they do not say. */
    readonly retryAfterMs = 0,
  ) {
    super(message);
  }
}

/** They know us and do not let us, or nobody vouches for us. The message says why in words for the operator; waiting seldom helps. */
export class MarketplaceForbidden extends MarketplaceUnavailable {
  override name = 'MarketplaceForbidden';
}

/** One request to the marketplace as it went: what Microsoft's support asks for. */
export interface NotedCall {
  method: string;
  /** Without its query, which holds tokens. */
  path: string;
  /** null: no answer. */
  status: number | null;
  requestId: string;
  correlationId: string;
  startedAt: Date;
  durationMs: number;
  subscriptionId: string | null;
  /** What they said went wrong, shortened. */
  error: string | null;
}

/** Where every call is noted. It must return at once. */
export interface CallLog {
  noteCall(call: NotedCall): void;
}

/** Microsoft's commercial marketplace, as far as a publisher asks it. Every method throws MarketplaceUnavailable. */
export interface Marketplace {
  /** The same marketplace, with all its calls tied to one business act. */
  correlated(correlationId: string): Marketplace;
  /** What a purchase token names; null when the token is wrong or expired. */
  resolve(purchaseToken: string): Promise<MarketplaceSubscription | null>;
  /** null: not known there. */
  getSubscription(subscriptionId: string): Promise<MarketplaceSubscription | null>;
  /** All purchases of all offers of the publisher, in every status. */
  listSubscriptions(): AsyncIterable<ListedSubscription>;
  /** `accepted`: received, not done; the subscription tells. `refused`: not in this status. `ended`: never again. */
  activate(subscriptionId: string, plan: { planId: string; quantity: number | null }): Promise<'accepted' | 'refused' | 'ended'>;
  /** Plans this customer may move to, and the current one; none: the subscription is not known there. */
  listPlans(subscriptionId: string): Promise<MarketplacePlan[]>;
  /** What is under way. A new operation may take a while to show; none: nothing is, or the subscription is not known there. */
  listOperations(subscriptionId: string): Promise<MarketplaceOperation[]>;
  /** null: not known (of notices none need exist). */
  getOperation(subscriptionId: string, operationId: string): Promise<MarketplaceOperation | null>;
  /**
   * Asks for another plan, or another number of seats; what becomes of it tells the operation, or the subscription where none is
   * named. `busy`: another operation is under way; `refused`: not possible so.
   */
  change(
    subscriptionId: string,
    wanted: { planId: string } | { quantity: number },
  ): Promise<{ operationId: string | null } | 'busy' | 'refused'>;
  /**
   * Asks to end a subscription; it has ended when the subscription says so. `busy`: another operation is under way; `refused`: not
   * ours to do (a reseller's customer); `ended`: it has ended, or is not known there.
   */
  cancel(subscriptionId: string): Promise<{ operationId: string | null } | 'busy' | 'refused' | 'ended'>;
  /** `settled`: somebody or time decided before; `unknown`: there is no such operation. */
  acknowledge(subscriptionId: string, operationId: string, outcome: 'Success' | 'Failure'): Promise<'noted' | 'settled' | 'unknown'>;
}

/** What buying needs besides the context: the marketplace, real time for retries, and patience. */
/** Whether work broke off because the program stops: that says nothing of what it worked on, and the next one goes on. */
export const isStop = (error: unknown): boolean => (error as Error).name === 'AbortError';

export interface Selling {
  marketplace: Marketplace;
  realTime: Clock;
  pause(ms: number): Promise<void>;
}
