import fc from 'fast-check';
import type { Plan } from '../../src/features/plans/plans';
import { PlanPolicies } from '../../src/features/plans/policies';
import { contractTermAt, decideOrder, type Owned } from '../../src/features/subscriptions/contracts.rules';

const plan = (given: Partial<Omit<Plan, 'policies'>> & { policies?: object } = {}): Plan => ({
  planId: 'growth',
  version: 1,
  role: 'base',
  offerId: 'kontingent-direct',
  billing: 'direct',
  rank: 1,
  name: {},
  description: {},
  prices: [{ term: 'P1M', currency: 'EUR', minor: 5900, per: 'subscription' }],
  items: [],
  resources: {},
  ...given,
  policies: PlanPolicies.parse(given.policies ?? {}),
});

const monthly = { term: 'P1M', quantity: null } as const;
const base: Owned = {
  subscriptionId: 'base',
  planId: 'growth',
  offerId: 'kontingent-direct',
  role: 'base',
  tierGroup: null,
  status: 'Subscribed',
};

describe('an order', () => {
  test('of a plan that is sold here, for a term it has, stands alone', () => {
    expect(decideOrder(plan(), monthly, [base])).toEqual({ ok: true, value: { price: plan().prices[0], parentId: null } });
  });

  test.each([
    ['of the marketplace’s plans', plan({ billing: 'marketplace' }), monthly, { code: 'plan_sold_elsewhere', planId: 'growth' }],
    [
      'for a term the plan has not',
      plan(),
      { ...monthly, term: 'P1Y' as const },
      { code: 'term_unknown', planId: 'growth', term: 'P1Y', terms: ['P1M'] },
    ],
    ['of a number of what has none', plan(), { ...monthly, quantity: 2 }, { code: 'quantity_out_of_bounds', quantity: 2, min: 1, max: 1 }],
    ['of an addition to nothing', plan({ role: 'addon' }), monthly, { code: 'base_plan_missing', planId: 'growth' }],
  ])('%s is refused with its facts', (_what, wanted, order, refusal) => {
    expect(decideOrder(wanted, order, [])).toEqual({ ok: false, refusal });
  });

  test.each([
    [null, false],
    [2, false],
    [3, true],
    [9, true],
    [10, false],
  ])('of %s licenses where 3 to 9 are sold: taken is %s', (quantity, taken) => {
    const decided = decideOrder(plan({ policies: { quantity: { min: 3, max: 9 } } }), { term: 'P1M', quantity }, []);
    expect(decided.ok).toBe(taken);
    if (!decided.ok) expect(decided.refusal).toEqual({ code: 'quantity_out_of_bounds', quantity: quantity ?? 0, min: 3, max: 9 });
  });
});

describe('an addition', () => {
  const addon = (stack: 'once' | 'n') => plan({ planId: 'package', role: 'addon', policies: { addon: { stack } } });
  const twin: Owned = { ...base, subscriptionId: 'twin', planId: 'package', role: 'addon' };

  test('hangs on the running plan of the same offer', () => {
    expect(decideOrder(addon('once'), monthly, [base])).toMatchObject({ ok: true, value: { parentId: 'base' } });
    expect(decideOrder(addon('once'), monthly, [{ ...base, status: 'Suspended' }])).toMatchObject({ ok: true });
    expect(decideOrder(addon('once'), monthly, [{ ...base, status: 'Unsubscribed' }])).toMatchObject({
      refusal: { code: 'base_plan_missing' },
    });
    expect(decideOrder(addon('once'), monthly, [{ ...base, offerId: 'other' }])).toMatchObject({ refusal: { code: 'base_plan_missing' } });
  });

  test('HO-16: that may be owned once is not sold a second time while it runs', () => {
    expect(decideOrder(addon('once'), monthly, [base, twin])).toMatchObject({
      refusal: { code: 'addon_owned', planId: 'package', owned: 1 },
    });
    expect(decideOrder(addon('once'), monthly, [base, { ...twin, status: 'Unsubscribed' }])).toMatchObject({ ok: true });
    expect(decideOrder(addon('n'), monthly, [base, twin, twin])).toMatchObject({ ok: true });
  });

  test('HO-16: nor is another band of a tier of which one runs', () => {
    const band = plan({
      planId: 'people-200',
      role: 'addon',
      policies: { tier: { group: 'people', by: 'active_members', min: 101, max: 200 } },
    });
    const other: Owned = { ...twin, planId: 'people-100', tierGroup: 'people' };
    expect(decideOrder(band, monthly, [base, other])).toMatchObject({ refusal: { code: 'addon_owned', planId: 'people-200', owned: 1 } });
    expect(decideOrder(band, monthly, [base, { ...other, status: 'Unsubscribed' }])).toMatchObject({ ok: true });
    expect(decideOrder(band, monthly, [base, { ...other, offerId: 'other' }])).toMatchObject({ ok: true });
    expect(decideOrder(band, monthly, [base, { ...other, tierGroup: 'rooms' }, twin])).toMatchObject({ ok: true });
  });
});

describe('terms', () => {
  const anchor = { startedAt: new Date('2026-01-31T10:00:00Z'), date: '2026-01-31', timeZone: 'Europe/Berlin' };
  const termAt = (at: string, unit = 'P1M') => {
    const { start, end } = contractTermAt(anchor, unit, new Date(at));
    return [start.toISOString(), end.toISOString()];
  };

  test('begin with the purchase, end at midnight of the same day a month later, and return to the 31st after February', () => {
    expect(termAt('2026-01-31T10:00:00Z')).toEqual(['2026-01-31T10:00:00.000Z', '2026-02-27T23:00:00.000Z']);
    expect(termAt('2026-02-27T23:00:00Z')).toEqual(['2026-02-27T23:00:00.000Z', '2026-03-30T22:00:00.000Z']);
    expect(termAt('2026-03-31T00:00:00Z')).toEqual(['2026-03-30T22:00:00.000Z', '2026-04-29T22:00:00.000Z']);
    expect(termAt('2026-06-01T00:00:00Z', 'P1Y')).toEqual(['2026-01-31T10:00:00.000Z', '2027-01-30T23:00:00.000Z']);
  });

  test('follow each other without gap or overlap, whatever the unit, the day and the zone', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/Santiago', 'Pacific/Apia'),
        fc.constantFrom('P1M', 'P1Y'),
        (startedAt, timeZone, unit) => {
          const from = { startedAt, date: startedAt.toISOString().slice(0, 10), timeZone };
          let term = contractTermAt(from, unit, startedAt);
          expect(term.start).toEqual(startedAt);
          for (let index = 0; index < 14; index += 1) {
            const next = contractTermAt(from, unit, term.end);
            expect(next.start).toEqual(term.end);
            expect(next.end > next.start).toBe(true);
            term = next;
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
