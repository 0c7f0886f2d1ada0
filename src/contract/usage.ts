import { z } from 'zod';
import { Instant } from './common';
import { Meter } from './meters';

export const GrantView = z.object({
  source: z.enum(['plan', 'addon', 'support', 'trial', 'rollover', 'transition']),
  /** Units; null = unlimited. */
  amount: z.number().int().nullable(),
  state: z.enum(['pending', 'active', 'voided', 'expired']),
  reason: z.string().nullable(),
});

export const MeterUsage = z.object({
  meter: Meter,
  /** Sum of all grants; null = unlimited. */
  entitled: z.number().int().nullable(),
  /** Sum of the active grants; null = unlimited. */
  available: z.number().int().nullable(),
  /** What admission compares with: available plus tolerance; null = unlimited. */
  limit: z.number().int().nullable(),
  used: z.number().int(),
  held: z.number().int(),
  remaining: z.number().int().nullable(),
  periodStart: Instant,
  resetsAt: Instant,
  state: z.enum(['open', 'warning', 'exhausted']),
  /** The highest notice this person is to see as a banner and has not dismissed. */
  notice: z.object({ key: z.string(), threshold: z.number().int() }).nullable(),
  grants: z.array(GrantView),
});
export type MeterUsage = z.infer<typeof MeterUsage>;

export const Usage = z.object({ asOf: Instant, timeZone: z.string(), meters: z.array(MeterUsage) });
export type Usage = z.infer<typeof Usage>;

export const NoticeDismissal = z.strictObject({ key: z.string().min(1).max(200) });
