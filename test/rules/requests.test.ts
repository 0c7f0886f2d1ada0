import { decide, stateAt } from '../../src/features/requests/requests.rules';

const at = new Date('2026-03-10T09:00:00.000Z');
const before = new Date('2026-03-10T08:59:59.999Z');
const open = { state: 'open' as const, expiresAt: null, decidedAt: null };

test('MI-12: a request is open until it is decided or its time is over, to the millisecond', () => {
  expect(stateAt(open, at)).toBe('open');
  expect(stateAt({ ...open, expiresAt: at }, before)).toBe('open');
  expect(stateAt({ ...open, expiresAt: at }, at)).toBe('expired');
  expect(stateAt({ state: 'granted', expiresAt: before, decidedAt: before }, at)).toBe('granted');
});

test.each([
  ['open', 'granted', { ok: true, value: 'apply' }],
  ['open', 'refused', { ok: true, value: 'apply' }],
  ['granted', 'granted', { ok: true, value: 'replay' }],
  ['refused', 'refused', { ok: true, value: 'replay' }],
  ['granted', 'refused', { ok: false, refusal: { code: 'request_closed', state: 'granted', closedAt: before.toISOString() } }],
  ['refused', 'granted', { ok: false, refusal: { code: 'request_closed', state: 'refused', closedAt: before.toISOString() } }],
  ['expired', 'granted', { ok: false, refusal: { code: 'request_closed', state: 'expired', closedAt: before.toISOString() } }],
] as const)('a request that is %s and decided as %s', (state, decision, outcome) => {
  const request = {
    state,
    expiresAt: state === 'expired' ? before : null,
    decidedAt: state === 'granted' || state === 'refused' ? before : null,
  };
  expect(decide(request, decision, at)).toEqual(outcome);
});
