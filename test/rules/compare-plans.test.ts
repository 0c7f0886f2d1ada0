import { amountDifferences, directionOf, fieldDifferences } from '../../src/features/plans/compare-plans.rules';
import type { PlanItem } from '../../src/features/plans/plans';

const items = (amounts: Record<string, number | null>): { items: PlanItem[] } => ({
  items: Object.entries(amounts).map(([entitlement, amount]) => ({ entitlement, kind: 'metered', amount, policy: {} })),
});

describe('what two plans grant differently', () => {
  test('more, less, unlimited; what is equal is no difference', () => {
    expect(amountDifferences(items({ tickets: 100, teams: 5, boards: null }), items({ tickets: 500, teams: null, boards: null }))).toEqual([
      { entitlement: 'tickets', from: 100, to: 500 },
      { entitlement: 'teams', from: 5, to: null },
    ]);
  });

  test('what only one of them has is nothing in the other; what is looked at comes first', () => {
    expect(amountDifferences(items({ old: 3 }), items({ young: 4 }))).toEqual([
      { entitlement: 'young', from: 0, to: 4 },
      { entitlement: 'old', from: 3, to: 0 },
    ]);
    expect(amountDifferences(items({ none: 0 }), items({}))).toEqual([]);
  });
});

describe('how a plan stands to the one that somebody has', () => {
  const plan = (planId: string, rank: number, version = 1, role: 'base' | 'addon' = 'base') => ({ planId, rank, version, role });
  const yours = plan('premium', 20);

  test('TW-22: by rank, whatever the names and prices', () => {
    expect(directionOf(yours, plan('aaa', 30))).toBe('larger');
    expect(directionOf(yours, plan('zzz', 10))).toBe('smaller');
    expect(directionOf(yours, plan('equal', 20))).toBe('smaller');
  });

  test('EC-03: the same plan is yours, or a newer version of it', () => {
    expect(directionOf(yours, plan('premium', 20))).toBe('yours');
    expect(directionOf(yours, plan('premium', 99, 2))).toBe('new_version');
  });

  test('an add-on stands beside it', () => {
    expect(directionOf(yours, plan('premium', 20, 1, 'addon'))).toBe('beside');
  });
});

describe('fields of two documents', () => {
  test('are named by their path; what is not there is undefined', () => {
    expect(fieldDifferences({ a: { b: 1, c: 2 }, d: 'x' }, { a: { b: 1, c: 3 }, e: null })).toEqual([
      { field: 'a.c', from: 2, to: 3 },
      { field: 'd', from: 'x', to: undefined },
      { field: 'e', from: undefined, to: null },
    ]);
  });

  test('lists are compared whole, because their order means something', () => {
    expect(fieldDifferences({ list: [1, 2] }, { list: [2, 1] })).toEqual([{ field: 'list', from: [1, 2], to: [2, 1] }]);
    expect(fieldDifferences({ list: [1, { a: 2 }] }, { list: [1, { a: 2 }] })).toEqual([]);
  });

  test('a record that takes the place of a value, of a list or of nothing is one difference', () => {
    expect(fieldDifferences({ tier: null }, { tier: { min: 1 } })).toEqual([{ field: 'tier', from: null, to: { min: 1 } }]);
    expect(fieldDifferences({ full: ['x'] }, { full: { 0: 'x' } })).toEqual([{ field: 'full', from: ['x'], to: { 0: 'x' } }]);
  });
});
