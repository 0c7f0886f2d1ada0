import fc from 'fast-check';
import { METERS } from '../../src/contract/meters';
import { noticeKey, readNoticeKey } from '../../src/features/notices/quota-notice.rules';

test('a key names one notice and is read back as it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...METERS),
      fc.date({ noInvalidDate: true, min: new Date('2000-01-01'), max: new Date('2100-01-01') }),
      fc.nat(9999),
      fc.nat(200),
      (meter, periodStart, limitEpoch, threshold) => {
        const notice = { meter, periodStart, limitEpoch, threshold };
        expect(readNoticeKey(noticeKey(notice))).toEqual(notice);
      },
    ),
  );
});

test.each([
  '',
  'tickets',
  'tickets///',
  'tickets/2026-03-10T09:00:00.000Z/0',
  'tickets/2026-03-10/0/80',
  'tickets/2026-03-10T09:00:00.000Z/-1/80',
  'tickets/2026-03-10T09:00:00.000Z/0/80/1',
  'Not a meter/2026-03-10T09:00:00.000Z/0/80',
  'teams/ever/0/80',
])('“%s” is no key', (key) => {
  expect(readNoticeKey(key)).toBeNull();
});
