import { z } from 'zod';
import type { LicenseKind } from './members';
import type { Meter } from './meters';
import { SubscriptionStatus } from './subscriptions';

/** Less is available than is owed, until something happens. */
export interface Pending {
  /** null = unlimited. */
  entitled: number | null;
  available: number;
  until: 'payment' | 'support' | 'both';
}

/** An expected no, with facts. Each way in chooses its own status, card and sentence for a code. */
export type Refusal =
  | {
      code: 'quota_exhausted';
      meter: Meter;
      limit: number;
      used: number;
      held: number;
      resetsAt: string;
      draftId: string | null;
      /** The draft is submitted as soon as there is room. */
      submitsItself?: true;
      /** The share of this team was reached, not the organization's quota. */
      teamId?: string;
      pending?: Pending;
    }
  | { code: 'limit_reached'; meter: string; limit: number; used: number; held: number; pending?: Pending }
  | { code: 'meter_not_found'; meter: string }
  | { code: 'nothing_to_unlock' }
  | { code: 'override_invalid'; path: string; message: string }
  | { code: 'override_not_found' }
  | { code: 'overage_not_possible'; meter: string; reason: 'not_in_plan' | 'free_trial' | 'not_subscribed' }
  | { code: 'hold_not_found' }
  | { code: 'hold_closed'; state: 'confirmed' | 'released' | 'expired' }
  | { code: 'allocation_off'; meter: string }
  | { code: 'allocation_too_large'; meter: string; available: number; allocated: number }
  | { code: 'no_subscription' }
  | { code: 'subscription_inactive'; status: SubscriptionStatus }
  | {
      code: 'not_allowed';
      needs:
        | 'join_team'
        | 'request_license'
        | 'comment'
        | 'create'
        | 'edit'
        | 'invite'
        | 'manage_members'
        | 'manage_plan'
        | 'manage_settings'
        | 'read_billing'
        | 'support'
        | 'accounting';
    }
  | { code: 'access_removed' }
  | { code: 'license_restricted'; needs: string; mayRequest: boolean; openRequestId: string | null }
  | { code: 'license_missing'; needs: string; mayRequest: boolean; openRequestId: string | null }
  | { code: 'licenses_exhausted'; purchased: number; taken: number; free: number; needed: number }
  | { code: 'license_model_fixed' }
  | { code: 'license_not_in_plan'; license: LicenseKind }
  | { code: 'licenses_not_assigned' }
  | { code: 'license_not_needed' }
  | { code: 'license_requests_off' }
  | { code: 'invitation_not_found' }
  | { code: 'idempotency_conflict' }
  | { code: 'stale_revision'; current: Record<string, unknown> & { revision: number } }
  | { code: 'tenant_not_found' }
  | { code: 'event_not_found' }
  | { code: 'ticket_not_found' }
  | { code: 'checklist_not_found' }
  | { code: 'opportunity_not_found' }
  | { code: 'draft_not_found' }
  | { code: 'member_not_found' }
  | { code: 'team_not_found' }
  | { code: 'team_archived'; archivedAt: string }
  | { code: 'removal_not_found' }
  | { code: 'removal_outdated'; hash: string; count: number }
  | { code: 'month_not_billed'; month: string; reason: 'not_over' | 'before_start' }
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
  | { code: 'plan_version_unavailable'; planId: string; version: number; newest: number }
  | {
      code: 'change_not_allowed';
      reason: 'same_plan' | 'other_offer' | 'is_addon' | 'is_base' | 'no_changes' | 'managed_elsewhere' | 'by_partner' | 'one_at_a_time';
      toPlanId: string;
    }
  | { code: 'term_mismatch'; term: string | null; wantedTerm: string; offer: 'buy_new_at_renewal'; renewsAt: string | null }
  | { code: 'quantity_out_of_bounds'; quantity: number; min: number; max: number }
  | { code: 'plan_sold_elsewhere'; planId: string }
  | { code: 'term_unknown'; planId: string; term: string; terms: string[] }
  | { code: 'base_plan_missing'; planId: string }
  | { code: 'base_plan_owned'; planId: string; ownedPlanId: string; subscriptionId: string }
  | { code: 'price_changed'; planId: string; version: number; currency: string; minor: number; per: string }
  | { code: 'start_in_future'; startsAt: string; now: string }
  | { code: 'document_not_found' }
  | { code: 'document_not_ready' }
  | { code: 'payment_set_off' }
  | { code: 'paid_in_future'; paidAt: string; now: string }
  | { code: 'too_many_messages'; limit: number; retryAt: string }
  | { code: 'change_open'; changeId: string; toPlanId: string; effectiveAt: string }
  | { code: 'change_not_found' }
  | { code: 'change_closed'; state: 'awaiting_marketplace' | 'applied' | 'withdrawn' | 'refused' | 'lost' }
  | { code: 'cancellation_window_closed'; refundableUntil: string; renewal: 'on' | 'off'; href: string }
  | { code: 'consent_missing'; of: 'change' | 'removal' | 'purchase' | 'cancellation'; items: string[] }
  | { code: 'preview_outdated'; previewedAt: string | null }
  | { code: 'too_many_kept'; kind: string; limit: number; chosen: number }
  | { code: 'addon_owned'; planId: string; owned: number; grants: { meter: string; amount: number | null; pending: number | null }[] }
  | { code: 'resource_not_found' }
  | { code: 'resource_not_active' }
  | { code: 'resource_kind_unknown'; kind: string }
  | { code: 'resource_not_in_plan'; kind: string }
  | { code: 'resource_parent_wrong'; kind: string; parentKind: string | null }
  | { code: 'resource_not_attachable'; kind: string }
  | { code: 'amount_exceeded'; measure: string; limit: number; held: number; requested: number }
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
  'marketplace_unavailable',
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
    /** and limit_reached */
    meter: z.string().optional(),
    limit: z.number().int().optional(),
    used: z.number().int().optional(),
    held: z.number().int().optional(),
    resetsAt: z.string().optional(),
    draftId: z.string().nullable().optional(),
    /** invalid_input: one entry per wrong field */
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    /** Whom to ask where the plan stands in the way: an address or a link, and where a question is sent. */
    support: z.object({ contact: z.string(), href: z.string() }).optional(),
    /** subscription_inactive */
    subscriptionStatus: SubscriptionStatus.optional(),
  })
  .describe('Problem details (RFC 9457)');
export type Problem = z.infer<typeof Problem>;
