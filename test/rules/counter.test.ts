import fc from 'fast-check';
import type { Limit } from '../../src/features/entitlements/limits.rules';
import { ALWAYS, type UsageAnchor, usagePeriodAt } from '../../src/features/entitlements/periods.rules';
import { DEFAULT_POLICY } from '../../src/features/plans/quota-policy.rules';
import { type Counter, counterAt, figuresOf, marksReached, remainingOf, standingOf } from '../../src/features/usage/counter.rules';

const anchor: UsageAnchor = { startedAt: new Date('2026-01-31T10:00:00.000Z'), date: '2026-01-31', timeZone: 'Europe/Rome' };
const limit = (hardLimit: number | null = 100, nextEdge: Date | null = null): Limit => ({
  entitled: hardLimit,
  available: hardLimit,
  hardLimit,
  policy: null,
  nextEdge,
});
const first = counterAt(null, anchor, limit(), anchor.startedAt);

test('the first counter begins with the activation at nothing used', () => {
  expect(first).toMatchObject({
    periodStart: anchor.startedAt,
    used: 0,
    held: 0,
    hardLimit: 100,
    limitEpoch: 0,
    validUntil: first.periodEnd,
  });
});

test('TW-18 at the period’s end to the millisecond a new one begins at zero; a millisecond before, the old one holds', () => {
  const used = { ...first, used: 100 };
  expect(counterAt(used, anchor, limit(), new Date(first.periodEnd.getTime() - 1))).toMatchObject({
    periodStart: first.periodStart,
    used: 100,
  });
  expect(counterAt(used, anchor, limit(), first.periodEnd)).toMatchObject({ periodStart: first.periodEnd, used: 0, limitEpoch: 0 });
});

test('TW-21 another allowance keeps the use; only a raised one begins a new limit level', () => {
  const used = { ...first, used: 100 };
  const at = new Date('2026-02-10T00:00:00.000Z');
  expect(counterAt(used, anchor, limit(500), at)).toMatchObject({ used: 100, hardLimit: 500, limitEpoch: 1 });
  expect(counterAt(used, anchor, limit(null), at)).toMatchObject({ used: 100, hardLimit: null, limitEpoch: 1 });
  expect(counterAt(used, anchor, limit(50), at)).toMatchObject({ used: 100, hardLimit: 50, limitEpoch: 0 });
  expect(counterAt(used, anchor, limit(100), at)).toMatchObject({ limitEpoch: 0 });
  const unlimited = { ...used, granted: null, hardLimit: null, peakLimit: null };
  expect(counterAt(unlimited, anchor, limit(100), at)).toMatchObject({ hardLimit: 100, limitEpoch: 0 });
  const lowered = counterAt(used, anchor, limit(50), at);
  expect(counterAt(lowered, anchor, limit(80), at)).toMatchObject({ hardLimit: 80, peakLimit: 100, limitEpoch: 1 });
});

test('G7 a limit that comes back after a suspension is no new level; one above all before is', () => {
  const at = new Date('2026-02-10T00:00:00.000Z');
  const suspended = counterAt({ ...first, used: 85 }, anchor, limit(0), at);
  expect(suspended).toMatchObject({ hardLimit: 0, peakLimit: 100, limitEpoch: 0 });
  const back = counterAt(suspended, anchor, limit(100), at);
  expect(back).toMatchObject({ hardLimit: 100, peakLimit: 100, limitEpoch: 0 });
  expect(counterAt(back, anchor, limit(101), at)).toMatchObject({ peakLimit: 101, limitEpoch: 1 });
});

test('a row is valid until the next edge of a grant, at most until its period’s end', () => {
  const edge = new Date('2026-02-05T00:00:00.000Z');
  expect(counterAt(null, anchor, limit(100, edge), anchor.startedAt).validUntil).toEqual(edge);
  expect(counterAt(null, anchor, limit(100, new Date('2027-01-01T00:00:00.000Z')), anchor.startedAt).validUntil).toEqual(first.periodEnd);
});

test('without an edge in sight a row is valid until its period’s end', () => {
  expect(counterAt(null, anchor, limit(), anchor.startedAt).validUntil).toEqual(new Date('2026-02-27T23:00:00.000Z'));
});

test('the plan says how long a period is; while no grant says anything it stays as it was, a month at first', () => {
  const policy = (period: 'month' | 'year') => ({ ...limit(), policy: { ...DEFAULT_POLICY, period } });
  const lasts = (of: Limit, newest: Counter | null = null) => {
    const { months, periodEnd } = counterAt(newest, anchor, of, anchor.startedAt);
    return [months, periodEnd.toISOString()];
  };
  const month = [1, '2026-02-27T23:00:00.000Z'];
  const year = [12, '2027-01-30T23:00:00.000Z'];
  expect([lasts(policy('month')), lasts(policy('year')), lasts(limit())]).toEqual([month, year, month]);
  const yearly = counterAt(null, anchor, policy('year'), anchor.startedAt);
  expect(lasts(limit(), yearly)).toEqual(year);
  expect(lasts(policy('month'), yearly)).toEqual(month);
  expect(lasts(policy('year'), { ...yearly, periodEnd: new Date('2027-01-15T00:00:00.000Z') })).toEqual([12, '2027-01-15T00:00:00.000Z']);
});

test('HO-19 what is held now is counted in one period that never begins anew', () => {
  const stock = counterAt(null, null, limit(), anchor.startedAt);
  expect(stock).toMatchObject({ periodStart: ALWAYS.start, periodEnd: ALWAYS.end, months: 0, used: 0 });
  expect(counterAt({ ...stock, used: 7 }, null, limit(), new Date('2126-01-01T00:00:00.000Z'))).toMatchObject({ used: 7, months: 0 });
});

test('a new activation after a gap cuts the old period', () => {
  const again: UsageAnchor = { ...anchor, startedAt: new Date('2026-02-12T08:00:00.000Z'), date: '2026-02-12' };
  expect(counterAt({ ...first, used: 100 }, again, limit(), again.startedAt)).toMatchObject({ periodStart: again.startedAt, used: 0 });
});

test('G4 without a change of zone a counter’s periods are the computed ones, however seldom anybody looks', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 * 86_400 }), { minLength: 1, maxLength: 30 }), (pauses) => {
      let at = anchor.startedAt;
      let counter = first;
      for (const seconds of pauses) {
        at = new Date(at.getTime() + seconds * 1000);
        counter = counterAt(counter, anchor, limit(), at);
        const { start, end } = usagePeriodAt(anchor, at);
        expect([counter.periodStart, counter.periodEnd]).toEqual([start, end]);
      }
    }),
  );
});

test('G4 a change of zone takes effect at the next boundary: no gap, no overlap, no short extra period', () => {
  const zones = fc.constantFrom('UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York', 'Europe/Rome', 'Asia/Kolkata');
  fc.assert(
    fc.property(fc.array(fc.tuple(zones, fc.nat(24 * 3_600)), { minLength: 2, maxLength: 24 }), (changes) => {
      let counter = first;
      for (const [timeZone, pause] of changes) {
        const changed = { ...anchor, timeZone };
        const before = counter;
        expect(counterAt(before, changed, limit(), new Date(before.periodEnd.getTime() - 1)).periodStart).toEqual(before.periodStart);
        // The first act of the new period may come at once or a day later.
        counter = counterAt(before, changed, limit(), new Date(before.periodEnd.getTime() + pause * 1000));
        expect(counter.periodStart).toEqual(before.periodEnd);
        const days = (counter.periodEnd.getTime() - counter.periodStart.getTime()) / 86_400_000;
        expect(days).toBeGreaterThan(26);
        expect(days).toBeLessThan(33);
      }
    }),
  );
});

const counter = (given: Partial<Counter>): Counter => ({ ...first, granted: 100, hardLimit: 100, ...given });

test.each([
  [{ used: 79 }, 'open', 21],
  [{ used: 80 }, 'warning', 20],
  [{ used: 99 }, 'warning', 1],
  [{ used: 100 }, 'exhausted', 0],
  [{ used: 99, held: 1 }, 'exhausted', 0],
  [{ used: 120 }, 'exhausted', 0],
  [{ used: 0, granted: 0, hardLimit: 0 }, 'exhausted', 0],
  [{ used: 105, hardLimit: 110 }, 'warning', 5],
  [{ used: 100_000, granted: null, hardLimit: null }, 'open', null],
  [{ used: 50, thresholds: [50, 100] }, 'warning', 50],
  [{ used: 70, remainingMarks: [30] }, 'warning', 30],
  [{ used: 69, remainingMarks: [30] }, 'open', 31],
  [{ used: 100, hardLimit: null }, 'warning', 0],
  [{ used: 1, granted: 1, hardLimit: null }, 'warning', 0],
  [{ used: 5, granted: null, hardLimit: null, remainingMarks: [30] }, 'open', null],
  [{ used: 101, hardLimit: null }, 'over', 0],
] as const)('%p stands %s with %p left', (given, standing, remaining) => {
  const marks = { thresholds: [80, 100], remainingMarks: [], ...given };
  const one = counter({ ...marks, thresholds: [...marks.thresholds], remainingMarks: [...marks.remainingMarks] });
  expect([standingOf(one), remainingOf(one)]).toEqual([standing, remaining]);
});

test('TW-08 units-left marks are reached from so many left on; without an allowance none is', () => {
  const marks = (granted: number | null, used: number) => marksReached(counter({ granted, used, remainingMarks: [10, 3] }));
  expect([marks(100, 89), marks(100, 90), marks(100, 97)]).toEqual([[], [10], [10, 3]]);
  expect([marks(0, 0), marks(null, 5)]).toEqual([[], []]);
});

test.each([
  [{ used: 10, hardLimit: 10, granted: 10 }, 'open'],
  [{ used: 11, hardLimit: 10, granted: 10 }, 'over'],
  [{ used: 0, hardLimit: 0, granted: 0 }, 'exhausted'],
  [{ used: 900, hardLimit: null, granted: null }, 'open'],
] as const)('CH-18 of a limit on every single item, %j stands %s: however large one is, the next may be as large', (given, state) => {
  expect(figuresOf(counter(given), { entitled: 10 }, 'each')).toMatchObject({ counts: 'each', state });
});

test('G10 every screen names the same figures of a counter', () => {
  const found = figuresOf(counter({ used: 60, held: 20, granted: 100, hardLimit: 110, thresholds: [50] }), { entitled: 140 }, 'all');
  expect(found).toEqual({
    entitled: 140,
    available: 100,
    limit: 110,
    used: 60,
    held: 20,
    remaining: 30,
    counts: 'all',
    state: 'warning',
  });
});
