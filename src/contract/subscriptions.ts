import { z } from 'zod';
import { Id, Instant } from './common';

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
