import type { Request, Response } from 'express';
import { LOCALES, type Locale } from '../contract/common';
import type { Pending, Problem, ProblemCode, Refusal, RequestProblemCode } from '../contract/refusals';
import { meterName, refusalTexts } from '../contract/texts';
import { withPending } from '../features/usage/explanation.rules';
import { fill, instantInWords } from '../platform/sentences';

/** The one place a code becomes a status. A new code does not compile until it has a line here. */
const STATUS: Record<ProblemCode, number> = {
  quota_exhausted: 402,
  limit_reached: 402,
  meter_not_found: 404,
  nothing_to_unlock: 409,
  override_invalid: 422,
  override_not_found: 404,
  overage_not_possible: 409,
  hold_not_found: 404,
  hold_closed: 409,
  allocation_off: 409,
  allocation_too_large: 409,
  no_subscription: 403,
  subscription_inactive: 403,
  not_allowed: 403,
  access_removed: 403,
  license_restricted: 403,
  license_missing: 403,
  licenses_exhausted: 409,
  license_model_fixed: 409,
  license_not_in_plan: 409,
  licenses_not_assigned: 403,
  license_not_needed: 409,
  license_requests_off: 409,
  invitation_not_found: 404,
  idempotency_conflict: 409,
  stale_revision: 412,
  tenant_not_found: 404,
  event_not_found: 404,
  ticket_not_found: 404,
  checklist_not_found: 404,
  opportunity_not_found: 404,
  draft_not_found: 404,
  member_not_found: 422,
  team_not_found: 404,
  team_archived: 409,
  removal_not_found: 404,
  removal_outdated: 409,
  month_not_billed: 404,
  request_not_found: 404,
  request_closed: 409,
  undo_too_late: 409,
  checklist_already_submitted: 409,
  checklist_not_running: 409,
  last_owner: 409,
  purchase_token_invalid: 400,
  subscription_not_found: 404,
  not_purchaser: 403,
  plan_unknown: 409,
  plan_version_unavailable: 409,
  change_not_allowed: 409,
  term_mismatch: 409,
  quantity_out_of_bounds: 409,
  plan_sold_elsewhere: 409,
  term_unknown: 409,
  base_plan_missing: 409,
  base_plan_owned: 409,
  price_changed: 409,
  start_in_future: 409,
  document_not_found: 404,
  document_not_ready: 409,
  payment_set_off: 409,
  paid_in_future: 409,
  too_many_messages: 429,
  change_open: 409,
  change_not_found: 404,
  change_closed: 409,
  cancellation_window_closed: 409,
  consent_missing: 409,
  preview_outdated: 409,
  too_many_kept: 409,
  addon_owned: 409,
  resource_not_found: 404,
  resource_not_active: 409,
  resource_kind_unknown: 409,
  resource_not_in_plan: 409,
  resource_parent_wrong: 409,
  resource_not_attachable: 409,
  amount_exceeded: 409,
  activation_failed: 502,
  invalid_input: 400,
  malformed_json: 400,
  body_too_large: 413,
  unsupported_media_type: 415,
  idempotency_key_missing: 400,
  idempotency_key_invalid: 400,
  if_match_missing: 428,
  if_match_invalid: 400,
  token_missing: 401,
  token_invalid: 401,
  rate_limited: 429,
  operator_role_missing: 403,
  not_found: 404,
  method_not_allowed: 405,
  csrf: 403,
  identity_unavailable: 503,
  marketplace_unavailable: 503,
  unavailable: 503,
  internal: 500,
};

/** The request itself is wrong, or something it needs is away; thrown at the edge and answered by the error handler. */
export class RequestProblem extends Error {
  constructor(
    readonly code: RequestProblemCode,
    readonly facts: Record<string, unknown> = {},
  ) {
    super(code);
    this.name = 'RequestProblem';
  }
}

export function localeOf(req: Request): Locale {
  return (req.acceptsLanguages([...LOCALES]) || 'en') as Locale;
}

/** Problem details (RFC 9457) of a code and its facts, in the reader's language. */
export function toProblem(code: ProblemCode, facts: Record<string, unknown>, locale: Locale, requestId: string | undefined): Problem {
  return {
    type: `urn:kontingent:problem:${code}`,
    title: code.replaceAll('_', ' '),
    status: STATUS[code],
    detail: sentence(code, facts, locale),
    code,
    ...facts,
    ...(requestId && { requestId }),
  };
}

/** The facts of a refusal as they stand in a problem: `status` is taken there. */
export function refusalFacts(refusal: Refusal): Record<string, unknown> {
  const { code: _code, ...facts } = refusal;
  if ('status' in facts) {
    const { status, ...rest } = facts as { status: unknown };
    return { ...rest, subscriptionStatus: status };
  }
  return facts;
}

/** The facts by which a code has closer sentences than its own. */
const CLOSER = ['needs', 'reason', 'of', 'state', 'renewal', 'subscriptionStatus'] as const;

function sentenceOf(texts: Record<string, unknown>, code: ProblemCode, facts: Record<string, unknown>): string {
  const closer = CLOSER.map((fact) => texts[`${code}_${String(facts[fact])}`]).find((text) => typeof text === 'string');
  return String(closer ?? texts[code]);
}

function sentence(code: ProblemCode, facts: Record<string, unknown>, locale: Locale): string {
  const texts = refusalTexts[locale];
  const words: Record<string, unknown> = {
    ...facts,
    meterName: typeof facts.meter === 'string' ? meterName(facts.meter, locale) : undefined,
    resetsAt: instantOf(facts.resetsAt, locale),
    refundableUntil: instantOf(facts.refundableUntil, locale),
  };
  return withPending(fill(sentenceOf(texts, code, facts), words, locale), facts as { pending?: Pending; submitsItself?: true }, locale);
}

const instantOf = (fact: unknown, locale: Locale): string | undefined =>
  typeof fact === 'string' ? instantInWords(new Date(fact), locale, 'UTC') : undefined;

/** Whoever is held up by what was bought is told whom to ask (TW-31). */
const BLOCKED: readonly ProblemCode[] = ['quota_exhausted', 'limit_reached', 'no_subscription', 'subscription_inactive'];

const supportOf = (req: Request, code: ProblemCode) =>
  BLOCKED.includes(code) ? { support: { contact: String(req.app.locals.supportContact), href: '/api/v1/support' } } : {};

export function sendProblem(req: Request, res: Response, code: ProblemCode, facts: Record<string, unknown> = {}): void {
  send(res, toProblem(code, facts, localeOf(req), String(req.id ?? '') || undefined));
}

/** A person whom the path names is a record that is not there; one whom the body names is a wrong field. */
export function sendRefusal(req: Request, res: Response, refusal: Refusal): void {
  const facts = { ...refusalFacts(refusal), ...supportOf(req, refusal.code) };
  const problem = toProblem(refusal.code, facts, localeOf(req), String(req.id ?? '') || undefined);
  const isInPath = refusal.code === 'member_not_found' && req.params.memberId !== undefined;
  send(res, isInPath ? { ...problem, status: 404 } : problem);
}

function send(res: Response, problem: Problem): void {
  if (problem.status === 401)
    res.setHeader('WWW-Authenticate', problem.code === 'token_missing' ? 'Bearer' : 'Bearer error="invalid_token"');
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}
