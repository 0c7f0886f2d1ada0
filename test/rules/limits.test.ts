import fc from 'fast-check';
import { hasBegun, type LimitGrant, limitOf, limitsToCome, thresholdsCrossed } from '../../src/features/entitlements/limits.rules';

const at = new Date('2026-03-10T09:00:00.000Z');
const hours = (count: number) => new Date(at.getTime() + count * 3_600_000);
const grant = (given: Partial<LimitGrant> = {}): LimitGrant => ({
  source: 'plan',
  amount: 100,
  createdAt: hours(-2),
  effectiveAt: hours(-1),
  expiresAt: null,
  activatedAt: hours(-1),
  endedAt: null,
  priority: 0,
  policy: {},
  counts: true,
  ...given,
});

test('without a grant nothing is granted', () => {
  expect(limitOf([], at)).toMatchObject({ entitled: 0, available: 0, hardLimit: 0, nextEdge: null });
});

test('the limit is the sum of the active grants; pending ones are entitled, not available', () => {
  expect(limitOf([grant(), grant({ amount: 50 }), grant({ amount: 25, activatedAt: null })], at)).toMatchObject({
    entitled: 175,
    available: 150,
    hardLimit: 150,
  });
});

test('one unlimited grant makes it unlimited, a pending one only the entitlement', () => {
  expect(limitOf([grant(), grant({ amount: null })], at)).toMatchObject({ entitled: null, available: null, hardLimit: null });
  expect(limitOf([grant(), grant({ amount: null, activatedAt: null })], at)).toMatchObject({ entitled: null, available: 100 });
});

test('grants of a subscription that is not Subscribed count nothing', () => {
  expect(limitOf([grant({ counts: false }), grant({ amount: 5 })], at)).toMatchObject({ entitled: 5, available: 5 });
});

test.each([
  ['begins this instant', { effectiveAt: at }, 100],
  ['begins a millisecond later', { effectiveAt: new Date(at.getTime() + 1) }, 0],
  ['ends this instant', { expiresAt: at }, 0],
  ['ends a millisecond later', { expiresAt: new Date(at.getTime() + 1) }, 100],
])('a grant that %s counts as a half-open interval says', (_when, given, available) => {
  expect(limitOf([grant(given)], at).available).toBe(available);
});

test('the next edge is the nearest begin or end in sight', () => {
  expect(limitOf([grant({ expiresAt: hours(9) }), grant({ effectiveAt: hours(3), expiresAt: hours(30) })], at).nextEdge).toEqual(hours(3));
});

test('the limits to come are those of every edge in sight, earliest first', () => {
  const grants = [
    grant({ amount: 5 }),
    grant({ amount: 3, effectiveAt: hours(2), expiresAt: hours(7) }),
    grant({ amount: null, effectiveAt: hours(4) }),
  ];
  expect(limitsToCome(grants, at)).toEqual([
    { from: hours(2), hardLimit: 8 },
    { from: hours(4), hardLimit: null },
    { from: hours(7), hardLimit: null },
  ]);
  expect(limitsToCome([grant()], at)).toEqual([]);
});

test('between now and the next edge nothing changes', () => {
  const edge = fc.integer({ min: -50, max: 50 });
  const anyGrant = fc
    .record({ amount: fc.option(fc.nat(1000)), from: edge, length: fc.option(fc.integer({ min: 1, max: 40 })), counts: fc.boolean() })
    .map(({ amount, from, length, counts }) =>
      grant({ amount, counts, effectiveAt: hours(from), expiresAt: length === null ? null : hours(from + length) }),
    );
  fc.assert(
    fc.property(fc.array(anyGrant, { maxLength: 6 }), fc.nat(99), (grants, percent) => {
      const limit = limitOf(grants, at);
      const end = limit.nextEdge ?? hours(1000);
      const between = new Date(at.getTime() + ((end.getTime() - at.getTime()) * percent) / 100);
      expect(limitOf(grants, between)).toEqual(limit);
      expect(grants.filter((one) => hasBegun(one, at)).reduce((sum, one) => sum + (one.amount ?? Number.NaN), 0)).toBe(
        limit.entitled ?? Number.NaN,
      );
    }),
  );
});

test('the policy of the grant of highest priority holds; its tolerance is beyond the allowance, never instead of one', () => {
  const basic = grant({ priority: 1, policy: { thresholds: [50], tolerance: 1 } });
  const better = grant({ priority: 2, policy: { thresholds: [90, 100], tolerance: 7 } });
  expect(limitOf([better, basic], at)).toMatchObject({ available: 200, hardLimit: 207, policy: { notice: { thresholds: [90, 100] } } });
  expect(limitOf([grant({ amount: 0, policy: { tolerance: 7 } })], at)).toMatchObject({ available: 0, hardLimit: 0 });
});

test.each([
  [79, 80, 100, [80]],
  [80, 81, 100, []],
  [99, 100, 100, [100]],
  [98, 99, 100, []],
  [0, 100, 100, [80, 100]],
  [0, 1, 1, [80, 100]],
  [2, 3, 3, [80, 100]],
  [1, 2, 3, []],
  [4, 5, 6, [80]],
  [0, 5, 0, []],
  [0, 5, null, []],
])('TW-08 from %i to %i of %p the thresholds %p are crossed', (before, after, granted, crossed) => {
  expect(thresholdsCrossed(before, after, granted, [80, 100])).toEqual(crossed);
});

test('TW-08 counting up in any steps crosses every threshold exactly once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 60 }),
      (granted, steps) => {
        let used = 0;
        const crossed: number[] = [];
        for (const step of [...steps, granted * 2]) {
          crossed.push(...thresholdsCrossed(used, used + step, granted, [1, 50, 80, 100]));
          used += step;
        }
        expect(crossed).toEqual([1, 50, 80, 100]);
      },
    ),
  );
});
