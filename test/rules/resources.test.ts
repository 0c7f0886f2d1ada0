import fc from 'fast-check';
import { ResourceKind } from '../../src/features/plans/policies';
import { checkAmounts, checkPlace, type Room, totalsOf, withAmounts } from '../../src/features/resources/resources.rules';

const name = { en: 'x', de: 'x', it: 'x' };
const kinds = Object.fromEntries(
  Object.entries({
    boards: {},
    queues: { parent: 'boards' },
    capacity: { measure: { of: 'queues', as: 'total' } },
    intake_rate: { measure: { of: 'queues', as: 'each' } },
  }).map(([kind, given]) => [kind, ResourceKind.parse({ name, ...given })]),
);
const room = (limits: Record<string, number | null> = {}, held: Record<string, number> = {}): Room => ({
  limitOf: (meter) => limits[meter] ?? null,
  heldOf: (measure) => held[measure] ?? 0,
});
const refusal = (result: ReturnType<typeof checkPlace>) => (result.ok ? 'allowed' : result.refusal);
const board = { kind: 'boards', archivedAt: null };

describe('where an item may stand', () => {
  const place = (kind: string, parent: Parameters<typeof checkPlace>[1], hasParent = parent !== null, limits = {}) =>
    refusal(checkPlace(kind, parent, hasParent, kinds, room(limits)));

  test('below an item in use of the kind its plan names, or at the top where there is none', () => {
    expect(place('boards', null)).toBe('allowed');
    expect(place('queues', board)).toBe('allowed');
    expect(place('queues', null)).toEqual({ code: 'resource_parent_wrong', kind: 'queues', parentKind: 'boards' });
    expect(place('queues', null, true)).toMatchObject({ code: 'resource_parent_wrong' });
    expect(place('boards', board)).toEqual({ code: 'resource_parent_wrong', kind: 'boards', parentKind: null });
    expect(place('queues', { ...board, kind: 'queues' })).toMatchObject({ code: 'resource_parent_wrong' });
    expect(place('queues', { ...board, archivedAt: new Date(0) })).toEqual({ code: 'resource_not_active' });
  });

  test('a kind nobody knows, and a measure, are no items; one without an allowance is not in the plan', () => {
    expect(place('rockets', null)).toEqual({ code: 'resource_kind_unknown', kind: 'rockets' });
    expect(place('capacity', null)).toEqual({ code: 'resource_kind_unknown', kind: 'capacity' });
    expect(place('boards', null, false, { boards: 0 })).toEqual({ code: 'resource_not_in_plan', kind: 'boards' });
    expect(place('boards', null, false, { boards: 1 })).toBe('allowed');
  });
});

describe('the amounts of an item', () => {
  const check = (amounts: Record<string, number>, limits = {}, held = {}, kind = 'queues') =>
    refusal(checkAmounts(kind, amounts, kinds, room(limits, held)));

  test('CH-17 a total holds for all items together, to the last unit', () => {
    expect(check({ capacity: 40 }, { capacity: 100 }, { capacity: 60 })).toBe('allowed');
    expect(check({ capacity: 41 }, { capacity: 100 }, { capacity: 60 })).toEqual({
      code: 'amount_exceeded',
      measure: 'capacity',
      limit: 100,
      held: 60,
      requested: 41,
    });
  });

  test('CH-18 an each holds for one item alone, whatever the others have', () => {
    expect(check({ intake_rate: 100 }, { intake_rate: 100 }, { intake_rate: 900 })).toBe('allowed');
    expect(check({ intake_rate: 101 }, { intake_rate: 100 }, { intake_rate: 900 })).toMatchObject({ code: 'amount_exceeded', held: 0 });
  });

  test('nothing asked for is never too much, and without a limit nothing is', () => {
    expect(check({ capacity: 0 }, { capacity: 10 }, { capacity: 60 })).toBe('allowed');
    expect(check({ capacity: 1 }, { capacity: 10 }, { capacity: 60 })).not.toBe('allowed');
    expect(check({ capacity: 1e9, intake_rate: 1e9 })).toBe('allowed');
  });

  test('a measure of another kind, or none, is refused by name, and every amount is looked at', () => {
    expect(check({ capacity: 1 }, {}, {}, 'boards')).toEqual({ code: 'resource_kind_unknown', kind: 'capacity' });
    expect(check({ boards: 1 })).toEqual({ code: 'resource_kind_unknown', kind: 'boards' });
    expect(check({ capacity: 1, rockets: 1 })).toEqual({ code: 'resource_kind_unknown', kind: 'rockets' });
  });

  test('only what is there and is limited as a sum is one of the totals', () => {
    expect(totalsOf({ capacity: 5, intake_rate: 5, boards: 1, rockets: 1 }, kinds)).toEqual({ capacity: 5 });
    expect(totalsOf({ capacity: 0 }, kinds)).toEqual({});
  });

  test('a change leaves the others as they are, and an amount of nothing is taken out', () => {
    const amounts = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(3));
    fc.assert(
      fc.property(amounts, amounts, (before, changes) => {
        const after = withAmounts(before, changes);
        for (const measure of ['a', 'b', 'c']) expect(after[measure] ?? 0).toBe(changes[measure] ?? before[measure] ?? 0);
        expect(Object.values(after)).not.toContain(0);
      }),
    );
  });
});
