import type { LeftOut, ListedSubscription, MarketplacePerson, MarketplaceSubscription } from './marketplace.port';
import type { SubscriptionRow } from './subscriptions.store';

/** One fact on which we and the marketplace do not agree, in words. */
export interface Difference {
  field: string;
  ours: string | null;
  theirs: string | null;
}

/** Why a subscription is not as the marketplace says. */
export type DriftCause =
  /** A webhook was lost or is late. */
  | 'differs'
  /** It was bought and begun without us. */
  | 'unknown_here'
  /** We hold it, and the marketplace says that there is none. */
  | 'unknown_there'
  /** The catalog does not sell what the marketplace sold. */
  | 'plan_unknown'
  /** It names no organization. */
  | 'owner_unknown'
  /** It could not be looked at: the marketplace, or a fault of ours. */
  | 'not_read';

/** The marketplace's silence on these changes nothing of what we hold. */
const MAY_BE_SILENT = new Set(['quantity', 'termUnit', 'termStart', 'termEnd']);

/** In which facts a subscription that we hold is not what the marketplace says. */
export function differencesOf(held: SubscriptionRow, truth: MarketplaceSubscription): Difference[] {
  if (held.status === 'Unsubscribed' && (truth.status === 'Unsubscribed' || truth.unknownStatus)) return [];
  const [ours, theirs] = [factsOf(held), factsOf(truth)];
  return Object.keys(theirs).flatMap((field) => {
    const [mine, said] = [ours[field]!, theirs[field]!];
    return mine === said || (said === null && MAY_BE_SILENT.has(field)) ? [] : [{ field, ours: mine, theirs: said }];
  });
}

/** An entry of the list as the whole subscription would be: what it leaves out is as we hold it, and no difference. */
export function completed(held: SubscriptionRow, { leftOut = [], ...listed }: ListedSubscription): MarketplaceSubscription {
  const ours: Pick<MarketplaceSubscription, LeftOut> = held;
  return {
    ...listed,
    ...Object.fromEntries(leftOut.map((field) => [field, ours[field]])),
    purchaser: completedPerson(listed.purchaser, held.purchaser),
    beneficiary: completedPerson(listed.beneficiary, held.beneficiary),
  };
}

const completedPerson = (said: MarketplacePerson, ours: MarketplacePerson): MarketplacePerson => ({
  tenantId: said.tenantId ?? ours.tenantId,
  objectId: said.objectId ?? ours.objectId,
  address: said.address ?? ours.address,
});

type Comparable = Omit<MarketplaceSubscription, 'id' | 'purchasedAt'>;

function factsOf(one: Comparable): Record<string, string | null> {
  return {
    status: one.unknownStatus ?? one.status,
    planId: one.planId,
    quantity: one.quantity?.toString() ?? null,
    name: one.name,
    offerId: one.offerId,
    termUnit: one.termUnit,
    termStart: one.termStart?.toISOString() ?? null,
    termEnd: one.termEnd?.toISOString() ?? null,
    autoRenew: String(one.autoRenew),
    isFreeTrial: String(one.isFreeTrial),
    allowedOperations: [...one.allowedOperations].sort().join(' '),
    purchaser: personIn(one.purchaser),
    beneficiary: personIn(one.beneficiary),
  };
}

const personIn = ({ tenantId, objectId, address }: MarketplaceSubscription['purchaser']): string =>
  [tenantId, objectId, address].map((part) => part ?? '–').join(' ');

/**
 * Of purchases that a list lacks, in which order they are asked for: those a run did not reach or could not read, longest ago first;
 * then those of which nothing is noted, which are new or were found in order; then the others.
 */
export function askedFirst(a: { why: DriftCause; lastAt: Date } | undefined, b: { why: DriftCause; lastAt: Date } | undefined): number {
  const turn = (seen: typeof a) => (seen === undefined ? 1 : seen.why === 'not_read' ? 0 : 2);
  return turn(a) - turn(b) || (a?.lastAt.getTime() ?? 0) - (b?.lastAt.getTime() ?? 0);
}

const DAY_MS = 86_400_000;
/** A purchase that nobody activates lapses then. Source: SaaS life cycle. */
const LAPSES_AFTER_MS = 30 * DAY_MS;

export const lapsesAt = (purchasedAt: Date): Date => new Date(purchasedAt.getTime() + LAPSES_AFTER_MS);

/** What was bought then or before has lapsed by now. */
export const lapsedBefore = (at: Date): Date => new Date(at.getTime() - LAPSES_AFTER_MS);

/** When the publisher is told that a purchase still waits for its activation: soon enough to help, then before it lapses. */
export type ActivationReport = 'two_days' | 'week_left' | 'day_left';

/** The report that is due now; null: too early, or too late to do anything. */
export function dueReport(purchasedAt: Date, at: Date): ActivationReport | null {
  const leftMs = lapsesAt(purchasedAt).getTime() - at.getTime();
  if (leftMs <= 0) return null;
  if (leftMs <= DAY_MS) return 'day_left';
  if (leftMs <= 7 * DAY_MS) return 'week_left';
  return leftMs <= LAPSES_AFTER_MS - 2 * DAY_MS ? 'two_days' : null;
}
