import { z } from 'zod';
import { CalendarDate, Id, Instant, line, PageQuery, PersonRef, Revision } from './common';

export const STAGES = ['new', 'qualified', 'offer', 'won', 'lost'] as const;
export const Stage = z.enum(STAGES);
export type Stage = z.infer<typeof Stage>;

/** Integer minor units of an ISO 4217 currency. */
export const Money = z.strictObject({
  minor: z.number().int().min(0).max(9_000_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/u),
});
export type Money = z.infer<typeof Money>;

const fields = {
  title: line(200),
  customer: line(200).nullable(),
  value: Money.nullable(),
  closesOn: CalendarDate.nullable(),
  ownerId: Id.nullable(),
};

export const NewOpportunity = z.strictObject({
  title: fields.title,
  customer: fields.customer.default(null),
  value: fields.value.default(null),
  closesOn: fields.closesOn.default(null),
  /** null: whoever creates it. */
  ownerId: fields.ownerId.default(null),
  /** Counts against this team's share, too, should it have one. */
  teamId: Id.optional(),
});
export type NewOpportunity = z.infer<typeof NewOpportunity>;

export const OpportunityPatch = z
  .strictObject({ ...fields, ownerId: Id, stage: Stage })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'at least one field must be given');
export type OpportunityPatch = z.infer<typeof OpportunityPatch>;

export const Opportunity = z.object({
  id: Id,
  title: z.string(),
  customer: z.string().nullable(),
  stage: Stage,
  value: Money.nullable(),
  closesOn: CalendarDate.nullable(),
  owner: PersonRef,
  createdAt: Instant,
  updatedAt: Instant,
  revision: Revision,
});
export type Opportunity = z.infer<typeof Opportunity>;

export const OpportunityQuery = PageQuery.extend({ stage: z.enum([...STAGES, 'any', 'open']).default('any') });
export type OpportunityQuery = z.infer<typeof OpportunityQuery>;
