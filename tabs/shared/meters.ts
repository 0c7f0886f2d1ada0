import type { Meter } from '../../src/contract/meters';

/** In the order in which they are shown. */
export const METERS: readonly Meter[] = ['tickets', 'checklists', 'opportunities'];
