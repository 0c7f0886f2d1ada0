import { z } from 'zod';
import { Id, Instant } from './common';
import { Meter, StockMeter } from './meters';

/** suspended: its subscription does not count at the moment. */
export const GrantState = z.enum(['upcoming', 'pending', 'active', 'suspended', 'expired', 'voided']);

export const GrantView = z.object({
  source: z.enum(['plan', 'addon', 'support', 'trial', 'rollover', 'transition']),
  /** Units; null = unlimited. */
  amount: z.number().int().nullable(),
  state: GrantState,
  reason: z.string().nullable(),
});

/** Of a quota beyond whose amount an organization agreed to be billed. */
export const OverageShown = z.object({
  /** Used beyond the included amount in this period. */
  units: z.number().int(),
  /** How many are admitted beyond it; null = as many as are used. */
  admits: z.number().int().nullable(),
  billedBy: z.literal('Microsoft'),
  words: z.string(),
});
export type OverageShown = z.infer<typeof OverageShown>;

/** How something limited stands, as admission sees it. */
const Standing = z.object({
  /** Sum of all grants; null = unlimited. */
  entitled: z.number().int().nullable(),
  /** Sum of the active grants; null = unlimited. */
  available: z.number().int().nullable(),
  /** What use is compared with: available plus tolerance; null = unlimited. */
  limit: z.number().int().nullable(),
  used: z.number().int(),
  held: z.number().int(),
  remaining: z.number().int().nullable(),
  /**
   * each: a limit on every single item. `used` is the largest that is held now, `remaining` what that one may still grow by, and it
   * is never exhausted by others.
   */
  counts: z.enum(['all', 'each']),
  /** exhausted: nothing more is admitted; over: more was admitted than is available, because the plan only tells. */
  state: z.enum(['open', 'warning', 'over', 'exhausted']),
  /** The highest notice this person is to see as a banner and has not dismissed. */
  notice: z
    .object({ key: z.string(), kind: z.enum(['threshold', 'remaining', 'forecast', 'advice']), threshold: z.number().int() })
    .nullable(),
  /** Why less is available than is owed, for the reader; null while both are the same. */
  pendingWords: z.string().nullable(),
  /** Absent unless it was agreed to. */
  overage: OverageShown.optional(),
  grants: z.array(GrantView),
});

export const MeterUsage = z.object({ meter: Meter, ...Standing.shape, periodStart: Instant, resetsAt: Instant });
export type MeterUsage = z.infer<typeof MeterUsage>;

/** Of what is held now; freeing a place frees it at once. */
export const LimitUsage = z.object({ meter: StockMeter, ...Standing.shape });
export type LimitUsage = z.infer<typeof LimitUsage>;

/** A larger plan would fit, because a limit was hit so often; for those who manage the plan. */
export const Advice = z.object({ meter: z.string(), hits: z.number().int(), periods: z.number().int(), words: z.string() });
export type Advice = z.infer<typeof Advice>;

export const Usage = z.object({
  asOf: Instant,
  timeZone: z.string(),
  meters: z.array(MeterUsage),
  limits: z.array(LimitUsage),
  advice: z.array(Advice),
});
export type Usage = z.infer<typeof Usage>;

/**
 * How long a meter lasts at the pace of the last weeks. `at` is the likely instant, `from` and `until` the band: the fastest and the
 * slowest of those weeks. null until: at the slowest pace it lasts.
 */
export const Forecast = z.object({
  state: z.enum(['too_early', 'unlimited', 'lasts', 'runs_out', 'exhausted']),
  perDay: z.number().nullable(),
  from: Instant.nullable(),
  at: Instant.nullable(),
  until: Instant.nullable(),
  words: z.string(),
});
export type Forecast = z.infer<typeof Forecast>;

/** One grant as the reader may know it: what it comes from, what it is now, why, and when that changes. */
export const GrantExplained = z.object({
  source: GrantView.shape.source,
  name: z.string(),
  amount: z.number().int().nullable(),
  state: GrantState,
  reason: z.string().nullable(),
  effectiveAt: Instant,
  expiresAt: Instant.nullable(),
  unlock: z.string().nullable(),
});

/** Everything behind the numbers of a meter at an instant; the sum of the grants is what is entitled and available (G10). */
export const Explanation = z.object({
  meter: z.string(),
  name: z.string(),
  asOf: Instant,
  ...Standing.omit({ notice: true, grants: true }).shape,
  /** hard: refuses at the limit; soft and warn: never. */
  enforcement: z.enum(['hard', 'soft', 'warn']),
  /** null: of what is held now. */
  period: z.object({ start: Instant, end: Instant }).nullable(),
  /** Entitled and not available yet; null = unlimited. */
  pending: z.number().int().nullable(),
  words: z.string(),
  grants: z.array(GrantExplained),
  /** null for instants that are over. */
  forecast: Forecast.nullable(),
  /** Where the plan's rules for it are explained (HO-18). */
  help: z.string(),
});
export type Explanation = z.infer<typeof Explanation>;

export const ExplainQuery = z.object({ at: Instant.optional() });

/** Parts of a quota that teams have for themselves; the rest is everybody's. */
export const Shares = z.object({
  meter: Meter,
  /** Whether the plan lets admins give teams a share. */
  isPossible: z.boolean(),
  available: z.number().int().nullable(),
  unallocated: z.number().int().nullable(),
  shares: z.array(
    z.object({
      team: z.object({ id: Id, name: z.string() }),
      amount: z.number().int(),
      used: z.number().int(),
      remaining: z.number().int(),
    }),
  ),
});
export type Shares = z.infer<typeof Shares>;

/** null: the team has no share any more. */
export const ShareChange = z.strictObject({ amount: z.int().min(0).max(1_000_000_000_000).nullable() });

export const NoticeDismissal = z.strictObject({ key: z.string().min(1).max(200) });
