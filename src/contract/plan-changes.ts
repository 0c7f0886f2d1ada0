import { z } from 'zod';
import { Id, Instant, PageQuery } from './common';

const PlanId = z.string().min(1).max(50);
const Term = z.enum(['P1M', 'P1Y']);

/** What a subscription is to become. What is left out stays as it is. */
export const ChangeQuestion = z.strictObject({
  toPlanId: PlanId,
  /** The version that was looked at; only the one now sold can be had. */
  version: z.int().min(1).optional(),
  term: Term.optional(),
  /** Of plans that are sold by a number of licenses. */
  quantity: z.int().min(1).max(1_000_000).optional(),
});
export type ChangeQuestion = z.infer<typeof ChangeQuestion>;

export const PlanRef = z.object({
  planId: z.string(),
  version: z.number().int(),
  name: z.string(),
  rank: z.number().int(),
  quantity: z.number().int().nullable(),
});
export type PlanRef = z.infer<typeof PlanRef>;

export const MoneyLine = z.object({
  words: z.string(),
  /** How the amount came about. */
  formula: z.string(),
  quantity: z.number().int(),
  /** Minor units; negative: in the customer's favor. */
  amountMinor: z.number().int(),
});

export const ChangeMoney = z.object({
  currency: z.string(),
  lines: z.array(MoneyLine),
  /** What goes back of what was billed. */
  refunds: z.array(MoneyLine),
  /** All lines and refunds together. */
  totalMinor: z.number().int(),
  /** What is billed: half-open. */
  periodStart: Instant,
  periodEnd: Instant,
  /** Where Microsoft bills, and of what is counted only later. */
  isEstimate: z.boolean(),
});
export type ChangeMoney = z.infer<typeof ChangeMoney>;

export const TRIM_RESULTS = ['kept', 'frozen', 'cut', 'scaled', 'capped', 'detached', 'removed'] as const;

/** What becomes of one item. */
export const TrimmedItem = z.object({
  id: Id,
  kind: z.string(),
  name: z.string(),
  result: z.enum(TRIM_RESULTS),
  /** What is too much: the item's kind, a kind above it, or a measure; null: nothing is. */
  meter: z.string().nullable(),
  /** Of scaled and capped ones. */
  before: z.number().int().nullable(),
  after: z.number().int().nullable(),
  /** Whether it can be brought back when there is room again. */
  reversible: z.boolean(),
});
export type TrimmedItem = z.infer<typeof TrimmedItem>;

export const Excess = z.object({ meter: z.string(), held: z.number().int(), limit: z.number().int() });
export type Excess = z.infer<typeof Excess>;

const LimitChange = z.object({
  meter: z.string(),
  /** null = unlimited. */
  before: z.number().int().nullable(),
  after: z.number().int().nullable(),
});

const Fitting = z.object({ planId: z.string(), name: z.string() }).nullable();

/** What a change would do; nothing is written. */
export const Preview = z.discriminatedUnion('allowed', [
  z.object({
    allowed: z.literal(true),
    /** Goes into the order: the consent is to exactly this. Good for an hour, as long as nothing changes. */
    previewId: z.string(),
    direction: z.enum(['upgrade', 'downgrade']),
    from: PlanRef,
    to: PlanRef,
    term: z.string(),
    effective: z.enum(['now', 'period_end']),
    effectiveAt: Instant,
    /** null: nothing is charged for the change itself. */
    money: ChangeMoney.nullable(),
    limits: z.array(LimitChange),
    /** Of what there is more than the new plan allows. */
    exceeds: z.array(Excess),
    /** What happens to items, if there were no change until then. */
    trim: z.array(TrimmedItem),
    /** Those of them that cannot be brought back; they need a consent of their own. */
    irreversible: z.array(TrimmedItem),
    /** Of what there is too much even then: it stays, and nothing new can be created. */
    frozen: z.array(Excess),
    /** More licenses are given to people than there would be: so long nobody loses theirs; null: they all have a place. */
    licenses: z.object({ taken: z.number().int(), purchased: z.number().int(), graceDays: z.number().int() }).nullable(),
    /** The smallest plan that would have been enough in the last six usage periods; null: none. */
    fits: Fitting,
  }),
  z.object({
    allowed: z.literal(false),
    refusal: z.looseObject({ code: z.string() }),
    fits: Fitting,
  }),
]);
export type Preview = z.infer<typeof Preview>;

/** `POST …/changes`. Both may be missing only to be refused for it. */
export const ChangeOrder = z.strictObject({
  previewId: z.string().min(1).max(2000),
  consent: z
    .strictObject({
      /** To the change as it was previewed. */
      change: z.boolean(),
      /** To what cannot be undone: true, it may be removed; false, it is frozen. Must be said where something is irreversible. */
      removal: z.boolean().optional(),
    })
    .optional(),
});
export type ChangeOrder = z.infer<typeof ChangeOrder>;

export const CHANGE_STATES = ['scheduled', 'awaiting_marketplace', 'applied', 'withdrawn', 'refused', 'lost'] as const;

export const PlanChange = z.object({
  id: Id,
  subscriptionId: Id,
  /** ordered: here; forced: the plan was changed at the marketplace; tier: the bill date put another package there. */
  cause: z.enum(['ordered', 'forced', 'tier']),
  direction: z.enum(['upgrade', 'downgrade']),
  from: PlanRef,
  to: PlanRef,
  term: z.string().nullable(),
  state: z.enum(CHANGE_STATES),
  effectiveAt: Instant,
  orderedAt: Instant,
  /** Object id; null: nobody here. */
  orderedBy: Id.nullable(),
  endedAt: Instant.nullable(),
  /** null: nothing is charged for the change itself, or the reader does not see bills. */
  money: ChangeMoney.nullable(),
  consent: z.object({ change: z.boolean(), removal: z.boolean() }).nullable(),
  /** Of an open change what would happen now, of an applied one what did. */
  items: z.array(TrimmedItem.extend({ state: z.enum(['planned', 'kept', 'applied', 'restored']) })),
});
export type PlanChange = z.infer<typeof PlanChange>;

export const ChangeQuery = PageQuery;

/** What the customer would rather keep; takes the place of what was chosen before. */
export const KeptItems = z.strictObject({ items: z.array(Id).max(1000) });

export const RehearsalQuestion = ChangeQuestion.extend({
  keep: z.array(Id).max(1000).default([]),
  /** As if the removal of what cannot be brought back were agreed to. */
  removal: z.boolean().default(true),
});
export type RehearsalQuestion = z.infer<typeof RehearsalQuestion>;

/** Every item and every limit as they would be after the change. */
export const Rehearsal = z.object({
  direction: z.enum(['upgrade', 'downgrade']),
  effective: z.enum(['now', 'period_end']),
  effectiveAt: Instant,
  items: z.array(TrimmedItem),
  limits: z.array(LimitChange.extend({ held: z.number().int() })),
  frozen: z.array(Excess),
});
export type Rehearsal = z.infer<typeof Rehearsal>;
