import type { Plan, PlanItem } from '../plans/plans';
import { type StoredPolicy, wholePolicy } from '../plans/quota-policy.rules';
import type { GrantSource } from './limits.rules';

/** A part of what an item grants: of one amount a part may be there at once and the rest wait. */
export interface Portion {
  source: GrantSource;
  amount: number | null;
  activation: 'now' | 'on_payment' | 'manual';
  effectiveAt: Date;
  expiresAt: Date | null;
  policy: StoredPolicy;
}

interface Terms {
  effectiveAt: Date;
  expiresAt?: Date;
  quantity?: number | null;
  source?: 'plan' | 'addon';
  /** Units of it that the same purchase had available before; null = unlimited. */
  unlocked?: number | null;
}

/**
 * What an item of a plan becomes when it is bought. An add-on bought several times grants its amount as often; a quantity of a
 * plan is about its licenses. What was unlocked once does not wait again after a change. Before a new rule is enforced nothing
 * is limited by it: the limit is there as one that is coming.
 */
export function portionsOf(plan: Pick<Plan, 'role' | 'policies'>, item: PlanItem, terms: Terms): Portion[] {
  const { activation, immediately } = wholePolicy(item.policy);
  const source = terms.source ?? (plan.role === 'addon' ? 'addon' : 'plan');
  const times = plan.role === 'addon' ? (terms.quantity ?? 1) : 1;
  const amount = item.amount === null ? null : item.amount * times;
  const enforceFrom = plan.policies.transition && new Date(plan.policies.transition.enforceFrom);
  const isComing = enforceFrom !== null && enforceFrom > terms.effectiveAt;
  const policy = isComing ? { ...item.policy, announceAt: plan.policies.transition!.announceAt } : item.policy;
  const common = { source, policy, effectiveAt: isComing ? enforceFrom : terms.effectiveAt, expiresAt: terms.expiresAt ?? null };

  const coming: Portion[] = isComing
    ? [
        {
          source: 'transition',
          amount: null,
          activation: 'now',
          policy: item.policy,
          effectiveAt: terms.effectiveAt,
          expiresAt: enforceFrom,
        },
      ]
    : [];
  const { unlocked = 0 } = terms;
  const isThere = activation === 'now' || unlocked === null;
  const now = isThere ? amount : Math.min(Math.max(immediately * times, unlocked), amount ?? Number.POSITIVE_INFINITY);
  const waiting = isThere ? 0 : amount === null ? null : amount - now!;
  return [
    ...coming,
    ...(now !== 0 || waiting === 0 ? [{ ...common, amount: now, activation: 'now' as const }] : []),
    ...(waiting !== 0 ? [{ ...common, amount: waiting, activation }] : []),
  ];
}
