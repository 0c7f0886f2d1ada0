import fc from 'fast-check';
import { decideChange, type Held, planThatFits, shortageAfter, type Wanted } from '../../src/features/plan-changes/change.rules';
import {
  countedSince,
  dividedTerm,
  heldSince,
  type MoneyQuestion,
  moneyOf,
  type Stretch,
  storedMoney,
} from '../../src/features/plan-changes/change-money.rules';
import type { Plan } from '../../src/features/plans/plans';
import { PlanPolicies, PriceItem } from '../../src/features/plans/policies';
import type { Result } from '../../src/platform/result';

const priced = (minor: number, given: Partial<PriceItem> = {}): PriceItem =>
  PriceItem.parse({ term: 'P1M', currency: 'EUR', minor, ...given });
const aPlan = (planId: string, rank: number, given: Partial<Omit<Plan, 'policies'>> & { policies?: object } = {}): Plan => ({
  planId,
  version: 1,
  role: 'base',
  offerId: 'offer',
  billing: 'direct',
  rank,
  name: { en: planId, de: planId, it: planId },
  description: { en: planId, de: planId, it: planId },
  prices: [priced(rank * 100), priced(rank * 1000, { term: 'P1Y' })],
  items: [],
  resources: {},
  ...given,
  policies: PlanPolicies.parse(given.policies ?? {}),
});
const premium = aPlan('premium', 20);
const professional = aPlan('professional', 30);
const held = (plan: Plan, given: Partial<Held> = {}): Held => ({
  plan,
  source: 'direct',
  status: 'Subscribed',
  termUnit: 'P1M',
  termEnd: new Date('2026-05-01T00:00:00Z'),
  quantity: null,
  allowedOperations: ['Read', 'Update', 'Delete'],
  ...given,
});
const decide = (from: Held, to: Plan | null, wanted: Partial<Wanted> = {}, open: Parameters<typeof decideChange>[3] = null) =>
  decideChange(from, { toPlanId: to?.planId ?? 'unknown', ...wanted }, to, open);
const decided = (result: Result<unknown, unknown>) => (result.ok ? result.value : result.refusal);

describe('licenses given to people', () => {
  const perSeat = (license: object) => aPlan('seats', 10, { policies: { license: { scope: 'user', graceDays: 14, ...license } } });
  const bought = (purchased: number | null, taken: number) => ({ purchased, taken });
  const shortOf = (
    from: Plan,
    to: Plan,
    seats: [number | null, number | null],
    licenses: { purchased: number | null; taken: number } | null,
  ) => shortageAfter({ held: { plan: from, quantity: seats[0] }, licenses }, { to, quantity: seats[1] });

  test('more than the seats that stay are told with numbers and the days of grace; who fits is not spoken of', () => {
    const seats = perSeat({});
    expect(shortOf(seats, seats, [10, 7], bought(10, 8))).toEqual({ taken: 8, purchased: 7, graceDays: 14 });
    expect(shortOf(seats, seats, [10, 8], bought(10, 8))).toBeNull();
  });

  test('seats of other subscriptions count, and those of a plan that brings a number of its own or none', () => {
    const seats = perSeat({});
    expect(shortOf(seats, seats, [10, 7], bought(15, 12))).toBeNull();
    expect(shortOf(seats, seats, [10, 6], bought(15, 12))).toMatchObject({ purchased: 11 });
    expect(shortOf(seats, perSeat({ full: 5 }), [10, null], bought(10, 8))).toMatchObject({ purchased: 5 });
    expect(shortOf(perSeat({ full: 5 }), seats, [null, 3], bought(5, 4))).toMatchObject({ purchased: 3 });
    expect(shortOf(premium, seats, [null, 2], bought(4, 7))).toMatchObject({ purchased: 6 });
    expect(shortOf(seats, seats, [null, null], bought(0, 1))).toMatchObject({ purchased: 0 });
  });

  test('where licenses are unlimited, or none are given, nobody lacks one', () => {
    const [seats, unlimited] = [perSeat({}), perSeat({ full: 'unlimited' })];
    expect(shortOf(seats, unlimited, [10, null], bought(10, 20))).toBeNull();
    expect(shortOf(unlimited, seats, [null, 1], bought(10, 20))).toBeNull();
    expect(shortOf(seats, seats, [10, 1], bought(null, 20))).toBeNull();
    expect(shortOf(seats, seats, [10, 1], null)).toBeNull();
    expect(shortOf(seats, premium, [10, null], bought(10, 20))).toBeNull();
  });
});

describe('whether a plan may change', () => {
  test('TW-22, TW-26: what is above is the rank, whatever name and price say', () => {
    const cheapOnTop = aPlan('starter', 40, { prices: [priced(1)] });
    expect(decided(decide(held(premium), professional))).toMatchObject({ direction: 'upgrade', effective: 'now', restarts: false });
    expect(decided(decide(held(professional), premium))).toMatchObject({ direction: 'downgrade', effective: 'period_end' });
    expect(decided(decide(held(professional), cheapOnTop))).toMatchObject({ direction: 'upgrade' });
  });

  test.each([
    ['P1M', 'P1Y'],
    ['P1Y', 'P1M'],
  ])('TW-27: from %s to %s is refused in either direction of rank, with the offer to buy anew at the renewal', (termUnit, term) => {
    for (const [from, to] of [
      [premium, professional],
      [professional, premium],
    ] as const)
      expect(decided(decide(held(from, { termUnit }), to, { term }))).toEqual({
        code: 'term_mismatch',
        term: termUnit,
        wantedTerm: term,
        offer: 'buy_new_at_renewal',
        renewsAt: '2026-05-01T00:00:00.000Z',
      });
  });

  test('TW-27: a plan that is not sold for the running term is refused as one of another term', () => {
    const monthly = aPlan('monthly', 40, { prices: [priced(1)] });
    expect(decided(decide(held(premium, { termUnit: 'P1Y' }), monthly))).toMatchObject({ code: 'term_mismatch', wantedTerm: 'P1M' });
    const yearly = aPlan('yearly', 40, { prices: [priced(1, { term: 'P1Y' })] });
    expect(decided(decide(held(premium), yearly, { term: 'P1M' }))).toMatchObject({ code: 'term_mismatch', wantedTerm: 'P1M' });
  });

  test('a contract whose plan allows any change may change its term, which begins anew; a purchase at the marketplace may not', () => {
    const free = aPlan('free', 20, { policies: { change: { allowed: 'any' } } });
    expect(decided(decide(held(free), professional, { term: 'P1Y' }))).toMatchObject({ term: 'P1Y', restarts: true });
    const there = { ...professional, billing: 'marketplace' as const };
    const bought = held({ ...free, billing: 'marketplace' }, { source: 'marketplace' });
    expect(decided(decide(bought, there, { term: 'P1Y' }))).toMatchObject({ code: 'term_mismatch' });
  });

  test.each([
    ['same_plan', premium, {}, {}],
    ['is_addon', aPlan('extra', 1, { role: 'addon' }), {}, {}],
    ['other_offer', aPlan('other', 40, { offerId: 'another' }), {}, {}],
    ['other_offer', aPlan('other', 40, { billing: 'marketplace' }), {}, {}],
    ['by_partner', professional, { source: 'marketplace', allowedOperations: ['Read'] }, {}],
  ] as const)('%s is refused with its reason', (reason, to, change, wanted) => {
    expect(decided(decide(held(premium, change), to, wanted))).toEqual({ code: 'change_not_allowed', reason, toPlanId: to.planId });
  });

  test('what is unknown, unpublished, ended, under way or forbidden by the plan is refused by name', () => {
    expect(decided(decide(held(premium), null))).toEqual({ code: 'plan_unknown', planId: 'unknown' });
    expect(decided(decide(held(premium), professional, { version: 2 }))).toEqual({
      code: 'plan_version_unavailable',
      planId: 'professional',
      version: 2,
      newest: 1,
    });
    expect(decided(decide(held(premium, { status: 'Suspended' }), professional))).toEqual({
      code: 'subscription_inactive',
      status: 'Suspended',
    });
    const open = { changeId: 'a', toPlan: 'basic', effectiveAt: new Date('2026-05-01T00:00:00Z') };
    expect(decided(decide(held(premium), professional, {}, open))).toEqual({
      code: 'change_open',
      changeId: 'a',
      toPlanId: 'basic',
      effectiveAt: '2026-05-01T00:00:00.000Z',
    });
    const fixed = aPlan('fixed', 20, { policies: { change: { allowed: 'none' } } });
    expect(decided(decide(held(fixed), professional))).toMatchObject({ code: 'change_not_allowed', reason: 'no_changes' });
    const addon = aPlan('extra', 1, { role: 'addon' });
    expect(decided(decide(held(addon), professional))).toMatchObject({ code: 'change_not_allowed', reason: 'is_base' });
  });

  test('a newer version of the plan held is another plan; the one held is named by its own version', () => {
    const newer = { ...premium, version: 2 };
    expect(decided(decide(held(premium), newer))).toMatchObject({ reason: 'same_plan' });
    expect(decided(decide(held(premium), newer, { version: 1 }))).toMatchObject({ reason: 'same_plan' });
    expect(decided(decide(held(premium), newer, { version: 2 }))).toMatchObject({ to: { version: 2 }, direction: 'downgrade' });
  });

  const seats = (rank: number, given: object = {}) =>
    aPlan(`seats-${rank}`, rank, { prices: [priced(800, { per: 'full_license' })], policies: { quantity: { min: 5, max: 50 } }, ...given });

  test('the number of licenses keeps within the plan’s bounds, and decides the direction within one plan', () => {
    const bought = held(seats(10), { quantity: 10 });
    for (const quantity of [4, 51])
      expect(decided(decide(bought, seats(10), { quantity }))).toEqual({ code: 'quantity_out_of_bounds', quantity, min: 5, max: 50 });
    expect(decided(decide(bought, seats(10), { quantity: 5 }))).toMatchObject({ direction: 'downgrade', quantity: 5 });
    expect(decided(decide(bought, seats(10), { quantity: 50 }))).toMatchObject({ direction: 'upgrade', quantity: 50 });
    expect(decided(decide(bought, seats(10)))).toMatchObject({ reason: 'same_plan' });
    expect(decided(decide(bought, seats(20)))).toMatchObject({ direction: 'upgrade', quantity: 10 });
    expect(decided(decide(held(premium), professional, { quantity: 2 }))).toEqual({
      code: 'quantity_out_of_bounds',
      quantity: 2,
      min: 1,
      max: 1,
    });
    expect(decided(decide(held(premium), professional, { quantity: 1 }))).toMatchObject({ quantity: null });
    const unbound = seats(20, { policies: {} });
    expect(decided(decide(held(premium, {}), unbound))).toMatchObject({ quantity: 1 });
    expect(decided(decide(bought, unbound, { quantity: 10_001 }))).toMatchObject({ code: 'quantity_out_of_bounds', max: 10_000 });
  });

  test('the marketplace changes a plan or a number, never both at once', () => {
    const there = (plan: Plan): Plan => ({ ...plan, billing: 'marketplace' });
    const bought = held(there(seats(10)), { source: 'marketplace', quantity: 10 });
    expect(decided(decide(bought, there(seats(20)), { quantity: 11 }))).toMatchObject({ reason: 'one_at_a_time' });
    expect(decided(decide(bought, there(seats(20)), { quantity: 10 }))).toMatchObject({ direction: 'upgrade' });
    expect(decided(decide(held(seats(10), { quantity: 10 }), seats(20), { quantity: 11 }))).toMatchObject({ quantity: 11 });
  });

  test('CH-04: where the plan says so, an upgrade begins a new term; a downgrade at the end of one does not', () => {
    const whole = { change: { upgrade: { anchor: 'reset' }, proration: 'refund_and_full' } };
    const [small, large] = [aPlan('small', 10, { policies: whole }), aPlan('large', 20, { policies: whole })];
    expect(decided(decide(held(small), large))).toMatchObject({ effective: 'now', restarts: true });
    expect(decided(decide(held(large), small))).toMatchObject({ effective: 'period_end', restarts: false });
    const counted = aPlan('counted', 10, { policies: whole, prices: [priced(500, { per: 'active_team' })] });
    expect(decided(decide(held(counted), large))).toMatchObject({ restarts: false });
  });

  test('CH-03: a full new term begins with a change at once of either direction where everything is refunded', () => {
    const refunding = { proration: 'refund_and_full', downgrade: { effective: 'now' } };
    const [small, large] = [
      aPlan('small', 10, { policies: { change: refunding } }),
      aPlan('large', 20, { policies: { change: refunding } }),
    ];
    expect(decided(decide(held(large), small))).toMatchObject({ effective: 'now', restarts: true });
    expect(decided(decide(held(small), large))).toMatchObject({ effective: 'now', restarts: true });
    // Begun anew by its upgrades alone, a plan divides its downgrades.
    const anew = { upgrade: { anchor: 'reset' }, downgrade: { effective: 'now' }, proration: 'days' };
    const resetting = (planId: string, rank: number) => aPlan(planId, rank, { policies: { change: anew } });
    expect(decided(decide(held(resetting('a', 20)), resetting('b', 10)))).toMatchObject({ effective: 'now', restarts: false });
    expect(decided(decide(held(resetting('b', 10)), resetting('a', 20)))).toMatchObject({ effective: 'now', restarts: true });
    // Without a price for the term nothing is counted later.
    const unpriced = { ...resetting('c', 10), prices: [] };
    expect(decided(decide(held(unpriced), resetting('a', 20)))).toMatchObject({ restarts: true });
  });

  test('G5: between billed ahead and counted afterwards, or from a counted term to another, a change waits for the bill', () => {
    const change = { allowed: 'any', downgrade: { effective: 'now' }, upgrade: { anchor: 'reset' }, proration: 'refund_and_full' };
    const of = (planId: string, per: PriceItem['per'], minor = 1200) =>
      aPlan(planId, 10, { prices: [priced(minor, { per }), priced(minor * 10, { per, term: 'P1Y' })], policies: { change } });
    const when = (from: Plan, to: Plan, wanted: Partial<Wanted> = {}) => decided(decide(held(from), to, wanted));
    const waiting = { effective: 'period_end', restarts: false };
    const [flat, seats, teams, people] = [
      of('flat', 'subscription'),
      of('s', 'full_license'),
      of('t', 'active_team'),
      of('m', 'active_member'),
    ];
    for (const ahead of [flat, seats])
      for (const counted of [teams, people])
        for (const term of ['P1M', 'P1Y']) {
          expect(when(ahead, counted, { term })).toMatchObject(waiting);
          expect(when(counted, ahead, { term })).toMatchObject(waiting);
        }
    expect(when(teams, people, { term: 'P1Y' })).toMatchObject(waiting);
    expect(when(teams, teams, { term: 'P1Y' })).toMatchObject(waiting);
    expect(when(teams, people)).toMatchObject({ effective: 'now', restarts: false });
    expect(when(flat, seats)).toMatchObject({ effective: 'now', restarts: true });
    // What is free has no bill to wait for.
    expect(when(of('free', 'subscription', 0), teams)).toMatchObject({ effective: 'now', restarts: true });
    expect(when(teams, of('free', 'subscription', 0))).toMatchObject(waiting);
  });

  test('another number at the marketplace is no other plan; another term of the plan held is a change', () => {
    const there = { ...seats(10), billing: 'marketplace' as const };
    const bought = held(there, { source: 'marketplace', quantity: 10 });
    expect(decided(decide(bought, there, { quantity: 11 }))).toMatchObject({ direction: 'upgrade', quantity: 11 });
    const free = aPlan('free', 20, { policies: { change: { allowed: 'any' } } });
    expect(decided(decide(held(free), free, { term: 'P1Y' }))).toMatchObject({ term: 'P1Y', to: free });
    expect(decided(decide(held(premium, { allowedOperations: [] }), professional))).toMatchObject({ direction: 'upgrade' });
  });

  test('a plan sold for several terms does not decide which; never activated, nothing renews', () => {
    expect(decided(decide(held(premium, { termUnit: 'P3Y' }), professional))).toMatchObject({ code: 'term_mismatch', wantedTerm: 'P3Y' });
    expect(decided(decide(held(premium, { termUnit: null }), professional))).toMatchObject({ code: 'term_mismatch', wantedTerm: '' });
    expect(decided(decide(held(premium, { termEnd: null }), professional, { term: 'P1Y' }))).toMatchObject({ renewsAt: null });
  });

  test('one question has one answer, and it is never both', () => {
    const plans = [premium, professional, seats(10), seats(25), aPlan('extra', 5, { role: 'addon' })];
    fc.assert(
      fc.property(
        fc.constantFrom(...plans),
        fc.constantFrom(...plans),
        fc.constantFrom('P1M', 'P1Y'),
        fc.option(fc.constantFrom('P1M', 'P1Y'), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        (from, to, termUnit, term, quantity) => {
          const answer = decide(held(from, { termUnit, quantity: 7 }), to, { term, quantity });
          expect(decide(held(from, { termUnit, quantity: 7 }), to, { term, quantity })).toEqual(answer);
          if (!answer.ok) return;
          expect(answer.value.term).toBe(termUnit);
          expect(answer.value.to.role).toBe(from.role);
          if (to.rank !== from.rank) expect(answer.value.direction).toBe(to.rank > from.rank ? 'upgrade' : 'downgrade');
        },
      ),
    );
  });
});

describe('what a change costs', () => {
  const at = (day: number) => new Date(Date.UTC(2026, 3, day));
  const april = { start: at(1), end: at(31) };
  const may = { start: at(31), end: new Date(Date.UTC(2026, 5, 1)) };
  const stretch = (plan: Plan, day = 1): Stretch => ({ plan, quantity: null, since: at(day) });
  const ask = (stretches: Stretch[], to: Plan, day: number, given: Partial<MoneyQuestion> = {}): MoneyQuestion => ({
    decision: { to, term: 'P1M', quantity: null, direction: 'upgrade', effective: 'now', restarts: false },
    source: 'marketplace',
    stretches,
    heldTerm: 'P1M',
    term: april,
    next: may,
    billedMinor: 0,
    counts: { activeTeams: 0, activeMembers: 0, fullLicenses: 0 },
    timeZone: 'UTC',
    at: at(day),
    ...given,
  });
  const amounts = (question: MoneyQuestion) => moneyOf(question)!.lines.map(({ amountMinor }) => amountMinor);
  const at59 = aPlan('premium', 20, { prices: [priced(5900)] });
  const at99 = aPlan('professional', 30, { prices: [priced(9900)] });

  test('TW-29: 20 of 30 days of 59.00 and 10 of 99.00 are 39.33 and 33.00', () => {
    expect(amounts(ask([stretch(at59)], at99, 21))).toEqual([3933, 3300]);
    expect(moneyOf(ask([stretch(at59)], at99, 21))).toMatchObject({ currency: 'EUR', isEstimate: true, refunds: [], period: april });
  });

  test('TW-30: downward it is the same formula', () => {
    expect(amounts(ask([stretch(at99)], at59, 21))).toEqual([6600, 1967]);
  });

  test('TW-25: changed twice in one period, each plan pays its part', () => {
    expect(amounts(ask([stretch(at59), stretch(at99, 11)], at59, 21))).toEqual([1967, 3300, 1966]);
  });

  test('of a contract what was billed for the term is taken off, so that only the difference is charged', () => {
    const question = ask([stretch(at59)], at99, 21, { source: 'direct', billedMinor: 5900 });
    expect(amounts(question)).toEqual([3933, 3300, -5900]);
    expect(moneyOf(question)!.isEstimate).toBe(false);
  });

  test('G5: cut anywhere, any number of times, the lines of one price sum to that price', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }), (minor, days) => {
        const plan = aPlan('one', 1, { prices: [priced(minor)] });
        const cuts = [...days].sort((a, b) => a - b);
        const stretches = [stretch(plan), ...cuts.slice(0, -1).map((day) => stretch(plan, day))];
        const lines = amounts(ask(stretches, plan, cuts.at(-1)!));
        expect(lines.reduce((sum, line) => sum + line, 0)).toBe(minor);
      }),
    );
  });

  test('HO-10: before the day of its first charge a plan costs nothing for its part of a changed term', () => {
    const from = (chargeFrom: string) => ({
      transition: { announceAt: '2026-01-01T00:00:00Z', enforceFrom: '2026-01-01T00:00:00Z', chargeFrom: `${chargeFrom}T00:00:00Z` },
    });
    const sold = (minor: number, chargeFrom: string, per?: 'active_team') =>
      aPlan('sold', minor, { prices: [priced(minor, per && { per })], policies: from(chargeFrom) });
    const shown = (question: MoneyQuestion) => moneyOf(question)!.lines.map((line) => [line.amountMinor, line.unchargedMinor]);
    const direct = { source: 'direct', billedMinor: 0 } as const;
    const early = ask([stretch(sold(3000, '2026-07-01'))], sold(6000, '2026-07-01'), 16, direct);
    expect(shown(early)).toEqual([
      [0, 1500],
      [0, 3000],
    ]);
    // From the day on the plan that begins is charged; the part before it stays as it was told.
    expect(shown(ask([stretch(sold(3000, '2026-04-16'))], sold(6000, '2026-04-16'), 16, direct))).toEqual([
      [0, 1500],
      [3000, undefined],
    ]);
    // What is counted is billed when the term is over, and charged if the day has come by then.
    const counted = ask([stretch(sold(3000, '2026-04-20', 'active_team'))], sold(6000, '2026-05-02', 'active_team'), 16, direct);
    expect(shown({ ...counted, counts: { ...counted.counts, activeTeams: 2 } })).toEqual([
      [3000, undefined],
      [0, 6000],
    ]);
  });

  const whole = (planId: string, rank: number, minor: number, change: object = {}) =>
    aPlan(planId, rank, {
      prices: [priced(minor)],
      policies: { change: { upgrade: { anchor: 'reset' }, proration: 'refund_and_full', ...change } },
    });

  test('CH-03, CH-05: a full new term, and the unused part of the paid one back', () => {
    const question = ask([stretch(whole('small', 10, 5900))], whole('large', 20, 9900), 11, {
      source: 'direct',
      billedMinor: 5900,
      next: may,
    });
    const money = moneyOf({ ...question, decision: { ...question.decision, restarts: true } })!;
    expect([money.lines.map((line) => line.amountMinor), money.refunds.map((line) => line.amountMinor)]).toEqual([[9900], [-3933]]);
    expect(money.period).toEqual(may);
  });

  test('paid licenses go back as the sum that was paid, and the new term counts them as bought', () => {
    const seats = (planId: string, minor: number) =>
      ({ ...whole(planId, 10, minor), prices: [priced(minor, { per: 'full_license' })] }) satisfies Plan;
    const question = ask([{ ...stretch(seats('small', 800)), quantity: 10 }], seats('large', 1000), 16, {
      source: 'direct',
      billedMinor: 8000,
    });
    const money = moneyOf({ ...question, decision: { ...question.decision, quantity: 12, restarts: true } })!;
    expect([money.lines.map((line) => line.amountMinor), money.refunds.map((line) => line.amountMinor)]).toEqual([[12_000], [-4000]]);
    const uncounted = moneyOf({ ...question, decision: { ...question.decision, quantity: null, restarts: true } })!;
    expect(uncounted.lines.map((line) => line.amountMinor)).toEqual([0]);
    expect(money.refunds[0]!.formula.en).toContain('€80.00');
    // Of a price per team the teams of the day are counted, whatever the licenses.
    const teams = whole('teams', 10, 500);
    const next = { ...teams, prices: [priced(500, { per: 'active_team' })] };
    const counted = ask([stretch(teams)], next, 16, { counts: { activeTeams: 3, activeMembers: 0, fullLicenses: 0 } });
    expect(moneyOf({ ...counted, decision: { ...counted.decision, restarts: true } })!.lines[0]!.amountMinor).toBe(1500);
  });

  test('where the plan divides by seconds, half a day is half a day, of what is charged and of what goes back', () => {
    const noon = new Date(Date.UTC(2026, 3, 16, 12));
    const exact = aPlan('exact', 10, { prices: [priced(6000)], policies: { change: { proration: 'seconds' } } });
    const question = ask([stretch(exact)], at99, 16, { at: noon });
    expect(amounts(question)).toEqual([3100, 4785]);
    expect(amounts({ ...question, stretches: [stretch(at59)] })).toEqual([2950, 4950]);
    const back = (change: object) => {
      const plan = whole('small', 10, 6000, change);
      const one = ask([stretch(plan)], at99, 16, { source: 'direct', billedMinor: 6000, at: noon, heldTerm: 'P1M' });
      return moneyOf({ ...one, decision: { ...one.decision, restarts: true } })!.refunds.map((line) => line.amountMinor);
    };
    expect([back({ proration: 'seconds' }), back({}), back({ proration: 'days' })]).toEqual([[-2900], [-3000], [-3000]]);
  });

  test('a month is its days, or thirty where the plan says so', () => {
    const march = { start: new Date(Date.UTC(2026, 2, 1)), end: at(1) };
    const divided = (basis: string) => {
      const plan = aPlan('plan', 10, { prices: [priced(3100)], policies: { change: { proration: 'days', basis } } });
      return amounts(ask([{ ...stretch(plan), since: march.start }], plan, 1, { term: march, at: new Date(Date.UTC(2026, 2, 16)) }));
    };
    expect([divided('actual'), divided('fixed30')]).toEqual([
      [1500, 1600],
      [1550, 1550],
    ]);
  });

  test('another term begins with what is unused of the old one going back, even of a plan that divides nothing', () => {
    const none = whole('none', 10, 5900, { proration: 'none' });
    const question = ask([stretch(none)], professional, 11, { source: 'direct', billedMinor: 5900, heldTerm: 'P1M' });
    const money = moneyOf({ ...question, decision: { ...question.decision, term: 'P1Y', restarts: true } })!;
    expect(money.refunds.map((line) => line.amountMinor)).toEqual([-3933]);
  });

  test('what somebody else bills, or what is counted later, is not taken off', () => {
    expect(amounts(ask([stretch(at59)], at99, 21, { source: 'marketplace', billedMinor: 5900 }))).toEqual([3933, 3300]);
    const teams = aPlan('teams', 20, { prices: [priced(2000, { per: 'active_team' })] });
    const counts = { activeTeams: 3, activeMembers: 0, fullLicenses: 0 };
    expect(amounts(ask([stretch(teams)], teams, 16, { source: 'direct', billedMinor: 100, counts }))).toEqual([3000, 3000]);
  });

  test('a plan without a price for the term has no part of it; a kept answer names the ends of its period', () => {
    const unpriced = aPlan('unpriced', 5, { prices: [] });
    expect(amounts(ask([stretch(at59), stretch(unpriced, 11)], at99, 21))).toHaveLength(2);
    const money = moneyOf(ask([stretch(at59)], at99, 21))!;
    const { period, ...kept } = money;
    expect(storedMoney(money)).toEqual({ ...kept, periodStart: period.start.toISOString(), periodEnd: period.end.toISOString() });
  });

  test('a plan that gives nothing back, and a term that was not billed, refund nothing', () => {
    const restarts = (plan: Plan, billedMinor: number) => {
      const question = ask([stretch(plan)], whole('large', 20, 9900), 11, { source: 'direct', billedMinor });
      return moneyOf({ ...question, decision: { ...question.decision, restarts: true } })!.refunds;
    };
    expect(restarts(whole('small', 10, 5900, { proration: 'none' }), 5900)).toEqual([]);
    expect(restarts(whole('small', 10, 5900), 0)).toEqual([]);
  });

  test('a change at the period’s end costs the next term and nothing before', () => {
    const question = ask([stretch(at99)], at59, 11, { source: 'direct', billedMinor: 9900 });
    const money = moneyOf({ ...question, decision: { ...question.decision, effective: 'period_end' } })!;
    expect([money.lines.map((line) => line.amountMinor), money.refunds, money.period]).toEqual([[5900], [], may]);
  });

  describe('of a counted month', () => {
    const teams = aPlan('teams', 10, { prices: [priced(3000, { per: 'active_team' })] });
    const counts = { activeTeams: 1, activeMembers: 0, fullLicenses: 0 };
    const counted = (stretches: readonly Stretch[]) =>
      dividedTerm({ heldTerm: 'P1M', counts, billedAt: april.end, ofCounted: true }, stretches, { ...april, timeZone: 'UTC' }).lines.map(
        ({ amountMinor }) => amountMinor,
      );
    test('G5: what was held before it was counted by the month is left out', () => {
      const held_ = [stretch(teams), stretch(teams, 11), stretch(teams, 21)];
      expect(counted(heldSince(held_, at(11)))).toEqual([1000, 1000]);
      expect(counted(heldSince(held_, at(21)))).toEqual([1000]);
      for (const begun of [null, at(1)]) expect(counted(heldSince(held_, begun))).toEqual([1000, 1000, 1000]);
    });

    test('G5: what was billed ahead is left out, whichever came first', () => {
      expect(counted([stretch(premium), stretch(teams, 11)])).toEqual([2000]);
      expect(counted([stretch(teams), stretch(premium, 11)])).toEqual([1000]);
    });

    test('EC-11: it is counted by the month since the last other term or price, or since the contract began', () => {
      const yearly = aPlan('yearly', 10, { prices: [priced(30000, { per: 'active_team', term: 'P1Y' })] });
      const months = (day: number) => ({ plan: teams, termUnit: 'P1M', since: at(day) });
      const others = [
        { plan: yearly, termUnit: 'P1Y', since: at(2) },
        { plan: teams, termUnit: 'P1Y', since: at(2) },
        { plan: premium, termUnit: 'P1M', since: at(2) },
      ];
      expect(countedSince([months(1), months(5)], at(20))).toBeNull();
      for (const other of others) {
        expect(countedSince([months(1), other, months(11), months(15)], at(20))).toEqual(at(11));
        expect(countedSince([months(1), { ...other, since: at(20) }], at(20))).toBeNull();
        expect(countedSince([other], at(20))).toBeNull();
      }
    });
  });

  test('where nothing is divided a change is free until the next term', () => {
    const none = aPlan('none', 10, { prices: [priced(100)], policies: { change: { proration: 'none' } } });
    expect(moneyOf(ask([stretch(none)], at99, 11))).toBeNull();
  });

  test('a price per team or member is an estimate until the term is over; licenses are counted as bought', () => {
    const teams = aPlan('teams', 10, { prices: [priced(1000, { per: 'active_team' })] });
    const counts = { activeTeams: 3, activeMembers: 0, fullLicenses: 0 };
    const question = ask([stretch(teams)], aPlan('more', 20, { prices: [priced(2000, { per: 'active_team' })] }), 16, {
      source: 'direct',
      counts,
    });
    expect(amounts(question)).toEqual([1500, 3000]);
    expect(moneyOf(question)!.isEstimate).toBe(true);
    const seats = aPlan('seats', 10, { prices: [priced(800, { per: 'full_license' })] });
    const more = ask([{ ...stretch(seats), quantity: 10 }], seats, 16, { source: 'direct', billedMinor: 8000 });
    expect(amounts({ ...more, decision: { ...more.decision, quantity: 20 } })).toEqual([4000, 8000, -8000]);
  });
});

describe('the plan that would have fitted', () => {
  const limited = (planId: string, rank: number, tickets: number | null, given: Partial<Plan> = {}) =>
    aPlan(planId, rank, { items: [{ entitlement: 'tickets', kind: 'metered', amount: tickets, policy: {} }], ...given } as never);
  const plans = [
    limited('large', 30, null),
    limited('small', 10, 100),
    limited('middle', 20, 500),
    limited('extra', 1, null, { role: 'addon' }),
  ];

  test.each([
    [100, 'small'],
    [101, 'middle'],
    [501, 'large'],
  ])('at a peak of %i it is %s', (peak, planId) => {
    expect(planThatFits(plans, 'P1M', new Map([['tickets', peak]]))?.planId).toBe(planId);
  });

  test('a meter that a plan does not have fits no use at all; another term is no choice', () => {
    expect(planThatFits(plans, 'P1M', new Map([['boards', 0]]))?.planId).toBe('small');
    expect(planThatFits(plans, 'P1M', new Map([['boards', 1]]))).toBeNull();
    expect(planThatFits(plans, 'P1M', new Map([['teams', 1000]]))?.planId).toBe('small');
    expect(planThatFits(plans, 'P2Y', new Map())).toBeNull();
  });

  test('every meter must fit, not one of them', () => {
    expect(
      planThatFits(
        plans,
        'P1M',
        new Map([
          ['tickets', 1],
          ['boards', 1],
        ]),
      ),
    ).toBeNull();
  });
});
