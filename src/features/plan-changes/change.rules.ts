import { FREE_UNLESS_LIMITED } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import { ok, type Result, refuse } from '../../platform/result';
import { isInArrears } from '../billing/mode.rules';
import type { Plan } from '../plans/plans';
import type { PriceItem } from '../plans/policies';

/** A subscription as far as a change of its plan looks at it. */
export interface Held {
  plan: Plan;
  source: 'marketplace' | 'direct';
  status: SubscriptionStatus;
  termUnit: string | null;
  /** When what is paid for ends; null: never activated. */
  termEnd: Date | null;
  quantity: number | null;
  /** What the marketplace lets the customer do; CSP purchases lack Update. */
  allowedOperations: readonly string[];
}

/** What is asked for. Left out: as it is. */
export interface Wanted {
  toPlanId: string;
  version?: number | undefined;
  term?: string | undefined;
  quantity?: number | undefined;
}

/** A change that has not ended. */
export interface OpenChange {
  changeId: string;
  toPlan: string;
  effectiveAt: Date;
}

export interface Decision {
  to: Plan;
  term: string;
  quantity: number | null;
  direction: 'upgrade' | 'downgrade';
  effective: 'now' | 'period_end';
  /** Whether a new term begins with it, at its full price. */
  restarts: boolean;
}

/** Whether a plan is sold by a number of licenses. */
export const isByNumber = ({ prices }: Pick<Plan, 'prices'>): boolean => prices.some(({ per }) => per === 'full_license');

export const priceFor = ({ prices }: Pick<Plan, 'prices'>, term: string | null): PriceItem | null =>
  prices.find((price) => price.term === term) ?? null;

/**
 * Whether a subscription may change as asked, and how. What is above is data, the rank: never price or name (TW-22, TW-27); of one
 * plan the larger number. The policy is that of the plan held: it is what was bought. `newest`: the version now sold, null: none.
 */
export function decideChange(held: Held, wanted: Wanted, newest: Plan | null, open: OpenChange | null): Result<Decision, Refusal> {
  const { plan: from } = held;
  const policy = from.policies.change;
  if (!newest) return refuse({ code: 'plan_unknown', planId: wanted.toPlanId });
  const isPinned = newest.planId === from.planId && (wanted.version ?? from.version) === from.version;
  if (!isPinned && (wanted.version ?? newest.version) !== newest.version)
    return refuse({ code: 'plan_version_unavailable', planId: newest.planId, version: wanted.version!, newest: newest.version });
  const to = isPinned ? from : newest;

  const barrier = barrierBetween(held, to);
  if (barrier) return notAllowed(barrier, to);
  if (held.status !== 'Subscribed') return refuse({ code: 'subscription_inactive', status: held.status });
  if (open)
    return refuse({ code: 'change_open', changeId: open.changeId, toPlanId: open.toPlan, effectiveAt: open.effectiveAt.toISOString() });

  const term = termOf(held, wanted, to);
  if (term !== held.termUnit && (policy.allowed !== 'any' || held.source === 'marketplace')) return termMismatch(held, term);
  if (!priceFor(to, term)) return termMismatch(held, term);

  const numbered = quantityOf(held, wanted, to);
  if (!numbered.ok) return numbered;
  const quantity = numbered.value;
  const isSamePlan = to.planId === from.planId && to.version === from.version;
  if (isSamePlan && quantity === held.quantity && term === held.termUnit) return notAllowed('same_plan', to);
  if (held.source === 'marketplace' && to.planId !== from.planId && quantity !== held.quantity) return notAllowed('one_at_a_time', to);

  const direction = isAbove(to, quantity, held) ? 'upgrade' : 'downgrade';
  // What is billed when the term is over has nothing to give back, and is divided then.
  const price = priceFor(from, held.termUnit);
  const isCountedLater = price !== null && isInArrears(price);
  const effective = waitsForBill(price, priceFor(to, term)!, term) ? 'period_end' : policy[direction].effective;
  const isFull = policy.proration === 'refund_and_full' || (direction === 'upgrade' && policy.upgrade.anchor === 'reset');
  return ok({
    to,
    term,
    quantity,
    direction,
    effective,
    restarts: effective === 'now' && ((isFull && !isCountedLater) || term !== held.termUnit),
  });
}

/**
 * Billed ahead and counted afterwards are never divided within one term: neither bill would know of the other. Nor does a term end
 * early whose count is still to be billed. What costs nothing has no bill to wait for.
 */
function waitsForBill(held: PriceItem | null, next: PriceItem, term: string): boolean {
  if (!held) return false;
  if (isInArrears(held)) return !isInArrears(next) || term !== held.term;
  return isInArrears(next) && held.minor > 0;
}

type Barrier = Extract<Refusal, { code: 'change_not_allowed' }>['reason'];

function barrierBetween({ plan: from, source, allowedOperations }: Held, to: Plan): Barrier | null {
  if (to.role !== from.role) return to.role === 'addon' ? 'is_addon' : 'is_base';
  if (to.offerId !== from.offerId || to.billing !== from.billing) return 'other_offer';
  if (from.policies.change.allowed === 'none') return 'no_changes';
  return source === 'marketplace' && !allowedOperations.includes('Update') ? 'by_partner' : null;
}

const notAllowed = (reason: Barrier, { planId }: Plan) => refuse({ code: 'change_not_allowed', reason, toPlanId: planId });

/** What is not named stays; a plan that is sold for one term only names it. */
function termOf({ termUnit }: Held, wanted: Wanted, to: Plan): string {
  const only = to.prices.length === 1 ? to.prices[0]!.term : null;
  return wanted.term ?? (priceFor(to, termUnit) ? termUnit : only) ?? termUnit ?? '';
}

const termMismatch = ({ termUnit, termEnd }: Held, wantedTerm: string) =>
  refuse({
    code: 'term_mismatch',
    term: termUnit,
    wantedTerm,
    offer: 'buy_new_at_renewal',
    renewsAt: termEnd?.toISOString() ?? null,
  });

function quantityOf(held: Held, { quantity }: Wanted, to: Plan): Result<number | null, Refusal> {
  if (!isByNumber(to))
    return quantity === undefined || quantity === 1 ? ok(null) : refuse({ code: 'quantity_out_of_bounds', quantity, min: 1, max: 1 });
  const { min, max } = to.policies.quantity ?? { min: 1, max: 10_000 };
  const number = quantity ?? held.quantity ?? min;
  return number >= min && number <= max ? ok(number) : refuse({ code: 'quantity_out_of_bounds', quantity: number, min, max });
}

/** Licenses that are given to people, of all subscriptions together. */
export interface GivenLicenses {
  /** null: unlimited. */
  purchased: number | null;
  taken: number;
}

/** More licenses given to people than a change leaves, and how long that is borne; null: they all have a place, or none are given. */
export function shortageAfter(
  { held, licenses }: { held: Pick<Held, 'plan' | 'quantity'>; licenses: GivenLicenses | null },
  { to, quantity }: Pick<Decision, 'to' | 'quantity'>,
): { taken: number; purchased: number; graceDays: number } | null {
  const { scope, full, graceDays } = to.policies.license;
  const before = placesOf(held.plan, held.quantity);
  const after = placesOf(to, quantity);
  if (scope !== 'user' || full === 'unlimited' || !licenses || licenses.purchased === null || before === null || after === null)
    return null;
  const purchased = licenses.purchased - before + after;
  return licenses.taken > purchased ? { taken: licenses.taken, purchased, graceDays } : null;
}

/** Places that a plan has for full licenses; null: unlimited. */
function placesOf({ policies: { license } }: Plan, quantity: number | null): number | null {
  if (license.scope !== 'user') return 0;
  return license.full === 'unlimited' ? null : license.full === 'quantity' ? (quantity ?? 0) : license.full;
}

function isAbove(to: Plan, quantity: number | null, held: Held): boolean {
  if (to.rank !== held.plan.rank) return to.rank > held.plan.rank;
  return (quantity ?? 1) > (held.quantity ?? 1);
}

/** The limit of what plans say nothing of: null = unlimited. */
export const limitUnsaid = (meter: string): number | null => (FREE_UNLESS_LIMITED.includes(meter) ? null : 0);

/** The plan of the lowest rank whose limits the highest use of the last periods would have kept; null: none. */
export function planThatFits(plans: readonly Plan[], term: string | null, peaks: ReadonlyMap<string, number>): Plan | null {
  const fits = (plan: Plan): boolean =>
    [...peaks].every(([meter, peak]) => {
      const item = plan.items.find(({ entitlement }) => entitlement === meter);
      const limit = item ? item.amount : limitUnsaid(meter);
      return limit === null || peak <= limit;
    });
  return [...plans].sort((a, b) => a.rank - b.rank).find((plan) => plan.role === 'base' && priceFor(plan, term) && fits(plan)) ?? null;
}
