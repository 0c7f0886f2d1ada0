import { localeFor } from '../../src/contract/common';
import type { Grant } from '../../src/features/entitlements/grants';
import { type GrantState, type Limit, limitOf } from '../../src/features/entitlements/limits.rules';
import type { UsageAnchor } from '../../src/features/entitlements/periods.rules';
import { DEFAULT_POLICY } from '../../src/features/plans/quota-policy.rules';
import { explanationOf, pendingOf, pendingWords, type Reader, shownGrants, withPending } from '../../src/features/usage/explanation.rules';
import { bringUpTo, type MeterFacts } from '../../src/features/usage/in-force.rules';
import { overageShown } from '../../src/features/usage/overage.rules';

const started = new Date('2026-01-01T00:00:00Z');
const day = (count: number): Date => new Date(started.getTime() + count * 86_400_000);
const now = day(9);
const anchor: UsageAnchor = { startedAt: started, date: '2026-01-01', timeZone: 'UTC' };

const grant = (given: Partial<Grant> = {}): Grant => ({
  grantId: `grant ${given.source ?? 'plan'}`,
  source: 'plan',
  sourceId: 'subscription',
  amount: 10,
  priority: 10,
  policy: {},
  activation: 'now',
  reason: 'premium',
  createdAt: started,
  effectiveAt: started,
  activatedAt: started,
  expiresAt: null,
  endedAt: null,
  burnt: 0,
  burntIn: null,
  counts: true,
  ...given,
});
const addon = (given: Partial<Grant> = {}): Grant =>
  grant({ source: 'addon', amount: 4, priority: 5, reason: 'more', activation: 'on_payment', activatedAt: null, ...given });
const goodwill = (given: Partial<Grant> = {}): Grant => grant({ source: 'support', amount: 3, priority: 0, reason: 'sorry', ...given });

const reader: Reader = {
  locale: 'en',
  timeZone: 'UTC',
  counts: 'all',
  knowsLargest: true,
  meterName: 'tickets',
  planName: (id) => `Plan ${id}`,
};
const facts = (grants: readonly Grant[], given: Partial<MeterFacts> = {}): MeterFacts => ({
  newest: null,
  anchor,
  absent: 0,
  grants,
  overrides: [],
  holds: [],
  ...given,
});
/** The explanation at `now`, with so much used and held. */
function explain(grants: readonly Grant[], given: Partial<MeterFacts> & { used?: number; held?: number } = {}, who: Partial<Reader> = {}) {
  const { used = 0, held = 0, ...others } = given;
  const found = bringUpTo(facts(grants, others), now);
  return explanationOf('tickets', { ...found, counter: { ...found.counter, used, held } }, now, { ...reader, ...who });
}
const pending = (grants: readonly Grant[]) => pendingOf(limitOf(grants, now), grants, now);

describe('HO-04 HO-06 what is owed and not available', () => {
  test('names what it waits for: a payment, support, or both', () => {
    const manual = goodwill({ activation: 'manual', activatedAt: null });
    expect(pending([grant(), addon()])).toEqual({ entitled: 14, available: 10, until: 'payment' });
    expect(pending([grant(), manual])).toEqual({ entitled: 13, available: 10, until: 'support' });
    expect(pending([grant(), addon(), manual])).toEqual({ entitled: 17, available: 10, until: 'both' });
  });

  test('is nothing once it is there, and nothing that a suspended subscription or an unlimited meter waits for', () => {
    expect(pending([grant(), addon({ activatedAt: day(1) })])).toBeNull();
    expect(pending([grant({ amount: null }), addon()])).toBeNull();
    expect(pending([grant(), addon(), goodwill({ activation: 'manual', activatedAt: null, counts: false })])?.until).toBe('payment');
  });

  test('is said with its three numbers, in the language of the reader', () => {
    expect(pendingWords({ entitled: 14, available: 11, until: 'payment' }, 'en')).toBe(
      '14 entitled, 11 available, 3 pending until payment',
    );
    expect(pendingWords({ entitled: 14, available: 11, until: 'support' }, 'en')).toMatch(/3 pending until support unlocks them$/);
    expect(pendingWords({ entitled: null, available: 11, until: 'payment' }, 'en')).toBe(
      '11 available until payment, without a limit afterwards',
    );
    expect(pendingWords({ entitled: 14, available: 11, until: 'payment' }, 'de')).not.toContain('entitled');
  });

  test('follows a refusal, after what becomes of the draft', () => {
    const owed = { entitled: 14, available: 11, until: 'payment' } as const;
    expect(withPending('Full.', {}, 'en')).toBe('Full.');
    expect(withPending('Full.', { pending: owed }, 'en')).toBe('Full. 14 entitled, 11 available, 3 pending until payment.');
    expect(withPending('Full.', { submitsItself: true }, 'en')).toBe('Full. Your draft is submitted by itself as soon as there is room.');
    expect(withPending('Full.', { pending: owed, submitsItself: true }, 'en')).toMatch(
      /^Full\. Your draft .* room\. 14 entitled.*payment\.$/,
    );
  });
});

test('a language of the three is spoken whatever its region, any other is English', () => {
  expect([localeFor('de'), localeFor('it-CH'), localeFor('fr-FR'), localeFor(null)]).toEqual(['de', 'it', 'en', 'en']);
});

describe('G10 each grant with its amount, state, reason and unlock rule', () => {
  const shown = (one: Grant, ...others: Grant[]) => explain([one, ...others]).grants[0];
  const reason = { en: 'Unlocks as you pay', de: 'Nach Zahlung', it: 'Dopo il pagamento' };
  const afterward = { effectiveAt: day(20), activatedAt: day(20) };

  test.each<[string, Grant, GrantState | 'suspended', object]>([
    ['a plan', grant(), 'active', { name: 'Plan premium', amount: 10, reason: null, unlock: null, effectiveAt: started.toISOString() }],
    ['an add-on unpaid', addon(), 'pending', { name: 'Plan more', reason: null, unlock: expect.stringContaining('next invoice is paid') }],
    ['HO-17 one that says why', addon({ policy: { reason } }), 'pending', { reason: reason.en }],
    ['one for support', addon({ activation: 'manual' }), 'pending', { unlock: 'Becomes available when support unlocks it.' }],
    ['a goodwill', goodwill({ expiresAt: day(19) }), 'active', { name: 'Goodwill', reason: 'sorry', unlock: 'Ends on 20 Jan 2026.' }],
    ['one to come', grant(afterward), 'upcoming', { unlock: 'Begins on 21 Jan 2026.', amount: 10 }],
    ['one of a suspended subscription', grant({ counts: false }), 'suspended', { unlock: expect.stringMatching(/^Counts again/) }],
    ['what was carried over', grant({ source: 'rollover', reason: null }), 'suspended', { name: 'Carried over from the period before' }],
  ])('%s', (_what, one, state, said) => {
    expect(shown(one)).toMatchObject({ state, ...said });
  });

  test('a reason that was given once it is there is not said again', () => {
    expect(shown(addon({ policy: { reason }, activatedAt: day(1) }))).toMatchObject({ state: 'active', reason: null, expiresAt: null });
    expect(shown(goodwill({ expiresAt: day(19) }))?.expiresAt).toBe(day(19).toISOString());
  });

  test('what was carried over counts beside a plan that has begun, and only then', () => {
    const carried = grant({ source: 'rollover', reason: null });
    expect(shown(carried, grant())?.state).toBe('active');
    expect(shown(carried, grant(afterward))?.state).toBe('suspended');
  });

  test('of what ended only what had been used of it in this period is still there', () => {
    const ended = { expiresAt: day(4), burnt: 2, burntIn: started };
    expect(shown(goodwill(ended))).toMatchObject({ state: 'expired', amount: 2, unlock: expect.stringMatching(/^Ended on 5 Jan 2026\./) });
    expect(shown(goodwill({ ...ended, burnt: 0 }))).toBeUndefined();
    expect(shown(goodwill({ ...ended, burntIn: day(-30) }))).toBeUndefined();
    expect(shown(grant({ endedAt: day(4) }))).toBeUndefined();
    expect(shown(goodwill({ expiresAt: day(8), endedAt: day(4), burnt: 2, burntIn: started }))).toBeUndefined();
  });

  test('HO-10 a rule that is to come is not spoken of before it is announced, nor before it was written', () => {
    const counter = bringUpTo(facts([]), now).counter;
    const seen = (given: Partial<Grant>) => shownGrants({ counter, grants: [grant({ ...afterward, ...given })] }, now).length;
    expect(seen({ policy: { announceAt: day(10).toISOString() } })).toBe(0);
    expect(seen({ policy: { announceAt: now.toISOString() } })).toBe(1);
    expect(seen({ createdAt: day(10) })).toBe(0);
    expect(seen({ createdAt: now })).toBe(1);
    // In force it is never a secret.
    expect(seen({ effectiveAt: day(1), activatedAt: day(1), policy: { announceAt: day(10).toISOString() } })).toBe(1);
  });
});

describe('G10 the numbers and their words', () => {
  const held = { anchor: null };

  test('of a period, with what is reserved and what is pending', () => {
    expect(explain([grant(), addon()], { used: 3, held: 2 })).toMatchObject({
      meter: 'tickets',
      name: 'tickets',
      asOf: now.toISOString(),
      entitled: 14,
      available: 10,
      limit: 10,
      used: 3,
      held: 2,
      remaining: 5,
      state: 'open',
      enforcement: 'hard',
      period: { start: started.toISOString(), end: '2026-02-01T00:00:00.000Z' },
      pending: 4,
      pendingWords: '14 entitled, 10 available, 4 pending until payment',
      words:
        '3 of 10 tickets are used, 5 are left. Counting starts anew on 1 February 2026 at 00:00 (UTC). ' +
        '2 are reserved for something under way. 14 entitled, 10 available, 4 pending until payment.',
    });
  });

  test('without anything reserved or pending, these are not spoken of', () => {
    expect(explain([grant()], { used: 3 })).toMatchObject({ pending: 0, pendingWords: null, words: expect.stringMatching(/\(UTC\)\.$/) });
    expect(explain([grant(), addon({ amount: null })])).toMatchObject({ pending: null, entitled: null, available: 10 });
  });

  test.each<[string, Grant[], Parameters<typeof explain>[1], string]>([
    ['what is held now has no period', [grant()], { ...held, used: 4 }, '4 of 10 tickets are in use, 6 are free.'],
    ['unlimited in a period', [grant({ amount: null })], { used: 4 }, '4 tickets are used. There is no limit.'],
    ['unlimited and held', [grant({ amount: null })], { ...held, used: 4 }, '4 tickets are in use. There is no limit.'],
    ['not part of the plan', [], {}, 'Tickets are not part of the plan.'],
    ['nothing granted by a plan that speaks of it', [grant({ amount: 0 })], {}, '0 of 0 tickets are used, 0 are left.'],
    [
      'beyond what only tells',
      [grant({ policy: { enforcement: 'soft' } })],
      { used: 12 },
      '12 tickets are used, 2 more than the 10 of the plan. Nothing is refused.',
    ],
    ['exactly at what only tells', [grant({ policy: { enforcement: 'soft' } })], { used: 10 }, '10 of 10 tickets are used, 0 are left.'],
  ])('%s', (_what, grants, given, words) => {
    const { words: said, period } = explain(grants, given);
    expect(said.startsWith(words)).toBe(true);
    expect(period === null).toBe(given?.anchor === null);
  });

  test('of a limit on every single item the largest is told, where it is known, and nothing is added up', () => {
    const each = (amount: number | null, knowsLargest: boolean) =>
      explain([grant({ amount })], { ...held, used: 4 }, { counts: 'each', knowsLargest }).words;
    expect(each(10, false)).toBe('10 tickets are allowed for every single item; nothing is added up.');
    expect(each(10, true)).toBe('10 tickets are allowed for every single item; nothing is added up. The largest of them has 4 now.');
    expect(each(null, false)).toBe('tickets are without a limit for every single item.');
    expect(each(0, true)).toMatch(/^4 of 0 tickets are in use/);
  });

  test('enforcement is the plan’s, and an unlimited meter has nothing left to count down', () => {
    expect(explain([grant({ policy: { enforcement: 'soft' } })]).enforcement).toBe('soft');
    expect(explain([]).enforcement).toBe('hard');
    expect(explain([grant({ amount: null })])).toMatchObject({ limit: null, remaining: null, available: null });
  });
});

describe('what was used beyond the included amount and Microsoft bills', () => {
  const metered = (admits?: number | 'unlimited') => ({
    policy: { ...DEFAULT_POLICY, overage: { mode: 'metered' as const, dimension: 'extra', ...(admits !== undefined && { admits }) } },
  });
  const shown = (used: number, granted: number | null, limit: Pick<Limit, 'policy'>, language: string | null = 'en') =>
    overageShown('tickets', { used, granted }, limit, language).overage;

  test('is counted and named, and who bills it', () => {
    expect(shown(130, 100, metered('unlimited'))).toEqual({
      units: 30,
      admits: null,
      billedBy: 'Microsoft',
      words: '30 beyond the 100 included tickets are billed by Microsoft, as your organization agreed.',
    });
    expect(shown(100, 100, metered(40))).toMatchObject({
      units: 0,
      admits: 40,
      words: expect.stringMatching(/^What goes beyond the 100 /u),
    });
    expect(shown(20, 100, metered(40))).toMatchObject({ units: 0 });
    expect(shown(101, 100, metered(40), 'de')!.words).not.toBe(shown(101, 100, metered(40))!.words);
  });

  test('is nothing without an agreement, and where nothing or everything is included', () => {
    expect([shown(130, 100, metered()), shown(130, 100, { policy: null }), shown(5, 0, metered(40)), shown(5, null, metered(40))]).toEqual(
      Array(4).fill(undefined),
    );
  });
});
