import { z } from 'zod';
import { CalendarDate, Id, Instant, Locale, line, PageQuery, prose, Revision } from './common';

/** statement: an estimate, because Microsoft bills; invoice and receipt: of a contract with the publisher. */
export const DocumentKind = z.enum(['statement', 'invoice', 'receipt']);
export type DocumentKind = z.infer<typeof DocumentKind>;

/**
 * open: nothing is known yet; pending: on its way; failed: refused, and tried again; credited: never moved, because what was to
 * be paid and what was to go back were set off against each other. Refunds have the same states.
 */
export const PaymentState = z.enum(['open', 'pending', 'failed', 'paid', 'credited']);
export type PaymentState = z.infer<typeof PaymentState>;

export const MailState = z.enum(['queued', 'sending', 'sent', 'failed', 'given_up', 'bounced']);

export const BillingDocument = z.object({
  id: Id,
  kind: DocumentKind,
  number: z.string(),
  issuedAt: Instant,
  subscriptionId: Id,
  planName: z.string(),
  /** First and last day of what is paid for. */
  from: CalendarDate,
  until: CalendarDate,
  currency: z.string(),
  /** Gross; of a receipt the balance. Negative: in the organization's favor. */
  totalMinor: z.number().int(),
  /** True: nothing is owed to us, Microsoft bills. */
  isEstimate: z.boolean(),
  payment: z
    .object({
      direction: z.enum(['charge', 'refund']),
      /** transfer: paid by the organization itself, and noted by the publisher's accounting. */
      method: z.enum(['provider', 'transfer']),
      state: PaymentState,
      amountMinor: z.number().int(),
      /** So much of it was set off and does not move. */
      creditedMinor: z.number().int(),
      paidAt: Instant.nullable(),
      /** Why it failed, in the provider's words. */
      problem: z.string().nullable(),
    })
    .nullable(),
  /** Where it was mailed; null: it is there to be downloaded only. */
  mail: z.object({ to: z.string(), state: MailState, problem: z.string().nullable(), at: Instant }).nullable(),
  /** Relative to the API's base; always there. */
  pdf: z.string(),
});
export type BillingDocument = z.infer<typeof BillingDocument>;

export const DocumentQuery = PageQuery.extend({ kind: DocumentKind.optional() });
export type DocumentQuery = z.infer<typeof DocumentQuery>;

/** In another language than the one it was issued in. */
export const PdfQuery = z.object({ language: Locale.optional() });

export const BillingContact = z.object({
  /** Where documents are mailed; null: nowhere. */
  mailbox: z.string().nullable(),
  /** Postal address of whom bills are asked, in lines. */
  address: z.string(),
  taxId: z.string().nullable(),
  /** A member who sees bills besides owners and administrators. */
  memberId: Id.nullable(),
  /** by_support: another mailbox holds once the publisher's accounting has confirmed it. */
  change: z.enum(['self', 'by_support']),
  /** The mailbox that waits to be confirmed. */
  pending: z.object({ requestId: Id, mailbox: z.string(), requestedAt: Instant }).nullable(),
  revision: Revision,
});
export type BillingContact = z.infer<typeof BillingContact>;

/** `PATCH /billing/contact` */
export const BillingContactPatch = z
  .strictObject({
    mailbox: z.email().max(254),
    address: prose(500).refine((text) => text.split('\n').length <= 8, 'must have at most 8 lines'),
    taxId: line(50).nullable(),
    memberId: Id.nullable(),
  })
  .partial();
export type BillingContactPatch = z.infer<typeof BillingContactPatch>;

/** What a subscription is billed by. */
export const BillingMode = z.enum(['organization', 'team', 'member', 'license']);
export type BillingMode = z.infer<typeof BillingMode>;

/** `GET /billing` */
export const Billing = z.object({
  subscriptions: z.array(
    z.object({
      subscriptionId: Id,
      name: z.string(),
      planName: z.string(),
      source: z.enum(['marketplace', 'direct']),
      mode: BillingMode,
      /** Since when this mode holds. */
      since: Instant,
      /** How many are billed as of now; 1 where the whole organization is. */
      units: z.number().int(),
      /** The two lines a billing page begins with, in the reader's language. */
      headline: z.string(),
    }),
  ),
  contact: BillingContact,
  delivery: z.enum(['download', 'email', 'both']),
  /** False: no mail can be sent from here, whatever `delivery` says. */
  mailIsOn: z.boolean(),
  supportContact: z.string(),
});
export type Billing = z.infer<typeof Billing>;

/** `POST /tenants/:tenantId/documents/:documentId/payment`, for the publisher's accounting. */
export const ReceivedPayment = z.strictObject({
  /** null: now. */
  paidAt: Instant.nullable().default(null),
  /** What the bank or provider calls it. */
  reference: line(100).nullable().default(null),
});

/** `POST /tenants/:tenantId/documents/:documentId/bounce`, for the publisher's accounting. */
export const Bounce = z.strictObject({ problem: line(300) });
