import fc from 'fast-check';
import { DateTime } from 'luxon';
import { calendarDate, isTimeZone, localMidnight, type UsageAnchor, usagePeriodAt } from '../../src/features/entitlements/periods.rules';

const anchorOf = (startedAt: string, timeZone = 'UTC', date = startedAt.slice(0, 10)): UsageAnchor => ({
  startedAt: new Date(startedAt),
  date,
  timeZone,
});

/** The first `count` periods, each found by asking at the end of the one before. */
function walk(anchor: UsageAnchor, count: number, step = 1) {
  const periods = [usagePeriodAt(anchor, anchor.startedAt, step)];
  while (periods.length < count) periods.push(usagePeriodAt(anchor, periods.at(-1)!.end, step));
  return periods;
}

/** Zones with changes at midnight, half hours, southern summers and a day that never was. */
const ZONES = [
  'UTC',
  'Europe/Rome',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/Santiago',
  'America/Sao_Paulo',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Asia/Tehran',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
];

const anchors = fc
  .record({
    startedAt: fc.date({ min: new Date('2010-01-01T00:00:00Z'), max: new Date('2030-12-31T23:59:59Z'), noInvalidDate: true }),
    timeZone: fc.constantFrom(...ZONES),
    // The term may have started up to some days before its activation.
    daysBefore: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ startedAt, timeZone, daysBefore }) => ({
    startedAt,
    timeZone,
    date: new Date(startedAt.getTime() - daysBefore * 86_400_000).toISOString().slice(0, 10),
  }));

test.each([
  ['2023-01-31', ['2023-02-28', '2023-03-31', '2023-04-30', '2023-05-31', '2023-06-30']],
  ['2024-01-31', ['2024-02-29', '2024-03-31', '2024-04-30', '2024-05-31', '2024-06-30']],
  ['2023-01-30', ['2023-02-28', '2023-03-30', '2023-04-30']],
  ['2023-01-29', ['2023-02-28', '2023-03-29', '2023-04-29']],
  ['2024-01-29', ['2024-02-29', '2024-03-29', '2024-04-29']],
  ['2023-01-28', ['2023-02-28', '2023-03-28', '2023-04-28']],
  ['2023-12-31', ['2024-01-31', '2024-02-29', '2024-03-31']],
])('G4 the anchor day %s is clamped to the month’s end and comes back', (date, ends) => {
  const periods = walk(anchorOf(`${date}T08:30:00.000Z`), ends.length);
  expect(periods.map(({ end }) => end.toISOString())).toEqual(ends.map((end) => `${end}T00:00:00.000Z`));
});

test('G4 a leap day’s yearly period ends on 28 February and on the 29th again in a leap year', () => {
  const ends = walk(anchorOf('2024-02-29T12:00:00.000Z'), 4, 12).map(({ end }) => end.toISOString().slice(0, 10));
  expect(ends).toEqual(['2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']);
});

test('G4 the first period begins with the activation, to the millisecond', () => {
  const anchor = anchorOf('2026-03-10T09:12:13.456Z', 'Europe/Rome');
  expect(usagePeriodAt(anchor, anchor.startedAt)).toEqual({ start: anchor.startedAt, end: new Date('2026-04-09T22:00:00.000Z') });
});

test.each([
  ['Europe/Rome', '2026-03-29', '2026-03-28T23:00:00.000Z', 'changes at two: midnight is there'],
  ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z', 'midnight is missing: it moves forward by the gap'],
  ['Asia/Beirut', '2026-03-29', '2026-03-28T22:00:00.000Z', 'midnight is missing'],
  ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z', 'midnight happens twice: the first counts'],
  ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z', 'the whole day is missing'],
  ['Asia/Kolkata', '2026-01-01', '2025-12-31T18:30:00.000Z', 'half an hour'],
])('G4 the midnight of a day in %s on %s is %s: %s', (timeZone, date, instant) => {
  expect(localMidnight(Date.parse(`${date}T00:00:00Z`), timeZone).toISOString()).toBe(instant);
});

test('G4 every instant of eleven years lies in exactly one period, without gap or overlap', () => {
  fc.assert(
    fc.property(anchors, (anchor) => {
      const periods = walk(anchor, 11 * 12);
      periods.forEach(({ start, end }, index) => {
        expect(start < end).toBe(true);
        expect(start).toEqual(index === 0 ? anchor.startedAt : periods[index - 1]!.end);
        expect(usagePeriodAt(anchor, start)).toEqual({ start, end });
        expect(usagePeriodAt(anchor, new Date(end.getTime() - 1))).toEqual({ start, end });
        expect(usagePeriodAt(anchor, end).start).toEqual(end);
      });
    }),
    { numRuns: 12 },
  );
});

test('G4 any instant lies in the period found for it, and asking anywhere in that period finds the same', () => {
  fc.assert(
    fc.property(anchors, fc.nat(11 * 365 * 86_400), fc.nat(999), (anchor, seconds, permille) => {
      const at = new Date(anchor.startedAt.getTime() + seconds * 1000);
      const period = usagePeriodAt(anchor, at);
      expect(period.start <= at && at < period.end).toBe(true);
      const elsewhere = new Date(period.start.getTime() + ((period.end.getTime() - period.start.getTime()) * permille) / 1000);
      expect(usagePeriodAt(anchor, elsewhere)).toEqual(period);
    }),
  );
});

test('G4 every boundary is the first instant of the clamped anchor day in the zone, by another library’s reckoning', () => {
  fc.assert(
    fc.property(anchors, fc.integer({ min: 2, max: 132 }), (anchor, index) => {
      const end = usagePeriodAt(anchor, new Date(anchor.startedAt.getTime() + index * 30 * 86_400_000)).end;
      const local = DateTime.fromJSDate(end, { zone: anchor.timeZone });
      const months = (local.year - Number(anchor.date.slice(0, 4))) * 12 + local.month - Number(anchor.date.slice(5, 7));
      const expected = DateTime.fromISO(anchor.date, { zone: 'UTC' }).plus({ months });
      expect(local.toISODate()).toBe(expected.toISODate());
      expect(local.minus({ milliseconds: 1 }).toISODate()).not.toBe(expected.toISODate());
    }),
  );
});

test('G4 the boundaries do not depend on when one asks: a missed job changes nothing', () => {
  const anchor = anchorOf('2026-01-31T10:00:00.000Z', 'Europe/Berlin');
  const late = usagePeriodAt(anchor, new Date('2036-05-15T00:00:00.000Z'));
  expect(walk(anchor, 130)).toContainEqual(late);
});

test('an instant before the activation belongs to the first period, even when the term is months older', () => {
  const anchor = anchorOf('2026-03-10T09:00:00.000Z', 'UTC', '2025-12-31');
  expect(usagePeriodAt(anchor, new Date('2026-01-01T00:00:00.000Z'))).toEqual({
    start: anchor.startedAt,
    end: new Date('2026-03-31T00:00:00.000Z'),
  });
});

test('the calendar date of an instant is the zone’s own', () => {
  const at = new Date('2026-03-31T22:30:00.000Z');
  expect([calendarDate(at, 'UTC'), calendarDate(at, 'Europe/Rome'), calendarDate(at, 'America/New_York')]).toEqual([
    '2026-03-31',
    '2026-04-01',
    '2026-03-31',
  ]);
});

test('a zone is one that the runtime knows', () => {
  expect(['Europe/Rome', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});

test.each([
  ['the day after clocks went forward', 'Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z'],
  ['the day they go forward', 'Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
  ['the day after they went back', 'Europe/Berlin', '2026-10-26', '2026-10-25T23:00:00.000Z'],
  ['a midnight that happens twice: the first', 'America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z'],
  ['a midnight that never happens: an hour later', 'America/Havana', '2026-03-08', '2026-03-08T05:00:00.000Z'],
])('G4 local midnight of %s', (_which, timeZone, date, instant) => {
  expect(localMidnight(Date.parse(date), timeZone).toISOString()).toBe(instant);
});

const EVERY_ZONE = Intl.supportedValuesOf('timeZone');
let asked = 0;

test('G4 a zone that nobody asked for before divides days as any other does', () => {
  for (const timeZone of [EVERY_ZONE[asked++ % EVERY_ZONE.length]!, EVERY_ZONE[asked++ % EVERY_ZONE.length]!])
    for (const date of ['2026-01-15', '2026-07-15'])
      expect(localMidnight(Date.parse(date), timeZone)).toEqual(DateTime.fromISO(date, { zone: timeZone }).toJSDate());
});

test('G4 the first period begins with the activation, though in a zone chosen later its day had not begun', () => {
  const anchor = anchorOf('2026-01-31T10:00:00.000Z', 'Pacific/Pago_Pago');
  expect(usagePeriodAt(anchor, anchor.startedAt).start).toEqual(anchor.startedAt);
  expect(usagePeriodAt(anchor, new Date('2026-01-31T12:00:00.000Z'))).toEqual(usagePeriodAt(anchor, anchor.startedAt));
});
