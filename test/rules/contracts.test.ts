import fc from 'fast-check';
import type { Plan } from '../../src/features/plans/plans';
import { PlanPolicies } from '../../src/features/plans/policies';
import {
  contractTermAt,
  decideOrder,
  decidePurchase,
  nextDue,
  type Owned,
  type Running,
  termFollowing,
} from '../../src/features/subscriptions/contracts.rules';

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

test.each([
  ['west', 'Europe/Berlin', 'America/New_York', '2026-04-30T22:00:00.000Z', '2026-06-01T04:00:00.000Z'],
  ['east', 'America/New_York', 'Europe/Berlin', '2026-05-01T04:00:00.000Z', '2026-05-31T22:00:00.000Z'],
  ['nowhere', 'Europe/Berlin', 'Europe/Berlin', '2026-04-30T22:00:00.000Z', '2026-05-31T22:00:00.000Z'],
])('moved %s, the term that follows is a whole one: no hours between two zones are paid for as a month', (_where, from, to, edge, end) => {
  const date = '2026-03-01';
  const { end: ended } = contractTermAt(
    { startedAt: new Date('2026-03-01T09:00:00Z'), date, timeZone: from },
    'P1M',
    new Date('2026-04-15'),
  );
  expect(ended).toEqual(new Date(edge));
  expect(termFollowing({ date, timeZone: to }, 'P1M', ended)).toEqual({ start: ended, end: new Date(end) });
});

test('of one offer one plan runs: whoever wants another changes it; what has ended, another offer and additions are no hindrance', () => {
  const scale = plan({ planId: 'scale' });
  const owned = { code: 'base_plan_owned', planId: 'scale', ownedPlanId: 'growth', subscriptionId: 'base' };
  for (const status of ['Subscribed', 'Suspended'] as const)
    expect(decidePurchase(scale, [{ ...base, status }])).toEqual({ ok: false, refusal: owned });
  expect(decidePurchase(plan(), [base])).toMatchObject({ refusal: { ownedPlanId: 'growth' } });
  for (const other of [{ status: 'Unsubscribed' }, { offerId: 'other' }, { role: 'addon' }] as Partial<Owned>[])
    expect(decidePurchase(scale, [{ ...base, ...other }])).toEqual({ ok: true, value: true });
  expect(decidePurchase(plan({ role: 'addon' }), [base])).toEqual({ ok: true, value: true });
  expect(decidePurchase(scale, [])).toEqual({ ok: true, value: true });
});

describe('the contract whose term’s end is passed next', () => {
  const at = (day: number) => new Date(Date.UTC(2026, 3, day));
  const running = (subscriptionId: string, given: Partial<Running> = {}): Running => ({
    subscriptionId,
    parentId: null,
    source: 'direct',
    status: 'Subscribed',
    termEnd: at(10),
    autoRenew: true,
    ...given,
  });
  const next = (held: Running[], failed: string[] = [], now = at(20)) => nextDue(held, new Set(failed), now)?.subscriptionId ?? null;

  test('is the earliest that is due, in whatever order they are read; none before its instant', () => {
    const [early, late] = [running('early', { termEnd: at(9) }), running('late')];
    for (const held of [
      [early, late],
      [late, early],
    ])
      expect(next(held)).toBe('early');
    expect(next([late], [], at(10))).toBe('late');
    expect(next([late], [], new Date(at(10).getTime() - 1))).toBeNull();
    expect(next([])).toBeNull();
  });

  test('is none that has ended, or that the marketplace renews', () => {
    const none = [{ status: 'Unsubscribed' }, { source: 'marketplace' }, { termEnd: null }] as Partial<Running>[];
    for (const given of none) expect(next([running('one', given)])).toBeNull();
    expect(next([running('one', { status: 'Suspended' })])).toBe('one');
  });

  test.each([
    ['a plan that ends takes its addition along', { autoRenew: false }, 'plan'],
    ['one that is suspended as well', { status: 'Suspended' as const }, 'plan'],
    ['one that goes on asks last which additions are there', {}, 'addition'],
  ])('at one instant %s', (_what, given, first) => {
    const [plan_, addition] = [running('plan', given), running('addition', { parentId: 'plan' })];
    expect(next([plan_, addition])).toBe(first);
    expect(next([addition, plan_])).toBe(first);
    expect(next([addition, { ...plan_, termEnd: at(11) }])).toBe('addition');
  });

  test('is none that failed in this run, nor an addition to it, which would outlive it; others are', () => {
    const held = [running('plan'), running('addition', { parentId: 'plan' }), running('other', { termEnd: at(12) })];
    expect(next(held, ['plan'])).toBe('other');
    expect(next(held, ['addition'])).toBe('plan');
    expect(next(held, ['plan', 'other'])).toBeNull();
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
      refusal: { code: 'addon_owned', planId: 'package', owned: 1, grants: [] },
    });
    expect(decideOrder(addon('once'), monthly, [base, { ...twin, status: 'Unsubscribed' }])).toMatchObject({ ok: true });
    expect(decideOrder(addon('n'), monthly, [twin, base, twin])).toMatchObject({ ok: true, value: { parentId: 'base' } });
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
