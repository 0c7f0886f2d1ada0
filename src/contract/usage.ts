import { z } from 'zod';
import { Instant } from './common';
import { Meter, StockMeter } from './meters';

export const GrantView = z.object({
  source: z.enum(['plan', 'addon', 'support', 'trial', 'rollover', 'transition']),
  /** Units; null = unlimited. */
  amount: z.number().int().nullable(),
  state: z.enum(['upcoming', 'pending', 'active', 'expired', 'voided']),
  reason: z.string().nullable(),
});

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
  /** exhausted: nothing more is admitted; over: more was admitted than is available, because the plan only tells. */
  state: z.enum(['open', 'warning', 'over', 'exhausted']),
  /** The highest notice this person is to see as a banner and has not dismissed. */
  notice: z.object({ key: z.string(), threshold: z.number().int() }).nullable(),
  grants: z.array(GrantView),
});

export const MeterUsage = z.object({ meter: Meter, ...Standing.shape, periodStart: Instant, resetsAt: Instant });
export type MeterUsage = z.infer<typeof MeterUsage>;

/** Of what is held now; freeing a place frees it at once. */
export const LimitUsage = z.object({ meter: StockMeter, ...Standing.shape });
export type LimitUsage = z.infer<typeof LimitUsage>;

export const Usage = z.object({ asOf: Instant, timeZone: z.string(), meters: z.array(MeterUsage), limits: z.array(LimitUsage) });
export type Usage = z.infer<typeof Usage>;

export const NoticeDismissal = z.strictObject({ key: z.string().min(1).max(200) });
