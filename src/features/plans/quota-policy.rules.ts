import type { ItemPolicy, QuotaItem } from './policies';

/** How a meter behaves: every policy of a plan's item, decided. */
export type MeterPolicy = Omit<QuotaItem, 'amount' | 'overage'> & {
  /** `admits`: so many units beyond the amount an organization agreed to pay for; absent: it did not. */
  overage: QuotaItem['overage'] & { admits?: number | 'unlimited' };
};

/** What plan items and grants hold. The first catalogs kept their thresholds beside the other fields. */
export type StoredPolicy = ItemPolicy & {
  thresholds?: number[];
  /** Of a rule that is to come: from when it may be spoken of. */
  announceAt?: string;
};

/** The defaults of policies.ts, which a stored policy may lack. */
export const DEFAULT_POLICY: MeterPolicy = {
  enforcement: 'hard',
  tolerance: 0,
  notice: {
    thresholds: [80, 100],
    remaining: [],
    forecastDays: 14,
    recipients: ['assignees', 'admins', 'owner'],
    channels: ['banner', 'bot'],
  },
  activation: 'now',
  immediately: 0,
  reason: null,
  countEvent: null,
  period: 'month',
  releaseOn: 'none',
  onExhausted: 'block',
  rollover: null,
  allocation: 'none',
  overage: { mode: 'none', dimension: null },
};

/** A policy as it was stored at any time, whole. What it does not know it leaves at the default; it never fails. */
export function wholePolicy({ thresholds, announceAt: _announced, notice, ...given }: StoredPolicy): MeterPolicy {
  const told = { ...DEFAULT_POLICY.notice, ...(thresholds && { thresholds }), ...notice };
  return { ...DEFAULT_POLICY, ...given, notice: { ...told, thresholds: [...told.thresholds].sort((a, b) => a - b) } };
}

/** A policy with single fields replaced, each named by its path: `tolerance`, `notice.thresholds`. */
export function withOverrides(policy: MeterPolicy, overrides: readonly { field: string; value: unknown }[]): MeterPolicy {
  const changed: Record<string, unknown> = { ...policy };
  for (const { field, value } of overrides) {
    const [name, inner] = field.split('.') as [string, string | undefined];
    changed[name] = inner ? { ...(changed[name] as object), [inner]: value } : value;
  }
  return changed as MeterPolicy;
}

/** Units beyond the amount that are admitted because Microsoft bills them; null = without limit, 0 = none: not in the plan, or not agreed to. */
export function overageAdmitted({ overage: { mode, admits = 0 } }: Pick<MeterPolicy, 'overage'>): number | null {
  if (mode === 'none') return 0;
  return admits === 'unlimited' ? null : admits;
}
