import { z } from 'zod';

/** What a plan counts. One word everywhere: catalog, table, API, screen. */
export const METERS = ['tickets', 'checklists', 'opportunities'] as const;
export const Meter = z.enum(METERS);
export type Meter = z.infer<typeof Meter>;
