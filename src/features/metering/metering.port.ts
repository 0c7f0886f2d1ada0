/** Units of one dimension used in one clock hour. Source: marketplace metering service API, usage event. */
export interface UsageEvent {
  /** The marketplace's id of the subscription. */
  resourceId: string;
  dimension: string;
  planId: string;
  /** A decimal number above 0, as JSON writes it. */
  quantity: string;
  /** Within the hour; at most 24 hours old. */
  effectiveAt: Date;
}

/** What the metering service says to one event. Whatever it may add later counts as Error: not decided. */
export const USAGE_STATUSES = [
  'Accepted',
  'Duplicate',
  'Expired',
  'Error',
  'ResourceNotFound',
  'ResourceNotAuthorized',
  'ResourceNotActive',
  'InvalidDimension',
  'InvalidQuantity',
  'BadArgument',
] as const;
export type UsageStatus = (typeof USAGE_STATUSES)[number];

export interface UsageOutcome {
  status: UsageStatus;
  /** As it was said, should it be a word we do not know. */
  said: string;
  usageEventId: string | null;
  /** Of Accepted and Duplicate: what stands in the marketplace's books for this hour; null: it does not say. */
  acceptedQuantity: string | null;
  message: string | null;
}

/** One line of the marketplace's own account of a day. */
export interface UsageOfDay {
  /** YYYY-MM-DD, UTC. */
  day: string;
  resourceId: string;
  dimension: string;
  planId: string;
  reconStatus: string;
  submitted: string;
  processed: string;
}

/** The marketplace's own account of days. */
export interface UsageAccount {
  lines: UsageOfDay[];
  /** Purchases of which it says what we cannot read; null: we cannot even read of which. */
  unclear: (string | null)[];
}

/** More in one call are refused as a whole. */
export const MOST_EVENTS = 25;

/** Microsoft's metering service. Every method throws MarketplaceUnavailable, after which anything may have been booked. */
export interface Metering {
  /** At most 25 events; one outcome for each, in their order. */
  reportUsage(events: readonly UsageEvent[], correlationId: string): Promise<UsageOutcome[]>;
  /** What it holds of the days from `from` until before `until`, YYYY-MM-DD. */
  readUsage(days: { from: string; until: string }): Promise<UsageAccount>;
}
