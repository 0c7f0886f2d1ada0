import { billedLine, type Counts, linesFor, proratedLines, refundLine, sumOf } from '../../../src/features/billing/bill-lines.rules';
import { tierFor } from '../../../src/features/billing/tier.rules';
import { PlanPolicies } from '../../../src/features/plans/policies';

const named = (name: string, policies: object = {}) => ({
  planId: name.toLowerCase(),
  name: { en: name, de: name, it: name },
  policies: PlanPolicies.parse(policies),
});
const [premium, professional] = [named('Premium'), named('Professional')];
const euro = (minor: number, per: 'subscription' | 'active_team' | 'active_member' | 'full_license' = 'subscription') => ({
  minor,
  per,
  currency: 'EUR',
});
const counts: Counts = { activeTeams: 5, activeMembers: 63, fullLicenses: 10 };
const april = { start: new Date('2026-04-01T00:00:00Z'), end: new Date('2026-05-01T00:00:00Z'), timeZone: 'UTC' };
const at = new Date('2026-04-21T10:00:00Z');
const days = { proration: 'days', basis: 'actual' } as const;
/** Spaces as a reader sees them: languages differ in which of them may not break. */
const plain = (words: Record<string, string>) =>
  Object.fromEntries(Object.entries(words).map(([key, text]) => [key, text.replace(/\s/gu, ' ')]));

test.each([
  ['subscription', 1, 5900, '€59.00'],
  ['active_team', 5, 29_500, '5 active teams × €59.00'],
  ['active_member', 63, 371_700, '63 active members × €59.00'],
  ['full_license', 10, 59_000, '10 full licenses × €59.00'],
] as const)('EC-04, EC-09: a price per %s is multiplied by %d', (per, quantity, amountMinor, formula) => {
  const [line] = linesFor(premium, euro(5900, per), counts, april, at);
  expect(line).toMatchObject({ quantity, amountMinor });
  expect(line!.formula.en).toBe(formula);
});

test('a line says plan, period and formula in the three languages', () => {
  const [line] = linesFor(premium, euro(400, 'active_member'), { ...counts, activeMembers: 1 }, april, at);
  expect(plain(line!.words)).toEqual({
    en: 'Premium, 1 Apr 2026 to 30 Apr 2026',
    de: 'Premium, 1. Apr. 2026 bis 30. Apr. 2026',
    it: 'Premium, dal 1 apr 2026 al 30 apr 2026',
  });
  expect(plain(line!.formula)).toEqual({
    en: '1 active member × €4.00',
    de: '1 aktives Mitglied × 4,00 €',
    it: '1 membro attivo × 4,00 €',
  });
});

test('TW-28, TW-29: each plan pays its days: 39.33 + 33.00 = 72.33, with the formula in words', () => {
  const lines = proratedLines(
    april,
    [at],
    [
      { plan: premium, price: euro(5900), quantity: 1 },
      { plan: professional, price: euro(9900), quantity: 1 },
    ],
    days,
  );
  expect(lines.map(({ amountMinor }) => amountMinor)).toEqual([3933, 3300]);
  expect(sumOf(lines)).toBe(7233);
  expect(lines.map(({ words }) => words.en)).toEqual(['Premium, 1 Apr 2026 to 20 Apr 2026', 'Professional, 21 Apr 2026 to 30 Apr 2026']);
  expect(lines.map(({ formula }) => plain(formula))).toEqual([
    { en: '€59.00 × 20/30 days', de: '59,00 € × 20/30 Tage', it: '59,00 € × 20/30 giorni' },
    { en: '€99.00 × 10/30 days', de: '99,00 € × 10/30 Tage', it: '99,00 € × 10/30 giorni' },
  ]);
});

test('TW-25: twice in one period, and twice on one day: a part without length makes no line', () => {
  const parts = [premium, professional, premium].map((plan, index) => ({ plan, price: euro([5900, 9900, 5900][index]!), quantity: 1 }));
  const twice = proratedLines(april, [new Date('2026-04-11'), new Date('2026-04-21')], parts, days);
  expect(twice.map(({ amountMinor }) => amountMinor)).toEqual([1967, 3300, 1966]);
  expect(sumOf(twice)).toBe(7233);
  const sameDay = proratedLines(april, [at, at], parts, days);
  expect(sameDay.map(({ amountMinor }) => amountMinor)).toEqual([3933, 1967]);
});

test('seconds are counted in seconds and said so', () => {
  const [line] = proratedLines(
    april,
    [at],
    [
      { plan: premium, price: euro(5900), quantity: 2 },
      { plan: professional, price: euro(9900), quantity: 1 },
    ],
    { proration: 'seconds', basis: 'actual' },
  );
  expect(line!.amountMinor).toBe(Math.round((11_800 * (20 * 86_400 + 36_000)) / (30 * 86_400)));
  expect(line!.words.en).toBe('Premium, 1 Apr 2026 to 21 Apr 2026');
  expect(line!.formula.en).toBe('€59.00 × 1,764,000/2,592,000 seconds');
});

test('CH-03, CH-08: the refund is negative and says what was used', () => {
  const line = refundLine(
    april,
    new Date('2026-04-11T10:00:00Z'),
    { plan: premium, price: euro(5900), quantity: 1 },
    { proration: 'refund_and_full', basis: 'actual' },
  );
  expect(line).toMatchObject({ amountMinor: -3933, quantity: 1 });
  expect(plain(line.words)).toEqual({
    en: 'Premium: refund for 11 Apr 2026 to 30 Apr 2026',
    de: 'Premium: Erstattung für 11. Apr. 2026 bis 30. Apr. 2026',
    it: 'Premium: rimborso dal 11 apr 2026 al 30 apr 2026',
  });
  expect(plain(line.formula)).toEqual({
    en: '€59.00 less €19.67 for 10 of 30 days',
    de: '59,00 € abzüglich 19,67 € für 10 von 30 Tagen',
    it: '59,00 € meno 19,67 € per 10 giorni su 30',
  });
});

test('what was billed before is taken off, and nothing where nothing was', () => {
  expect(billedLine(5900)).toMatchObject({
    amountMinor: -5900,
    quantity: 1,
    words: { en: 'Already billed for this period' },
    formula: { en: 'billed before' },
  });
  expect(billedLine(0)).toBeNull();
});

test('HO-10: before the day of the first charge a line says what it would cost and amounts to nothing', () => {
  const transition = { announceAt: '2021-03-01T00:00:00Z', enforceFrom: '2021-03-01T00:00:00Z', chargeFrom: '2021-07-01T00:00:00Z' };
  const pack = named('Package', { transition });
  const june = { start: new Date('2021-06-01'), end: new Date('2021-07-01'), timeZone: 'UTC' };
  const [before] = linesFor(pack, euro(1000), counts, june, new Date('2021-06-30T23:59:59.999Z'));
  expect(before).toMatchObject({ amountMinor: 0, unchargedMinor: 1000 });
  expect(plain(before!.formula)).toEqual({
    en: '€10.00, not charged before 1 Jul 2021',
    de: '10,00 €, nicht berechnet vor dem 1. Juli 2021',
    it: '10,00 €, non addebitato prima del 1 lug 2021',
  });
  const [each] = linesFor(pack, euro(1000, 'active_team'), counts, june, new Date('2021-06-15T00:00:00Z'));
  expect(each!.formula.en).toBe('5 active teams × €10.00 = €50.00, not charged before 1 Jul 2021');
  const [after] = linesFor(pack, euro(1000), counts, june, new Date('2021-07-01T00:00:00Z'));
  expect(after).toMatchObject({ amountMinor: 1000 });
  expect(after!.unchargedMinor).toBeUndefined();
});

test('HO-10, G5: a part of a period that is not charged yet amounts to nothing, and the charged ones to what they cost', () => {
  const parts = [
    { plan: premium, price: euro(3000), quantity: 1, unchargedUntil: new Date('2026-07-01T00:00:00Z') },
    { plan: professional, price: euro(6000), quantity: 1 },
  ];
  const [before, after] = proratedLines(april, [new Date('2026-04-16')], parts, days);
  expect(before).toMatchObject({ amountMinor: 0, unchargedMinor: 1500 });
  expect(before!.formula.en).toBe('€30.00 × 15/30 days = €15.00, not charged before 1 Jul 2026');
  expect(after).toMatchObject({ amountMinor: 3000 });
  expect(after!.unchargedMinor).toBeUndefined();
});

describe('tierFor', () => {
  const band = (min: number, max: number | null, by = 'active_members') => named(`${min}+`, { tier: { group: 'size', by, min, max } });
  const tiers = [band(0, 50), band(51, 100), band(101, null)];
  const held = (activeMembers: number) => tierFor(tiers, { ...counts, activeMembers })?.planId;

  test.each([
    [0, '0+'],
    [50, '0+'],
    [51, '51+'],
    [100, '51+'],
    [101, '101+'],
    [5000, '101+'],
  ])('HO-13: %d active users are in the tier %s: both bounds belong to it', (active, tier) => expect(held(active)).toBe(tier));

  test('HO-13: a count that no band holds has no tier, and a plan without bands is none', () => {
    expect(tierFor([band(51, 100), premium], { ...counts, activeMembers: 50 })).toBeNull();
  });

  test('a tier may follow teams', () => {
    expect(tierFor([band(5, 5, 'active_teams')], counts)).not.toBeNull();
  });
});

test('what was billed before is named and taken off; nothing billed is no line', () => {
  expect(billedLine(0)).toBeNull();
  const line = billedLine(5900)!;
  expect(line.amountMinor).toBe(-5900);
  for (const said of [line.words, line.formula]) expect(Object.values(said).every((text) => text !== '')).toBe(true);
  expect(Object.keys(line.words)).toEqual(['en', 'de', 'it']);
});

test('CH-03: several licenses go back together, and a refund of nothing is 0', () => {
  const part = { plan: premium, price: euro(800, 'full_license'), quantity: 10 };
  expect(refundLine(april, new Date('2026-04-16T00:00:00Z'), part, days).amountMinor).toBe(-4000);
  expect(Object.is(refundLine(april, april.end, part, days).amountMinor, 0)).toBe(true);
});

test('a period cut by the second names the day of its last second', () => {
  const by = { ...days, proration: 'seconds' } as const;
  const parts = [premium, professional].map((plan) => ({ plan, price: euro(5900), quantity: 1 }));
  const words = (cut: string) => proratedLines(april, [new Date(cut)], parts, by).map((line) => line.words.en);
  expect(words('2026-04-21T00:00:00Z')).toEqual(['Premium, 1 Apr 2026 to 20 Apr 2026', 'Professional, 21 Apr 2026 to 30 Apr 2026']);
  expect(words('2026-04-21T10:00:00Z')[0]).toBe('Premium, 1 Apr 2026 to 21 Apr 2026');
});

test('a whole period, and what goes back of one, name its last day though it began within it', () => {
  const within = { ...april, start: new Date('2026-04-21T10:00:00Z'), end: new Date('2026-05-01T10:00:00Z') };
  expect(linesFor(premium, euro(1), counts, within, at)[0]!.words.en).toBe('Premium, 21 Apr 2026 to 30 Apr 2026');
  const part = { plan: premium, price: euro(1), quantity: 1 };
  expect(refundLine(within, new Date('2026-04-25T10:00:00Z'), part, days).words.en).toMatch(/25 Apr 2026 to 30 Apr 2026/);
});

test('a plan without a name in a language is called by its English one, without any by its id', () => {
  const words = (name: object) => linesFor({ ...premium, name: name as never }, euro(1), counts, april, at)[0]!.words;
  expect(words({ en: 'Gold', de: 'Geld' })).toMatchObject({
    en: expect.stringMatching(/^Gold,/),
    de: expect.stringMatching(/^Geld,/),
    it: expect.stringMatching(/^Gold,/),
  });
  expect(words({}).de).toMatch(/^premium,/);
});
