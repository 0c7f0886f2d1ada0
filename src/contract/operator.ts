import { z } from 'zod';
import { Id, Instant, Locale, line } from './common';
import { DecisionWord, Request, RequestKind } from './requests';
import { ContractTerm, OrganizationFacts, Subscription } from './subscriptions';

/** Why something was done for a customer; kept in that organization's audit log. */
export const Reason = line(500);

/** What a customer wrote: a part of the organization's name, its id, or the id of a subscription. */
export const TenantQuery = z.object({ q: line(200) });

export const TenantFound = z.object({
  tenantId: Id,
  name: z.string().nullable(),
  contactAddress: z.string().nullable(),
  createdAt: Instant,
});
export type TenantFound = z.infer<typeof TenantFound>;

/** One organization as the publisher's people see it. */
export const TenantView = TenantFound.extend({
  locale: Locale,
  timeZone: z.string(),
  subscriptions: z.array(Subscription),
  /** Open ones only, oldest last. */
  requests: z.array(Request),
});
export type TenantView = z.infer<typeof TenantView>;

/** `PUT /tenants/:tenantId`: makes an organization known, or corrects what it is called. */
export const TenantFacts = OrganizationFacts;

/** A request that waits for the publisher, and whose it is. */
export const WaitingRequest = z.object({
  tenantId: Id,
  organization: z.string().nullable(),
  requestId: Id,
  kind: RequestKind,
  subject: z.string(),
  createdAt: Instant,
});
export type WaitingRequest = z.infer<typeof WaitingRequest>;

/** `POST /tenants/:tenantId/requests/:requestId/decision` */
export const OperatorDecision = z.strictObject({ decision: DecisionWord });

/** `POST /tenants/:tenantId/contracts` */
export const ContractStart = z.strictObject({
  planId: z.string().min(1).max(50),
  term: ContractTerm,
  quantity: z.number().int().min(1).max(1_000_000).nullable().default(null),
  /** When it began elsewhere, earlier than today: terms are counted from then. */
  startsAt: Instant.nullable().default(null),
});
export type ContractStart = z.infer<typeof ContractStart>;

/** `POST /tenants/:tenantId/contracts/:subscriptionId/end` */
export const ContractEnd = z.strictObject({ when: z.enum(['now', 'term_end']) });
