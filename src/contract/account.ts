import { z } from 'zod';
import { Id, Locale } from './common';
import { ChangeOrder, ChangeQuestion, PlanChange, Preview } from './plan-changes';
import { CancellationOrder, SubscriptionStatus } from './subscriptions';

/** What is asked of one purchase, by its marketplace id. */
const OfPurchase = z.object({ subscriptionId: z.string().min(1).max(100) });

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
  /** null: not yet, or not known here. */
  activatedAt: z.string().nullable().default(null),
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
  /** The last cancellation asked for, if it came to nothing within the last week. */
  failed: z
    .object({ as: z.enum(['refused', 'lost']), askedAt: z.string() })
    .nullable()
    .optional(),
  /** A partner sold it, and only the partner ends it. */
  byPartner: z.boolean(),
  /** Of an organization all of whose subscriptions have ended: until then everything stays. */
  keptUntil: z.string().nullable(),
  /** When all of it goes: its people were told of this day. */
  deletedAt: z.string().nullable().default(null),
});
export type AccountEnding = z.infer<typeof AccountEnding>;

/** `POST /account/cancel`, with the header `X-CSRF-Token`. */
export const AccountCancellation = CancellationOrder.extend(OfPurchase.shape);
export type AccountCancellation = z.infer<typeof AccountCancellation>;

/** A change of plan or seats, as far as it concerns a purchase now. */
export const AccountChange = z.object({
  /** Why nothing can be ordered here at all; null: it can, unless one is open. */
  barred: z.enum(['by_partner', 'no_changes']).nullable(),
  /** Whether it is sold by a number of seats. */
  hasSeats: z.boolean(),
  /** The newest change, if it was ordered here and is open or ended within the last week. */
  latest: PlanChange.pick({
    id: true,
    state: true,
    direction: true,
    from: true,
    to: true,
    effectiveAt: true,
    orderedAt: true,
    endedAt: true,
  }).nullable(),
});
export type AccountChange = z.infer<typeof AccountChange>;

/** What a purchase may be changed to, `GET /account/choices`. Plans of the same offer and term alone. */
export const AccountChoices = z.object({
  plans: z.array(
    z.object({
      planId: z.string(),
      version: z.number().int(),
      name: z.string(),
      direction: z.enum(['upgrade', 'downgrade']),
      /** What a term costs, in words; Microsoft bills. */
      price: z.string(),
      grants: z.array(z.object({ name: z.string(), words: z.string() })),
      /** The free trial would be over with it. */
      endsTrial: z.boolean(),
      /** It takes another number of seats than are held, so that the seats come first; null: it fits. */
      seats: z.object({ min: z.number().int(), max: z.number().int() }).nullable(),
    }),
  ),
  /** Of a plan sold by a number of seats. `taken`: given to people; null: seats are not given to people. */
  seats: z.object({ held: z.number().int(), taken: z.number().int().nullable(), min: z.number().int(), max: z.number().int() }).nullable(),
});
export type AccountChoices = z.infer<typeof AccountChoices>;

/** `POST /account/changes/preview`, with the header `X-CSRF-Token`. */
export const AccountChangeQuestion = ChangeQuestion.pick({ toPlanId: true, version: true, quantity: true }).extend(OfPurchase.shape);
export type AccountChangeQuestion = z.infer<typeof AccountChangeQuestion>;

export const AccountPreview = z.object({
  preview: Preview,
  /** What the reader calls the meters that the preview names. */
  names: z.record(z.string(), z.string()),
});
export type AccountPreview = z.infer<typeof AccountPreview>;

/** `POST /account/changes`, with the header `X-CSRF-Token`. A preview is ordered once, however often it is sent. */
export const AccountChangeOrder = ChangeOrder.extend(OfPurchase.shape);
export type AccountChangeOrder = z.infer<typeof AccountChangeOrder>;

/** `POST /account/changes/withdraw`, with the header `X-CSRF-Token`. */
export const AccountWithdrawal = z.strictObject({ ...OfPurchase.shape, changeId: Id });
export type AccountWithdrawal = z.infer<typeof AccountWithdrawal>;

/** The account page's state, `GET /account/state`. */
export const AccountState = z.object({
  /**
   * signed_out: the page shows a sign-in button; everything else needs a session. Who does not manage what they came by sees
   * wrong_account (it is another organization's), activated (a colleague has done it) or visitor (information only).
   */
  state: z.enum([
    'signed_out',
    'no_purchase',
    'token_invalid',
    'new',
    'active',
    'suspended',
    'ended',
    'activated',
    'visitor',
    'wrong_account',
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
  /** For whoever manages what is shown, while it is active. */
  change: AccountChange.nullable().default(null),
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
