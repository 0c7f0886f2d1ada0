import { cancellationAt, decideCancellation } from '../../src/features/subscriptions/cancellation.rules';
import { keptUntil, purgeAt, TOLD_BEFORE_MS } from '../../src/features/subscriptions/retention.rules';

const purchasedAt = new Date('2026-03-10T09:00:00Z');
const held = { status: 'Subscribed', purchasedAt, autoRenew: true } as const;
const hoursOn = (hours: number, seconds = 0) => new Date(purchasedAt.getTime() + (hours * 3600 + seconds) * 1000);
const offer = (at: Date, policy: Partial<Parameters<typeof cancellationAt>[1]> = {}, more: object = {}) =>
  cancellationAt({ ...held, ...more }, { windowHours: 72, afterWindow: 'renewal_off', ...policy }, at)?.offer;

test('TW-23: refunded at 71 h 59 m and at 72 h to the second, not a second later', () => {
  expect([hoursOn(0), hoursOn(71, 59 * 60), hoursOn(72), hoursOn(72, 1)].map((at) => offer(at))).toEqual([
    'cancel_with_refund',
    'cancel_with_refund',
    'cancel_with_refund',
    'renewal_off',
  ]);
  expect(cancellationAt(held, { windowHours: 72, afterWindow: 'renewal_off' }, hoursOn(1))!.refundableUntil).toEqual(hoursOn(72));
});

test('TW-24: afterwards the renewal can be turned off, which is no offer once it is off', () => {
  expect(offer(hoursOn(100), {}, { autoRenew: false })).toBeNull();
  expect(offer(hoursOn(1), {}, { autoRenew: false })).toBe('cancel_with_refund');
});

test('a plan may let one cancel without a refund, and may have no window at all', () => {
  expect(offer(hoursOn(100), { afterWindow: 'cancel_without_refund' }, { autoRenew: false })).toBe('cancel_without_refund');
  expect(offer(hoursOn(0), { windowHours: 0 })).toBe('renewal_off');
});

test.each(['PendingFulfillmentStart', 'Unsubscribed'] as const)('there is nothing to end while %s', (status) => {
  expect(cancellationAt({ ...held, status }, { windowHours: 72, afterWindow: 'renewal_off' }, hoursOn(1))).toBeNull();
});

test('a suspended subscription can be ended as any other', () => {
  expect(offer(hoursOn(1), {}, { status: 'Suspended' })).toBe('cancel_with_refund');
});

test('a free trial can be left at any time, for nothing was paid', () => {
  expect(offer(hoursOn(72), {}, { isFreeTrial: true })).toBe('cancel_with_refund');
  expect(offer(hoursOn(500), {}, { isFreeTrial: true })).toBe('cancel_without_refund');
});

describe('cancelling what Microsoft sold', () => {
  const purchase = { ...held, isFreeTrial: false, planId: 'standard', allowedOperations: ['Delete', 'Read', 'Update'] };
  const policy = { windowHours: 72, afterWindow: 'renewal_off' } as const;
  const refusalOf = (result: ReturnType<typeof decideCancellation>) => (result.ok ? null : result.refusal);

  test('TW-23: within the window it needs consent to exactly what is offered', () => {
    const value = { ending: 'cancel_with_refund', refundableUntil: hoursOn(72) };
    expect(decideCancellation(purchase, policy, 'cancel_with_refund', hoursOn(72))).toEqual({ ok: true, value });
    for (const consent of [null, 'cancel_without_refund'] as const)
      expect(refusalOf(decideCancellation(purchase, policy, consent, hoursOn(72)))).toMatchObject({
        code: 'consent_missing',
        of: 'cancellation',
        items: ['cancel_with_refund'],
      });
  });

  test('TW-24: a second later it is refused, with the way to turn the renewal off', () => {
    for (const consent of ['cancel_with_refund', 'cancel_without_refund', null] as const)
      expect(refusalOf(decideCancellation(purchase, policy, consent, hoursOn(72, 1)))).toEqual({
        code: 'cancellation_window_closed',
        refundableUntil: hoursOn(72).toISOString(),
        renewal: 'on',
        href: expect.stringContaining('https://admin.microsoft.com/'),
      });
    expect(refusalOf(decideCancellation({ ...purchase, autoRenew: false }, policy, null, hoursOn(73)))).toMatchObject({ renewal: 'off' });
  });

  test('unless the plan lets one go without a refund: then consent to a refund is none to that', () => {
    const open = { ...policy, afterWindow: 'cancel_without_refund' } as const;
    expect(decideCancellation(purchase, open, 'cancel_without_refund', hoursOn(100))).toMatchObject({ ok: true });
    expect(refusalOf(decideCancellation(purchase, open, 'cancel_with_refund', hoursOn(100)))).toMatchObject({ code: 'consent_missing' });
  });

  test('what has ended is not cancelled again', () => {
    const ended = { ...purchase, status: 'Unsubscribed' } as const;
    expect(refusalOf(decideCancellation(ended, policy, 'cancel_with_refund', hoursOn(1)))).toEqual({
      code: 'subscription_inactive',
      status: 'Unsubscribed',
    });
  });

  test('what a partner sold the partner cancels', () => {
    expect(refusalOf(decideCancellation({ ...purchase, allowedOperations: ['Read'] }, policy, 'cancel_with_refund', hoursOn(1)))).toEqual({
      code: 'change_not_allowed',
      reason: 'by_partner',
      toPlanId: 'standard',
    });
  });
});

describe('how long data is kept after the end', () => {
  const plan = { policies: { cancellation: { windowHours: 72, afterWindow: 'renewal_off', exportDays: 30 } } } as const;
  const endedAt = new Date('2026-03-10T09:00:00Z');
  const at = new Date('2026-03-20T00:00:00Z');

  test('as many days as the plan promised, from the end on', () => {
    expect(keptUntil({ status: 'Unsubscribed', endedAt }, plan, at)).toEqual(new Date('2026-04-09T09:00:00Z'));
  });

  test('from now on where nobody knows when it ended; without end as long as it has not', () => {
    expect(keptUntil({ status: 'Unsubscribed', endedAt: null }, plan, at)).toEqual(new Date('2026-04-19T00:00:00Z'));
    for (const status of ['PendingFulfillmentStart', 'Subscribed', 'Suspended'] as const)
      expect(keptUntil({ status, endedAt }, plan, at)).toBeNull();
  });

  test('as promised, and never sooner than seven days after it was said', () => {
    const promised = new Date('2026-04-09T09:00:00Z');
    expect(TOLD_BEFORE_MS).toBe(604_800_000);
    expect(purgeAt(promised, new Date('2026-04-01T00:00:00Z'))).toEqual(promised);
    expect(purgeAt(promised, new Date('2026-04-08T00:00:00Z'))).toEqual(new Date('2026-04-15T00:00:00Z'));
  });
});
