import fc from 'fast-check';
import type { ChosenLicense } from '../../src/contract/licenses';
import { LICENSE_KINDS, type LicenseKind } from '../../src/contract/members';
import {
  type Applicant,
  allocateLicenses,
  decideChoice,
  decideSwitch,
  dueAt,
  effectiveSettings,
  freeOf,
  lackingOf,
  limitedOf,
  overOf,
  type Pool,
  readInvitees,
  routeRequest,
  whoStepsDown,
} from '../../src/features/licenses/licenses.rules';
import { normalizeAddress } from '../../src/features/members/address.rules';
import { LicensePolicy } from '../../src/features/plans/policies';

const aPool = (policy: Partial<LicensePolicy> = {}, rest: Partial<Omit<Pool, 'policy'>> = {}): Pool => ({
  policy: LicensePolicy.parse({ scope: 'user', restricted: true, ...policy }),
  settings: { defaultForNew: null, requests: null, invitations: null },
  purchased: 2,
  taken: 0,
  ...rest,
});

const person = (id: string, more: Partial<Applicant<string>> = {}): Applicant<string> => ({
  id,
  chosen: null,
  held: null,
  waits: false,
  ...more,
});
const people = (ids: string) => [...ids].map((id) => person(id));

function given(pool: Pool, applicants: Applicant<string>[], mayRaise?: boolean) {
  const allocated = allocateLicenses(pool, applicants, mayRaise);
  if (!allocated.ok) throw new Error(JSON.stringify(allocated.refusal));
  return allocated.value;
}
const inShort = (pool: Pool, applicants: Applicant<string>[], mayRaise?: boolean) =>
  given(pool, applicants, mayRaise)
    .map(({ id, outcome, license }) => `${id} ${outcome === license ? outcome : `${outcome} ${license}`}`)
    .join(', ');

test('MI-08 MI-09: licenses go in the order of the list, not of the alphabet; those at its end are restricted', () => {
  expect(inShort(aPool(), people('dacb'))).toBe('d full, a full, c restricted, b restricted');
});

test('MI-02 MI-03: in the flexible model new people get the default; in the fixed one a full license while there is one', () => {
  expect(inShort(aPool({ model: 'flexible', defaultForNew: 'restricted' }), people('ab'))).toBe('a restricted, b restricted');
  expect(inShort(aPool({ model: 'fixed', defaultForNew: 'restricted' }), people('ab'))).toBe('a full, b full');
  const chosen = { defaultForNew: 'full' as const, requests: null, invitations: null };
  expect(inShort(aPool({ model: 'flexible', defaultForNew: 'restricted' }, { settings: chosen }), people('abc'))).toBe(
    'a full, b full, c restricted',
  );
});

test('MI-04: who was chosen for a restricted license takes no place', () => {
  const list = [person('a', { chosen: 'restricted' }), person('b'), person('c', { chosen: 'full' }), person('d')];
  expect(given(aPool({ model: 'flexible' }), list)).toEqual([
    { id: 'a', outcome: 'restricted', license: 'restricted', because: 'chosen' },
    { id: 'b', outcome: 'full', license: 'full', because: null },
    { id: 'c', outcome: 'full', license: 'full', because: null },
    { id: 'd', outcome: 'restricted', license: 'restricted', because: 'shortage' },
  ]);
});

test('MI-10: each result says why it is not full: by default, as chosen, or for a shortage', () => {
  const why = (pool: Pool, list: Applicant<string>[]) => given(pool, list).map(({ because }) => because);
  const byDefault = aPool({ model: 'flexible', defaultForNew: 'restricted' });
  expect(why(byDefault, [person('a'), person('b', { held: 'restricted' }), person('c', { held: 'full' })])).toEqual([
    'default',
    'default',
    null,
  ]);
  const none = { purchased: 0 };
  expect(why(aPool({}, none), [person('a'), person('b', { held: 'restricted' })])).toEqual(['shortage', 'shortage']);
  expect(why(aPool({ onShortage: 'waitlist' }, none), [person('a'), person('b', { held: 'restricted', waits: true })])).toEqual([
    'shortage',
    'shortage',
  ]);
});

test('MI-04: who waits for a place and is chosen for a restricted license waits no more', () => {
  expect(inShort(aPool({ model: 'flexible' }), [person('a', { held: 'restricted', waits: true, chosen: 'restricted' })])).toBe(
    'a restricted',
  );
});

test('MI-22: who has a full license keeps it and takes no place, nor does an address named twice', () => {
  expect(inShort(aPool(), [person('a', { held: 'full' }), ...people('bbc')])).toBe('a kept full, b full, c full');
  const first = [person('a', { chosen: 'restricted' }), person('a', { chosen: 'full' })];
  expect(inShort(aPool({ model: 'flexible' }), first)).toBe('a restricted');
});

test('MI-17: who has a restricted license gets a full one by the list, but not from somebody who may not raise', () => {
  const list = [person('a', { held: 'restricted' }), person('b')];
  expect(inShort(aPool(), list)).toBe('a full, b full');
  expect(inShort(aPool(), list, false)).toBe('a kept restricted, b full');
});

test('MI-09: where the plan says so the list is refused as a whole, or its end waits', () => {
  expect(allocateLicenses(aPool({ onShortage: 'reject_all' }), people('abc'))).toEqual({
    ok: false,
    refusal: { code: 'licenses_exhausted', purchased: 2, taken: 0, free: 2, needed: 3 },
  });
  expect(inShort(aPool({ onShortage: 'reject_all' }), people('ab'))).toBe('a full, b full');
  const kept = [person('a', { held: 'restricted' }), ...people('bc')];
  expect(allocateLicenses(aPool({ onShortage: 'reject_all' }), kept, false).ok).toBe(true);
  const list = [...people('abc'), person('d', { held: 'restricted' }), person('e', { held: 'restricted', waits: true })];
  expect(inShort(aPool({ onShortage: 'waitlist' }), list)).toBe(
    'a full, b full, c waiting restricted, d waiting restricted, e kept restricted',
  );
  expect(inShort(aPool({ onShortage: 'waitlist', restricted: false }), people('abc'))).toBe('a full, b full, c waiting none');
});

test('MI-01: only a plan that has restricted licenses gives them', () => {
  expect(lackingOf({ restricted: true })).toBe('restricted');
  expect(lackingOf({ restricted: false })).toBe('none');
  expect(decideChoice(aPool({ restricted: false, model: 'flexible' }), 'restricted')).toEqual({
    ok: false,
    refusal: { code: 'license_not_in_plan', license: 'restricted' },
  });
});

test('MI-04: a restricted license can be chosen in the flexible model alone, a full one in both', () => {
  expect(decideChoice(aPool({ model: 'flexible' }), 'restricted')).toEqual({ ok: true, value: true });
  expect(decideChoice(aPool({ model: 'fixed' }), 'restricted')).toEqual({ ok: false, refusal: { code: 'license_model_fixed' } });
  for (const model of ['flexible', 'fixed'] as const) expect(decideChoice(aPool({ model }), 'full')).toEqual({ ok: true, value: true });
});

describe('MI-05 MI-17 MI-18: switching a license', () => {
  const full = { purchased: 2, taken: 2 };
  test.each([
    ['up with a free place', aPool(), 'restricted', 'full', 'switch'],
    ['up without one', aPool({}, full), 'restricted', 'full', 'licenses_exhausted'],
    ['up without one in the flexible model', aPool({ model: 'flexible' }, full), 'restricted', 'full', 'licenses_exhausted'],
    ['up without a number of places', aPool({}, { purchased: null, taken: 9 }), 'none', 'full', 'switch'],
    ['down in the flexible model', aPool({ model: 'flexible' }, full), 'full', 'restricted', 'switch'],
    ['down in the fixed model', aPool({}, full), 'full', 'restricted', 'license_model_fixed'],
    ['down in the fixed model while too many are taken', aPool({}, { purchased: 2, taken: 3 }), 'full', 'restricted', 'switch'],
    ['down to what the plan has not', aPool({ model: 'flexible', restricted: false }), 'full', 'restricted', 'license_not_in_plan'],
    ['down to none where restricted ones exist', aPool({ model: 'flexible' }), 'full', 'none', 'license_not_in_plan'],
    ['to what they have', aPool({}, full), 'full', 'full', 'same'],
    ['to what they have', aPool(), 'restricted', 'restricted', 'same'],
    ['from none to what the fixed model has', aPool(), 'none', 'restricted', 'switch'],
  ] as const)('%s', (_, pool, from, to, outcome) => {
    const decided = decideSwitch(pool, from, to);
    expect(decided.ok ? decided.value : decided.refusal.code).toBe(outcome);
  });
});

test('MI-15 MI-19: a request goes where the setting says, else where the plan says', () => {
  const route = (requests: LicensePolicy['requests'], chosen: LicensePolicy['requests'] | null = null, taken = 0) =>
    routeRequest(aPool({ requests }, { taken, settings: { defaultForNew: null, invitations: null, requests: chosen } }));
  expect(route('admins')).toBe('ask');
  expect(route('owner')).toBe('ask');
  expect(route('off')).toBe('off');
  expect(route('admins', 'off')).toBe('off');
  expect(route('off', 'automatic_while_free')).toBe('grant');
  expect(route('automatic_while_free', null, 2)).toBe('ask');
  expect(routeRequest(aPool({ requests: 'automatic_while_free' }, { purchased: null }))).toBe('grant');
});

test('MI-03: in the fixed model new members are to have a full license, whatever the plan says or was chosen', () => {
  const settings = { defaultForNew: 'restricted', requests: null, invitations: null } as const;
  expect(effectiveSettings(aPool({ model: 'fixed', defaultForNew: 'restricted' }, { settings })).defaultForNew).toBe('full');
});

test('what was chosen holds before the plan; who may invite is the administrators’ unless they opened it', () => {
  expect(effectiveSettings(aPool({ model: 'flexible', defaultForNew: 'restricted', requests: 'owner' }))).toEqual({
    defaultForNew: 'restricted',
    requests: 'owner',
    invitations: 'admins',
  });
  const settings = { defaultForNew: 'full', requests: 'off', invitations: 'all_members' } as const;
  expect(effectiveSettings(aPool({ model: 'flexible', defaultForNew: 'restricted' }, { settings }))).toEqual(settings);
});

test('places are never fewer than none, and a shortage is never negative', () => {
  expect([freeOf({ purchased: 5, taken: 2 }), overOf({ purchased: 5, taken: 2 })]).toEqual([3, 0]);
  expect([freeOf({ purchased: 2, taken: 5 }), overOf({ purchased: 2, taken: 5 })]).toEqual([0, 3]);
  expect([freeOf({ purchased: null, taken: 5 }), overOf({ purchased: null, taken: 5 })]).toEqual([null, 0]);
});

test('with fewer places than holders the longest inactive step down, then the latest assigned', () => {
  const day = (n: number) => new Date(Date.UTC(2026, 0, n));
  const holders = [
    { id: 'new', lastActiveAt: day(20), since: day(19) },
    { id: 'old', lastActiveAt: day(20), since: day(2) },
    { id: 'away', lastActiveAt: day(5), since: day(1) },
    { id: 'away as long, assigned later', lastActiveAt: day(5), since: day(3) },
    { id: 'since ever', lastActiveAt: day(20), since: null },
  ];
  expect(whoStepsDown(holders, 3)).toEqual(['away as long, assigned later', 'away', 'new']);
  expect(whoStepsDown(holders, 0)).toEqual([]);
  const alike = ['b', 'c', 'a'].map((id) => ({ id, lastActiveAt: day(1), since: day(1) }));
  for (const list of [alike, alike.toReversed()]) expect(whoStepsDown(list, 2)).toEqual(['a', 'b']);
});

test('administrators have the days of the plan to choose', () => {
  expect(dueAt(new Date('2026-03-10T09:00:00.000Z'), { graceDays: 30 })).toEqual(new Date('2026-04-09T09:00:00.000Z'));
});

test('addresses are compared without spaces around, case, and ways to compose characters', () => {
  expect(normalizeAddress('  Jörg.Sample@Example.COM ')).toBe('jörg.sample@example.com');
  expect(normalizeAddress('Jo\u0308rg@example.com')).toBe(normalizeAddress('JÖRG@example.com'));
  expect(normalizeAddress('j.org+x@example.com')).toBe('j.org+x@example.com');
  expect(readInvitees([{ address: ' A@x.y', license: 'full' }, { address: 'b@x.y' }])).toEqual([
    { address: 'a@x.y', chosen: 'full' },
    { address: 'b@x.y', chosen: null },
  ]);
});

test('MI-10: the inviter is told by name whose access is limited without anybody having chosen so; of all full, nobody', () => {
  const result = { outcome: 'restricted', license: 'restricted', because: 'shortage', member: null } as const;
  expect(
    limitedOf([
      { address: 'd@x.y', member: null, outcome: 'full', license: 'full', because: null },
      { ...result, address: 'c@x.y', member: { id: 'c', name: 'Cora Sample' } },
      { ...result, address: 'b@x.y' },
      { ...result, address: 'a@x.y', because: 'chosen' },
      { ...result, address: 'e@x.y', because: 'default' },
      { ...result, address: 'f@x.y', outcome: 'kept', because: null },
    ]),
  ).toEqual(['Cora Sample', 'b@x.y', 'e@x.y', 'f@x.y']);
  expect(limitedOf([{ address: 'd@x.y', member: null, outcome: 'full', license: 'full', because: null }])).toEqual([]);
});

const anyPolicy = fc.record({
  model: fc.constantFrom('flexible', 'fixed'),
  restricted: fc.boolean(),
  defaultForNew: fc.constantFrom('full', 'restricted'),
  onShortage: fc.constantFrom('restricted', 'reject_all', 'waitlist'),
}) as fc.Arbitrary<Partial<LicensePolicy>>;
const anyPool = fc
  .tuple(anyPolicy, fc.option(fc.nat(12)), fc.nat(12))
  .map(([policy, purchased, taken]) => aPool(policy, { purchased, taken }));
const anyList = fc.array(
  fc.record({
    id: fc.constantFrom(...'abcdefghijklmnop'),
    chosen: fc.constantFrom<ChosenLicense | null>(null, null, 'full', 'restricted'),
    held: fc.constantFrom<LicenseKind | null>(null, null, ...LICENSE_KINDS),
    waits: fc.boolean(),
  }),
  { maxLength: 30 },
);

test('never are more places given than are free, whatever the list', () => {
  fc.assert(
    fc.property(anyPool, anyList, fc.boolean(), (pool, list, mayRaise) => {
      const allocated = allocateLicenses(pool, list, mayRaise);
      const newlyFull = allocated.ok ? allocated.value.filter(({ outcome }) => outcome === 'full').length : 0;
      expect(newlyFull).toBeLessThanOrEqual(freeOf(pool) ?? Number.POSITIVE_INFINITY);
    }),
  );
});

test('every address has exactly one result, in the order of its first place in the list', () => {
  fc.assert(
    fc.property(anyPool, anyList, (pool, list) => {
      const allocated = allocateLicenses(pool, list);
      if (allocated.ok) expect(allocated.value.map(({ id }) => id)).toEqual([...new Set(list.map(({ id }) => id))]);
      else expect(pool.policy.onShortage).toBe('reject_all');
    }),
  );
});

test('who is earlier in the list is never worse off than who is later and wanted the same', () => {
  fc.assert(
    fc.property(anyPool, fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop')), (pool, ids) => {
      const allocated = allocateLicenses(
        pool,
        ids.map((id) => person(id, { chosen: 'full' })),
      );
      if (!allocated.ok) return;
      const full = allocated.value.map(({ license }) => license === 'full');
      expect(full).toEqual([...full].sort((a, b) => Number(b) - Number(a)));
    }),
  );
});

test('nobody loses a license by being invited, and nobody has one the plan does not have', () => {
  fc.assert(
    fc.property(anyPool, anyList, (pool, list) => {
      const allocated = allocateLicenses(pool, list);
      if (!allocated.ok) return;
      const rank = { none: 0, restricted: 1, full: 2 };
      for (const { id, outcome, license } of allocated.value) {
        const { held } = list.find((applicant) => applicant.id === id)!;
        if (held !== null) expect(rank[license]).toBeGreaterThanOrEqual(rank[held]);
        else if (outcome === 'waiting') expect(license).toBe(lackingOf(pool.policy));
      }
    }),
  );
});

test('MI-22: the same list on what came of it gives nobody anything new', () => {
  fc.assert(
    fc.property(anyPool, anyList, (pool, list) => {
      const first = allocateLicenses(pool, list);
      if (!first.ok) return;
      const newlyFull = first.value.filter(({ outcome }) => outcome === 'full').length;
      const again = allocateLicenses(
        { ...pool, taken: pool.taken + newlyFull },
        first.value.map(({ id, license, outcome }) => {
          const before = list.find((applicant) => applicant.id === id)!;
          return { ...before, held: license, waits: outcome === 'waiting' || (outcome === 'kept' && before.waits) };
        }),
      );
      if (again.ok) expect(again.value.map(({ outcome }) => outcome)).toEqual(first.value.map(() => 'kept'));
    }),
  );
});
