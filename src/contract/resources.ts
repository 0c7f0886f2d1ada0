import { z } from 'zod';
import { Id, Instant, line, PageQuery, Revision } from './common';
import { StockMeter } from './meters';

/** Settings-like items that a plan limits: boards, queues, allowed addresses, templates. Which kinds there are says the plan. */
export const ResourceKindView = z.object({
  kind: StockMeter,
  name: z.string(),
  parent: StockMeter.nullable(),
  /** null: items of their own. total: an amount each item of `of` has, the sum is limited; each: one each item has, each is capped. */
  measure: z.object({ of: StockMeter, as: z.enum(['total', 'each']) }).nullable(),
  attachable: z.boolean(),
  /** null = unlimited; 0: not part of the plan. */
  limit: z.number().int().nullable(),
  /** In use now: items, or the sum; of an each the largest. */
  held: z.number().int(),
});
export type ResourceKindView = z.infer<typeof ResourceKindView>;

const Amounts = z.record(StockMeter, z.int().min(0).max(1_000_000_000_000));

export const NewResource = z.strictObject({
  kind: StockMeter,
  name: line(200),
  /** The item it stands below, where its kind has a parent. */
  parentId: Id.nullable().default(null),
  /** By the name of the measure. */
  amounts: Amounts.default({}),
});
export type NewResource = z.infer<typeof NewResource>;

/** Measures that are not named keep their amount. */
export const ResourcePatch = z
  .strictObject({ name: line(200), amounts: Amounts })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'at least one field must be given');
export type ResourcePatch = z.infer<typeof ResourcePatch>;

export const Attachment = z.strictObject({ to: Id });

export const Resource = z.object({
  id: Id,
  kind: StockMeter,
  name: z.string(),
  parentId: Id.nullable(),
  attachedTo: Id.nullable(),
  /** What it hung on last; null while it hangs, and when that is gone. */
  detachedFrom: Id.nullable(),
  amounts: z.record(z.string(), z.number().int()),
  state: z.enum(['active', 'archived']),
  /** The plan change that took it out of use or lowered an amount of it, until somebody takes it back. */
  trimmedBy: Id.nullable(),
  createdAt: Instant,
  activatedAt: Instant,
  archivedAt: Instant.nullable(),
  revision: Revision,
});
export type Resource = z.infer<typeof Resource>;

export const ResourceQuery = PageQuery.extend({
  kind: StockMeter.optional(),
  state: z.enum(['active', 'archived', 'any']).default('active'),
});
export type ResourceQuery = z.infer<typeof ResourceQuery>;
