import { z } from 'zod';
import { EntitlementName, Limits, PlanPolicies, PriceItem, Quotas, ResourceKind, Words } from './policies';

const Name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,49}$/u, 'lower-case letters, digits, - and _, at most 50');

/** What a plan says beside its policies. */
const PlanFacts = {
  id: Name,
  /** base: what an organization buys first; addon: what it may buy beside it. */
  role: z.enum(['base', 'addon']).default('base'),
  /** Higher is more; data, never derived from name or price. */
  rank: z.int().min(0).max(1_000_000),
  name: Words,
  description: Words,
  prices: z.array(PriceItem).min(1),
  /** Per usage period; a meter that is absent is not part of the plan. */
  quotas: Quotas.default({}),
  /** Of what is held now: teams, active_members, kinds of resources. */
  limits: Limits.default({}),
  features: z.record(EntitlementName, z.boolean()).default({}),
  values: z.record(EntitlementName, z.int().min(0).max(1_000_000_000_000)).default({}),
};

/** A plan as the file has it: facts and policies side by side. */
export const WrittenPlan = z.strictObject({ ...PlanFacts, ...PlanPolicies.shape });

/** A plan with the file's defaults and the policies' own filled in. */
export type CatalogPlan = z.infer<z.ZodObject<typeof PlanFacts>> & { policies: PlanPolicies };

/** A plan as it is published: with what its catalog says of all plans. Whatever older catalogs did not say has today's defaults. */
export const PublishedPlan = z.object({
  ...PlanFacts,
  policies: PlanPolicies.prefault({}),
  billing: z.enum(['marketplace', 'direct']).default('marketplace'),
  resources: z.record(EntitlementName, ResourceKind).default({}),
});
export type PublishedPlan = z.infer<typeof PublishedPlan>;

export const CatalogFile = z.strictObject({
  offer: Name,
  /** Who charges: Microsoft, or this product through its payments port. */
  billing: z.enum(['marketplace', 'direct']).default('marketplace'),
  /** What holds for every plan that does not say otherwise, field by field. */
  defaults: PlanPolicies.partial().optional(),
  resources: z.record(EntitlementName, ResourceKind).default({}),
  plans: z.array(z.unknown()).min(1),
});

export type Catalog = Omit<z.infer<typeof CatalogFile>, 'plans' | 'defaults'> & { plans: CatalogPlan[] };
