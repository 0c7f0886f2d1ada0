import fc from 'fast-check';
import { monthAt, spanOf } from '../../../src/features/billed-people/months.rules';
import { daysBetween, monthEndedIn, monthsAfter, termParts } from '../../../src/features/billing/term-parts.rules';
import { contractTermAt } from '../../../src/features/subscriptions/contracts.rules';

const term = (start: string, end: string) => ({ start: new Date(start), end: new Date(end) });
const march = term('2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z');
const days = { proration: 'days', basis: 'actual' } as const;
const thirty = { proration: 'days', basis: 'fixed30' } as const;
const seconds = { proration: 'seconds', basis: 'actual' } as const;

test('TW-29: the day of the change belongs to the new plan, from its first second to its last', () => {
  const april = term('2026-04-01T00:00:00Z', '2026-05-01T00:00:00Z');
  for (const time of ['00:00:00', '13:30:00', '23:59:59']) {
    expect(termParts(april, [new Date(`2026-04-21T${time}Z`)], days, 'UTC')).toEqual({ unit: 'day', total: 30, lengths: [20, 10] });
  }
});

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Auckland', 'Pacific/Honolulu'];

test('EC-11: a month that ended in a term is named alike in whatever zone it is asked, and each month by one term', () => {
  const day = fc.integer({ min: 0, max: 364 }).map((days) => new Date(Date.UTC(2025, 0, 1 + days)).toISOString().slice(0, 10));
  fc.assert(
    fc.property(day, fc.constantFrom(...ZONES), fc.constantFrom(...ZONES), (date, timeZone, later) => {
      const startedAt = new Date(`${date}T12:00:00Z`);
      let at = startedAt;
      const months = [...Array(14)].map(() => {
        const { end } = contractTermAt({ startedAt, date, timeZone }, 'P1M', at);
        at = end;
        const month = monthEndedIn({ anchorDate: date, end }, timeZone);
        // As the zone that cut the term says it.
        expect(month).toBe(monthAt(new Date(spanOf(monthAt(end, timeZone), timeZone).start.getTime() - 1), timeZone));
        expect(monthEndedIn({ anchorDate: date, end }, later)).toBe(month);
        return month;
      });
      expect(new Set(months).size).toBe(14);
    }),
    { numRuns: 100 },
  );
});

test('days are those of the zone: 23:30 in UTC is tomorrow in Rome', () => {
  const rome = term('2026-02-28T23:00:00Z', '2026-03-31T22:00:00Z');
  expect(termParts(rome, [new Date('2026-03-20T23:30:00Z')], days, 'Europe/Rome').lengths).toEqual([20, 11]);
  expect(termParts(march, [new Date('2026-03-20T23:30:00Z')], days, 'UTC').lengths).toEqual([19, 12]);
});

test('a day of 23 or 25 hours is one day', () => {
  const rome = term('2026-02-28T23:00:00Z', '2026-03-31T22:00:00Z');
  expect(termParts(rome, [], days, 'Europe/Rome').total).toBe(31);
});

test.each([
  ['2026-01-01', '2026-02-01', '2026-01-21', [20, 10]],
  ['2026-01-01', '2026-02-01', '2026-01-31', [30, 0]],
  ['2026-02-01', '2026-03-01', '2026-02-21', [20, 10]],
  ['2026-02-01', '2026-03-01', '2026-02-28', [27, 3]],
  ['2026-01-31', '2026-02-28', '2026-02-10', [10, 20]],
  ['2026-01-15', '2027-01-15', '2026-03-20', [65, 295]],
  ['2024-02-29', '2025-02-28', '2024-03-29', [30, 330]],
])('fixed30: of %s to %s, a change on %s divides %j: every month has thirty days', (start, end, cut, lengths) => {
  const { total, lengths: found } = termParts(term(start, end), [new Date(cut)], thirty, 'UTC');
  expect(found).toEqual(lengths);
  expect(total).toBe(lengths[0]! + lengths[1]!);
});

test('seconds: a change is cut where it happens', () => {
  expect(termParts(march, [new Date('2026-03-01T00:00:01.900Z')], seconds, 'UTC')).toEqual({
    unit: 'second',
    total: 31 * 86_400,
    lengths: [1, 31 * 86_400 - 1],
  });
});

test('two changes on one day leave a part without length', () => {
  const cuts = ['2026-03-11T08:00:00Z', '2026-03-11T09:00:00Z'].map((cut) => new Date(cut));
  expect(termParts(march, cuts, days, 'UTC').lengths).toEqual([10, 0, 21]);
});

test('cuts out of order are a fault', () => {
  const cuts = ['2026-03-12', '2026-03-11'].map((cut) => new Date(cut));
  expect(() => termParts(march, cuts, days, 'UTC')).toThrow('Invariant broken');
});

test('a term without length is a fault', () => {
  expect(() => termParts(term('2026-03-01', '2026-03-01'), [], days, 'UTC')).toThrow('Invariant broken');
});

test('G5: the parts of a term are the term, however it is measured and wherever it is cut', () => {
  const instant = fc.date({ min: new Date('2019-01-01'), max: new Date('2030-12-31'), noInvalidDate: true });
  const policy = fc.constantFrom(days, thirty, seconds);
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia');
  fc.assert(
    fc.property(
      instant,
      fc.constantFrom(1, 12),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
      policy,
      zone,
      (at, months, places, by, timeZone) => {
        const start = new Date(at.toISOString().slice(0, 10));
        const end = new Date(monthsAfter(start.toISOString().slice(0, 10), months));
        const cuts = places
          .sort((a, b) => a - b)
          .map((place) => new Date(start.getTime() + Math.floor(place * (end.getTime() - start.getTime()))));
        const { total, lengths } = termParts({ start, end }, cuts, by, timeZone);
        expect(lengths).toHaveLength(cuts.length + 1);
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(total);
        if (by === thirty && timeZone === 'UTC') expect(total).toBe(30 * months);
        if (by === days && timeZone === 'UTC')
          expect(total).toBe(daysBetween(start.toISOString().slice(0, 10), end.toISOString().slice(0, 10)));
      },
    ),
  );
});

test('the last day of a month stays the last where the month is shorter, leap years included', () => {
  expect(monthsAfter('2024-01-31', 1)).toBe('2024-02-29');
  expect(monthsAfter('2025-01-31', 1)).toBe('2025-02-28');
  expect(monthsAfter('2025-12-31', 14)).toBe('2027-02-28');
});
