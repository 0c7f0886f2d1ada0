import fc from 'fast-check';
import { portionsOf } from '../../src/features/entitlements/portions.rules';
import { transitionState } from '../../src/features/entitlements/transition.rules';
import type { PlanItem } from '../../src/features/plans/plans';
import { PlanPolicies, QuotaItem } from '../../src/features/plans/policies';
import { DEFAULT_POLICY, overageAdmitted, wholePolicy, withOverrides } from '../../src/features/plans/quota-policy.rules';
import { adoptedTerm, isPaid } from '../../src/features/subscriptions/lifecycle.rules';

const effectiveAt = new Date('2026-03-10T09:00:00.000Z');
const policies = (given: Partial<PlanPolicies> = {}): PlanPolicies => ({ ...PlanPolicies.parse({}), ...given });
const base = { role: 'base' as const, policies: policies() };
const addon = { role: 'addon' as const, policies: policies() };
const item = (amount: number | null, policy: PlanItem['policy'] = {}): PlanItem => ({
  entitlement: 'teams',
  kind: 'stock',
  amount,
  policy,
});
const parts = (...given: Parameters<typeof portionsOf>) => portionsOf(...given).map(({ amount, activation }) => [amount, activation]);

test.each([
  ['all at once', item(4), [[4, 'now']]],
  ['without limit', item(null), [[null, 'now']]],
  ['nothing is a portion, too', item(0), [[0, 'now']]],
  ['all of it waits', item(4, { activation: 'on_payment' }), [[4, 'on_payment']]],
  [
    'HO-05 a part at once, the rest waits',
    item(4, { activation: 'on_payment', immediately: 1 }),
    [
      [1, 'now'],
      [3, 'on_payment'],
    ],
  ],
  ['more at once than there is: nothing waits', item(4, { activation: 'manual', immediately: 9 }), [[4, 'now']]],
  [
    'without limit, and a part at once',
    item(null, { activation: 'manual', immediately: 2 }),
    [
      [2, 'now'],
      [null, 'manual'],
    ],
  ],
  ['nothing that waits', item(0, { activation: 'manual' }), [[0, 'now']]],
] as const)('%s', (_what, given, expected) => {
  expect(parts(addon, given as PlanItem, { effectiveAt })).toEqual(expected);
});

test('an add-on grants as often as it was bought; the quantity of a plan is about its licenses', () => {
  const some = item(4, { activation: 'on_payment', immediately: 1 });
  expect(parts(addon, some, { effectiveAt, quantity: 3 })).toEqual([
    [3, 'now'],
    [9, 'on_payment'],
  ]);
  expect(parts(addon, some, { effectiveAt, quantity: null })).toEqual([
    [1, 'now'],
    [3, 'on_payment'],
  ]);
  expect(parts(base, some, { effectiveAt, quantity: 3 })).toEqual([
    [1, 'now'],
    [3, 'on_payment'],
  ]);
});

test('where they come from: the plan’s role, unless somebody says otherwise', () => {
  expect(portionsOf(addon, item(1), { effectiveAt })[0]!.source).toBe('addon');
  expect(portionsOf(base, item(1), { effectiveAt })[0]!.source).toBe('plan');
  expect(portionsOf(base, item(1), { effectiveAt, source: 'addon' })[0]!.source).toBe('addon');
});

test('whatever is unlocked, at once or waiting: the portions are the amount, and what was unlocked stays, up to it', () => {
  fc.assert(
    fc.property(
      fc.nat(50),
      fc.nat(60),
      fc.nat(60),
      fc.constantFrom('now', 'on_payment', 'manual'),
      (amount, immediately, unlocked, activation) => {
        const found = portionsOf(addon, item(amount, { activation, immediately }), { effectiveAt, unlocked });
        expect(found.reduce((sum, one) => sum + one.amount!, 0)).toBe(amount);
        const there = found.filter((one) => one.activation === 'now').reduce((sum, one) => sum + one.amount!, 0);
        expect(there).toBe(activation === 'now' ? amount : Math.min(amount, Math.max(immediately, unlocked)));
      },
    ),
  );
  expect(parts(addon, item(4, { activation: 'manual' }), { effectiveAt, unlocked: null })).toEqual([[4, 'now']]);
});

describe('transition', () => {
  const transition = { announceAt: '2026-03-15T00:00:00Z', enforceFrom: '2026-04-01T00:00:00Z', chargeFrom: '2026-07-01T00:00:00Z' };
  const plan = { ...base, policies: policies({ transition }) };

  test('HO-10 before it is enforced nothing is limited, and the limit is there as one that is coming', () => {
    const until = new Date(transition.enforceFrom);
    expect(portionsOf(plan, item(10), { effectiveAt })).toEqual([
      { source: 'transition', amount: null, activation: 'now', policy: {}, effectiveAt, expiresAt: until },
      { source: 'plan', amount: 10, activation: 'now', policy: { announceAt: transition.announceAt }, effectiveAt: until, expiresAt: null },
    ]);
    expect(portionsOf(plan, item(10), { effectiveAt: until })).toEqual([
      { source: 'plan', amount: 10, activation: 'now', policy: {}, effectiveAt: until, expiresAt: null },
    ]);
  });

  test.each([
    ['2026-03-14T23:59:59.999Z', 'unannounced'],
    ['2026-03-15T00:00:00.000Z', 'announced'],
    ['2026-03-31T23:59:59.999Z', 'announced'],
    ['2026-04-01T00:00:00.000Z', 'enforced'],
    ['2026-06-30T23:59:59.999Z', 'enforced'],
    ['2026-07-01T00:00:00.000Z', 'charged'],
  ])('HO-10 at %s it is %s', (at, state) => {
    expect(transitionState(plan, new Date(at))).toBe(state);
  });

  test('a plan without one is charged as ever', () => {
    expect(transitionState(base, effectiveAt)).toBe('charged');
  });
});

describe('a stored policy', () => {
  test('lacks what was not there when it was stored, and never fails', () => {
    expect(wholePolicy({})).toEqual(DEFAULT_POLICY);
    expect(wholePolicy({ thresholds: [100, 50], tolerance: 3 })).toMatchObject({
      tolerance: 3,
      notice: { thresholds: [50, 100], remaining: [] },
    });
    expect(wholePolicy({ thresholds: [10], notice: { thresholds: [90] } as never }).notice.thresholds).toEqual([90]);
    expect(wholePolicy({ announceAt: '2026-01-01T00:00:00Z' })).toEqual(DEFAULT_POLICY);
    expect(wholePolicy({ notice: { remaining: [5] } as never }).notice).toMatchObject({
      thresholds: [80, 100],
      remaining: [5],
      forecastDays: 14,
    });
  });

  test('is replaced field by field, the last word on a field counting', () => {
    const changed = withOverrides(DEFAULT_POLICY, [
      { field: 'tolerance', value: 1 },
      { field: 'tolerance', value: 2 },
      { field: 'notice.thresholds', value: [10] },
    ]);
    expect(changed).toEqual({ ...DEFAULT_POLICY, tolerance: 2, notice: { ...DEFAULT_POLICY.notice, thresholds: [10] } });
    expect(DEFAULT_POLICY.notice.thresholds).toEqual([80, 100]);
  });
});

describe('an overage that Microsoft bills', () => {
  test.each([
    ['is not in the plan', { mode: 'none', admits: 'unlimited' }, 0],
    ['was not agreed to', { mode: 'metered' }, 0],
    ['was agreed to up to a number', { mode: 'metered', admits: 40 }, 40],
    ['was agreed to without limit', { mode: 'metered', admits: 'unlimited' }, null],
  ] as const)('%s', (_what, overage, admitted) => {
    expect(overageAdmitted({ overage: { dimension: 'extra', ...overage } })).toBe(admitted);
  });
});

test('a policy that was stored without a field behaves as a plan that does not say it', () => {
  const { amount: _amount, ...said } = QuotaItem.parse({ amount: 1 });
  expect(wholePolicy({})).toEqual(said);
});

describe('payment evidence at the marketplace', () => {
  const on = (status: 'PendingFulfillmentStart' | 'Subscribed' | 'Suspended' | 'Unsubscribed', termEnd: string | null = '2026-04-10') => ({
    status,
    termStart: null,
    termEnd: termEnd === null ? null : new Date(`${termEnd}T00:00:00Z`),
  });

  test.each([
    ['the first word is none', null, on('Subscribed'), false],
    ['the activation is none', on('PendingFulfillmentStart', null), on('Subscribed'), false],
    ['the next term', on('Subscribed'), on('Subscribed', '2026-05-10'), true],
    ['the same term', on('Subscribed'), on('Subscribed'), false],
    ['an earlier term', on('Subscribed'), on('Subscribed', '2026-03-10'), false],
    ['a term that becomes known', on('Subscribed', null), on('Subscribed'), false],
    ['a term that is not told', on('Subscribed'), on('Subscribed', null), false],
    ['the end of a suspension', on('Suspended'), on('Subscribed'), true],
    ['a suspension', on('Subscribed'), on('Suspended', '2026-05-10'), false],
    ['the end', on('Suspended'), on('Unsubscribed', '2026-05-10'), false],
  ] as const)('%s', (_what, before, after, paid) => {
    expect(isPaid(before, after, null)).toBe(paid);
  });

  test('without dates a renewal is one, once, and nothing else is', () => {
    const [activatedAt, renewedAt] = [new Date('2026-04-10T08:00:00Z'), new Date('2026-05-10T08:00:00Z')];
    const held = on('Subscribed', null);
    const renewed = { ...held, ...adoptedTerm({ ...held, activatedAt }, held, renewedAt) };
    expect(renewed).toEqual({ status: 'Subscribed', termStart: renewedAt, termEnd: null });
    expect(isPaid(held, renewed, 'Renew')).toBe(true);
    expect(isPaid(held, renewed, 'ChangePlan')).toBe(false);
    expect(isPaid(renewed, { ...renewed, ...adoptedTerm({ ...renewed, activatedAt }, held, renewedAt) }, 'Renew')).toBe(false);
    // An old one that is delivered again, and one of which the marketplace states its dates.
    expect(adoptedTerm({ ...renewed, activatedAt }, held, activatedAt)).toEqual({ termStart: renewedAt, termEnd: null });
    const stated = { ...on('Subscribed', '2026-06-09'), termStart: new Date('2026-05-10T00:00:00Z') };
    expect(adoptedTerm({ ...renewed, activatedAt }, stated, renewedAt)).toEqual({ termStart: stated.termStart, termEnd: stated.termEnd });
  });
});
