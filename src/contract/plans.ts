import { z } from 'zod';

/** One thing that a plan grants. */
export const PlanGrant = z.object({
  entitlement: z.string(),
  kind: z.enum(['metered', 'stock', 'boolean', 'static', 'license']),
  /** Units; null = unlimited; of a feature 0 or 1. */
  amount: z.number().int().nullable(),
  /** What it is called, how much there is of it, and what happens at its limit, in the reader’s language. */
  name: z.string(),
  words: z.string(),
  details: z.array(z.string()),
});
export type PlanGrant = z.infer<typeof PlanGrant>;

export const PLAN_RULES = [
  'change',
  'cancellation',
  'license',
  'people',
  'addon',
  'tier',
  'transition',
  'trim',
  'documents',
  'advice',
] as const;

/** A plan as it is offered, with what it costs, what it grants and what holds for it. */
export const PlanOffer = z.object({
  planId: z.string(),
  version: z.number().int(),
  offerId: z.string(),
  role: z.enum(['base', 'addon']),
  /** Who charges: marketplace is bought from Microsoft, direct by `POST /subscriptions`. */
  billing: z.enum(['marketplace', 'direct']),
  /** Higher is more. */
  rank: z.number().int(),
  name: z.string(),
  description: z.string(),
  /** Minor units for a whole term, multiplied by what `per` names. */
  prices: z.array(
    z.object({
      term: z.enum(['P1M', 'P1Y']),
      currency: z.string(),
      minor: z.number().int(),
      per: z.enum(['subscription', 'active_team', 'active_member', 'full_license']),
      words: z.string(),
    }),
  ),
  /** Bounds of a plan that is bought by the number. */
  quantity: z.object({ min: z.number().int(), max: z.number().int() }).nullable(),
  grants: z.array(PlanGrant),
  rules: z.array(z.object({ about: z.enum(PLAN_RULES), words: z.array(z.string()) })),
});
export type PlanOffer = z.infer<typeof PlanOffer>;

/** What one would have otherwise than with the plan one has. Amounts as in PlanGrant; 0 = not part of the plan. */
export const PlanDifference = z.object({
  entitlement: z.string(),
  name: z.string(),
  yours: z.number().int().nullable(),
  offered: z.number().int().nullable(),
});
export type PlanDifference = z.infer<typeof PlanDifference>;

export const ComparedPlan = PlanOffer.extend({
  /** Against the plan one has: yours, a newer version of it, larger or smaller by rank, or to be had beside it; null: one has none. */
  comparison: z
    .object({ direction: z.enum(['yours', 'new_version', 'larger', 'smaller', 'beside']), differences: z.array(PlanDifference) })
    .nullable(),
});
export type ComparedPlan = z.infer<typeof ComparedPlan>;

export const PlanList = z.object({
  /** The base plan one has, in the version one bought; null: none. */
  yours: PlanOffer.nullable(),
  /** What is sold now, base plans first, lowest rank first. */
  items: z.array(ComparedPlan),
});
export type PlanList = z.infer<typeof PlanList>;
