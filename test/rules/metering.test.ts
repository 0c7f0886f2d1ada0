import fc from 'fast-check';
import type { UsageStatus } from '../../src/features/metering/metering.port';
import { pauseAfter, settledByDay, settlementOf } from '../../src/features/metering/outcome.rules';
import {
  type Billed,
  closedAt,
  freeHour,
  hourOf,
  hoursAfter,
  instantsBetween,
  keyOf,
  nextClosing,
  overageOf,
  type Point,
  reportsFor,
  type Stretch,
  sendableFrom,
} from '../../src/features/metering/overage.rules';
import { numeral, type Quantity, quantityOf, units } from '../../src/features/metering/quantity.rules';
import { cutBy, windowAfter, windowAt } from '../../src/features/metering/window.rules';

const BILLED: Billed = { planId: 'standard', dimension: 'extra' };
const START = new Date('2026-03-10T00:00:00Z');

describe('quantities are decimals, and none is rounded', () => {
  test.each([
    ['5', '5'],
    ['5.50', '5.5'],
    ['0.000001', '0.000001'],
    ['-2.25', '-2.25'],
    [5, '5'],
    [0.1, '0.1'],
    [999_999_999_999, '999999999999'],
  ])('%s is %s', (said, shown) => {
    expect(numeral(quantityOf(said))).toBe(shown);
  });

  test('what is written is read as the same, and sums are exact', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (quantity) => expect(quantityOf(numeral(quantity))).toBe(quantity)),
    );
    expect(numeral(quantityOf('0.1') + quantityOf('0.2'))).toBe('0.3');
  });

  test('what is no number is a fault', () => {
    for (const said of ['', 'five', '1e3', '1,5']) expect(() => quantityOf(said)).toThrow('not a quantity');
  });
});

describe('the base window (domain §13)', () => {
  const monthly = (termStart: string) => ({ termStart: new Date(termStart), months: 1 });
  const iso = ({ start, end }: { start: Date; end: Date }) => [start.toISOString(), end.toISOString()];

  test('a monthly base begins anew with every month of the term, from its original day', () => {
    const anchor = monthly('2026-01-31T00:00:00Z');
    expect(iso(windowAt(anchor, new Date('2026-02-10T00:00:00Z')))).toEqual(['2026-01-31T00:00:00.000Z', '2026-02-28T00:00:00.000Z']);
    expect(iso(windowAt(anchor, new Date('2026-03-30T23:59:59Z')))).toEqual(['2026-02-28T00:00:00.000Z', '2026-03-31T00:00:00.000Z']);
  });

  test('a yearly base begins anew once a year, also inside a term of several years', () => {
    expect(iso(windowAt({ termStart: new Date('2024-02-29T00:00:00Z'), months: 12 }, new Date('2026-07-01T00:00:00Z')))).toEqual([
      '2026-02-28T00:00:00.000Z',
      '2027-02-28T00:00:00.000Z',
    ]);
  });

  test('windows follow each other without gap or overlap, however the next term is stated', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -36, max: 36 }), { maxLength: 14 }), (shifts) => {
        let window = windowAt(monthly('2026-01-14T00:00:00Z'), new Date('2026-01-20T00:00:00Z'));
        for (const hours of shifts) {
          const next = windowAfter(window, { termStart: hoursAfter(window.end, hours), months: 1 });
          expect(next.start).toEqual(window.end);
          const days = (next.end.getTime() - next.start.getTime()) / 86_400_000;
          expect(days).toBeGreaterThan(25);
          expect(days).toBeLessThan(34);
          window = next;
        }
      }),
    );
  });

  test('a term that began anew ends the window there, unless that part has been told', () => {
    const window = windowAt(monthly('2026-01-14T00:00:00Z'), new Date('2026-01-20T00:00:00Z'));
    const renewed = monthly('2026-01-25T10:00:00Z');
    expect(cutBy(window, renewed, new Date('2026-01-25T09:00:00Z')).end).toEqual(renewed.termStart);
    expect(cutBy(window, renewed, new Date('2026-01-25T11:00:00Z')).end).toEqual(window.end);
  });
});

describe('overage of a window (G11)', () => {
  const stretch = (usedBefore: number, included: number | null, isMetered = true): Stretch => ({
    start: START,
    usedBefore: units(usedBefore),
    included: included === null ? null : units(included),
    isMetered,
  });

  test.each([
    ['nothing beyond the included amount', [stretch(0, 100)], 100, 0],
    ['used − included', [stretch(0, 100)], 130, 30],
    ['an unlimited amount has none', [stretch(0, null)], 5000, 0],
    ['what was used before it was agreed to is not billed', [stretch(0, 100, false), stretch(105, 100)], 120, 15],
    ['nor is what is used after it ended', [stretch(0, 100), stretch(110, 100, false)], 150, 10],
    ['a smaller plan bills nothing that was included in the larger one', [stretch(0, 500), stretch(300, 100)], 310, 10],
    ['a larger plan includes its whole amount, and what was billed stays billed', [stretch(0, 100), stretch(120, 500)], 520, 20],
    ['and bills again beyond both', [stretch(0, 100), stretch(120, 500)], 525, 25],
    ['units given back after a change reduce nothing that was billed before', [stretch(0, 100), stretch(120, 500)], 90, 20],
  ])('%s', (_what, stretches, used, owed) => {
    expect(overageOf(stretches, units(used))).toBe(units(owed));
  });

  const steps = fc.array(fc.record({ by: fc.nat(50), included: fc.nat(200), isMetered: fc.boolean() }), { minLength: 1, maxLength: 8 });
  const stretchesOf = (given: { by: number; included: number; isMetered: boolean }[]) => {
    let used = 0;
    const stretches = given.map(({ by, included, isMetered }) => {
      const one = stretch(used, included, isMetered);
      used += by;
      return one;
    });
    return { stretches, used };
  };

  test('it never exceeds what was used while it was agreed to, and never falls as more is used', () => {
    fc.assert(
      fc.property(steps, fc.nat(20), (given, more) => {
        const { stretches, used } = stretchesOf(given);
        const owed = overageOf(stretches, units(used));
        const whileAgreed = given.reduce((sum, { by, isMetered }) => sum + (isMetered ? by : 0), 0);
        expect(owed).toBeGreaterThanOrEqual(0n);
        expect(owed).toBeLessThanOrEqual(units(whileAgreed));
        expect(overageOf(stretches, units(used + more))).toBeGreaterThanOrEqual(owed);
      }),
    );
  });

  test('an instant at which nothing changes changes nothing', () => {
    fc.assert(
      fc.property(steps, fc.nat(7), fc.nat(50), (given, at, part) => {
        const step = given[at % given.length]!;
        const cut = Math.min(part, step.by);
        const twice = given.toSpliced(at % given.length, 1, { ...step, by: cut }, { ...step, by: step.by - cut });
        const once = stretchesOf(given);
        const split = stretchesOf(twice);
        expect(overageOf(split.stretches, units(split.used))).toBe(overageOf(once.stretches, units(once.used)));
      }),
    );
  });
});

describe('hours', () => {
  test('an hour is over 60 seconds after its end, when its last act cannot be undone any more', () => {
    expect(closedAt(new Date('2026-03-10T10:00:59.999Z'))).toEqual(new Date('2026-03-10T09:00:00Z'));
    expect(closedAt(new Date('2026-03-10T10:01:00Z'))).toEqual(new Date('2026-03-10T10:00:00Z'));
    expect(nextClosing(new Date('2026-03-10T10:00:30Z'))).toEqual(new Date('2026-03-10T10:01:00Z'));
    expect(nextClosing(new Date('2026-03-10T10:01:00Z'))).toEqual(new Date('2026-03-10T11:01:00Z'));
  });

  test('reports are drawn up at every end of an hour, and where the plan changes', () => {
    const cut = new Date('2026-03-10T01:20:00Z');
    expect(instantsBetween(new Date('2026-03-10T00:30:00Z'), new Date('2026-03-10T02:00:00Z'), [cut, START])).toEqual([
      new Date('2026-03-10T01:00:00Z'),
      cut,
      new Date('2026-03-10T02:00:00Z'),
    ]);
  });

  const point = (hour: number, owed: number, billed = BILLED): Point => ({ at: hoursAfter(START, hour), owed: units(owed), billed });
  const told = (points: Point[], given: Partial<Parameters<typeof reportsFor>[1]> = {}) =>
    reportsFor(points, { owedBefore: 0n, told: 0n, sendableFrom: START, ...given }).map(({ hour, quantity, isCarried, planId }) => [
      (hour.getTime() - START.getTime()) / 3_600_000,
      numeral(quantity),
      ...(isCarried ? ['carried'] : []),
      ...(planId === BILLED.planId ? [] : [planId]),
    ]);

  test('one report of an hour in which overage rose, none of the others', () => {
    expect(told([point(1, 0), point(2, 5), point(3, 5), point(4, 7)])).toEqual([
      [1, '5'],
      [3, '2'],
    ]);
  });

  test('what is older than 24 hours is carried into the first hour that is still taken, and flagged', () => {
    const at = hoursAfter(START, 30);
    expect(told([point(1, 3), point(5, 4), point(8, 9), point(9, 10)], { sendableFrom: sendableFrom(at) })).toEqual([
      [7, '9', 'carried'],
      [8, '1'],
    ]);
  });

  test('overage up to a change of plan is told under the old plan, later overage under the new', () => {
    const points: Point[] = [
      { at: new Date(START.getTime() + 1_200_000), owed: units(4), billed: BILLED },
      point(1, 9, { ...BILLED, planId: 'premium' }),
    ];
    expect(told(points)).toEqual([
      [0, '4'],
      [0, '5', 'premium'],
    ]);
  });

  test('an hour that has told something tells nothing more: the next one does', () => {
    expect(told([point(1, 4), point(2, 4)], { told: units(1), taken: [keyOf(BILLED, START)] })).toEqual([[1, '3', 'carried']]);
  });

  test('what was given back after it was told is taken off what comes next', () => {
    expect(told([point(1, 3), point(2, 6)], { told: units(5), owedBefore: units(3) })).toEqual([[1, '1']]);
  });

  test('after the end the latest free hour takes the rest, as long as any is taken', () => {
    const last = hoursAfter(START, 5);
    const oldest = hoursAfter(START, 3);
    const taken = [5, 4].map((hour) => keyOf(BILLED, hoursAfter(START, hour)));
    expect(freeHour(last, BILLED, { sendableFrom: oldest, taken })).toEqual(hoursAfter(START, 3));
    expect(freeHour(last, BILLED, { sendableFrom: hoursAfter(START, 4), taken })).toBeNull();
  });
});

describe('what each status means (specification 8.2)', () => {
  const said = (status: UsageStatus, acceptedQuantity: string | null = null) => settlementOf({ status, acceptedQuantity }, units(5));

  test.each([
    ['Accepted', '5', { state: 'accepted', accepted: units(5), differs: false, alerts: false, stops: false }],
    ['Accepted', null, { state: 'accepted', accepted: units(5), alerts: false }],
    ['Duplicate', '5.0', { state: 'accepted', accepted: units(5), differs: false, alerts: false }],
    ['Duplicate', '3.5', { state: 'accepted', accepted: quantityOf('3.5'), differs: true, alerts: true, stops: false }],
    ['Duplicate', null, { state: 'unsure', accepted: null, alerts: true }],
    ['Expired', null, { state: 'expired', alerts: true, stops: false }],
    ['Error', null, { state: 'in_flight', alerts: false }],
    ['ResourceNotActive', null, { state: 'refused', alerts: true, stops: false }],
    ['ResourceNotFound', null, { state: 'refused', alerts: true, stops: true }],
    ['ResourceNotAuthorized', null, { state: 'refused', alerts: true, stops: true }],
    ['InvalidDimension', null, { state: 'refused', alerts: true, stops: true }],
    ['InvalidQuantity', null, { state: 'refused', alerts: true, stops: true }],
    ['BadArgument', null, { state: 'refused', alerts: true, stops: true }],
  ] as const)('%s %s', (status, quantity, settlement) => {
    expect(said(status, quantity)).toMatchObject(settlement);
  });

  test('what was never answered is settled by the account of its day, to the last unit', () => {
    expect(settledByDay([units(3), units(4)], { submitted: units(10), answered: units(5) })).toEqual([units(3), units(2)]);
    expect(settledByDay([units(3)], { submitted: units(2), answered: units(5) })).toEqual([0n]);
  });

  test('pauses grow to an hour', () => {
    expect([1, 2, 6, 60].map(pauseAfter)).toEqual([60_000, 120_000, 3_600_000, 3_600_000]);
  });
});

/** A marketplace that books an hour once, and whose every answer may be lost, wrong in time, or late. */
class Books {
  readonly booked = new Map<string, Quantity>();

  take(key: string, quantity: Quantity, outcome: UsageStatus | 'silent' | 'unreached' | 'silent, day after'): UsageStatus | null {
    if (outcome === 'unreached') return null;
    if (outcome === 'silent' || outcome === 'silent, day after' || outcome === 'Accepted' || outcome === 'Duplicate') {
      const isFirst = !this.booked.has(key);
      if (isFirst) this.booked.set(key, quantity);
      return outcome.startsWith('silent') ? null : isFirst ? 'Accepted' : 'Duplicate';
    }
    return this.booked.has(key) ? 'Duplicate' : outcome;
  }

  get total(): Quantity {
    return [...this.booked.values()].reduce((sum, one) => sum + one, 0n);
  }
}

test('G11: whatever is answered, lost or late, in the end exactly the overage is booked: no unit twice, none dropped', () => {
  const outcome = fc.constantFrom(
    'Accepted',
    'Accepted',
    'silent',
    'unreached',
    'Error',
    'Expired',
    'ResourceNotActive',
    'InvalidDimension' as const,
  );
  const hours = fc.array(
    fc.record({ used: fc.nat(9), runs: fc.boolean(), outcomes: fc.array(outcome, { maxLength: 4 }), other: fc.option(fc.nat(3)) }),
    {
      minLength: 1,
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(hours, fc.nat(40), (given, included) => {
      const books = new Books();
      const reports: { hour: Date; key: string; quantity: Quantity; state: string; accepted: Quantity | null; isSent: boolean }[] = [];
      const owedAt: Quantity[] = [0n];
      let used = 0;
      let closed = 0;
      const stretches: Stretch[] = [{ start: START, usedBefore: 0n, included: units(included), isMetered: true }];
      // After the story: enough quiet hours for the marketplace to take what is left.
      const story = [
        ...given,
        ...Array.from({ length: 60 }, () => ({ used: 0, runs: true, outcomes: ['Accepted' as const], other: null })),
      ];
      for (const [index, hour] of story.entries()) {
        used += hour.used;
        owedAt.push(overageOf(stretches, units(used)));
        // Somebody else told something of this hour before us: the marketplace drops ours.
        if (hour.other !== null && index < given.length) books.booked.set(keyOf(BILLED, hoursAfter(START, index)), units(hour.other + 1));
        if (!hour.runs) continue;
        const at = new Date(hoursAfter(START, index + 1).getTime() + 60_000);
        const told = reports.reduce(
          (sum, { state, quantity, accepted }) =>
            sum + (state === 'accepted' ? accepted! : state === 'in_flight' || state === 'unsure' ? quantity : 0n),
          0n,
        );
        const points = owedAt
          .slice(closed + 1)
          .map((owed, offset) => ({ at: hoursAfter(START, closed + offset + 1), owed, billed: BILLED }));
        for (const one of reportsFor(points, {
          owedBefore: owedAt[closed]!,
          told,
          sendableFrom: sendableFrom(at),
          taken: reports.map(({ key }) => key),
        }))
          reports.push({
            hour: one.hour,
            key: keyOf(BILLED, one.hour),
            quantity: one.quantity,
            state: 'in_flight',
            accepted: null,
            isSent: false,
          });
        closed = index + 1;
        for (const report of reports.filter(({ state }) => state === 'in_flight')) {
          if (report.hour < sendableFrom(at)) {
            report.state = report.isSent ? 'unsure' : 'expired';
            continue;
          }
          report.isSent = true;
          const answer = books.take(
            report.key,
            report.quantity,
            hour.outcomes[reports.indexOf(report) % Math.max(hour.outcomes.length, 1)] ?? 'Accepted',
          );
          if (answer === null) continue;
          const settled = settlementOf({ status: answer, acceptedQuantity: numeral(books.booked.get(report.key) ?? 0n) }, report.quantity);
          report.state = settled.state;
          report.accepted = settled.accepted;
        }
        for (const report of reports.filter(({ state, hour: of }) => state === 'unsure' && hoursAfter(of, 49) < at)) {
          const [accepted] = settledByDay([report.quantity], { submitted: books.booked.get(report.key) ?? 0n, answered: 0n });
          report.state = accepted! > 0n ? 'accepted' : 'expired';
          report.accepted = accepted!;
        }
      }
      const ours = new Set(reports.filter(({ state }) => state === 'accepted').map(({ key }) => key));
      const known = [...books.booked].reduce((sum, [key, quantity]) => sum + (ours.has(key) ? quantity : 0n), 0n);
      const owed = owedAt.at(-1)!;
      // What others booked in our hours may exceed what is owed; we never add to it.
      const beyond = reports.reduce(
        (sum, { accepted, quantity }) => sum + (accepted !== null && accepted > quantity ? accepted - quantity : 0n),
        0n,
      );
      expect(known).toBeGreaterThanOrEqual(owed);
      expect(known).toBeLessThanOrEqual(owed + beyond);
    }),
    { numRuns: 300 },
  );
});

test('an hour is the clock’s, in UTC', () =>
  expect(hourOf(new Date('2026-03-29T02:59:59.999Z'))).toEqual(new Date('2026-03-29T02:00:00Z')));
