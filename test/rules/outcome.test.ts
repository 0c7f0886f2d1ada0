import type { Decision } from '../../src/features/plan-changes/change.rules';
import type { MoneyQuestion } from '../../src/features/plan-changes/change-money.rules';
import { type NamedItem, type OutcomeQuestion, outcomeOf, tellStep } from '../../src/features/plan-changes/outcome.rules';
import type { Plan } from '../../src/features/plans/plans';
import { PlanPolicies, PriceItem, ResourceKind } from '../../src/features/plans/policies';

const words = { en: 'x', de: 'x', it: 'x' };
const resources = Object.fromEntries(
  Object.entries({
    boards: {},
    queues: { parent: 'boards' },
    capacity: { measure: { of: 'queues', as: 'total' } },
    rate: { measure: { of: 'queues', as: 'each' } },
    allowed_ips: {},
    templates: { attachable: true },
    labels: {},
  }).map(([kind, given]) => [kind, ResourceKind.parse({ name: words, ...given })]),
);
const trim = [
  { of: 'boards', rule: 'keep_top_by', by: 'children' },
  { of: 'queues', rule: 'cut_newest_by', by: 'activated_at' },
  { of: 'capacity', rule: 'scale_proportionally' },
  { of: 'allowed_ips', rule: 'remove' },
  { of: 'templates', rule: 'detach' },
];
const aPlan = (given: Partial<Omit<Plan, 'policies'>> = {}, policies: object = { trim }): Plan => ({
  planId: 'small',
  version: 1,
  role: 'base',
  offerId: 'offer',
  billing: 'direct',
  rank: 10,
  name: words,
  description: words,
  prices: [],
  items: [],
  resources,
  ...given,
  policies: PlanPolicies.parse(policies),
});

let ids = 0;
function item(kind: string, given: Partial<NamedItem> = {}): NamedItem {
  ids += 1;
  const createdAt = new Date(Date.UTC(2026, 0, 1, 0, ids));
  const id = `item ${String(ids).padStart(3, '0')}`;
  return { id, kind, name: `The ${kind}`, parentId: null, createdAt, activatedAt: createdAt, amounts: {}, attachedTo: null, ...given };
}

const at = new Date('2026-03-10T09:00:00Z');
const unlimited = Object.fromEntries(Object.keys(resources).map((kind) => [kind, null]));
function ask(items: NamedItem[], limits: Record<string, number | null>, given: Partial<OutcomeQuestion> = {}) {
  return outcomeOf({
    decision: { effective: 'period_end' } as Decision,
    before: [aPlan()],
    after: [aPlan()],
    limitsBefore: new Map(),
    limitsAfter: new Map(Object.entries({ ...unlimited, ...limits })),
    holdings: { items, used: [] },
    money: null,
    kept: new Set(),
    mayRemove: true,
    at,
    ...given,
  });
}
const told = (items: NamedItem[], limits: Record<string, number | null>, given: Partial<OutcomeQuestion> = {}) =>
  ask(items, limits, given).items.map(({ result }) => result);

describe('what becomes of each item, in words', () => {
  test('what fits is kept, and says so with its name', () => {
    const one = item('boards');
    expect(ask([one], { boards: 1 })).toMatchObject({ exceeds: [], steps: [], frozen: [] });
    expect(ask([one], { boards: 1 }).items).toEqual([
      { id: one.id, kind: 'boards', name: 'The boards', result: 'kept', meter: null, before: null, after: null, reversible: true },
    ]);
  });

  test('CH-22 the gravest of several things is told: a queue cut with its board, not its scaled capacity', () => {
    const [board, other] = [item('boards'), item('boards')];
    const queues = [
      item('queues', { parentId: board!.id, amounts: { capacity: 60 } }),
      item('queues', { parentId: board!.id, amounts: { capacity: 40 } }),
      item('queues', { parentId: other!.id, amounts: { capacity: 100 } }),
    ];
    const items = [board!, other!, ...queues];
    expect(told(items, { boards: 1, capacity: 50 })).toEqual(['kept', 'cut', 'scaled', 'scaled', 'cut']);
    expect(ask(items, { boards: 1, capacity: 50 }).items[2]).toMatchObject({ meter: 'capacity', before: 60, after: 30, reversible: true });
    // Scaled by its own rule first, then cut by the next: only the cut is told.
    expect(
      told(
        queues.slice(0, 2).map((one) => ({ ...one, parentId: null })),
        { queues: 1, capacity: 50 },
      ),
    ).toEqual(['scaled', 'cut']);
    const scaledFirst = [aPlan({}, { trim: [trim[2], trim[1]] })];
    expect(told(queues.slice(0, 2), { queues: 1, capacity: 50 }, { after: scaledFirst })).toEqual(['scaled', 'cut']);
    const cappedFirst = [aPlan({}, { trim: [{ of: 'rate', rule: 'cap_at' }, trim[2]] })];
    const both = item('queues', { amounts: { capacity: 100, rate: 9 } });
    expect(ask([both], { capacity: 50, rate: 5 }, { after: cappedFirst }).steps).toHaveLength(2);
    expect(told([both], { capacity: 50, rate: 5 }, { after: cappedFirst })).toEqual(['scaled']);
  });

  test('CH-19 CH-20 what cannot be undone goes with consent; without it, it is frozen', () => {
    const items = [item('allowed_ips')];
    expect(ask(items, { allowed_ips: 0 }).items[0]).toMatchObject({ result: 'removed', reversible: false, meter: 'allowed_ips' });
    const refused = ask(items, { allowed_ips: 0 }, { mayRemove: false });
    expect(refused.items[0]).toMatchObject({ result: 'frozen', reversible: true, meter: 'allowed_ips' });
    expect(refused.exceeds).toEqual([{ meter: 'allowed_ips', held: 1, limit: 0 }]);
    expect(refused.frozen).toEqual(refused.exceeds);
    expect(ask(items, { allowed_ips: 0 })).toMatchObject({ exceeds: refused.exceeds, frozen: [] });
  });

  test('CH-21 a template is detached; CH-23 a kind without a rule is frozen, and no other with it', () => {
    expect(told([item('templates', { attachedTo: 'queue' })], { templates: 0 })).toEqual(['detached']);
    expect(told([item('labels'), item('boards')], { labels: 0 })).toEqual(['frozen', 'kept']);
  });

  test('what the customer would rather keep is kept', () => {
    const items = [item('boards'), item('boards')];
    expect(told(items, { boards: 1 })).toEqual(['kept', 'cut']);
    expect(told(items, { boards: 1 }, { kept: new Set([items[1]!.id]) })).toEqual(['cut', 'kept']);
  });

  test('the base plan alone says what happens, whatever stands beside it; the kinds of all count', () => {
    const addon = aPlan({ role: 'addon', resources: {} }, { trim: [] });
    expect(told([item('boards')], { boards: 0 }, { after: [addon, aPlan({ resources: {} })] })).toEqual(['cut']);
    expect(told([item('boards')], { boards: 0 }, { after: [addon] })).toEqual(['frozen']);
    expect(told([item('boards')], { boards: 0 }, { before: [], after: [aPlan()] })).toEqual(['cut']);
  });
});

test('each step has its word, and what it changed', () => {
  const step = { meter: 'capacity', subject: 'a' };
  expect(tellStep({ ...step, action: 'cap', before: 9, after: 5 })).toEqual({
    result: 'capped',
    meter: 'capacity',
    before: 9,
    after: 5,
    reversible: true,
  });
  expect(tellStep({ ...step, action: 'detach', from: 'b' })).toMatchObject({ result: 'detached', before: null, after: null });
});

describe('what is not made of items', () => {
  const used = [
    { meter: 'tickets', used: 90, isPeriodic: true },
    { meter: 'teams', used: 7, isPeriodic: false },
    { meter: 'seats', used: 3, isPeriodic: false },
    { meter: 'boards', used: 99, isPeriodic: false },
  ];
  const ask2 = (limits: Record<string, number | null>, effective: Decision['effective']) =>
    ask([], limits, { holdings: { items: [], used }, decision: { effective } as Decision });

  test('TW-21 a quota is too much only while its period runs on; what is held stays too much', () => {
    const limits = { tickets: 50, teams: 5, seats: 3 };
    expect(ask2(limits, 'now').exceeds).toEqual([
      { meter: 'tickets', held: 90, limit: 50 },
      { meter: 'teams', held: 7, limit: 5 },
    ]);
    expect(ask2(limits, 'period_end').exceeds).toEqual([{ meter: 'teams', held: 7, limit: 5 }]);
    expect(ask2(limits, 'period_end').frozen).toEqual([{ meter: 'teams', held: 7, limit: 5 }]);
  });

  test('of what the plan says nothing, teams are free and everything else is not in it', () => {
    expect(ask2({}, 'period_end').exceeds).toEqual([{ meter: 'seats', held: 3, limit: 0 }]);
    expect(ask2({ teams: null, seats: 4 }, 'period_end').exceeds).toEqual([]);
  });

  test('the limits of before and after stand side by side, of every meter of either, by name', () => {
    const { limits } = ask(
      [],
      {},
      {
        limitsBefore: new Map([
          ['tickets', 100],
          ['teams', 5],
        ]),
        limitsAfter: new Map<string, number | null>([
          ['tickets', null],
          ['checklists', 20],
        ]),
      },
    );
    expect(limits).toEqual([
      { meter: 'checklists', before: 0, after: 20 },
      { meter: 'teams', before: 5, after: null },
      { meter: 'tickets', before: 100, after: null },
    ]);
  });
});

test('CH-12 a change at the period’s end takes effect when the term ends; at once, or where nothing was ever paid, now', () => {
  const term = { start: new Date('2026-03-01T00:00:00Z'), end: new Date('2026-04-01T00:00:00Z') };
  const plan = aPlan({ prices: [PriceItem.parse({ term: 'P1M', currency: 'EUR', minor: 900 })] });
  const change = (effective: Decision['effective'], isPaid: boolean) => {
    const decision: Decision = { to: plan, term: 'P1M', quantity: null, direction: 'downgrade', effective, restarts: false };
    const money: MoneyQuestion = {
      decision,
      source: 'direct',
      stretches: [{ plan, quantity: null, since: term.start }],
      heldTerm: 'P1M',
      term,
      next: { start: term.end, end: new Date('2026-05-01T00:00:00Z') },
      billedMinor: 900,
      counts: { activeTeams: 0, activeMembers: 0, fullLicenses: 0 },
      timeZone: 'UTC',
      at,
    };
    return ask([], {}, { decision, money: isPaid ? money : null });
  };
  expect(change('period_end', false)).toMatchObject({ effectiveAt: at, money: null });
  expect(change('now', false).effectiveAt).toEqual(at);
  expect(change('now', true).effectiveAt).toEqual(at);
  expect(change('period_end', true)).toMatchObject({ effectiveAt: term.end, money: { currency: 'EUR', period: { start: term.end } } });
});
