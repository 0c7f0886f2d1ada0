import fc from 'fast-check';
import { adviceOf, isHit, type PastPeriod, withinReach } from '../../src/features/usage/advice.rules';
import { outlookOf, weekEdges } from '../../src/features/usage/forecast.rules';

const at = new Date('2026-03-10T09:00:00.000Z');
const days = (count: number) => new Date(at.getTime() + count * 86_400_000);

test('under seven days of data it is too early to say', () => {
  expect(outlookOf({ weeks: [], remaining: 50, at, resetsAt: days(20) })).toMatchObject({ state: 'too_early', likely: null });
  expect(weekEdges(at, days(-6.99))).toEqual([at]);
  expect(weekEdges(at, days(-7))).toEqual([at, days(-7)]);
  expect(weekEdges(at, days(-400))).toEqual([at, days(-7), days(-14), days(-21), days(-28)]);
  expect(weekEdges(at, days(3))).toEqual([at]);
});

test('TW-11 the median week is the pace, the busiest and the quietest are the band', () => {
  const found = outlookOf({ weeks: [14, 7, 28, 21], remaining: 35, at, resetsAt: null });
  expect(found).toEqual({ state: 'runs_out', perDay: 2.5, from: days(35 / 4), likely: days(14), until: days(35) });
});

test('one unusual week moves the band, not the pace', () => {
  const calm = outlookOf({ weeks: [14, 14, 14, 14], remaining: 100, at, resetsAt: null });
  const wild = outlookOf({ weeks: [14, 900, 14, 14], remaining: 100, at, resetsAt: null });
  expect(wild.likely).toEqual(calm.likely);
  expect(wild.from! < calm.from!).toBe(true);
});

test('a single week knows its pace, and a quarter more or less', () => {
  expect(outlookOf({ weeks: [70], remaining: 100, at, resetsAt: null })).toMatchObject({
    perDay: 10,
    from: days(8),
    likely: days(10),
    until: new Date(at.getTime() + Math.round((100 / 7.5) * 86_400_000)),
  });
});

test('what lasts until counting starts anew does not run out; a band may reach beyond', () => {
  expect(outlookOf({ weeks: [7, 7, 7, 7], remaining: 20, at, resetsAt: days(20) })).toMatchObject({
    state: 'lasts',
    likely: null,
    until: null,
  });
  expect(outlookOf({ weeks: [7, 14, 14, 14], remaining: 20, at, resetsAt: days(20) })).toMatchObject({ state: 'runs_out', until: null });
  expect(outlookOf({ weeks: [0, 0, 0, 0], remaining: 1, at, resetsAt: null })).toMatchObject({ state: 'lasts', perDay: 0 });
  expect(outlookOf({ weeks: [-3, 0], remaining: 1, at, resetsAt: null })).toMatchObject({ state: 'lasts' });
  expect(outlookOf({ weeks: [7], remaining: null, at, resetsAt: null }).state).toBe('unlimited');
  expect(outlookOf({ weeks: [7], remaining: 0, at, resetsAt: null }).state).toBe('exhausted');
});

test('ten years ahead are in sight, a day more is not', () => {
  const likely = (remaining: number) => outlookOf({ weeks: [7, 7], remaining, at, resetsAt: null }).likely;
  expect(likely(3650)).toEqual(days(3650));
  expect(likely(3651)).toBeNull();
});

test('the likely instant lies in the band, and more that is left is never earlier', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(500), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.nat(100),
      (weeks, remaining, more) => {
        const { from, likely, until } = outlookOf({ weeks, remaining, at, resetsAt: null });
        if (likely) expect(from! <= likely).toBe(true);
        if (likely && until) expect(likely <= until).toBe(true);
        if (until) expect(likely).not.toBeNull();
        const later = outlookOf({ weeks, remaining: remaining + more, at, resetsAt: null });
        if (later.likely) expect(later.likely >= likely!).toBe(true);
      },
    ),
  );
});

describe('advice', () => {
  const period = (back: number, given: Partial<PastPeriod> = {}): PastPeriod => ({
    start: days(-10 - back * 30),
    end: days(20 - back * 30),
    used: 0,
    granted: 100,
    wasRefused: false,
    ...given,
  });
  const policy = { hits: 2, periods: 3 };

  test.each([
    [{ wasRefused: true }, true],
    [{ used: 100 }, true],
    [{ used: 99 }, false],
    [{ used: 5000, granted: null }, false],
    [{ used: 0, granted: 0 }, false],
    [{ granted: 0, wasRefused: true }, false],
  ])('%p is a hit: %p', (given, hit) => {
    expect(isHit(period(0, given))).toBe(hit);
  });

  test('TW-20 two of the last three periods, the running one included', () => {
    const hit = { wasRefused: true };
    expect(adviceOf([period(0, hit), period(1), period(2, hit)], policy)).toEqual({ hits: 2, periods: 3 });
    expect(adviceOf([period(0, hit), period(1), period(2)], policy)).toBeNull();
    expect(adviceOf([period(0, hit), period(1), period(2), period(3, hit)], policy)).toBeNull();
    expect(adviceOf([period(0), period(1, hit), period(2, hit)], policy)).toEqual({ hits: 2, periods: 3 });
    expect(adviceOf([period(0, hit)], { hits: 1, periods: 1 })).toEqual({ hits: 1, periods: 1 });
  });

  test('TW-20 periods are those of the calendar: one that nobody opened is one of the three', () => {
    const opened = [period(0), period(2), period(3)];
    expect(withinReach(opened, 3, at)).toEqual([period(0), period(2)]);
    expect(withinReach([period(1), period(2), period(3)], 3, at)).toEqual([period(1), period(2)]);
    expect(withinReach([period(4)], 3, at)).toEqual([]);
    // The instant at which one ends belongs to the next, which nobody opened yet.
    const [ended, before] = [period(0), period(1)];
    expect(withinReach([ended!, before!], 2, ended!.end)).toEqual([ended]);
    expect(withinReach([ended!, before!], 2, new Date(ended!.end.getTime() - 1))).toEqual([ended, before]);
    expect(withinReach([], 3, at)).toEqual([]);
  });
});
