import { z } from 'zod';
import { Id, Instant } from './common';
import { Meter } from './meters';

/** A decimal number of units, as text: nothing is rounded. */
const Quantity = z.string().regex(/^-?\d+(\.\d{1,6})?$/u);

/** Units beyond the included ones, of one meter whose plan has them billed by Microsoft. */
export const Overage = z.object({
  meter: Meter,
  subscriptionId: Id,
  planId: z.string(),
  /** What it is called at the marketplace. */
  dimension: z.string(),
  /** Of a usage period. */
  included: z.number().int(),
  /** null: nobody agreed; the limit refuses. */
  agreement: z
    .object({
      /** Units beyond the included ones that are admitted in a usage period; null = as many as are used. */
      cap: z.number().int().nullable(),
      agreedAt: Instant,
      agreedBy: z.string(),
    })
    .nullable(),
  /** What Microsoft has accepted so far. */
  accepted: Quantity,
  /** What is on its way to Microsoft. */
  pending: Quantity,
  /** What whoever agrees agrees to, in the reader's language. */
  words: z.string(),
});
export type Overage = z.infer<typeof Overage>;

/** `PUT /overage/:meter`: to be billed for more than is included. */
export const OverageAgreement = z.strictObject({
  agrees: z.literal(true),
  cap: z.number().int().min(1).max(1_000_000_000).nullable(),
});

export const REPORT_STATES = ['queued', 'in_flight', 'unsure', 'accepted', 'expired', 'refused', 'lost'] as const;

/** One hour of one dimension, as the publisher reported it. */
export const UsageReport = z.object({
  reportId: Id,
  tenantId: Id,
  subscriptionId: Id,
  meter: z.string(),
  resourceId: z.string(),
  dimension: z.string(),
  planId: z.string(),
  hour: Instant,
  quantity: Quantity,
  state: z.enum(REPORT_STATES),
  accepted: Quantity.nullable(),
  /** carried: holds units of earlier hours; differs: Microsoft accepted another quantity; unsettled: nobody knows whether it arrived. */
  flags: z.array(z.string()),
  /** Microsoft's last word, and what it said to it. */
  outcome: z.string().nullable(),
  message: z.string().nullable(),
  usageEventId: z.string().nullable(),
  correlationId: z.string().nullable(),
  attempts: z.number().int(),
  createdAt: Instant,
  settledAt: Instant.nullable(),
});
export type UsageReport = z.infer<typeof UsageReport>;

export const UsageReportQuery = z.object({
  tenantId: Id.optional(),
  state: z.enum(REPORT_STATES).optional(),
  /** Only those that somebody should look at. */
  flagged: z.enum(['true', 'false']).default('false'),
});

/** A day on which Microsoft's account of a dimension is not ours. */
export const UsageDifference = z.object({
  day: z.string(),
  resourceId: z.string(),
  dimension: z.string(),
  planId: z.string(),
  submitted: Quantity,
  processed: Quantity,
  ours: Quantity,
  reconStatus: z.string(),
  comparedAt: Instant,
});
export type UsageDifference = z.infer<typeof UsageDifference>;
