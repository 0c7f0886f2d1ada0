import fc from 'fast-check';
import type { Grant } from '../../src/features/entitlements/grants';
import { billedAt, type Edge, edgesIn, type MeterHistory, monthsOf, stretchesAt } from '../../src/features/metering/meter-periods.rules';
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
  tooLateFrom,
} from '../../src/features/metering/overage.rules';
import { atLeast, atMost, numeral, type Quantity, quantityOf, units } from '../../src/features/metering/quantity.rules';
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
    for (const said of ['', 'five', '1e3', '1,5', 'x5', '5x', '1.5.5']) expect(() => quantityOf(said)).toThrow(`not a quantity: ${said}`);
  });

  test('to the sixth decimal place, as the marketplace keeps them', () => {
    expect([quantityOf('7.'), quantityOf('1.2345678'), quantityOf(1e-7), quantityOf('-0.5')]).toEqual([
      7_000_000n,
      1_234_567n,
      0n,
      -500_000n,
    ]);
    expect([numeral(0n), numeral(-500_000n), numeral(10_000_000n)]).toEqual(['0', '-0.5', '10']);
  });

  test('the smaller and the larger of two', () => {
    expect([atMost(1n, 2n), atMost(2n, 1n), atLeast(1n, 2n), atLeast(2n, 1n)]).toEqual([1n, 1n, 2n, 2n]);
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

  test('it keeps the hour of its beginning, and holds the instant at which it begins', () => {
    const anchor = monthly('2026-01-31T14:30:00Z');
    const second = ['2026-02-28T14:30:00.000Z', '2026-03-31T14:30:00.000Z'];
    expect(iso(windowAt(anchor, new Date('2026-02-28T14:30:00Z')))).toEqual(second);
    expect(iso(windowAt(anchor, new Date('2026-02-28T14:29:59.999Z')))).toEqual(['2026-01-31T14:30:00.000Z', second[0]]);
    expect(iso(windowAt(anchor, new Date('2027-12-31T14:30:00Z')))).toEqual(['2027-12-31T14:30:00.000Z', '2028-01-31T14:30:00.000Z']);
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
    expect(cutBy(window, renewed, renewed.termStart).end).toEqual(renewed.termStart);
    expect(cutBy(window, renewed, new Date('2026-01-25T11:00:00Z')).end).toEqual(window.end);
    expect(cutBy(window, renewed, renewed.termStart).start).toEqual(window.start);
  });

  test('a term stated two days apart at most, or one that lies elsewhere, ends no window', () => {
    const window = windowAt(monthly('2026-01-14T00:00:00Z'), new Date('2026-01-20T00:00:00Z'));
    const ends = (termStart: string) => cutBy(window, monthly(termStart), window.start).end.toISOString().slice(0, 16);
    expect(
      ['2026-01-16T00:00', '2026-01-16T00:01', '2026-02-11T23:59', '2026-02-12T00:00', '2025-12-25T00:00', '2026-03-01T00:00'].map((at) =>
        ends(`${at}:00Z`),
      ),
    ).toEqual(['2026-02-14T00:00', '2026-01-16T00:01', '2026-02-11T23:59', '2026-02-14T00:00', '2026-02-14T00:00', '2026-02-14T00:00']);
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

  test('a change of plan at either end of the time asked for is none within it', () => {
    const [from, until] = [new Date('2026-03-10T00:30:00Z'), new Date('2026-03-10T01:30:00Z')];
    expect(instantsBetween(from, until, [from, until, new Date('2026-03-10T01:00:00Z')])).toEqual([new Date('2026-03-10T01:00:00Z')]);
  });

  test('what is sent within 23 hours and 50 minutes is taken; of a subscription that ended, nothing after a day', () => {
    expect(sendableFrom(new Date('2026-03-11T00:00:00Z'))).toEqual(new Date('2026-03-10T00:10:00Z'));
    expect(tooLateFrom(START)).toEqual(new Date('2026-03-11T00:00:00Z'));
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
    expect(said(status, quantity)).toEqual({ accepted: null, differs: false, stops: false, ...settlement });
  });

  test('what was never answered is settled by the account of its day, to the last unit', () => {
    expect(settledByDay([units(3), units(4)], { submitted: units(10), answered: units(5) })).toEqual([units(3), units(2)]);
    expect(settledByDay([units(3)], { submitted: units(2), answered: units(5) })).toEqual([0n]);
  });

  test('pauses grow to an hour', () => {
    expect([0, 1, 2, 6, 7, 60].map(pauseAfter)).toEqual([60_000, 60_000, 120_000, 3_600_000, 3_600_000, 3_600_000]);
  });
});

describe('what a window is made of', () => {
  const day = (count: number): Date => new Date(START.getTime() + count * 86_400_000);
  const metered: Grant['policy'] = { overage: { mode: 'metered', dimension: 'extra' } };
  const grant = (given: Partial<Grant> = {}): Grant => ({
    grantId: 'grant',
    source: 'plan',
    sourceId: 'subscription',
    amount: 100,
    priority: 10,
    policy: metered,
    activation: 'now',
    reason: 'standard',
    createdAt: day(-9),
    effectiveAt: day(-9),
    activatedAt: day(-9),
    expiresAt: null,
    endedAt: null,
    burnt: 0,
    burntIn: null,
    counts: true,
    ...given,
  });
  const history = (given: Partial<MeterHistory> = {}): MeterHistory => ({
    subscriptionId: 'subscription',
    grants: [grant()],
    consents: [{ agreedAt: day(-1), endedAt: null }],
    ...given,
  });
  const window = { start: START, end: day(30) };

  test('every instant within it at which a grant or a consent begins or ends, once and in order', () => {
    const grants = [
      grant({ createdAt: day(3), effectiveAt: day(5), activatedAt: day(7), expiresAt: day(9), endedAt: day(8) }),
      grant({ createdAt: day(0), effectiveAt: day(-1), activatedAt: null, expiresAt: day(30), endedAt: day(31) }),
    ];
    const consents = [{ agreedAt: day(2), endedAt: day(5) }];
    expect(edgesIn(window, { grants, consents })).toEqual([0, 2, 3, 5, 7, 8, 9].map(day));
  });

  const at = (given: Partial<MeterHistory>, when = START, statuses: Edge['statuses'] = new Map()) =>
    stretchesAt(history(given), [{ start: when, statuses }], (instant) => units(instant.getTime() === when.getTime() ? 7 : 8))[0]!;

  test('a stretch says from when it is, what was used before, what is included, and whether more is billed', () => {
    expect(at({}, day(1))).toEqual({ start: day(1), usedBefore: units(7), included: units(100), isMetered: true });
    expect(at({ grants: [grant({ amount: null })] })).toMatchObject({ included: null });
  });

  test.each<[string, Partial<MeterHistory>, boolean]>([
    ['from the consent on', { consents: [{ agreedAt: START, endedAt: null }] }, true],
    ['not before it', { consents: [{ agreedAt: day(1), endedAt: null }] }, false],
    ['not from its end on', { consents: [{ agreedAt: day(-1), endedAt: START }] }, false],
    ['until its end', { consents: [{ agreedAt: day(-1), endedAt: day(1) }] }, true],
    [
      'by a second consent too',
      {
        consents: [
          { agreedAt: day(-5), endedAt: day(-4) },
          { agreedAt: day(-1), endedAt: null },
        ],
      },
      true,
    ],
    ['not without one', { consents: [] }, false],
    ['not where the plan bills none', { grants: [grant({ policy: {} })] }, false],
  ])('beyond the included amount is billed %s', (_when, given, isMetered) => {
    expect(at(given).isMetered).toBe(isMetered);
  });

  test('included is what is available wherever it comes from, in a suspension too, but nothing of another purchase that ended', () => {
    const other = grant({ source: 'addon', sourceId: 'package', amount: 5 });
    const included = (status: string, grants = [grant(), other]) =>
      numeral(at({ grants }, START, new Map([['package', status]])).included!);
    expect([included('Subscribed'), included('Suspended'), included('Unsubscribed')]).toEqual(['105', '105', '100']);
    const itself = new Map([['subscription', 'Unsubscribed']]);
    expect(at({ grants: [grant({ counts: false })] }, START, itself).included).toBe(units(100));
    expect(included('Subscribed', [grant(), grant({ ...other, activatedAt: null })])).toBe('100');
  });

  test.each<[string, Partial<Grant>, boolean]>([
    ['of the plan that is held', {}, true],
    ['of one that waits for its payment', { activatedAt: null }, true],
    ['of none that has ended', { endedAt: START }, false],
    ['of none that begins later', { effectiveAt: day(1) }, false],
    ['of no addition', { source: 'addon' }, false],
    ['of no other purchase', { sourceId: 'another' }, false],
    ['of none without a name', { reason: null }, false],
    ['of none whose overage is not billed', { policy: { overage: { mode: 'none', dimension: 'extra' } } }, false],
    ['of none without a dimension', { policy: { overage: { mode: 'metered', dimension: null } } }, false],
  ])('an event bears the name %s', (_which, given, names) => {
    const billed = billedAt(history({ grants: [grant(given)] }), START);
    expect(billed).toEqual(names ? { planId: 'standard', dimension: 'extra' } : null);
  });

  test('its length is that of the last plan that bills overage: a month, where none does', () => {
    const yearly = grant({ policy: { ...metered, period: 'year' } });
    const lasts = (...grants: Grant[]) => monthsOf(history({ grants }));
    expect([lasts(), lasts(grant()), lasts(yearly), lasts(grant(), yearly), lasts(yearly, grant())]).toEqual([1, 1, 12, 12, 1]);
    const others = [
      grant({ ...yearly, source: 'addon' }),
      grant({ ...yearly, sourceId: 'another' }),
      grant({ policy: { period: 'year' } }),
    ];
    expect(others.map((one) => lasts(one))).toEqual([1, 1, 1]);
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
