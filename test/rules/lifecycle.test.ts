import { SUBSCRIPTION_STATUSES } from '../../src/contract/subscriptions';
import {
  actionOf,
  adoptedStatus,
  answerTo,
  awaitsAnswer,
  isSettled,
  MARKETPLACE_ACTIONS,
  nextStatus,
  offerOf,
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
  expect(actionOf('Suspended')).toBe('Suspend');
  expect(actionOf('Transfer')).toBeNull();
  expect(MARKETPLACE_ACTIONS.filter(awaitsAnswer)).toEqual(['ChangePlan', 'ChangeQuantity', 'Reinstate']);
});

test('a preview’s offer is the offer', () => {
  expect(offerOf('kontingent-preview')).toBe('kontingent');
  expect(offerOf('preview-kontingent')).toBe('preview-kontingent');
  expect(offerOf('my-preview-offer')).toBe('my-preview-offer');
});

test('only a change to a plan that is not sold is refused, and never the change back', () => {
  const change = { action: 'ChangePlan', wantedPlan: 'mystery', isSold: false, heldPlan: 'free' } as const;
  expect(answerTo(change)).toBe('refuse');
  expect(answerTo({ ...change, heldPlan: 'mystery' })).toBe('accept');
  expect(answerTo({ ...change, isSold: true })).toBe('accept');
  expect(answerTo({ ...change, wantedPlan: null })).toBe('accept');
  for (const action of MARKETPLACE_ACTIONS.filter((one) => one !== 'ChangePlan')) expect(answerTo({ ...change, action })).toBe('accept');
  expect(answerTo({ ...change, action: null })).toBe('note');
});

const seen = (given: Partial<SeenEvent>): SeenEvent => ({
  action: 'ChangePlan',
  before: 'Subscribed',
  operation: { status: 'Succeeded', planId: 'gold', quantity: null, source: 'Azure' },
  isAnswered: false,
  truth: { status: 'Subscribed', planId: 'gold', quantity: null },
  attempts: 1,
  ...given,
});

const OPEN = { operation: { status: 'InProgress', planId: 'gold', quantity: null, source: 'Azure' } } as const;
const OPEN_OURS = { operation: { ...OPEN.operation, source: 'Partner' } };

test.each<[string, boolean, Partial<SeenEvent>]>([
  ['a change that is done and shows', true, {}],
  ['a change that is done and does not show yet', false, { truth: { status: 'Subscribed', planId: 'silver', quantity: null } }],
  ['the same after many looks', true, { truth: { status: 'Subscribed', planId: 'silver', quantity: null }, attempts: 5 }],
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
      truth: { status: 'Subscribed', planId: 'silver', quantity: null },
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
      truth: { status: 'Subscribed', planId: 'gold', quantity: 5 },
    },
  ],
  [
    'seats that do not show yet',
    false,
    {
      action: 'ChangeQuantity',
      operation: { status: 'Succeeded', planId: 'gold', quantity: 5, source: 'Azure' },
      truth: { status: 'Subscribed', planId: 'gold', quantity: 4 },
    },
  ],
  [
    'a suspension that shows, without an operation',
    true,
    { action: 'Suspend', operation: null, truth: { status: 'Suspended', planId: 'gold', quantity: null } },
  ],
  ['a suspension that does not show yet', false, { action: 'Suspend', operation: null }],
  [
    'a suspension that came after the end',
    true,
    { action: 'Suspend', before: 'Unsubscribed', operation: null, truth: { status: 'Unsubscribed', planId: 'gold', quantity: null } },
  ],
  ['a purchase that the marketplace does not know', false, { truth: null }],
  [
    'a change that another one overtook, though it never shows',
    true,
    {
      operation: { status: 'Conflict', planId: 'gold', quantity: null, source: 'Azure' },
      truth: { status: 'Subscribed', planId: 'silver', quantity: null },
    },
  ],
  [
    'a purchase that shows, first heard of now',
    true,
    { action: 'Subscribe', before: null, operation: null, truth: { status: 'Subscribed', planId: 'gold', quantity: null } },
  ],
  ['a suspension, first heard of now', true, { action: 'Suspend', before: null, operation: null }],
  ['an unknown action', true, { action: null, operation: null, truth: null }],
])('%s: settled %s', (_name, settled, given) => {
  expect(isSettled(seen(given))).toBe(settled);
});
