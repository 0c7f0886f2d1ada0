import { invariant } from '../../platform/invariant';

/** Money is integer minor units of its currency; a fraction exists only between two integers, exactly. */

/** A part of one period at one price. Lengths are whole days or seconds. */
export interface Segment {
  priceMinor: number;
  length: number;
}

/**
 * What each part of a period of `total` units costs. Sums are rounded, not parts: line i is R(cᵢ/total) − R(cᵢ₋₁/total) with
 * cᵢ = Σ price·length, so that all lines together are the rounded exact sum and no cent is lost (G5).
 */
export function prorate(segments: readonly Segment[], total: number): number[] {
  let exact = 0n;
  let before = 0;
  return segments.map(({ priceMinor, length }) => {
    exact += whole(priceMinor) * whole(length);
    const until = roundHalfUp(exact, whole(total));
    const line = until - before;
    before = until;
    return line;
  });
}

/** What was used of a period paid whole, and what of it goes back; together the price, to the cent. */
export function refundOf(priceMinor: number, usedUnits: number, totalUnits: number): { usedMinor: number; refundMinor: number } {
  invariant(usedUnits <= totalUnits, 'not more of a period is used than it has');
  const [usedMinor] = prorate([{ priceMinor, length: usedUnits }], totalUnits);
  return { usedMinor: usedMinor!, refundMinor: priceMinor - usedMinor! };
}

/**
 * Shares of `total` in proportion to the weights, in whole units, together exactly `total`. What rounding down leaves goes to the
 * largest remainders, among equal ones to the first. Weights that are all 0 share alike.
 */
export function largestRemainder(weights: readonly number[], total: number): number[] {
  if (weights.length === 0) return [];
  const given = weights.map(whole);
  const parts = given.some((weight) => weight > 0n) ? given : given.map(() => 1n);
  const sum = parts.reduce((all, weight) => all + weight, 0n);
  const shares = parts.map((weight) => (weight * whole(total)) / sum);
  const left = Number(whole(total) - shares.reduce((all, share) => all + share, 0n));
  const remainders = parts.map((weight, index) => ({ index, remainder: (weight * whole(total)) % sum }));
  // Equal ones keep their order.
  remainders.sort((a, b) => Number(b.remainder - a.remainder));
  const raised = new Set(remainders.slice(0, left).map(({ index }) => index));
  return shares.map((share, index) => Number(share) + (raised.has(index) ? 1 : 0));
}

/** How a tax stands to the prices: contained in them, or added. The rate in basis points: 1900 are 19 %. */
export interface Tax {
  basisPoints: number;
  included: boolean;
}

/** Net, tax and gross of a sum of prices; a negative sum mirrors the positive one, so that what went back takes its tax along. */
export function taxed(sumMinor: number, { basisPoints, included }: Tax): { netMinor: number; taxMinor: number; grossMinor: number } {
  const sign = sumMinor < 0 ? -1 : 1;
  const sum = Math.abs(sumMinor);
  const per = included ? 10_000 + basisPoints : 10_000;
  const taxMinor = roundHalfUp(whole(sum) * whole(basisPoints), whole(per));
  const netMinor = included ? sum - taxMinor : sum;
  const signed = (amount: number) => (amount === 0 ? 0 : sign * amount);
  return { netMinor: signed(netMinor), taxMinor: signed(taxMinor), grossMinor: signed(netMinor + taxMinor) };
}

function roundHalfUp(numerator: bigint, denominator: bigint): number {
  invariant(denominator > 0n, 'a period has a length');
  return Number((2n * numerator + denominator) / (2n * denominator));
}

function whole(value: number): bigint {
  invariant(Number.isSafeInteger(value) && value >= 0, `${value} is a whole number from 0`);
  return BigInt(value);
}
