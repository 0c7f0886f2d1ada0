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

const MeterName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/u);

/** How one meter stands, in figures; null = unlimited. */
export const Standing = z.object({
  meter: z.string(),
  entitled: z.number().int().nullable(),
  available: z.number().int().nullable(),
  limit: z.number().int().nullable(),
  used: z.number().int(),
  held: z.number().int(),
  /** null: of what is held now. */
  resetsAt: Instant.nullable(),
});
export type Standing = z.infer<typeof Standing>;

const Flat = z.union([z.string().max(100), z.number(), z.boolean(), z.null()]);
/** What a field of a policy may hold; which of it fits which field is the policy's to say. */
const OverrideValue = z.union([Flat, z.array(Flat).max(20), z.record(z.string().max(40), Flat)]);

/** `POST /tenants/:tenantId/overrides`: `<meter>.<field>` of the plan's policy, as a catalog would write it. */
export const NewOverride = z.strictObject({ path: z.string().min(3).max(100), value: OverrideValue, expiresAt: Instant });
export type NewOverride = z.infer<typeof NewOverride>;

export const Override = z.object({ path: z.string(), value: z.unknown(), expiresAt: Instant, reason: z.string() });
export type Override = z.infer<typeof Override>;

/** `POST /tenants/:tenantId/overrides/clear` */
export const OverrideClearance = z.strictObject({ path: z.string().min(3).max(100) });

/** `POST /tenants/:tenantId/grants` */
export const NewSupportGrant = z.strictObject({
  meter: MeterName,
  amount: z.number().int().min(1).max(1_000_000_000),
  /** null: at once. */
  effectiveAt: Instant.nullable().default(null),
  expiresAt: Instant,
});
export type NewSupportGrant = z.infer<typeof NewSupportGrant>;

export const SupportGrant = NewSupportGrant.extend({ id: Id, reason: z.string() });
export type SupportGrant = z.infer<typeof SupportGrant>;

/** `POST /tenants/:tenantId/unlocks` */
export const Unlock = z.strictObject({ meter: MeterName });

/** One organization as the publisher's people see it. */
export const TenantView = TenantFound.extend({
  locale: Locale,
  timeZone: z.string(),
  subscriptions: z.array(Subscription),
  /** How every meter and limit stands. */
  standings: z.array(Standing),
  /** What is otherwise than the plan says. */
  overrides: z.array(Override),
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

/** `POST /tenants/:tenantId/unlock-requests/:requestId/decision`; the note is for whoever asked. */
export const OperatorDecision = z.strictObject({ decision: DecisionWord, note: line(500).nullable().default(null) });

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
