import fc from 'fast-check';
import { afterSteps, excessOf, isReversible, planTrim, type TrimItem, type TrimQuestion } from '../../src/features/plan-changes/trim.rules';
import { ResourceKind, TrimRule } from '../../src/features/plans/policies';

const name = { en: 'x', de: 'x', it: 'x' };
const kinds = Object.fromEntries(
  Object.entries({
    boards: {},
    queues: { parent: 'boards' },
    capacity: { measure: { of: 'queues', as: 'total' } },
    intake_rate: { measure: { of: 'queues', as: 'each' } },
    sla_groups: {},
    allowed_ips: {},
    templates: { attachable: true },
  }).map(([kind, given]) => [kind, ResourceKind.parse({ name, ...given })]),
);
const rules = [
  { of: 'capacity', rule: 'scale_proportionally' },
  { of: 'intake_rate', rule: 'cap_at' },
  { of: 'queues', rule: 'cut_newest_by', by: 'activated_at' },
  { of: 'boards', rule: 'keep_top_by', by: 'children' },
  { of: 'sla_groups', rule: 'remove' },
  { of: 'allowed_ips', rule: 'remove' },
  { of: 'templates', rule: 'detach' },
].map((rule) => TrimRule.parse(rule));

let ids = 0;
const day = (count: number): Date => new Date(Date.UTC(2026, 0, 1 + count));
function item(kind: string, given: Partial<TrimItem> = {}): TrimItem {
  ids += 1;
  const createdAt = given.createdAt ?? day(0);
  return {
    id: `item-${String(ids).padStart(4, '0')}`,
    kind,
    parentId: null,
    activatedAt: createdAt,
    amounts: {},
    attachedTo: null,
    ...given,
    createdAt,
  };
}
const queuesOf = (board: TrimItem, count: number): TrimItem[] =>
  Array.from({ length: count }, () => item('queues', { parentId: board.id }));
const unlimited = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, null]));
const ask = (items: TrimItem[], limits: Record<string, number | null>, given: Partial<TrimQuestion> = {}): TrimQuestion => ({
  items,
  limits: new Map(Object.entries({ ...unlimited, ...limits })),
  kinds,
  rules,
  mayRemove: true,
  ...given,
});
/** What is left of a kind, and what happened, in words short enough to compare. */
const left = (question: TrimQuestion, kind: string): string[] =>
  afterSteps(question.items, planTrim(question)).flatMap((one) => (one.kind === kind ? [one.id] : []));
const told = (question: TrimQuestion): string[] => planTrim(question).map(({ action, subject }) => `${action} ${subject}`);

test('CH-15: of boards with 5, 3 and 1 queues and a limit of 2, those with 5 and 3 stay', () => {
  const [five, one, three] = [item('boards'), item('boards'), item('boards')];
  const items = [one!, three!, five!, ...queuesOf(five!, 5), ...queuesOf(one!, 1), ...queuesOf(three!, 3)];
  expect(left(ask(items, { boards: 2 }), 'boards').sort()).toEqual([five!.id, three!.id].sort());
});

test('CH-15: of boards with as many queues the older stays, of equally old ones the smaller id', () => {
  const young = item('boards', { createdAt: day(2) });
  const old = item('boards', { createdAt: day(1) });
  const [a, b] = [item('boards', { createdAt: day(3), id: 'a' }), item('boards', { createdAt: day(3), id: 'b' })];
  expect(left(ask([b, young, a, old], { boards: 1 }), 'boards')).toEqual([old.id]);
  expect(left(ask([b, young, a, old], { boards: 3 }), 'boards')).toEqual([young.id, 'a', old.id]);
});

test('CH-15: top by activation are the latest', () => {
  const latest = TrimRule.parse({ of: 'boards', rule: 'keep_top_by', by: 'activated_at' });
  const boards = [1, 3, 2].map((days) => item('boards', { activatedAt: day(days) }));
  expect(left(ask(boards, { boards: 2 }, { rules: [latest] }), 'boards')).toEqual([boards[1]!.id, boards[2]!.id]);
});

test('CH-16: of queues activated in January, February and March and a limit of 2, the one of March goes', () => {
  const [march, january, february] = [59, 0, 31].map((days) => item('queues', { activatedAt: day(days) }));
  expect(told(ask([march!, january!, february!], { queues: 2 }))).toEqual([`cut ${march!.id}`]);
});

test('CH-16: of queues activated at once the younger goes, whatever order they are named in', () => {
  const older = item('queues', { createdAt: day(0), activatedAt: day(9) });
  const younger = item('queues', { createdAt: day(1), activatedAt: day(9) });
  for (const items of [
    [older, younger],
    [younger, older],
  ])
    expect(told(ask(items, { queues: 1 }))).toEqual([`cut ${younger.id}`]);
});

test.each([
  [[600, 300, 100], 500, [300, 150, 50]],
  [[333, 333, 334], 100, [33, 33, 34]],
  [[1, 1, 1], 2, [1, 1, 0]],
  [[7, 0, 3], 0, [0, 0, 0]],
  [[600, 300, 100], 1000, [600, 300, 100]],
])('CH-17: capacities %j over a total of %i become %j', (before, limit, after) => {
  const queues = before.map((capacity) => item('queues', { amounts: { capacity } }));
  const question = ask(queues, { capacity: limit });
  expect(afterSteps(queues, planTrim(question)).map(({ amounts }) => amounts.capacity)).toEqual(after);
});

test('CH-17: what cannot be divided goes to the older', () => {
  const younger = item('queues', { createdAt: day(5), amounts: { capacity: 5 } });
  const older = item('queues', { createdAt: day(1), amounts: { capacity: 5 } });
  expect(planTrim(ask([younger, older], { capacity: 5 }))).toEqual([
    { meter: 'capacity', subject: older.id, action: 'scale', before: 5, after: 3 },
    { meter: 'capacity', subject: younger.id, action: 'scale', before: 5, after: 2 },
  ]);
});

test('CH-18: a rate of 120 under a ceiling of 100 becomes 100, one of 80 stays', () => {
  const [fast, slow] = [item('queues', { amounts: { intake_rate: 120 } }), item('queues', { amounts: { intake_rate: 80 } })];
  expect(planTrim(ask([fast!, slow!], { intake_rate: 100 }))).toEqual([
    { meter: 'intake_rate', subject: fast!.id, action: 'cap', before: 120, after: 100 },
  ]);
});

test('CH-19, CH-20: what the plan does not have is removed, and that cannot be undone', () => {
  const items = [item('sla_groups'), item('allowed_ips'), item('allowed_ips')];
  const steps = planTrim(ask(items, { sla_groups: 0, allowed_ips: 0 }));
  expect(steps.map(({ action }) => action)).toEqual(['remove', 'remove', 'remove']);
  expect(steps.some(isReversible)).toBe(false);
  expect(planTrim(ask(items, { sla_groups: null, allowed_ips: null }))).toEqual([]);
});

test('CH-19: what hangs below a removed item goes for good with it, and is named so', () => {
  const board = item('boards');
  const queues = queuesOf(board, 2);
  const question = ask([board, ...queues], { boards: 0 }, { rules: [TrimRule.parse({ of: 'boards', rule: 'remove' })] });
  expect(told(question)).toEqual([board, ...queues].map(({ id }) => `remove ${id}`));
  expect(planTrim(question).some(isReversible)).toBe(false);
});

test('CH-19: without consent nothing is removed, it freezes', () => {
  const question = ask([item('sla_groups')], { sla_groups: 0 }, { mayRemove: false });
  expect(planTrim(question)).toEqual([]);
  expect(excessOf(question)).toEqual([{ meter: 'sla_groups', held: 1, limit: 0 }]);
});

test('CH-21: a template is detached from what it hangs on, keeps existing, and the step knows where it hung', () => {
  const queue = item('queues');
  const [hung, loose] = [item('templates', { attachedTo: queue.id }), item('templates')];
  const question = ask([queue, hung!, loose!], { templates: 0 });
  const steps = planTrim(question);
  expect(steps).toEqual([{ meter: 'templates', subject: hung!.id, action: 'detach', from: queue.id }]);
  expect(steps.every(isReversible)).toBe(true);
  expect(left(question, 'templates')).toEqual([hung!.id, loose!.id]);
});

test('CH-21: of a limited number of attached templates the older stay attached', () => {
  const queue = item('queues');
  const templates = [3, 1, 2].map((days) => item('templates', { createdAt: day(days), attachedTo: queue.id }));
  expect(told(ask([queue, ...templates], { templates: 2 }))).toEqual([`detach ${templates[0]!.id}`]);
});

test('CH-22: a board that goes takes its queues along, and they are not counted any more', () => {
  const [big, small] = [item('boards'), item('boards')];
  const [ofBig, ofSmall] = [queuesOf(big!, 2), queuesOf(small!, 1)];
  const question = ask([big!, small!, ...ofSmall, ...ofBig], { boards: 1, queues: 2 });
  expect(planTrim(question)).toEqual([
    { meter: 'boards', subject: small!.id, action: 'cut', because: 'limit' },
    { meter: 'boards', subject: ofSmall[0]!.id, action: 'cut', because: 'parent' },
  ]);
  expect(left(question, 'queues')).toEqual(ofBig.map(({ id }) => id));
});

test('CH-22: capacity is shared by the queues that are left', () => {
  const board = item('boards');
  const [first, second] = [10, 20].map((days) => item('queues', { parentId: board.id, activatedAt: day(days), amounts: { capacity: 50 } }));
  expect(told(ask([board, first!, second!], { queues: 1, capacity: 50 }))).toEqual([`cut ${second!.id}`]);
});

test('CH-14: what is within its limit, and what is exactly at it, stays as it is', () => {
  const boards = [item('boards'), item('boards')];
  const queues = boards.flatMap((board) => queuesOf(board, 2)).map((one) => ({ ...one, amounts: { capacity: 25, intake_rate: 100 } }));
  expect(planTrim(ask([...boards, ...queues], { boards: 2, queues: 4, capacity: 100, intake_rate: 100 }))).toEqual([]);
});

test('CH-23: a kind without a rule, and one whose rule is to freeze, loses nothing', () => {
  const boards = [item('boards'), item('boards')];
  for (const given of [[], [TrimRule.parse({ of: 'boards', rule: 'freeze' })]]) {
    const question = ask(boards, { boards: 1 }, { rules: given });
    expect(planTrim(question)).toEqual([]);
    expect(excessOf(question)).toEqual([{ meter: 'boards', held: 2, limit: 1 }]);
  }
});

test('a kind that the plan does not name is not part of it', () => {
  const question = { ...ask([item('boards')], {}), limits: new Map() };
  expect(planTrim(question)).toHaveLength(1);
});

test('what the customer chose stays, as far as the limit allows', () => {
  const [big, small, other] = [item('boards'), item('boards'), item('boards')];
  const items = [big!, small!, other!, ...queuesOf(big!, 3)];
  expect(left(ask(items, { boards: 1 }, { kept: new Set([small!.id]) }), 'boards')).toEqual([small!.id]);
  const two = ask(items, { boards: 1 }, { kept: new Set([small!.id, other!.id]) });
  expect(left(two, 'boards')).toEqual([small!.id]);
});

test('what is over a limit is told by sum, by the largest, and by number', () => {
  const queue = item('queues', { amounts: { capacity: 70, intake_rate: 5 } });
  const items = [queue, item('queues', { amounts: { capacity: 40, intake_rate: 9 } }), item('templates', { attachedTo: queue.id })];
  expect(excessOf(ask(items, { queues: 1, capacity: 100, intake_rate: 8, templates: 0 }))).toEqual([
    { meter: 'capacity', held: 110, limit: 100 },
    { meter: 'intake_rate', held: 9, limit: 8 },
    { meter: 'queues', held: 2, limit: 1 },
    { meter: 'templates', held: 1, limit: 0 },
  ]);
  expect(excessOf(ask(items, { templates: 0 }, { rules: [] }))).toEqual([{ meter: 'templates', held: 1, limit: 0 }]);
});

// —— whatever there is ——

const amount = fc.integer({ min: 0, max: 1000 });
const aLimit = fc.option(fc.integer({ min: 0, max: 6 }), { nil: null });
const anyQuestion = fc
  .record({
    boards: fc.array(fc.record({ created: fc.nat(4), activated: fc.nat(4) }), { maxLength: 6 }),
    queues: fc.array(fc.record({ under: fc.nat(5), created: fc.nat(4), activated: fc.nat(4), capacity: amount, rate: amount }), {
      maxLength: 12,
    }),
    templates: fc.array(fc.record({ on: fc.nat(11), created: fc.nat(4), hangs: fc.boolean() }), { maxLength: 6 }),
    slas: fc.nat(3),
    limits: fc.record({
      boards: aLimit,
      queues: aLimit,
      templates: aLimit,
      sla_groups: aLimit,
      capacity: fc.option(amount, { nil: null }),
      intake_rate: fc.option(amount, { nil: null }),
    }),
    order: fc.shuffledSubarray(rules, { minLength: rules.length }),
    mayRemove: fc.boolean(),
  })
  .map(({ limits, order, mayRemove, ...given }) => {
    const boards = given.boards.map((one) => item('boards', { createdAt: day(one.created), activatedAt: day(one.activated) }));
    const queues = given.queues.map((one) =>
      item('queues', {
        parentId: boards[one.under % (boards.length || 1)]?.id ?? null,
        createdAt: day(one.created),
        activatedAt: day(one.activated),
        amounts: { capacity: one.capacity, intake_rate: one.rate },
      }),
    );
    const templates = given.templates.map((one) =>
      item('templates', { createdAt: day(one.created), attachedTo: (one.hangs && queues[one.on % (queues.length || 1)]?.id) || null }),
    );
    const slas = Array.from({ length: given.slas }, () => item('sla_groups'));
    return ask([...boards, ...queues, ...templates, ...slas], limits, { rules: order, mayRemove });
  });

test('CH-12: after a trim there is nothing left to trim, and nothing over a limit but what was not to be removed', () => {
  fc.assert(
    fc.property(anyQuestion, (question) => {
      const after = { ...question, items: afterSteps(question.items, planTrim(question)) };
      expect(planTrim(after)).toEqual([]);
      expect(excessOf(after).filter(({ meter }) => question.mayRemove || meter !== 'sla_groups')).toEqual([]);
    }),
  );
});

test('CH-12: the same items in whatever order come to the same end', () => {
  fc.assert(
    fc.property(
      anyQuestion.chain((question) =>
        fc.tuple(fc.constant(question), fc.shuffledSubarray([...question.items], { minLength: question.items.length })),
      ),
      ([question, shuffled]) => {
        const sorted = (items: readonly TrimItem[]) => [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
        const end = (items: readonly TrimItem[]) => sorted(afterSteps(items, planTrim({ ...question, items })));
        expect(end(shuffled)).toEqual(end(question.items));
      },
    ),
  );
});

test('CH-14, CH-22: nothing is taken without need: an item is cut only with its board, or while its kind is over the limit', () => {
  fc.assert(
    fc.property(anyQuestion, (question) => {
      const steps = planTrim(question);
      const cutKinds = (kind: string) =>
        steps.filter((step) => step.action === 'cut' && step.because === 'limit' && step.meter === kind).length;
      const gone = new Set(steps.flatMap((step) => (step.action === 'cut' ? [step.subject] : [])));
      for (const kind of ['boards', 'queues']) {
        const limit = question.limits.get(kind) ?? Number.POSITIVE_INFINITY;
        const alive = question.items.filter((one) => one.kind === kind && !gone.has(one.id)).length;
        if (cutKinds(kind) > 0) expect(alive).toBe(limit);
      }
      for (const one of afterSteps(question.items, steps)) if (one.parentId) expect(gone.has(one.parentId)).toBe(false);
    }),
  );
});

test('CH-17: reduced capacities make exactly the total, and none grows', () => {
  fc.assert(
    fc.property(fc.array(amount, { minLength: 1, maxLength: 20 }), amount, (capacities, limit) => {
      const queues = capacities.map((capacity) => item('queues', { amounts: { capacity } }));
      const after = afterSteps(queues, planTrim(ask(queues, { capacity: limit }))).map(({ amounts }) => amounts.capacity!);
      const sum = (all: number[]) => all.reduce((total, one) => total + one, 0);
      expect(sum(after)).toBe(Math.min(sum(capacities), limit));
      expect(after.every((one, index) => one <= capacities[index]!)).toBe(true);
    }),
  );
});
