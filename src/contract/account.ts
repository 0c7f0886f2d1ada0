import { z } from 'zod';
import { Locale } from './common';
import { CancellationOrder, SubscriptionStatus } from './subscriptions';

/** What the account page shows of one subscription. */
export const AccountSubscription = z.object({
  /** The marketplace's subscription id. */
  id: z.string(),
  name: z.string(),
  offerId: z.string(),
  planId: z.string(),
  planName: z.string(),
  quantity: z.number().int().nullable(),
  status: SubscriptionStatus,
  termUnit: z.string().nullable(),
  termStart: z.string().nullable(),
  termEnd: z.string().nullable(),
  autoRenew: z.boolean(),
  isFreeTrial: z.boolean(),
  purchasedAt: z.string().nullable(),
  limits: z.array(z.object({ meter: z.string(), amount: z.number().int().nullable() })),
});
export type AccountSubscription = z.infer<typeof AccountSubscription>;

/** How what is shown may be ended, or what becomes of the data after its end. */
export const AccountEnding = z.object({
  /** null: it ends by itself already, or has ended. */
  offer: z.enum(['cancel_with_refund', 'renewal_off', 'cancel_without_refund']).nullable(),
  refundableUntil: z.string().nullable(),
  /** Cancelling was asked for, and Microsoft has not settled it yet. */
  askedAt: z.string().nullable(),
  /** A partner sold it, and only the partner ends it. */
  byPartner: z.boolean(),
  /** Of an organization all of whose subscriptions have ended: until then everything stays. */
  keptUntil: z.string().nullable(),
});
export type AccountEnding = z.infer<typeof AccountEnding>;

/** `POST /account/cancel`, with the header `X-CSRF-Token`. */
export const AccountCancellation = CancellationOrder.extend({ subscriptionId: z.string().min(1).max(100) });
export type AccountCancellation = z.infer<typeof AccountCancellation>;

/** The account page's state, `GET /account/state`. */
export const AccountState = z.object({
  /** signed_out: the page shows a sign-in button; everything else needs a session. */
  state: z.enum([
    'signed_out',
    'no_purchase',
    'token_invalid',
    'new',
    'active',
    'suspended',
    'ended',
    'visitor',
    'marketplace_unavailable',
  ]),
  csrfToken: z.string().nullable(),
  signedInAs: z.object({ name: z.string(), address: z.string().nullable(), organizationId: z.string() }).nullable(),
  /** The subscription the purchase token named, or the organization's own on a visit without token. */
  subscription: AccountSubscription.nullable(),
  /** Other subscriptions of this organization; their allowances add up. */
  others: z.array(AccountSubscription),
  /** For whoever manages what is shown. */
  ending: AccountEnding.nullable().default(null),
  suggestedContact: z.object({ organization: z.string(), address: z.string() }).nullable(),
  openTeamsUrl: z.string(),
  supportContact: z.string(),
  locale: Locale,
});
export type AccountState = z.infer<typeof AccountState>;

/** `POST /account/activate`, with the header `X-CSRF-Token`. */
export const Activation = z.strictObject({
  subscriptionId: z.string().min(1).max(100),
  organization: z.string().trim().min(1).max(200),
  contactAddress: z.email().max(320),
  locale: Locale,
  timeZone: z.string().min(1).max(100),
});
export type Activation = z.infer<typeof Activation>;
