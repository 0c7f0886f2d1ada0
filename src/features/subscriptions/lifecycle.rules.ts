import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';

/** What the marketplace announces. Source: SaaS fulfillment API v2, webhook; more may come. */
export const MARKETPLACE_ACTIONS = ['Subscribe', 'ChangePlan', 'ChangeQuantity', 'Renew', 'Suspend', 'Reinstate', 'Unsubscribe'] as const;
export type MarketplaceAction = (typeof MARKETPLACE_ACTIONS)[number];

/** Whatever joins its words. One lifecycle passage of the source writes Suspended for Suspend; unknown actions are null. */
export function actionOf(word: string): MarketplaceAction | null {
  const plain = word.replace(/[-_\s]/gu, '').toLowerCase();
  if (plain === 'suspended') return 'Suspend';
  return MARKETPLACE_ACTIONS.find((action) => action.toLowerCase() === plain) ?? null;
}

/** These wait for the publisher's word. */
export const awaitsAnswer = (action: MarketplaceAction | null): boolean => action === 'Reinstate' || isChange(action);
/** Of these alone the publisher may say no. */
export const isChange = (action: MarketplaceAction | null): boolean => action === 'ChangePlan' || action === 'ChangeQuantity';

/** Of a reinstatement and of what we asked for ourselves the answer is a courtesy: nobody waits for it. */
export const isCourtesy = (action: MarketplaceAction | null, source: string | null): boolean =>
  !isChange(action) || source?.toLowerCase() === 'partner';

/** What the marketplace has not finished with. */
export const isUnderWay = ({ status }: { status: string }): boolean => status === 'NotStarted' || status === 'InProgress';
export const hasFailed = ({ status }: { status: string }): boolean => status === 'Failed' || status === 'Conflict';

/** The status after an action; for a missing pair the status is taken from Get subscription. Source: SaaS life cycle. */
const NEXT: Record<SubscriptionStatus, Partial<Record<MarketplaceAction, SubscriptionStatus>>> = {
  PendingFulfillmentStart: { Subscribe: 'Subscribed', Unsubscribe: 'Unsubscribed' },
  Subscribed: {
    ChangePlan: 'Subscribed',
    ChangeQuantity: 'Subscribed',
    Renew: 'Subscribed',
    Suspend: 'Suspended',
    Unsubscribe: 'Unsubscribed',
  },
  Suspended: { Reinstate: 'Subscribed', Unsubscribe: 'Unsubscribed' },
  Unsubscribed: {},
};

export const nextStatus = (before: SubscriptionStatus, action: MarketplaceAction): SubscriptionStatus | null =>
  NEXT[before][action] ?? null;

/**
 * The status to hold after the marketplace's own word. Unsubscribed is final, and nothing becomes a mere purchase again:
 * an answer that says so is an old one. null before: the first word we hear.
 */
export function adoptedStatus(before: SubscriptionStatus | null, truth: SubscriptionStatus): SubscriptionStatus {
  if (before === null) return truth;
  if (before === 'Unsubscribed' || truth === 'PendingFulfillmentStart') return before;
  return truth;
}

/** Whether a subscription gives its organization a place in the usage calendar: the anchor stays while one does. */
export const keepsAnchor = (status: SubscriptionStatus | null): boolean => status === 'Subscribed' || status === 'Suspended';

interface HeldTerm {
  status: SubscriptionStatus;
  termStart: Date | null;
  termEnd: Date | null;
}

/**
 * The term after the marketplace's word; its silence takes none away. Where it states no dates at all, the term began when its
 * renewal was announced (`renewedAt`), of which the same announcement again says nothing new.
 */
export function adoptedTerm(
  before: (Omit<HeldTerm, 'status'> & { activatedAt: Date | null }) | null,
  truth: HeldTerm,
  renewedAt: Date | null,
): Omit<HeldTerm, 'status'> {
  const begunAt = before && (before.termStart ?? before.activatedAt);
  const isSilent = truth.status === 'Subscribed' && truth.termStart === null && truth.termEnd === null;
  if (isSilent && renewedAt !== null && begunAt && renewedAt > begunAt) return { termStart: renewedAt, termEnd: null };
  return { termStart: truth.termStart ?? before?.termStart ?? null, termEnd: truth.termEnd ?? before?.termEnd ?? null };
}

/**
 * Whether a change shows that somebody paid: the next term has begun, or a suspension for want of payment is over. The first
 * activation shows nothing: it comes before any bill. `action`: what announced it; of a term without an end only a renewal tells
 * that it is the next one.
 */
export function isPaid(before: HeldTerm | null, after: HeldTerm, action: MarketplaceAction | null): boolean {
  if (before === null || after.status !== 'Subscribed') return false;
  if (before.status === 'Suspended') return true;
  if (action === 'Renew' && after.termEnd === null) return after.termStart?.getTime() !== before.termStart?.getTime();
  return before.status === 'Subscribed' && before.termEnd !== null && after.termEnd !== null && after.termEnd > before.termEnd;
}

/** Preview purchases carry the offer's id with this ending. */
export const offerOf = (offerId: string): string => offerId.replace(/-preview$/u, '');

export type EventAnswer = 'accept' | 'refuse' | 'note';

/** Numbers that a plan is sold in; null: it is sold without. */
export type Bounds = { min: number; max: number } | null;

/** What is held when a change is announced. */
export interface HeldAtChange {
  planId: string;
  quantity: number | null;
  role: 'base' | 'addon';
  /** Whether the version held lets itself be changed. */
  isChangeable: boolean;
  /** Of the version held. */
  bounds: Bounds;
  /** We refused it and the marketplace put it through: the way back is open. */
  isForced: boolean;
}

/**
 * Why a change at the marketplace is refused, by what is known here; null: it is not. Never what is held already: so a refused change
 * is taken back. Fewer licenses than assigned are no reason: nobody is cut silently, and the plan's grace lets an admin choose.
 */
export function refusalOf(
  wanted: {
    action: MarketplaceAction | null;
    planId: string | null;
    quantity: number | null;
    /** Of the plan wanted; null: it is not sold. */
    role: 'base' | 'addon' | null;
    /** Of the plan wanted. */
    bounds: Bounds;
  },
  held: HeldAtChange | null,
): Refusal | null {
  const { action, planId, quantity, role, bounds } = wanted;
  if (action === 'ChangePlan' && planId !== null && planId !== held?.planId) {
    if (role === null) return { code: 'plan_unknown', planId };
    if (held === null || held.isForced) return null;
    if (role !== held.role) return { code: 'change_not_allowed', reason: role === 'addon' ? 'is_addon' : 'is_base', toPlanId: planId };
    if (!held.isChangeable) return { code: 'change_not_allowed', reason: 'no_changes', toPlanId: planId };
    return outOf(bounds, quantity ?? held.quantity);
  }
  if (action === 'ChangeQuantity' && quantity !== null && held !== null && quantity !== held.quantity && !held.isForced) {
    if (!held.isChangeable) return { code: 'change_not_allowed', reason: 'no_changes', toPlanId: held.planId };
    return outOf(held.bounds, quantity);
  }
  return null;
}

function outOf(bounds: Bounds, quantity: number | null): Refusal | null {
  const isWithin = bounds === null || quantity === null || (quantity >= bounds.min && quantity <= bounds.max);
  return isWithin ? null : { code: 'quantity_out_of_bounds', quantity, ...bounds };
}

/** How often an event is looked at again before the marketplace's state is taken although it does not show the event. */
const LOOKS = 5;
/** The same for a change that was answered and that the marketplace never closes: about as long as it repeats its webhooks. */
const LOOKS_AT_OPEN = 60;

/** Whether an event that cannot be applied here is left to the hourly repair, which shows it as drift. */
export const isLeftToRepair = (attempts: number): boolean => attempts >= LOOKS;

export interface SeenEvent {
  action: MarketplaceAction | null;
  /** The status held before this look; null: the subscription was not known here. */
  before: SubscriptionStatus | null;
  /** null: the marketplace knows no such operation, as it may be with notices. */
  operation: {
    status: 'NotStarted' | 'InProgress' | 'Succeeded' | 'Failed' | 'Conflict';
    planId: string | null;
    quantity: number | null;
    source: string | null;
  } | null;
  /** Whether the operation has had our answer. */
  isAnswered: boolean;
  /** null: the marketplace does not know the subscription. */
  truth: { status: SubscriptionStatus; planId: string; quantity: number | null; termEnd: Date | null } | null;
  /** How often the event was taken up, this time included. */
  attempts: number;
  receivedAt: Date;
}

/** Whether nothing more is to be expected of an event: the marketplace may need a while until its own state shows it. */
export function isSettled({ action, before, operation, isAnswered, truth, attempts, receivedAt }: SeenEvent): boolean {
  if (action === null) return true;
  if (operation && isUnderWay(operation) && awaitsAnswer(action)) {
    // What was answered may stay open for ever, as after a courtesy that was not taken: the state itself was adopted all the same.
    return isAnswered && attempts >= (isCourtesy(action, operation.source) ? LOOKS : LOOKS_AT_OPEN);
  }
  if ((operation && hasFailed(operation)) || attempts >= LOOKS) return true;
  if (truth === null || truth.status !== (nextStatus(before ?? 'PendingFulfillmentStart', action) ?? truth.status)) return false;
  // A term that was over when its renewal was announced is not the new one.
  if (action === 'Renew') return truth.termEnd === null || truth.termEnd >= receivedAt;
  if (!isChange(action)) return true;
  if (operation === null) return false;
  return action === 'ChangePlan' ? shows(operation.planId, truth.planId) : shows(operation.quantity, truth.quantity);
}

const shows = <T>(wanted: T | null, held: T | null): boolean => wanted === null || wanted === held;
