/** How a meter's quota behaves; part of a plan item and of its grants. */
export interface QuotaPolicy {
  /** Percent of the granted amount at which people are told, ascending. */
  thresholds: number[];
  /** Units beyond the granted amount that are still admitted. */
  tolerance: number;
}

export const DEFAULT_QUOTA_POLICY: QuotaPolicy = { thresholds: [80, 100], tolerance: 0 };
