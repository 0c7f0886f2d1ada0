import { z } from 'zod';
import { Id, Instant, PageQuery } from './common';

/** The marketplace's id of a subscription, in whatever letters. */
const MarketplaceId = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][\w-]{0,99}$/u, 'must be an id');

const Log = PageQuery.extend({
  subscriptionId: MarketplaceId.optional(),
  /** From this instant on. */
  from: Instant.optional(),
  /** Up to this instant, without it. */
  to: Instant.optional(),
});

/** `waiting`: not applied yet; `refused`: a change that we said no to; `applied`: everything else that is done. */
export const EventQuery = Log.extend({ outcome: z.enum(['waiting', 'refused', 'applied']).optional() });
export type EventQuery = z.infer<typeof EventQuery>;

/** A webhook of the marketplace, what we answered and what became of it. */
export const MarketplaceEventView = z.object({
  eventId: z.string(),
  subscriptionId: z.string(),
  action: z.string(),
  answer: z.enum(['accept', 'refuse', 'note']),
  receivedAt: Instant,
  acknowledgedAt: Instant.nullable(),
  appliedAt: Instant.nullable(),
  /** What the last look came to; null: nobody has looked. */
  outcome: z.string().nullable(),
  attempts: z.number().int(),
  requestId: z.string().nullable(),
  correlationId: z.string().nullable(),
});
export type MarketplaceEventView = z.infer<typeof MarketplaceEventView>;

/** With everything that came. */
export const MarketplaceEventDetails = MarketplaceEventView.extend({ payload: z.record(z.string(), z.unknown()) });
export type MarketplaceEventDetails = z.infer<typeof MarketplaceEventDetails>;

export const EventParams = z.object({ eventId: MarketplaceId });

export const CallQuery = Log.extend({ outcome: z.enum(['done', 'refused', 'failed']).optional(), correlationId: MarketplaceId.optional() });
export type CallQuery = z.infer<typeof CallQuery>;

/** A call of ours to the marketplace, as Microsoft's support asks for it. */
export const MarketplaceCallView = z.object({
  callId: Id,
  at: Instant,
  method: z.string(),
  path: z.string(),
  subscriptionId: z.string().nullable(),
  /** null: no answer came. */
  status: z.number().int().nullable(),
  /** `refused`: they said no; `failed`: no answer, or a fault of theirs. */
  outcome: z.enum(['done', 'refused', 'failed']),
  requestId: z.string(),
  correlationId: z.string(),
  durationMs: z.number().int(),
  error: z.string().nullable(),
});
export type MarketplaceCallView = z.infer<typeof MarketplaceCallView>;

const Whether = z.enum(['true', 'false']).transform((word) => word === 'true');

export const DriftQuery = PageQuery.extend({
  subscriptionId: MarketplaceId.optional(),
  /** `false`: what was mended too. */
  open: Whether.default(true),
});
export type DriftQuery = z.infer<typeof DriftQuery>;

/** Where a subscription was not what the marketplace says. */
export const Drift = z.object({
  driftId: Id,
  subscriptionId: z.string(),
  /** Whose it is; null: nobody's. */
  tenantId: Id.nullable(),
  why: z.enum(['differs', 'unknown_here', 'unknown_there', 'plan_unknown', 'owner_unknown', 'not_read']),
  differences: z.array(z.object({ field: z.string(), ours: z.string().nullable(), theirs: z.string().nullable() })),
  /** Since when we know. */
  seenAt: Instant,
  lastAt: Instant,
  /** null: not mended. */
  mendedAt: Instant.nullable(),
});
export type Drift = z.infer<typeof Drift>;

/** A purchase that nobody has activated; nothing is billed for it. */
export const PendingPurchaseView = z.object({
  subscriptionId: z.string(),
  tenantId: Id,
  name: z.string(),
  offerId: z.string(),
  planId: z.string(),
  /** The address of who bought. */
  purchaser: z.string().nullable(),
  purchasedAt: Instant,
  /** Microsoft drops the purchase then. */
  lapsesAt: Instant,
});
export type PendingPurchaseView = z.infer<typeof PendingPurchaseView>;

export const CredentialView = z.object({
  /** The setting that holds it. */
  name: z.string(),
  /** null: nobody said. */
  expiresAt: Instant.nullable(),
  daysLeft: z.number().int().nullable(),
  state: z.enum(['good', 'ends_soon', 'over', 'unknown']),
});
export type CredentialView = z.infer<typeof CredentialView>;

const Run = z.object({
  startedAt: Instant,
  endedAt: Instant,
  seen: z.number().int(),
  repaired: z.number().int(),
  error: z.string().nullable(),
});

/** What one looks at first. */
export const MarketplaceStatus = z.object({
  at: Instant,
  /** In words, what needs somebody; empty: nothing. */
  concerns: z.array(z.string()),
  reconciliation: z.object({ last: Run.nullable(), lastWholeAt: Instant.nullable() }),
  events: z.object({ waiting: z.number().int(), oldestWaitingSince: Instant.nullable() }),
  /** Of the last 24 hours. */
  calls: z.object({ done: z.number().int(), refused: z.number().int(), failed: z.number().int() }),
  drift: z.number().int(),
  pendingPurchases: z.number().int(),
  credentials: z.array(CredentialView),
});
export type MarketplaceStatus = z.infer<typeof MarketplaceStatus>;

/** What came of a sample event that we sent to our own public address. */
export const SelfTest = z.object({
  url: z.string(),
  /** Signed as the marketplace signs; otherwise by a key that nobody knows, and refusing it is right. */
  signed: z.boolean(),
  passed: z.boolean(),
  /** null: no answer came. */
  status: z.number().int().nullable(),
  durationMs: z.number().int(),
  /** The event as it arrived here; null: it did not, or must not. */
  event: MarketplaceEventView.nullable(),
  /** What it means, in a sentence. */
  finding: z.string(),
});
export type SelfTest = z.infer<typeof SelfTest>;
