import { z } from 'zod';

/** What a plan counts per usage period. One word everywhere: catalog, table, API, screen. */
export const METERS = ['tickets', 'checklists', 'opportunities'] as const;
export const Meter = z.enum(METERS);
export type Meter = z.infer<typeof Meter>;

/** Something of which a plan limits what is held now: teams, a kind of resources. Its name is the catalog's. */
export const StockMeter = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/u);
export type StockMeter = z.infer<typeof StockMeter>;

/** Without limit where a plan says nothing of them; everything else is then not part of the plan. */
export const FREE_UNLESS_LIMITED: readonly StockMeter[] = ['active_members', 'teams'];

export const isPeriodMeter = (meter: string): meter is Meter => (METERS as readonly string[]).includes(meter);
