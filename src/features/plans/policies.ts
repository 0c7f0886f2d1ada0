import { z } from 'zod';
import { LOCALES } from '../../contract/common';
import { METERS } from '../../contract/meters';

/** The policies of a plan, as a catalog writes them. docs/plans.md explains each with an example. */

export const Words = z.strictObject(
  Object.fromEntries(LOCALES.map((locale) => [locale, z.string().min(1).max(300)])) as Record<(typeof LOCALES)[number], z.ZodString>,
);
export type Words = z.infer<typeof Words>;

/** A name that tables, screens and files share: a meter, a resource kind, a feature. */
export const EntitlementName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/u, 'lower-case letters, digits and _, beginning with a letter, at most 40');

const WHOLE = 'must be a whole number from 0 to 1,000,000,000,000';
const Units = z.int(WHOLE).min(0, WHOLE).max(1_000_000_000_000, WHOLE);
const Amount = z.union([Units, z.literal('unlimited', { error: WHOLE })], { error: `${WHOLE}, or the word unlimited` });

export const Notice = z.strictObject({
  /** Percent of the granted amount; 100 fires at exactly full. */
  thresholds: z.array(z.int().min(1).max(100)).min(1).max(10).default([80, 100]),
  /** Also told when so few units are left; none by default. */
  remaining: z.array(Units).max(5).default([]),
  /** Also told when the forecast runs out within so many days; null: never. */
  forecastDays: z.int().min(1).max(60).nullable().default(14),
  recipients: z
    .array(z.enum(['assignees', 'admins', 'owner', 'billing_contact', 'everyone']))
    .min(1)
    .default(['assignees', 'admins', 'owner']),
  channels: z
    .array(z.enum(['banner', 'bot', 'mail']))
    .min(1)
    .default(['banner', 'bot']),
});
export type Notice = z.infer<typeof Notice>;

/** How a meter's limit behaves. */
const shared = {
  /** hard: nothing beyond the limit; soft: admitted and marked as over; warn: only told. */
  enforcement: z.enum(['hard', 'soft', 'warn']).default('hard'),
  /** Units beyond the granted amount that are still admitted. */
  tolerance: Units.default(0),
  notice: Notice.prefault({}),
  /** When the grant becomes available. */
  activation: z.enum(['now', 'on_payment', 'manual']).default('now'),
  /** Of an amount that waits for its activation, so many units are available at once. */
  immediately: Units.default(0),
  /** Why it waits, in the words of whoever asks. */
  reason: Words.nullable().default(null),
};

/** A quota: counted per usage period. */
export const QuotaItem = z.strictObject({
  amount: Amount,
  ...shared,
  /** What counts as one: the creation (ticket, opportunity), the submission, or each task of a submitted checklist. */
  countEvent: z.enum(['created', 'submitted', 'per_task']).nullable().default(null),
  period: z.enum(['month', 'year']).default('month'),
  /** none: what was used stays used; delete: deleting gives the unit back to its own period. */
  releaseOn: z.enum(['none', 'delete']).default('none'),
  /** block: kept as a draft; hold: kept, and submitted by itself when there is room; allow_over: admitted, which soft and warn imply. */
  onExhausted: z.enum(['block', 'hold', 'allow_over']).default('block'),
  /** Unused units that go into the next period, at most; null: none. */
  rollover: z.strictObject({ cap: Units }).nullable().default(null),
  /** per_team: admins may give teams a share of it. */
  allocation: z.enum(['none', 'per_team']).default('none'),
  /** metered: an organization that agrees may use more than the amount, and Microsoft bills it by this dimension of the offer. */
  overage: z
    .strictObject({
      mode: z.enum(['none', 'metered']).default('none'),
      dimension: z
        .string()
        .regex(/^[A-Za-z0-9][\w.-]{0,49}$/u, 'letters, digits, _, . and -, at most 50')
        .nullable()
        .default(null),
    })
    .prefault({}),
});
export type QuotaItem = z.infer<typeof QuotaItem>;

/** A limit on what is held now; archiving or deleting frees the place at once. */
export const LimitItem = z.strictObject({ amount: Amount, ...shared });
export type LimitItem = z.infer<typeof LimitItem>;

/** What a plan item keeps of these in `plan_items.policy` and `grants.policy`; absent fields take the defaults above. */
export type ItemPolicy = Partial<Omit<QuotaItem, 'amount'>>;

const orAmount = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((given) => (given !== null && typeof given === 'object' ? given : { amount: given }), item);

export const Quotas = z.partialRecord(z.enum(METERS), orAmount(QuotaItem));
export const Limits = z.record(EntitlementName, orAmount(LimitItem));

export const PriceItem = z.strictObject({
  term: z.enum(['P1M', 'P1Y']),
  currency: z.string().regex(/^[A-Z]{3}$/u),
  minor: Units,
  /** What the price is multiplied by: 1, teams that are not archived, active members, or full licenses bought. */
  per: z.enum(['subscription', 'active_team', 'active_member', 'full_license']).default('subscription'),
});
export type PriceItem = z.infer<typeof PriceItem>;

export const ChangePolicy = z.strictObject({
  /** same_term: only to a plan of the same billing term; any: also between terms; none: no change at all. */
  allowed: z.enum(['same_term', 'any', 'none']).default('same_term'),
  upgrade: z
    .strictObject({
      effective: z.enum(['now', 'period_end']).default('now'),
      /** keep: the usage period and the term go on; reset: both begin anew today. */
      anchor: z.enum(['keep', 'reset']).default('keep'),
    })
    .prefault({}),
  downgrade: z.strictObject({ effective: z.enum(['now', 'period_end']).default('period_end') }).prefault({}),
  usageOnChange: z.enum(['keep', 'reset']).default('keep'),
  /** days, seconds: each plan pays its part of the period; refund_and_full: the unused part back and a full new period; none. */
  proration: z.enum(['days', 'seconds', 'refund_and_full', 'none']).default('days'),
  /** actual: the days of the running period; fixed30: every month has thirty. */
  basis: z.enum(['actual', 'fixed30']).default('actual'),
});
export type ChangePolicy = z.infer<typeof ChangePolicy>;

export const AddonPolicy = z.strictObject({
  /** once: owned one time; n: as often as wanted. */
  stack: z.enum(['once', 'n']).default('once'),
  /** How the marketplace sells it: a second subscription, a variant of the plan, a metered one-off, or by hand. */
  billing: z.enum(['separate', 'variant', 'meter', 'manual']).default('separate'),
});
export type AddonPolicy = z.infer<typeof AddonPolicy>;

/** How many full licenses one may buy; of plans whose price is per full_license. */
export const QuantityPolicy = z.strictObject({
  min: z.int().min(1).max(1_000_000).default(1),
  max: z.int().min(1).max(1_000_000).default(10_000),
});
export type QuantityPolicy = z.infer<typeof QuantityPolicy>;

/** A band of a tier group: the plan whose band holds the count at the bill date is billed. Bounds inclusive; max null: open. */
export const TierPolicy = z.strictObject({
  group: EntitlementName,
  by: z.enum(['active_members', 'active_teams']),
  min: Units,
  max: Units.nullable(),
  evaluate: z.enum(['at_bill']).default('at_bill'),
});
export type TierPolicy = z.infer<typeof TierPolicy>;

export const LicensePolicy = z.strictObject({
  /** Who a license is for; org: everybody of the organization (no licenses are assigned). */
  scope: z.enum(['org', 'team', 'user']).default('org'),
  model: z.enum(['flexible', 'fixed']).default('fixed'),
  /** Whether restricted licenses exist in this plan. */
  restricted: z.boolean().default(false),
  /** Full licenses of the pool: the bought quantity, a number, or unlimited. */
  full: z.union([z.literal('quantity'), Amount]).default('quantity'),
  defaultForNew: z.enum(['full', 'restricted']).default('full'),
  /** Where no restricted licenses exist the default is reject_all. */
  onShortage: z.enum(['restricted', 'reject_all', 'waitlist']).default('restricted'),
  order: z.enum(['list']).default('list'),
  /** Who receives requests for a license: admins, owner, nobody (off); automatic: granted while a license is free. */
  requests: z.enum(['admins', 'owner', 'automatic_while_free', 'off']).default('admins'),
  /** Days that a bought quantity below the assigned number is borne before the default choice is made. */
  graceDays: z.int().min(0).max(365).default(30),
});
export type LicensePolicy = z.infer<typeof LicensePolicy>;

export const TrimRule = z.discriminatedUnion('rule', [
  z.strictObject({ of: EntitlementName, rule: z.literal('freeze') }),
  z.strictObject({ of: EntitlementName, rule: z.literal('keep_top_by'), by: z.enum(['children', 'activated_at']) }),
  z.strictObject({ of: EntitlementName, rule: z.literal('cut_newest_by'), by: z.enum(['activated_at']) }),
  z.strictObject({ of: EntitlementName, rule: z.literal('scale_proportionally') }),
  z.strictObject({ of: EntitlementName, rule: z.literal('cap_at') }),
  z.strictObject({ of: EntitlementName, rule: z.literal('detach') }),
  z.strictObject({ of: EntitlementName, rule: z.literal('remove') }),
]);
export type TrimRule = z.infer<typeof TrimRule>;

/** A new rule in three steps: told, enforced, charged. Instants; each at or after the one before. */
export const TransitionPolicy = z.strictObject({
  announceAt: z.iso.datetime(),
  enforceFrom: z.iso.datetime(),
  chargeFrom: z.iso.datetime(),
});
export type TransitionPolicy = z.infer<typeof TransitionPolicy>;

export const CancellationPolicy = z.strictObject({
  /** Hours from the purchase in which cancelling refunds. */
  windowHours: z
    .int()
    .min(0)
    .max(24 * 365)
    .default(72),
  afterWindow: z.enum(['renewal_off', 'cancel_without_refund']).default('renewal_off'),
  /** Days after the end in which everything stays readable and can be exported; then it is deleted. Microsoft asks for 7 at least. */
  exportDays: z.int().min(7).max(3650).default(30),
});
export type CancellationPolicy = z.infer<typeof CancellationPolicy>;

export const PeoplePolicy = z.strictObject({
  /** class_active: everybody of class active; in_active_team: of those, who is in at least one team that is not archived. */
  active: z.enum(['class_active', 'in_active_team']).default('class_active'),
  /** any_time: billed if active at any instant of the month; cut_off: if active when it begins. */
  countRule: z.enum(['any_time', 'cut_off']).default('any_time'),
});
export type PeoplePolicy = z.infer<typeof PeoplePolicy>;

export const DocumentsPolicy = z.strictObject({
  delivery: z.enum(['download', 'email', 'both']).default('download'),
  /** by_support: an admin asks, the publisher's accounting confirms. */
  billingContactChange: z.enum(['self', 'by_support']).default('self'),
});
export type DocumentsPolicy = z.infer<typeof DocumentsPolicy>;

/** A larger plan is advised when the limit was hit in `hits` of the last `periods` periods. */
export const AdvicePolicy = z.strictObject({ hits: z.int().min(1).max(24).default(2), periods: z.int().min(1).max(24).default(3) });
export type AdvicePolicy = z.infer<typeof AdvicePolicy>;

/** The policies that belong to a plan as a whole. */
export const PlanPolicies = z.strictObject({
  change: ChangePolicy.prefault({}),
  addon: AddonPolicy.prefault({}),
  quantity: QuantityPolicy.nullable().default(null),
  tier: TierPolicy.nullable().default(null),
  license: LicensePolicy.prefault({}),
  trim: z.array(TrimRule).max(40).default([]),
  transition: TransitionPolicy.nullable().default(null),
  cancellation: CancellationPolicy.prefault({}),
  people: PeoplePolicy.prefault({}),
  documents: DocumentsPolicy.prefault({}),
  advice: AdvicePolicy.prefault({}),
});
export type PlanPolicies = z.infer<typeof PlanPolicies>;

/** A kind of settings-like item that a scheme speaks of; its name is the stock meter that limits it. Business records are none. */
export const ResourceKind = z.strictObject({
  name: Words,
  /** The kind it hangs below; parents are trimmed before children. */
  parent: EntitlementName.nullable().default(null),
  /** null: an item counts one. total: an amount each item of `of` has, the sum is limited. each: an amount each item of `of` has, each is capped. */
  measure: z
    .strictObject({ of: EntitlementName, as: z.enum(['total', 'each']) })
    .nullable()
    .default(null),
  /** Whether it can hang on another item and be taken off again (templates). */
  attachable: z.boolean().default(false),
});
export type ResourceKind = z.infer<typeof ResourceKind>;
