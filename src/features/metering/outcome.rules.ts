import type { UsageOutcome, UsageStatus } from './metering.port';
import { atMost, type Quantity, quantityOf } from './quantity.rules';

export type ReportState = 'queued' | 'in_flight' | 'unsure' | 'accepted' | 'expired' | 'refused' | 'lost';

/** What becomes of a report. Its units are told when accepted, and due again when expired or refused. */
export interface Settlement {
  /** in_flight: not decided, asked again. */
  state: Extract<ReportState, 'in_flight' | 'unsure' | 'accepted' | 'expired' | 'refused'>;
  accepted: Quantity | null;
  differs: boolean;
  /** The publisher's people have to know. */
  alerts: boolean;
  /** No repetition mends it: the subscription's meter rests until they say so. */
  stops: boolean;
}

/** What each status means to us. Source: marketplace metering service API, batch usage event. */
const MEANING: Record<UsageStatus, Pick<Settlement, 'state' | 'alerts' | 'stops'>> = {
  Accepted: { state: 'accepted', alerts: false, stops: false },
  Duplicate: { state: 'accepted', alerts: false, stops: false },
  Expired: { state: 'expired', alerts: true, stops: false },
  Error: { state: 'in_flight', alerts: false, stops: false },
  // Suspended there and not known here yet: the next hour tries again.
  ResourceNotActive: { state: 'refused', alerts: true, stops: false },
  ResourceNotFound: { state: 'refused', alerts: true, stops: true },
  ResourceNotAuthorized: { state: 'refused', alerts: true, stops: true },
  InvalidDimension: { state: 'refused', alerts: true, stops: true },
  InvalidQuantity: { state: 'refused', alerts: true, stops: true },
  BadArgument: { state: 'refused', alerts: true, stops: true },
};

/** Whatever stands in the marketplace's books for the hour is the truth; the rest is due again. */
export function settlementOf(
  { status, acceptedQuantity }: Pick<UsageOutcome, 'status' | 'acceptedQuantity'>,
  quantity: Quantity,
): Settlement {
  const meaning = MEANING[status];
  if (meaning.state !== 'accepted') return { ...meaning, accepted: null, differs: false };
  // The hour is taken, by how much only its own account of the day tells.
  if (acceptedQuantity === null && status === 'Duplicate')
    return { state: 'unsure', accepted: null, differs: false, alerts: true, stops: false };
  const accepted = acceptedQuantity === null ? quantity : quantityOf(acceptedQuantity);
  const differs = accepted !== quantity;
  return { ...meaning, accepted, differs, alerts: differs };
}

/**
 * Reports of one day that were sent and never answered, settled by the marketplace's account of that day: what it holds beyond the
 * answered ones was accepted of these, the oldest first. null: left open. What an account in doubt does not show may be in it all
 * the same, so nothing is sent a second time on its word.
 */
export function settledByDay(
  unsure: readonly Quantity[],
  { submitted, answered, isInDoubt = false }: { submitted: Quantity; answered: Quantity; isInDoubt?: boolean },
): (Quantity | null)[] {
  let left = submitted > answered ? submitted - answered : 0n;
  return unsure.map((quantity) => {
    const accepted = atMost(quantity, left);
    left -= accepted;
    return isInDoubt && accepted < quantity ? null : accepted;
  });
}

const PAUSES_MS = [60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];

/** How long after a sending that was not answered it is repeated. */
export const pauseAfter = (attempts: number): number => PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1] ?? PAUSES_MS[0]!;
