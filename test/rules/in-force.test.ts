import fc from 'fast-check';
import type { Grant } from '../../src/features/entitlements/grants';
import { stateOf } from '../../src/features/entitlements/limits.rules';
import { type UsageAnchor, usagePeriodAt } from '../../src/features/entitlements/periods.rules';
import type { StoredPolicy } from '../../src/features/plans/quota-policy.rules';
import type { Counter } from '../../src/features/usage/counter.rules';
import { asItWas, bringUpTo, burntIn, type Hold, type InForce, inForce, type MeterFacts } from '../../src/features/usage/in-force.rules';

const started = '2026-01-31T10:00:00.000Z';
const anchor: UsageAnchor = { startedAt: new Date(started), date: '2026-01-31', timeZone: 'Europe/Rome' };
const at = (day: string) => new Date(day.length > 10 ? day : `${day}T12:00:00.000Z`);

let grants = 0;
function grant(given: Partial<Grant> = {}): Grant {
  const createdAt = given.createdAt ?? new Date(started);
  grants += 1;
  return {
    grantId: `grant ${String(grants).padStart(3, '0')}`,
    source: 'plan',
    sourceId: 'subscription',
    amount: 100,
    priority: 10,
    policy: {},
    activation: 'now',
    reason: null,
    createdAt,
    effectiveAt: createdAt,
    activatedAt: given.effectiveAt ?? createdAt,
    expiresAt: null,
    endedAt: null,
    burnt: 0,
    burntIn: null,
    counts: true,
    ...given,
  };
}
const support = (given: Partial<Grant>) => grant({ source: 'support', priority: 0, amount: 50, ...given });

const facts = (given: Partial<MeterFacts> = {}): MeterFacts => ({
  newest: null,
  anchor,
  absent: 0,
  grants: [grant()],
  overrides: [],
  holds: [],
  ...given,
});
const opened = (given: Partial<MeterFacts> = {}): Counter => bringUpTo(facts(given), new Date(started)).counter;

/** What a refresh leaves in the tables for the next one. */
const kept = (before: MeterFacts, { counter, grants: all }: InForce, now: Date): MeterFacts => ({
  ...before,
  newest: counter,
  grants: all.map((one) => (stateOf(one, now) === 'expired' && one.endedAt === null ? { ...one, endedAt: one.expiresAt } : one)),
  holds: before.holds.filter(({ expiresAt }) => expiresAt > now),
});

describe('rollover', () => {
  const policy: StoredPolicy = { rollover: { cap: 150 } };
  const plan = [grant({ policy })];

  test('what is left of a period goes into the next, up to the cap', () => {
    const row = { ...opened({ grants: plan }), used: 70 };
    const { counter, carried } = bringUpTo(facts({ newest: row, grants: plan }), row.periodEnd);
    expect(counter).toMatchObject({ granted: 130, hardLimit: 130, used: 0 });
    expect(carried).toMatchObject([
      {
        grantId: 'rollover 2026-02-27T23:00:00.000Z',
        source: 'rollover',
        sourceId: started,
        activation: 'now',
        amount: 30,
        effectiveAt: row.periodEnd,
        expiresAt: counter.periodEnd,
      },
    ]);
  });

  test('skipped periods are folded one by one: nothing used for three of them is three times left, up to the cap', () => {
    const row = opened({ grants: plan });
    const granted = ['2026-03-01', '2026-04-01', '2026-05-01', '2026-06-01'].map(
      (day) => bringUpTo(facts({ newest: row, grants: plan }), at(day)).counter.granted,
    );
    expect(granted).toEqual([200, 250, 250, 250]);
    expect(bringUpTo(facts({ newest: row, grants: plan }), at('2026-06-01')).carried.map(({ amount }) => amount)).toEqual([
      100, 150, 150, 150,
    ]);
  });

  test('what was carried over is used first, and is not lost while the plan’s own units last', () => {
    const first = { ...opened({ grants: plan }), used: 20 };
    const second = bringUpTo(facts({ newest: first, grants: plan }), first.periodEnd);
    const row = { ...second.counter, used: 90 };
    expect(row.granted).toBe(180);
    expect(bringUpTo(facts({ newest: row, grants: second.grants }), row.periodEnd).counter.granted).toBe(190);
    // What is left of what was carried over is carried on, up to the cap.
    expect(bringUpTo(facts({ newest: { ...row, used: 45 }, grants: second.grants }), row.periodEnd).counter.granted).toBe(235);
  });

  test('held units are not left over; nothing is left of an unlimited amount, or below nothing', () => {
    const row = { ...opened({ grants: plan }), used: 40, held: 25 };
    const holds: Hold[] = [{ periodStart: row.periodStart, quantity: 25, expiresAt: at('2026-12-01') }];
    expect(bringUpTo(facts({ newest: row, grants: plan, holds }), row.periodEnd).counter).toMatchObject({ granted: 135, held: 0 });
    const unlimited = [grant({ amount: null, policy })];
    expect(bringUpTo(facts({ newest: opened({ grants: unlimited }), grants: unlimited }), row.periodEnd).carried).toEqual([]);
    expect(bringUpTo(facts({ newest: { ...row, used: 120, held: 0 }, grants: plan }), row.periodEnd).carried).toEqual([]);
    const beside = [...unlimited, support({})];
    expect(bringUpTo(facts({ newest: opened({ grants: beside }), grants: beside }), row.periodEnd).carried).toEqual([]);
  });

  test('nothing is carried over within a period, whatever expires in it', () => {
    const edge = at('2026-02-10');
    const all = [...plan, support({ expiresAt: edge })];
    const row = { ...opened({ grants: all }), used: 20 };
    expect(bringUpTo(facts({ newest: row, grants: all }), edge)).toMatchObject({ carried: [], counter: { granted: 120 } });
  });

  test('a goodwill that ends with the period takes what is left of it along', () => {
    const row = opened({ grants: plan });
    const all = [...plan, support({ expiresAt: row.periodEnd })];
    const after = (used: number) => bringUpTo(facts({ newest: { ...opened({ grants: all }), used }, grants: all }), row.periodEnd);
    expect([20, 50, 80].map((used) => after(used).counter.granted)).toEqual([200, 200, 170]);
    const outlasting = [...plan, support({ expiresAt: new Date(row.periodEnd.getTime() + 1) })];
    expect(bringUpTo(facts({ newest: { ...row, used: 20 }, grants: outlasting }), row.periodEnd).counter.granted).toBe(280);
  });

  test('without a plan’s word nothing is carried over', () => {
    const without = [grant()];
    const row = opened({ grants: without });
    expect(bringUpTo(facts({ newest: row, grants: without }), row.periodEnd)).toMatchObject({ carried: [], counter: { granted: 100 } });
    expect(bringUpTo(facts({ newest: row, grants: [grant({ policy: { rollover: null } })] }), row.periodEnd).carried).toEqual([]);
  });

  test('a unit that is left goes over as one, and what the plan of the old period says counts at its end', () => {
    const row = { ...opened({ grants: plan }), used: 99 };
    const ending = [grant({ policy, endedAt: row.periodEnd }), grant({ effectiveAt: row.periodEnd, createdAt: at('2026-02-01') })];
    expect(bringUpTo(facts({ newest: row, grants: ending }), row.periodEnd)).toMatchObject({
      carried: [{ amount: 1 }],
      counter: { granted: 101 },
    });
  });

  test('what was carried over grants nothing without a plan beside it', () => {
    const row = opened({ grants: plan });
    const next = bringUpTo(facts({ newest: row, grants: plan }), row.periodEnd);
    const suspended = next.grants.map((one) => (one.source === 'plan' ? { ...one, counts: false } : one));
    expect(bringUpTo(facts({ newest: next.counter, grants: suspended }), at('2026-03-02')).counter).toMatchObject({
      granted: 0,
      hardLimit: 0,
    });
  });
});

describe('a grant that expires inside a period', () => {
  const edge = at('2026-02-10');

  test.each([
    [0, 100],
    [30, 130],
    [50, 150],
    [120, 150],
  ])('after %i used takes only what is left of it: %i stay granted', (used, granted) => {
    const all = [grant(), support({ expiresAt: edge })];
    const row = { ...opened({ grants: all }), used };
    expect(row).toMatchObject({ granted: 150, validUntil: edge });
    const after = bringUpTo(facts({ newest: row, grants: all }), edge);
    expect(after.counter).toMatchObject({ granted, used });
    expect(after.expired).toMatchObject([{ burnt: Math.min(50, used), burntIn: row.periodStart }]);
    expect(bringUpTo(facts({ newest: row, grants: all }), row.periodEnd).counter).toMatchObject({ granted: 100, used: 0 });
  });

  test('the lowest priority is used first, then what expires first, then the oldest', () => {
    const later = at('2026-02-20');
    const [plan, low, soon, late] = [
      grant({ priority: 5 }),
      support({ amount: 10, priority: 0, expiresAt: later }),
      support({ amount: 10, priority: 5, expiresAt: edge }),
      support({ amount: 10, priority: 5, expiresAt: later }),
    ];
    const all = [plan!, late!, soon!, low!];
    const row = { ...opened({ grants: all }), used: 15 };
    const { grants: after } = bringUpTo(facts({ newest: row, grants: all }), later);
    const burnt = (one: Grant) => after.find(({ grantId }) => grantId === one.grantId)!.burnt;
    expect([burnt(low!), burnt(soon!), burnt(late!)]).toEqual([10, 5, 0]);
  });

  test('of what is held now nothing is used up: the limit falls by the whole grant', () => {
    const all = [grant({ amount: 10 }), support({ amount: 4, expiresAt: edge })];
    const row = { ...opened({ grants: all, anchor: null }), used: 12 };
    expect(bringUpTo(facts({ newest: row, grants: all, anchor: null }), edge).counter).toMatchObject({ granted: 10, used: 12 });
  });
});

describe('of which grant a unit is taken', () => {
  const edge = at('2026-02-10');
  /** What was taken of the one that expires at the edge. */
  const taken = (all: Grant[], used: number): number => {
    const row = { ...opened({ grants: all }), used };
    return bringUpTo(facts({ newest: row, grants: all }), edge).expired[0]!.burnt;
  };
  const ends = (given: Partial<Grant> = {}) => support({ amount: 10, priority: 5, expiresAt: edge, ...given });
  const older = new Date(anchor.startedAt.getTime() - 1);

  test.each<[string, Grant[], number]>([
    ['the lower priority, though it never ends', [ends(), grant({ amount: 10, priority: 4 })], 2],
    ['what ends first, before what never ends', [grant({ amount: 10, priority: 5, createdAt: older }), ends()], 10],
    ['of the same end, the older', [ends(), ends({ createdAt: older })], 2],
    ['of the same age, the one named first', [ends({ grantId: 'b' }), ends({ grantId: 'a' })], 2],
    ['of an unlimited one, everything', [ends(), grant({ amount: null, priority: 4 })], 0],
  ])('%s', (_which, all, last) => {
    expect(taken(all, 12)).toBe(last);
  });

  test('none of one that waits, that begins at the edge, or whose subscription is suspended', () => {
    const waiting = [grant({ amount: 10, priority: 0, activatedAt: null }), grant({ amount: 10, priority: 0, effectiveAt: edge })];
    expect(taken([...waiting, grant({ amount: 10, priority: 0, counts: false }), ends()], 4)).toBe(4);
  });

  test('what is held is taken too, and what earlier ones had given up is not taken twice', () => {
    const first = support({ amount: 5, priority: 0, expiresAt: at('2026-02-05') });
    const all = [first, ends()];
    const row = { ...opened({ grants: all }), used: 6, held: 2 };
    const holds: Hold[] = [{ periodStart: row.periodStart, quantity: 2, expiresAt: at('2026-12-01') }];
    const { expired, counter } = bringUpTo(facts({ newest: row, grants: all, holds }), edge);
    expect(expired.map(({ burnt }) => burnt)).toEqual([5, 3]);
    expect(counter).toMatchObject({ granted: 8, used: 6, held: 2 });
    expect(burntIn(row.periodStart, expired)).toEqual(expired);
    expect(burntIn(row.periodEnd, expired)).toEqual([]);
  });
});

describe('what decides at an instant', () => {
  test('the row while it is valid, to the millisecond; from then on what it is brought up to', () => {
    const edge = at('2026-02-10');
    const all = [grant(), support({ expiresAt: edge })];
    const row = { ...opened({ grants: all }), used: 10 };
    const given = facts({ newest: row, grants: all });
    expect(inForce(given, new Date(edge.getTime() - 1))).toEqual({
      counter: row,
      limit: expect.objectContaining({ available: 150, nextEdge: edge }),
      grants: all,
      carried: [],
      expired: [],
    });
    expect(inForce(given, edge)).toMatchObject({ counter: { granted: 110 }, expired: [{ burnt: 10 }] });
    expect(inForce(facts(), anchor.startedAt).counter).toEqual(opened());
  });

  test('after a gap, the first row of the new activation, whatever was left before', () => {
    const policy: StoredPolicy = { rollover: { cap: 500 } };
    const row = { ...opened(), used: 20 };
    const again: UsageAnchor = { ...anchor, startedAt: at('2026-06-10'), date: '2026-06-10' };
    const all = [grant({ policy })];
    const { counter, carried } = bringUpTo(facts({ newest: row, anchor: again, grants: all }), again.startedAt);
    expect(counter).toMatchObject({ periodStart: again.startedAt, used: 0, granted: 100, limitEpoch: 0 });
    expect(carried).toEqual([]);
    // An activation that is the row's own is no gap.
    expect(bringUpTo(facts({ newest: { ...row, used: 20 }, grants: all }), row.periodEnd).carried).toMatchObject([{ amount: 80 }]);
  });

  test('what expired and was booked is not told again', () => {
    const edge = at('2026-02-10');
    const all = [grant(), support({ expiresAt: edge, endedAt: edge, burnt: 10, burntIn: anchor.startedAt })];
    expect(bringUpTo(facts({ newest: opened(), grants: all }), at('2026-02-12'))).toMatchObject({ expired: [], counter: { granted: 110 } });
  });
});

describe('what was in force at an instant that is over', () => {
  const plan = [grant({ policy: { rollover: { cap: 150 } } })];

  test('the row of its period, with what was used and held by then and the limit of that instant', () => {
    const edge = at('2026-02-10');
    const all = [grant(), support({ effectiveAt: edge, createdAt: edge })];
    const row = { ...opened({ grants: all }), used: 12, held: 3 };
    const given = facts({ newest: row, grants: all, anchor: { ...anchor, startedAt: at('2026-06-10'), date: '2026-06-10' } });
    const period = { periodStart: row.periodStart, periodEnd: row.periodEnd, months: 1, used: 12, held: 3 };
    expect(asItWas(given, new Date(edge.getTime() - 1)).counter).toMatchObject({ ...period, granted: 100 });
    expect(asItWas(given, edge)).toMatchObject({ counter: { ...period, granted: 150 }, limit: { available: 150 }, grants: all });
    expect(asItWas(given, new Date(row.periodEnd.getTime() - 1))).toMatchObject({ counter: period, carried: [], expired: [] });
  });

  test('what was used up of a grant that expired later stood in the grant itself then', () => {
    const edge = at('2026-02-10');
    const all = [grant(), support({ expiresAt: edge, endedAt: edge, burnt: 10, burntIn: anchor.startedAt })];
    const given = facts({ newest: { ...opened({ grants: [grant()] }), used: 10 }, grants: all });
    expect(asItWas(given, new Date(edge.getTime() - 1)).limit.available).toBe(150);
    expect(asItWas(given, edge).limit.available).toBe(110);
  });

  test('of a period that nobody opened: what the one before it led to, what was carried into it counted once', () => {
    const row = opened({ grants: plan });
    const told = bringUpTo(facts({ newest: row, grants: plan }), at('2026-03-10'));
    expect(asItWas(facts({ newest: row, grants: told.grants }), at('2026-03-10'))).toMatchObject({
      counter: { granted: 200, periodStart: row.periodEnd, used: 0 },
      carried: [],
    });
    expect(asItWas(facts({ newest: row, grants: plan }), row.periodEnd).counter).toEqual(
      bringUpTo(facts({ newest: row, grants: plan }), row.periodEnd).counter,
    );
    expect(asItWas(facts({ grants: plan }), anchor.startedAt).counter).toEqual(row);
  });
});

describe('holds', () => {
  test('one whose time has run out keeps nothing, without anybody having closed it', () => {
    const row = { ...opened(), used: 90, held: 10 };
    const until = at('2026-02-05');
    const holds: Hold[] = [{ periodStart: row.periodStart, quantity: 10, expiresAt: until }];
    expect(bringUpTo(facts({ newest: row, holds }), new Date(until.getTime() - 1)).counter).toMatchObject({ held: 10, validUntil: until });
    expect(bringUpTo(facts({ newest: row, holds }), until).counter).toMatchObject({ held: 0, used: 90, validUntil: row.periodEnd });
  });

  test('one of an earlier period takes nothing from this one, and is no edge of it', () => {
    const row = bringUpTo(facts({ newest: opened() }), at('2026-03-01')).counter;
    const holds: Hold[] = [at('2026-03-02'), at('2026-03-20')].map((expiresAt) => ({
      periodStart: anchor.startedAt,
      quantity: 4,
      expiresAt,
    }));
    expect(bringUpTo(facts({ newest: row, holds }), at('2026-03-10')).counter).toMatchObject({ held: 0, validUntil: row.periodEnd });
  });

  test('one that outlives its period keeps nothing of the next', () => {
    const row = { ...opened(), held: 10 };
    const holds: Hold[] = [{ periodStart: row.periodStart, quantity: 10, expiresAt: at('2026-12-01') }];
    expect(bringUpTo(facts({ newest: row, holds }), row.periodEnd).counter).toMatchObject({ held: 0, periodStart: row.periodEnd });
  });
});

describe('periods of another length', () => {
  const yearly = grant({ amount: 1200, policy: { period: 'year' } });

  test('a yearly quota begins anew after a year', () => {
    const row = opened({ grants: [yearly] });
    expect([row.months, row.periodEnd.toISOString()]).toEqual([12, '2027-01-30T23:00:00.000Z']);
  });

  test.each([
    ['a month becomes a year', grant(), yearly, '2027-01-30T23:00:00.000Z'],
    ['a year becomes a month', yearly, grant(), '2026-02-27T23:00:00.000Z'],
  ])('%s: the open period keeps its use and ends where one of the new ones does', (_what, before, after, end) => {
    const row = { ...opened({ grants: [before] }), used: 7 };
    const changed = bringUpTo(facts({ newest: row, grants: [after] }), at('2026-02-10')).counter;
    expect(changed).toMatchObject({ periodStart: row.periodStart, periodEnd: new Date(end), used: 7 });
  });

  test('G4 whatever the length becomes, the next period begins where the last one ended', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 500 * 24 })), { minLength: 1, maxLength: 20 }), (changes) => {
        let row = opened();
        let now = anchor.startedAt;
        const seen: Counter[] = [row];
        for (const [isYearly, hours] of changes) {
          now = new Date(now.getTime() + hours * 3_600_000);
          // Every period is opened on the way, so that each neighbour is seen.
          while (row.periodEnd <= now) {
            row = bringUpTo(facts({ newest: row, grants: [isYearly ? yearly : grant()] }), row.periodEnd).counter;
            seen.push(row);
          }
          row = bringUpTo(facts({ newest: row, grants: [isYearly ? yearly : grant()] }), now).counter;
          seen.push(row);
        }
        const last = new Map(seen.map((one) => [one.periodStart.getTime(), one]));
        const periods = [...last.values()];
        expect(periods.slice(1).map((one) => one.periodStart)).toEqual(periods.slice(0, -1).map((one) => one.periodEnd));
      }),
    );
  });
});

const ZONES = ['UTC', 'Europe/Rome', 'America/New_York', 'America/Santiago', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kolkata'];
const world = fc
  .record({
    day: fc.integer({ min: 28, max: 31 }),
    month: fc.integer({ min: 0, max: 11 }),
    timeZone: fc.constantFrom(...ZONES),
    cap: fc.constantFrom(0, 30, 500),
    months: fc.constantFrom(1, 12),
    extras: fc.array(
      fc.record({ from: fc.nat(4000), length: fc.integer({ min: 1, max: 1500 }), amount: fc.nat(80), priority: fc.nat(20) }),
      { maxLength: 4 },
    ),
    holds: fc.array(fc.record({ quantity: fc.integer({ min: 1, max: 5 }), length: fc.integer({ min: 1, max: 2000 }) }), { maxLength: 3 }),
    used: fc.nat(60),
    // Most within two years: an edge at a time is what decides. Some eleven years on.
    looks: fc.oneof(
      { weight: 5, arbitrary: fc.array(fc.integer({ min: 1, max: 2 * 365 * 24 }), { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(fc.integer({ min: 1, max: 11 * 365 * 24 }), { minLength: 1, maxLength: 2 }) },
    ),
  })
  .map(({ day, month, timeZone, cap, months, extras, holds, used, looks }) => {
    const startedAt = new Date(Date.UTC(2016, month, Math.min(day, new Date(Date.UTC(2016, month + 1, 0)).getUTCDate()), 9));
    const hour = (count: number) => new Date(startedAt.getTime() + count * 3_600_000);
    const policy: StoredPolicy = { period: months === 12 ? 'year' : 'month', ...(cap > 0 && { rollover: { cap } }) };
    const all = [
      grant({ createdAt: startedAt, policy }),
      ...extras.map(({ from, length, amount, priority }) =>
        support({
          amount,
          priority,
          createdAt: startedAt,
          effectiveAt: hour(from),
          activatedAt: hour(from),
          expiresAt: hour(from + length),
        }),
      ),
    ];
    const base = facts({ anchor: { startedAt, date: startedAt.toISOString().slice(0, 10), timeZone }, grants: all });
    const first = bringUpTo(base, startedAt).counter;
    const open: Hold[] = holds.map(({ quantity, length }) => ({ periodStart: first.periodStart, quantity, expiresAt: hour(length) }));
    const held = open.reduce((sum, { quantity }) => sum + quantity, 0);
    const validUntil = [first.validUntil, ...open.map(({ expiresAt }) => expiresAt)].sort((a, b) => a.getTime() - b.getTime())[0]!;
    return {
      facts: { ...base, newest: { ...first, used, held, validUntil }, holds: open },
      looks: [...looks].sort((a, b) => a - b).map(hour),
      cap,
      months,
    };
  });

test('G4 G10 through eleven years, zones and anchors: it makes no difference whether, when and how often anybody looked', () => {
  fc.assert(
    fc.property(world, ({ facts: start, looks }) => {
      let seldom: MeterFacts = start;
      for (const now of looks) {
        const late = bringUpTo(start, now);
        const often = bringUpTo(seldom, now);
        expect({ ...often.counter, peakLimit: 0, limitEpoch: 0 }).toEqual({ ...late.counter, peakLimit: 0, limitEpoch: 0 });
        expect(often.limit).toEqual(late.limit);
        seldom = kept(seldom, often, now);
        // A row that is valid is what it would be brought up to.
        expect(inForce(seldom, now).counter).toEqual(often.counter);
        expect(inForce(seldom, now).limit).toEqual(often.limit);
      }
    }),
    { numRuns: 25 },
  );
});

test('G1 G4 whatever expires or is carried over: the period is the computed one, nothing goes below zero, nothing above the cap', () => {
  fc.assert(
    fc.property(world, ({ facts: start, looks, cap, months }) => {
      for (const now of looks) {
        const { counter, carried, limit } = bringUpTo(start, now);
        const { start: periodStart, end } = usagePeriodAt(start.anchor!, now, months);
        expect([counter.periodStart, counter.periodEnd]).toEqual([periodStart, end]);
        expect(Math.min(counter.used, counter.held, counter.granted!)).toBeGreaterThanOrEqual(0);
        expect(counter.validUntil > now).toBe(true);
        expect(limit.available).toBe(counter.granted);
        for (const one of carried) expect(one.amount).toBeLessThanOrEqual(cap);
        if (cap > 0 && months === 1) expect(carried.length).toBeLessThanOrEqual(11 * 12);
      }
    }),
    { numRuns: 25 },
  );
});
