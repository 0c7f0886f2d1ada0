import fc from 'fast-check';
import { largestRemainder, prorate, refundOf, taxed } from '../../../src/features/billing/money.rules';

const price = fc.integer({ min: 0, max: 1_000_000_000_00 });

/** The exact fraction as a string, so that nothing is lost on the way to compare it. */
const roundedExact = (numerator: bigint, denominator: bigint): number => {
  const [whole, rest] = [numerator / denominator, numerator % denominator];
  return Number(whole) + (rest * 2n >= denominator ? 1 : 0);
};

describe('prorate', () => {
  test('TW-29: 20/30 of 59.00 and 10/30 of 99.00 are 39.33 + 33.00 = 72.33', () => {
    const lines = prorate(
      [
        { priceMinor: 5900, length: 20 },
        { priceMinor: 9900, length: 10 },
      ],
      30,
    );
    expect(lines).toEqual([3933, 3300]);
  });

  test('TW-30: the same formula downward: 20/30 of 99.00 and 10/30 of 59.00 are 66.00 + 19.67', () => {
    const lines = prorate(
      [
        { priceMinor: 9900, length: 20 },
        { priceMinor: 5900, length: 10 },
      ],
      30,
    );
    expect(lines).toEqual([6600, 1967]);
  });

  test('a half cent is rounded up, once: 0.01 over two halves is 0.01 + 0.00', () => {
    const half = { priceMinor: 1, length: 1 };
    expect(prorate([half, half], 2)).toEqual([1, 0]);
  });

  test('G5: the lines sum to the rounded exact total, whatever the plans and their parts', () => {
    const segments = fc.array(fc.record({ priceMinor: price, length: fc.integer({ min: 0, max: 366 * 86_400 }) }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(segments, (given) => {
        const total = Math.max(
          1,
          given.reduce((sum, { length }) => sum + length, 0),
        );
        const exact = given.reduce((sum, { priceMinor, length }) => sum + BigInt(priceMinor) * BigInt(length), 0n);
        const lines = prorate(given, total);
        expect(lines).toHaveLength(given.length);
        expect(lines.reduce((sum, line) => sum + line, 0)).toBe(roundedExact(exact, BigInt(total)));
      }),
    );
  });

  test('G5: each line is within a cent of its exact amount and never negative', () => {
    const segments = fc.array(fc.record({ priceMinor: price, length: fc.integer({ min: 0, max: 366 }) }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(segments, (given) => {
        const total = Math.max(
          1,
          given.reduce((sum, { length }) => sum + length, 0),
        );
        prorate(given, total).forEach((line, index) => {
          const apart = BigInt(line) * BigInt(total) - BigInt(given[index]!.priceMinor) * BigInt(given[index]!.length);
          expect(line).toBeGreaterThanOrEqual(0);
          expect(apart >= -BigInt(total) && apart <= BigInt(total)).toBe(true);
        });
      }),
    );
  });

  test('G5: one plan cut anywhere, as often as one likes, sums to its price', () => {
    fc.assert(
      fc.property(price, fc.array(fc.integer({ min: 0, max: 86_400 }), { minLength: 1, maxLength: 30 }), (priceMinor, lengths) => {
        const total = lengths.reduce((sum, length) => sum + length, 0);
        fc.pre(total > 0);
        const lines = prorate(
          lengths.map((length) => ({ priceMinor, length })),
          total,
        );
        expect(lines.reduce((sum, line) => sum + line, 0)).toBe(priceMinor);
      }),
    );
  });

  test.each([
    ['a fraction of a cent', { priceMinor: 0.5, length: 1 }, 1],
    ['a negative price', { priceMinor: -1, length: 1 }, 1],
    ['a negative length', { priceMinor: 1, length: -1 }, 1],
    ['a period without length', { priceMinor: 1, length: 0 }, 0],
  ])('%s is a fault', (_, segment, total) => {
    expect(() => prorate([segment], total)).toThrow('Invariant broken');
  });
});

describe('refundOf', () => {
  test('CH-03: after 10 of 30 days at 59.00, 19.67 were used and 39.33 go back, together 59.00', () => {
    expect(refundOf(5900, 10, 30)).toEqual({ usedMinor: 1967, refundMinor: 3933 });
  });

  test('CH-03: nothing used gives everything back, everything used gives nothing', () => {
    expect(refundOf(5900, 0, 30)).toEqual({ usedMinor: 0, refundMinor: 5900 });
    expect(refundOf(5900, 30, 30)).toEqual({ usedMinor: 5900, refundMinor: 0 });
  });

  test('G5: used and refund are the price and never negative', () => {
    fc.assert(
      fc.property(price, fc.integer({ min: 1, max: 366 }), fc.nat(366), (priceMinor, total, some) => {
        const { usedMinor, refundMinor } = refundOf(priceMinor, Math.min(some, total), total);
        expect(usedMinor + refundMinor).toBe(priceMinor);
        expect(Math.min(usedMinor, refundMinor)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('more used than there was is a fault', () => {
    expect(() => refundOf(5900, 31, 30)).toThrow('Invariant broken');
  });
});

describe('largestRemainder', () => {
  test.each([
    [[600, 300, 100], 500, [300, 150, 50]],
    [[333, 333, 334], 100, [33, 33, 34]],
    [[1, 1, 1], 100, [34, 33, 33]],
    [[1, 1], 3, [2, 1]],
    [[0, 0, 0], 2, [1, 1, 0]],
    [[3, 2], 4, [2, 2]],
    [[5], 7, [7]],
    [[], 7, []],
  ])('CH-17: %j scaled to %d is %j', (weights, total, shares) => {
    expect(largestRemainder(weights, total)).toEqual(shares);
  });

  test('CH-17: the shares sum to the total, each the exact one rounded up or down, and a larger weight never gets less', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 1_000_000_000 }), (given, total) => {
        const sum = given.reduce((all, weight) => all + weight, 0);
        fc.pre(sum > 0);
        const shares = largestRemainder(given, total);
        expect(shares.reduce((all, share) => all + share, 0)).toBe(total);
        shares.forEach((share, index) => {
          const exact = BigInt(given[index]!) * BigInt(total);
          const apart = BigInt(share) * BigInt(sum) - exact;
          expect(apart > -BigInt(sum) && apart < BigInt(sum)).toBe(true);
          given.forEach((other, at) => {
            if (other > given[index]!) expect(shares[at]).toBeGreaterThanOrEqual(share);
          });
        });
      }),
    );
  });
});

describe('taxed', () => {
  test.each([
    ['contained', 11_900, { basisPoints: 1900, included: true }, { netMinor: 10_000, taxMinor: 1900, grossMinor: 11_900 }],
    ['added', 10_000, { basisPoints: 1900, included: false }, { netMinor: 10_000, taxMinor: 1900, grossMinor: 11_900 }],
    ['none', 5900, { basisPoints: 0, included: true }, { netMinor: 5900, taxMinor: 0, grossMinor: 5900 }],
    ['of a refund', -3933, { basisPoints: 2200, included: true }, { netMinor: -3224, taxMinor: -709, grossMinor: -3933 }],
  ])('a tax that is %s', (_, sum, tax, expected) => {
    expect(taxed(sum, tax)).toEqual(expected);
  });

  test('G5: net and tax are the gross, and what goes back is what was paid', () => {
    const tax = fc.record({ basisPoints: fc.integer({ min: 0, max: 10_000 }), included: fc.boolean() });
    fc.assert(
      fc.property(price, tax, (sum, by) => {
        const { netMinor, taxMinor, grossMinor } = taxed(sum, by);
        expect(netMinor + taxMinor).toBe(grossMinor);
        expect(by.included ? grossMinor : netMinor).toBe(sum);
        const back = taxed(-sum, by);
        expect([back.netMinor + netMinor, back.taxMinor + taxMinor, back.grossMinor + grossMinor]).toEqual([0, 0, 0]);
      }),
    );
  });
});
