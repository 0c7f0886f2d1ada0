import fc from 'fast-check';
import {
  hasBegun,
  type LimitGrant,
  limitOf,
  limitsToCome,
  type Override,
  stateOf,
  thresholdsCrossed,
} from '../../src/features/entitlements/limits.rules';

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

test.each([
  ['goes on', {}, 'active'],
  ['begins this instant', { effectiveAt: at }, 'active'],
  ['was written this instant', { createdAt: at }, 'active'],
  ['is unlocked this instant', { activatedAt: at }, 'active'],
  ['begins later', { effectiveAt: hours(1) }, 'upcoming'],
  ['is written later', { createdAt: hours(1) }, 'upcoming'],
  ['waits', { activatedAt: null }, 'pending'],
  ['is unlocked later', { activatedAt: hours(1) }, 'pending'],
  ['is replaced this instant', { endedAt: at }, 'voided'],
  ['is replaced later', { endedAt: hours(1) }, 'active'],
  ['expires this instant', { expiresAt: at }, 'expired'],
  ['expires later', { expiresAt: hours(1) }, 'active'],
  ['was replaced before it would have expired', { endedAt: hours(-1), expiresAt: at }, 'voided'],
  ['expired, and it was booked then', { endedAt: at, expiresAt: at }, 'expired'],
  ['expired, and it was booked later', { endedAt: hours(1), expiresAt: at }, 'expired'],
] as const)('G3 a grant that %s', (_when, given, state) => {
  expect(stateOf(grant(given), at)).toBe(state);
});

describe('a policy that a tenant has otherwise for a time', () => {
  const override = (given: Partial<Override> = {}): Override => ({
    field: 'tolerance',
    value: 9,
    setAt: hours(-1),
    expiresAt: hours(1),
    endedAt: null,
    ...given,
  });

  test.each([
    ['from its instant on', { setAt: at }, 109],
    ['not before', { setAt: hours(1), expiresAt: hours(2) }, 100],
    ['until it expires', { expiresAt: at }, 100],
    ['until it is taken back', { endedAt: at }, 100],
    ['while it will be taken back later', { endedAt: hours(0.5) }, 109],
    ['no longer than it lasts, whenever it was taken back', { expiresAt: at, endedAt: hours(0.5) }, 100],
  ])('holds %s', (_when, given, hardLimit) => {
    expect(limitOf([grant()], at, { overrides: [override(given)] }).hardLimit).toBe(hardLimit);
  });

  test.each([
    ['begins', { setAt: hours(2), expiresAt: hours(3) }, hours(2)],
    ['expires', {}, hours(1)],
    ['is taken back', { endedAt: hours(0.5) }, hours(0.5)],
    ['would have been taken back after it expires', { endedAt: hours(2) }, hours(1)],
  ])('changes the limit by itself when it %s', (_when, given, edge) => {
    expect(limitOf([grant()], at, { overrides: [override(given)] }).nextEdge).toEqual(edge);
  });
});

test('what is over is no edge any more, and what never comes is none', () => {
  expect(limitOf([grant({ effectiveAt: at })], at).nextEdge).toBeNull();
  expect(limitOf([grant({ activatedAt: hours(5) })], at).nextEdge).toEqual(hours(5));
});

test('what was carried over counts beside a grant that has begun, never instead of one', () => {
  const carried = grant({ source: 'rollover', amount: 30 });
  expect(limitOf([carried], at)).toMatchObject({ entitled: 0, available: 0 });
  expect(limitOf([carried, grant()], at)).toMatchObject({ entitled: 130, available: 130 });
  expect(limitOf([carried, grant({ counts: false })], at)).toMatchObject({ entitled: 0, available: 0 });
});

test('units of ended grants that had been used up stay granted', () => {
  expect(limitOf([grant()], at, { burnt: 7 })).toMatchObject({ entitled: 107, available: 107, hardLimit: 107 });
});

test('what is free while no plan speaks of it has no limit; a plan that does limits it, suspended or not', () => {
  expect(limitOf([], at, { absent: null })).toMatchObject({ entitled: null, available: null, hardLimit: null, policy: null });
  expect(limitOf([grant()], at, { absent: null })).toMatchObject({ entitled: 100, available: 100, hardLimit: 100 });
  expect(limitOf([grant({ counts: false })], at, { absent: null })).toMatchObject({ entitled: 0, available: 0 });
});

test.each([
  [{}, 100],
  [{ enforcement: 'soft' }, null],
  [{ onExhausted: 'allow_over' }, null],
  [{ enforcement: 'soft', onExhausted: 'allow_over' }, null],
  [{ tolerance: 10 }, 110],
] as const)('under %j admission compares with %p', (policy, hardLimit) => {
  expect(limitOf([grant({ policy })], at).hardLimit).toBe(hardLimit);
});

test('whose policy holds: a plan’s before an add-on’s whatever the priorities, one that waits too, none that is over', () => {
  const says = (tolerance: number, given: Partial<LimitGrant>) => grant({ policy: { tolerance }, ...given });
  const tolerance = (...grants: LimitGrant[]) => limitOf(grants, at).policy?.tolerance;
  expect(tolerance(says(1, { source: 'plan' }), says(2, { source: 'addon', priority: 99 }))).toBe(1);
  expect(tolerance(says(2, { source: 'addon' }), says(3, { source: 'support', priority: 99 }), says(4, { source: 'rollover' }))).toBe(2);
  expect(tolerance(says(2, { source: 'addon' }), says(1, { source: 'plan', activatedAt: null }))).toBe(1);
  expect(tolerance(says(2, { source: 'addon' }), says(1, { source: 'plan', expiresAt: at }))).toBe(2);
  expect(tolerance(says(1, { priority: 1 }), says(2, { priority: 2 }))).toBe(2);
  expect(tolerance(says(2, { priority: 2 }), says(1, { priority: 1 }))).toBe(2);
  expect(tolerance(says(1, { priority: 1 }), says(2, { priority: 1 }))).toBe(2);
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

test('TW-08 a threshold is crossed even by nothing, but not without an allowance', () => {
  expect([thresholdsCrossed(-1, 0, 0, [0, 80]), thresholdsCrossed(-1, 5, null, [0, 80]), thresholdsCrossed(-1, 0, 10, [0, 80])]).toEqual([
    [],
    [],
    [0],
  ]);
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
