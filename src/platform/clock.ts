export interface Clock {
  now(): Date;
}

/** The machine's clock: what production counts by, and what tokens, cookies and leases always use. */
export const systemClock: Clock = { now: () => new Date() };
