import { z } from 'zod';
import { Id, Instant, Locale, line, Revision, TimeZone } from './common';

/** The marketplace's own status words. Source: SaaS fulfillment API v2. */
export const SUBSCRIPTION_STATUSES = ['PendingFulfillmentStart', 'Subscribed', 'Suspended', 'Unsubscribed'] as const;
export const SubscriptionStatus = z.enum(SUBSCRIPTION_STATUSES);
export type SubscriptionStatus = z.infer<typeof SubscriptionStatus>;

export const SubscriptionSummary = z.object({
  id: Id,
  name: z.string(),
  planId: z.string(),
  planName: z.string(),
  status: SubscriptionStatus,
  /** Open string: P1M, P1Y and what Microsoft may add. */
  termUnit: z.string().nullable(),
  termStart: Instant.nullable(),
  termEnd: Instant.nullable(),
  autoRenew: z.boolean(),
});
export type SubscriptionSummary = z.infer<typeof SubscriptionSummary>;

/** One of the organization's subscriptions, bought from the marketplace or here. */
export const Subscription = SubscriptionSummary.extend({
  /** direct: a contract with the publisher, changed and ended here. */
  source: z.enum(['marketplace', 'direct']),
  /** The subscription that an addition belongs to. */
  parentId: Id.nullable(),
  planVersion: z.number().int(),
  quantity: z.number().int().nullable(),
  purchasedAt: Instant,
  /** What ending it means now; the seller decides. offer null: it ends by itself already; null: nothing to end. */
  cancellation: z
    .object({ refundableUntil: Instant, offer: z.enum(['cancel_with_refund', 'renewal_off', 'cancel_without_refund']).nullable() })
    .nullable(),
  /** When cancelling was asked for here, as long as the marketplace has not settled it. */
  cancellationAskedAt: Instant.nullable(),
  revision: Revision,
});
export type Subscription = z.infer<typeof Subscription>;

/** `POST /subscriptions/{subscriptionId}/cancellation` */
export const CancellationOrder = z.strictObject({
  /** Of what Microsoft sold: the offer that the customer saw and agrees to. */
  consent: z.enum(['cancel_with_refund', 'cancel_without_refund']).nullable().default(null),
});
export type CancellationOrder = z.infer<typeof CancellationOrder>;

export const ContractTerm = z.enum(['P1M', 'P1Y']);

/** What an organization is called here and where its midnights are. */
export const OrganizationFacts = z.strictObject({
  name: line(200),
  contactAddress: z.email().max(320),
  locale: Locale,
  timeZone: TimeZone,
});
export type OrganizationFacts = z.infer<typeof OrganizationFacts>;

/** `POST /subscriptions` */
export const NewContract = z.strictObject({
  planId: z.string().min(1).max(50),
  term: ContractTerm,
  quantity: z.number().int().min(1).max(1_000_000).nullable().default(null),
  /** The price that the buyer saw and agrees to. */
  consent: z
    .strictObject({ version: z.number().int(), currency: z.string().length(3), minor: z.number().int().min(0) })
    .nullable()
    .default(null),
  /** Of an organization that is not described yet; otherwise left as it is. */
  organization: OrganizationFacts.nullable().default(null),
});
export type NewContract = z.infer<typeof NewContract>;
