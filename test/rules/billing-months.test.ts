import fc from 'fast-check';
import { besideFrozen, isOver, monthAfter, monthAt, monthBefore, monthsDown, spanOf } from '../../src/features/billed-people/months.rules';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Pacific/Auckland',
  'America/Sao_Paulo',
  'Africa/Cairo',
];
const zone = fc.constantFrom(...ZONES);
const instant = fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2031-12-31T00:00:00Z'), noInvalidDate: true });

test('EC-11 every instant lies in exactly one billing month, whose span holds it, and which begins where the last one ended', () => {
  fc.assert(
    fc.property(instant, zone, (at, timeZone) => {
      const month = monthAt(at, timeZone);
      const { start, end } = spanOf(month, timeZone);
      expect(start <= at && at < end).toBe(true);
      expect(monthAt(start, timeZone)).toBe(month);
      expect(monthAt(new Date(start.getTime() - 1), timeZone) < month).toBe(true);
      expect(spanOf(monthAt(end, timeZone), timeZone).start).toEqual(end);
    }),
    { numRuns: 300 },
  );
});

test('EC-11 beside frozen months a month begins and ends where they do, whatever zone cut them: no instant in two, none in none', () => {
  const [berlin, newYork] = ['Europe/Berlin', 'America/New_York'];
  const march = spanOf('2026-03', berlin);
  const april = besideFrozen(spanOf('2026-04', newYork), { before: march.end, after: null });
  expect(april).toEqual({ start: new Date('2026-03-31T22:00:00.000Z'), end: new Date('2026-05-01T04:00:00.000Z') });
  const february = besideFrozen(spanOf('2026-02', newYork), { before: null, after: march.start });
  expect(february).toEqual({ start: new Date('2026-02-01T05:00:00.000Z'), end: march.start });
  expect(besideFrozen(march, { before: null, after: null })).toEqual(march);
});

test.each([
  ['2025-12', '2026-01'],
  ['2026-09', '2026-10'],
  ['0999-12', '1000-01'],
])('after %s comes %s', (month, next) => {
  expect(monthAfter(month)).toBe(next);
  expect(monthBefore(next)).toBe(month);
});

test('a month is over from the first instant of the next one', () => {
  expect(isOver('2026-03', 'Europe/Berlin', new Date('2026-03-31T21:59:59.999Z'))).toBe(false);
  expect(isOver('2026-03', 'Europe/Berlin', new Date('2026-03-31T22:00:00.000Z'))).toBe(true);
});

test.each([
  ['2026-03', '2026-03', ['2026-03']],
  ['2025-11', '2026-02', ['2026-02', '2026-01', '2025-12', '2025-11']],
  ['2026-04', '2026-03', []],
])('months from %s to %s, newest first', (first, last, months) => {
  expect(monthsDown(first, last)).toEqual(months);
});
