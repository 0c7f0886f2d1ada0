import { z } from 'zod';
import { Id, Instant, line, PageQuery, PersonRef } from './common';

export const REQUEST_KINDS = ['license', 'early_unlock', 'billing_contact'] as const;
/** license: decided by administrators; the others by the publisher. */
export const RequestKind = z.enum(REQUEST_KINDS);
export type RequestKind = z.infer<typeof RequestKind>;

export const RequestState = z.enum(['open', 'granted', 'refused', 'expired']);
export type RequestState = z.infer<typeof RequestState>;

/** What somebody asked for; asking again while it is open is the same request. */
export const Request = z.object({
  id: Id,
  kind: RequestKind,
  /** What it is about: of a license the member's id. */
  subject: z.string(),
  state: RequestState,
  requestedBy: PersonRef,
  details: z.record(z.string(), z.unknown()),
  createdAt: Instant,
  /** null: it waits until it is decided. */
  expiresAt: Instant.nullable(),
  /** Name null: nobody of this organization, but the publisher or a rule. */
  decidedBy: z.object({ id: z.string(), name: z.string().nullable() }).nullable(),
  decidedAt: Instant.nullable(),
  note: z.string().nullable(),
});
export type Request = z.infer<typeof Request>;

export const RequestQuery = PageQuery.extend({ kind: RequestKind.optional(), state: RequestState.optional() });
export type RequestQuery = z.infer<typeof RequestQuery>;

export const DecisionWord = z.enum(['granted', 'refused']);
export type DecisionWord = z.infer<typeof DecisionWord>;

/** `POST /requests/:requestId/decision` */
export const Decision = z.strictObject({ decision: DecisionWord, note: line(500).nullable().default(null) });
export type Decision = z.infer<typeof Decision>;
