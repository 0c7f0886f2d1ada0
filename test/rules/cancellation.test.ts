import { cancellationAt } from '../../src/features/subscriptions/cancellation.rules';

const purchasedAt = new Date('2026-03-10T09:00:00Z');
const held = { status: 'Subscribed', purchasedAt, autoRenew: true } as const;
const after = (hours: number, seconds = 0) => new Date(purchasedAt.getTime() + (hours * 3600 + seconds) * 1000);
const offer = (at: Date, policy: Partial<Parameters<typeof cancellationAt>[1]> = {}, more: object = {}) =>
  cancellationAt({ ...held, ...more }, { windowHours: 72, afterWindow: 'renewal_off', ...policy }, at)?.offer;

test('TW-23: refunded at 71 h 59 m and at 72 h to the second, not a second later', () => {
  expect([after(0), after(71, 59 * 60), after(72), after(72, 1)].map((at) => offer(at))).toEqual([
    'cancel_with_refund',
    'cancel_with_refund',
    'cancel_with_refund',
    'renewal_off',
  ]);
  expect(cancellationAt(held, { windowHours: 72, afterWindow: 'renewal_off' }, after(1))!.refundableUntil).toEqual(after(72));
});

test('TW-24: afterwards the renewal can be turned off, which is no offer once it is off', () => {
  expect(offer(after(100), {}, { autoRenew: false })).toBeNull();
  expect(offer(after(1), {}, { autoRenew: false })).toBe('cancel_with_refund');
});

test('a plan may let one cancel without a refund, and may have no window at all', () => {
  expect(offer(after(100), { afterWindow: 'cancel_without_refund' }, { autoRenew: false })).toBe('cancel_without_refund');
  expect(offer(after(0), { windowHours: 0 })).toBe('renewal_off');
});

test.each(['PendingFulfillmentStart', 'Unsubscribed'] as const)('there is nothing to end while %s', (status) => {
  expect(cancellationAt({ ...held, status }, { windowHours: 72, afterWindow: 'renewal_off' }, after(1))).toBeNull();
});

test('a suspended subscription can be ended as any other', () => {
  expect(offer(after(1), {}, { status: 'Suspended' })).toBe('cancel_with_refund');
});
