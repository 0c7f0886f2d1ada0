import { z } from 'zod';
import { Meter } from './meters';
import { SubscriptionStatus } from './subscriptions';

/** An expected no, with facts. Each way in chooses its own status, card and sentence for a code. */
export type Refusal =
  | { code: 'quota_exhausted'; meter: Meter; limit: number; used: number; held: number; resetsAt: string; draftId: string | null }
  | { code: 'no_subscription' }
  | { code: 'subscription_inactive'; status: SubscriptionStatus }
  | { code: 'not_allowed'; needs: 'create' | 'edit' | 'manage_members' | 'manage_plan' | 'support' | 'accounting' }
  | { code: 'access_removed' }
  | { code: 'idempotency_conflict' }
  | { code: 'stale_revision'; current: Record<string, unknown> & { revision: number } }
  | { code: 'tenant_not_found' }
  | { code: 'ticket_not_found' }
  | { code: 'checklist_not_found' }
  | { code: 'opportunity_not_found' }
  | { code: 'draft_not_found' }
  | { code: 'member_not_found' }
  | { code: 'request_not_found' }
  | { code: 'request_closed'; state: 'granted' | 'refused' | 'expired'; closedAt: string }
  | { code: 'undo_too_late'; undoableUntil: string }
  | { code: 'checklist_already_submitted' }
  | { code: 'checklist_not_running' }
  | { code: 'last_owner' }
  | { code: 'purchase_token_invalid' }
  | { code: 'subscription_not_found' }
  | { code: 'not_purchaser' }
  | { code: 'plan_unknown'; planId: string }
  | { code: 'activation_failed'; reason: 'marketplace_unavailable' | 'subscription_ended' | 'refused_by_marketplace' };

export type RefusalCode = Refusal['code'];

/** Refusals that come before any use case: the shape of the request itself. */
export const REQUEST_PROBLEM_CODES = [
  'invalid_input',
  'malformed_json',
  'body_too_large',
  'unsupported_media_type',
  'idempotency_key_missing',
  'idempotency_key_invalid',
  'if_match_missing',
  'if_match_invalid',
  'token_missing',
  'token_invalid',
  'rate_limited',
  'operator_role_missing',
  'not_found',
  'method_not_allowed',
  'csrf',
  'identity_unavailable',
  'unavailable',
  'internal',
] as const;
export type RequestProblemCode = (typeof REQUEST_PROBLEM_CODES)[number];
export type ProblemCode = RefusalCode | RequestProblemCode;

/** Problem details (RFC 9457) with a stable `code`; the facts of the refusal stand beside it. */
export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    code: z.string(),
    requestId: z.string().optional(),
    /** quota_exhausted */
    meter: Meter.optional(),
    limit: z.number().int().optional(),
    used: z.number().int().optional(),
    held: z.number().int().optional(),
    resetsAt: z.string().optional(),
    draftId: z.string().nullable().optional(),
    /** invalid_input: one entry per wrong field */
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    /** subscription_inactive */
    subscriptionStatus: SubscriptionStatus.optional(),
  })
  .describe('Problem details (RFC 9457)');
export type Problem = z.infer<typeof Problem>;
