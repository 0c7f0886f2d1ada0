import { SUBSCRIPTION_STATUSES } from '../../src/contract/subscriptions';
import {
  actionOf,
  adoptedStatus,
  awaitsAnswer,
  type HeldAtChange,
  isChange,
  isSettled,
  MARKETPLACE_ACTIONS,
  nextStatus,
  offerOf,
  refusalOf,
  type SeenEvent,
} from '../../src/features/subscriptions/lifecycle.rules';

const P = 'PendingFulfillmentStart';
const TABLE: Record<string, Record<string, string>> = {
  [P]: { Subscribe: 'Subscribed', Unsubscribe: 'Unsubscribed' },
  Subscribed: {
    ChangePlan: 'Subscribed',
    ChangeQuantity: 'Subscribed',
    Renew: 'Subscribed',
    Suspend: 'Suspended',
    Unsubscribe: 'Unsubscribed',
  },
  Suspended: { Reinstate: 'Subscribed', Unsubscribe: 'Unsubscribed' },
  Unsubscribed: {},
};
const pairs = SUBSCRIPTION_STATUSES.flatMap((status) =>
  MARKETPLACE_ACTIONS.map((action) => ({ status, action, next: TABLE[status]![action] ?? null })),
);

test.each(pairs)('$status, $action → $next (null: as Get subscription says)', ({ status, action, next }) => {
  expect(nextStatus(status, action)).toBe(next);
});

const adoptions = [null, ...SUBSCRIPTION_STATUSES].flatMap((before) => SUBSCRIPTION_STATUSES.map((truth) => ({ before, truth })));

test.each(adoptions)(
  'held $before, the marketplace says $truth: ended stays ended, nothing becomes a mere purchase again',
  ({ before, truth }) => {
    const adopted = adoptedStatus(before, truth);
    if (before === 'Unsubscribed') expect(adopted).toBe('Unsubscribed');
    else if (truth === P && before !== null) expect(adopted).toBe(before);
    else expect(adopted).toBe(truth);
    expect(adoptedStatus(adopted, truth)).toBe(adopted);
  },
);

test('actions are known with blanks, in any case, and by the one other word that the documents use', () => {
  expect(actionOf(' changeplan ')).toBe('ChangePlan');
  expect(['change_plan', 'CHANGE-PLAN', 'Change plan'].map(actionOf)).toEqual(['ChangePlan', 'ChangePlan', 'ChangePlan']);
  expect(actionOf('Suspended')).toBe('Suspend');
  expect(actionOf('Transfer')).toBeNull();
  expect(MARKETPLACE_ACTIONS.filter(awaitsAnswer)).toEqual(['ChangePlan', 'ChangeQuantity', 'Reinstate']);
});

test('a preview’s offer is the offer', () => {
  expect(offerOf('kontingent-preview')).toBe('kontingent');
  expect(offerOf('preview-kontingent')).toBe('preview-kontingent');
  expect(offerOf('my-preview-offer')).toBe('my-preview-offer');
});

const HELD: HeldAtChange = {
  planId: 'silver',
  quantity: 5,
  role: 'base',
  isChangeable: true,
  bounds: { min: 2, max: 10 },
  isForced: false,
};
const toPlan = { action: 'ChangePlan', planId: 'gold', quantity: null, role: 'base', bounds: null } as const;
const toNumber = { action: 'ChangeQuantity', planId: 'silver', quantity: 7, role: 'base', bounds: null } as const;
const few = { min: 1, max: 3 };
const unsold = { code: 'plan_unknown', planId: 'gold' };
const beyond = { code: 'quantity_out_of_bounds' };
const fixed = { code: 'change_not_allowed', reason: 'no_changes' };

test.each<[string, object | null, Parameters<typeof refusalOf>[0], HeldAtChange | null]>([
  ['a plan that is sold', null, toPlan, HELD],
  ['a plan that is not sold', unsold, { ...toPlan, role: null }, HELD],
  ['a plan that is not sold, for who is unknown here', unsold, { ...toPlan, role: null }, null],
  ['a plan that is not sold and held', null, { ...toPlan, role: null }, { ...HELD, planId: 'gold' }],
  ['no plan said', null, { ...toPlan, planId: null, role: null }, HELD],
  [
    'an add-on in the place of a plan',
    { code: 'change_not_allowed', reason: 'is_addon', toPlanId: 'gold' },
    { ...toPlan, role: 'addon' },
    HELD,
  ],
  [
    'a plan in the place of an add-on',
    { code: 'change_not_allowed', reason: 'is_base', toPlanId: 'gold' },
    toPlan,
    { ...HELD, role: 'addon' },
  ],
  ['an add-on in the place of an add-on', null, { ...toPlan, role: 'addon' }, { ...HELD, role: 'addon' }],
  ['the way back from an add-on that was forced', null, toPlan, { ...HELD, role: 'addon', isForced: true }],
  ['any plan, where none may follow', { ...fixed, toPlanId: 'gold' }, toPlan, { ...HELD, isChangeable: false }],
  ['the way back from what was forced, where none may follow', null, toPlan, { ...HELD, isChangeable: false, isForced: true }],
  ['the plan held, where none may follow', null, { ...toPlan, planId: 'silver' }, { ...HELD, isChangeable: false }],
  ['a plan sold for fewer seats than are held', { ...beyond, quantity: 5, ...few }, { ...toPlan, bounds: few }, HELD],
  ['a plan sold for fewer seats than are said', { ...beyond, quantity: 4, ...few }, { ...toPlan, quantity: 4, bounds: few }, HELD],
  ['a plan sold for the seats held', null, { ...toPlan, bounds: { min: 5, max: 5 } }, HELD],
  ['a plan sold by seats, from one that is not', null, { ...toPlan, bounds: few }, { ...HELD, quantity: null, bounds: null }],
  ['a plan sold for fewer seats, back from what was forced', null, { ...toPlan, bounds: few }, { ...HELD, isForced: true }],
  ['any plan, first heard of', null, toPlan, null],
  ['a number within the bounds', null, toNumber, HELD],
  ['the least and the most', null, { ...toNumber, quantity: 2 }, { ...HELD, bounds: { min: 2, max: 2 } }],
  ['too many', { code: 'quantity_out_of_bounds', quantity: 11, min: 2, max: 10 }, { ...toNumber, quantity: 11 }, HELD],
  ['too few', { code: 'quantity_out_of_bounds', quantity: 1, min: 2, max: 10 }, { ...toNumber, quantity: 1 }, HELD],
  ['the number held, beyond the bounds', null, { ...toNumber, quantity: 11 }, { ...HELD, quantity: 11 }],
  ['the way back from a number that was forced', null, { ...toNumber, quantity: 11 }, { ...HELD, quantity: 12, isForced: true }],
  ['a number, where nothing is sold by it', null, { ...toNumber, quantity: 99 }, { ...HELD, bounds: null }],
  ['a number, where none may follow', { ...fixed, toPlanId: 'silver' }, toNumber, { ...HELD, isChangeable: false }],
  ['no number said', null, { ...toNumber, quantity: null }, { ...HELD, isChangeable: false }],
  ['a number, first heard of', null, { ...toNumber, quantity: 99 }, null],
])('a change at the marketplace to %s is answered with %j', (_name, refusal, wanted, held) => {
  expect(refusalOf(wanted, held)).toEqual(refusal);
  for (const action of [null, ...MARKETPLACE_ACTIONS.filter((one) => !isChange(one))])
    expect(refusalOf({ ...wanted, action }, held)).toBeNull();
});

const seen = (given: Partial<SeenEvent>): SeenEvent => ({
  action: 'ChangePlan',
  before: 'Subscribed',
  operation: { status: 'Succeeded', planId: 'gold', quantity: null, source: 'Azure' },
  isAnswered: false,
  truth: { status: 'Subscribed', planId: 'gold', quantity: null, termEnd: null },
  attempts: 1,
  receivedAt: new Date('2026-04-10T06:00:00.000Z'),
  ...given,
});

const OPEN = { operation: { status: 'InProgress', planId: 'gold', quantity: null, source: 'Azure' } } as const;
const OPEN_OURS = { operation: { ...OPEN.operation, source: 'Partner' } };

test.each<[string, boolean, Partial<SeenEvent>]>([
  ['a change that is done and shows', true, {}],
  [
    'a change that is done and does not show yet',
    false,
    { truth: { status: 'Subscribed', planId: 'silver', quantity: null, termEnd: null } },
  ],
  ['the same after many looks', true, { truth: { status: 'Subscribed', planId: 'silver', quantity: null, termEnd: null }, attempts: 5 }],
  ['a change that is open', false, { operation: { status: 'InProgress', planId: 'gold', quantity: null, source: 'Azure' } }],
  [
    'a change that is open, whatever the number of looks',
    false,
    { operation: { status: 'NotStarted', planId: 'gold', quantity: null, source: 'Azure' }, attempts: 50 },
  ],
  ['a change that is answered and stays open', false, { ...OPEN, isAnswered: true, attempts: 50 }],
  ['the same for hours', true, { ...OPEN, isAnswered: true, attempts: 60 }],
  ['a change that is not answered, for days', false, { ...OPEN, attempts: 500 }],
  ['a change of ours that is open', false, { ...OPEN_OURS, isAnswered: true, attempts: 4 }],
  ['a change of ours that is answered and never closes', true, { ...OPEN_OURS, isAnswered: true, attempts: 5 }],
  ['a change of ours that is not answered', false, { ...OPEN_OURS, attempts: 50 }],
  ['a reinstatement that is open', false, { ...OPEN, action: 'Reinstate', isAnswered: true, attempts: 4 }],
  ['a reinstatement that is answered and never closes', true, { ...OPEN, action: 'Reinstate', isAnswered: true, attempts: 5 }],
  [
    'a change that failed',
    true,
    {
      operation: { status: 'Failed', planId: 'gold', quantity: null, source: 'Azure' },
      truth: { status: 'Subscribed', planId: 'silver', quantity: null, termEnd: null },
    },
  ],
  ['a change to what was there', true, { operation: { status: 'Conflict', planId: 'gold', quantity: null, source: 'Azure' } }],
  ['a change that nobody knows', false, { operation: null }],
  ['a change that nobody knows, after many looks', true, { operation: null, attempts: 5 }],
  [
    'seats that show',
    true,
    {
      action: 'ChangeQuantity',
      operation: { status: 'Succeeded', planId: 'gold', quantity: 5, source: 'Azure' },
      truth: { status: 'Subscribed', planId: 'gold', quantity: 5, termEnd: null },
    },
  ],
  [
    'seats that do not show yet',
    false,
    {
      action: 'ChangeQuantity',
      operation: { status: 'Succeeded', planId: 'gold', quantity: 5, source: 'Azure' },
      truth: { status: 'Subscribed', planId: 'gold', quantity: 4, termEnd: null },
    },
  ],
  [
    'a suspension that shows, without an operation',
    true,
    { action: 'Suspend', operation: null, truth: { status: 'Suspended', planId: 'gold', quantity: null, termEnd: null } },
  ],
  ['a suspension that does not show yet', false, { action: 'Suspend', operation: null }],
  [
    'a suspension that came after the end',
    true,
    {
      action: 'Suspend',
      before: 'Unsubscribed',
      operation: null,
      truth: { status: 'Unsubscribed', planId: 'gold', quantity: null, termEnd: null },
    },
  ],
  ['a purchase that the marketplace does not know', false, { truth: null }],
  [
    'a change that another one overtook, though it never shows',
    true,
    {
      operation: { status: 'Conflict', planId: 'gold', quantity: null, source: 'Azure' },
      truth: { status: 'Subscribed', planId: 'silver', quantity: null, termEnd: null },
    },
  ],
  [
    'a purchase that shows, first heard of now',
    true,
    { action: 'Subscribe', before: null, operation: null, truth: { status: 'Subscribed', planId: 'gold', quantity: null, termEnd: null } },
  ],
  ['a suspension, first heard of now', true, { action: 'Suspend', before: null, operation: null }],
  ...(
    [
      ['the new term', true, '2026-05-09', 1],
      ['none', true, null, 1],
      ['the old term yet', false, '2026-04-09', 1],
      ['the old term after many looks', true, '2026-04-09', 5],
    ] as const
  ).map(
    ([shown, settled, end, attempts]) =>
      [
        `a renewal whose subscription shows ${shown}`,
        settled,
        {
          action: 'Renew',
          operation: null,
          attempts,
          truth: { status: 'Subscribed', planId: 'gold', quantity: null, termEnd: end && new Date(end) },
        },
      ] as [string, boolean, Partial<SeenEvent>],
  ),
  ['an unknown action', true, { action: null, operation: null, truth: null }],
])('%s: settled %s', (_name, settled, given) => {
  expect(isSettled(seen(given))).toBe(settled);
});
