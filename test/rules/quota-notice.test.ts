import fc from 'fast-check';
import { METERS } from '../../src/contract/meters';
import { ALWAYS } from '../../src/features/entitlements/periods.rules';
import { noticeKey, periodName, periodNamed, readNoticeKey } from '../../src/features/notices/quota-notice.rules';

test('a key names one notice and is read back as it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...METERS),
      fc.date({ noInvalidDate: true, min: new Date('2000-01-01'), max: new Date('2100-01-01') }),
      fc.nat(9999),
      fc.constantFrom('threshold' as const, 'remaining' as const, 'forecast' as const, 'advice' as const),
      fc.nat(1e12),
      (meter, date, limitEpoch, kind, threshold) => {
        const periodStart = threshold % 7 === 0 ? ALWAYS.start : date;
        const notice = { meter, periodStart, limitEpoch, kind, threshold };
        expect(readNoticeKey(noticeKey(notice))).toEqual(notice);
      },
    ),
  );
});

test('a period that never ends is named so, any other by its beginning', () => {
  const start = new Date('2026-03-10T09:00:00.000Z');
  expect([periodName(ALWAYS.start), periodName(start)]).toEqual(['always', '2026-03-10T09:00:00.000Z']);
  expect([periodNamed('always'), periodNamed(start.toISOString())]).toEqual([ALWAYS.start, start]);
  // Keys are stored: what was told before an update must not be told again.
  const notice = { meter: 'teams', periodStart: ALWAYS.start, limitEpoch: 2, threshold: 80 };
  expect(noticeKey({ ...notice, kind: 'threshold' })).toBe('teams/always/2/80');
  expect(noticeKey({ ...notice, kind: 'remaining' })).toBe('teams/always/2/remaining:80');
});

test.each([
  '',
  '/always/0/80',
  'tickets//0/80',
  'tickets/always//80',
  'tickets/always/0/',
  'tickets/always/0/80 ',
  'tickets/always/0/x80',
  'tickets/always/0/080',
  'tickets/always/0x/80',
  'tickets/always/1e3/80',
  'tickets!/always/0/80',
  'tickets',
  'tickets///',
  'tickets/2026-03-10T09:00:00.000Z/0',
  'tickets/2026-03-10/0/80',
  'tickets/2026-03-10T09:00:00.000Z/-1/80',
  'tickets/2026-03-10T09:00:00.000Z/0/80/1',
  'Not a meter/2026-03-10T09:00:00.000Z/0/80',
  'teams/ever/0/80',
  'tickets/2026-03-10T09:00:00.000Z/0/threshold:80',
  'tickets/2026-03-10T09:00:00.000Z/0/hunch:80',
])('“%s” is no key', (key) => {
  expect(readNoticeKey(key)).toBeNull();
});
