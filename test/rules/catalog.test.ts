import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CatalogError, loadCatalog, parseCatalog } from '../../src/features/plans/catalog';
import { itemsOf } from '../../src/features/plans/publish-plans';

const PRESETS = readdirSync('plans/presets').map((name) => `plans/presets/${name}`);

/** The lines of a catalog's plans; line 1 is the offer, 2 the billing. */
const HEAD = ['offer: sample', 'billing: direct'];
const plan = (id: string, rank: number, ...more: string[]) => [
  `  - id: ${id}`,
  `    rank: ${rank}`,
  `    name: { en: ${id}, de: ${id}, it: ${id} }`,
  `    description: { en: sold, de: verkauft, it: venduto }`,
  ...(more.some((line) => line.startsWith('prices:')) ? [] : ['    prices: [{ term: P1M, currency: EUR, minor: 1000 }]']),
  ...more.map((line) => `    ${line}`),
];
const BASE = plan('base', 1, 'quotas: { tickets: 10 }');

const problemsOf = (lines: string[]): string[] => {
  try {
    parseCatalog(lines.join('\n'), 'sample.yaml');
    return [];
  } catch (error) {
    if (error instanceof CatalogError) return error.problems;
    throw error;
  }
};
const inPlan = (...more: string[]) => [...HEAD, 'plans:', ...plan('odd', 1, ...more)];
const beside = (...more: string[]) => [...HEAD, 'plans:', ...BASE, ...plan('more', 2, 'role: addon', ...more)];
const lineOf = (lines: string[], text: string): number => lines.findIndex((line) => line.includes(text)) + 1;

describe('the catalogs that come with the product', () => {
  test.each(['plans/default.yaml', ...PRESETS])('%s is a catalog', async (file) => {
    const { plans } = await loadCatalog(file);
    for (const plan of plans.filter(({ role }) => role === 'base'))
      expect(Object.keys(plan.quotas).sort()).toEqual(['checklists', 'opportunities', 'tickets']);
  });

  test('the six presets are there, and no two sell a plan of one name in different offers', async () => {
    expect(PRESETS.map((file) => path.basename(file, '.yaml'))).toEqual([
      'active-members',
      'license-pool',
      'org-quota',
      'team-units',
      'tiered-addon',
      'whole-month',
    ]);
    const offerOf = new Map<string, string>();
    for (const file of ['plans/default.yaml', ...PRESETS]) {
      const { offer, plans } = await loadCatalog(file);
      for (const { id } of plans) expect(offerOf.get(id) ?? offer).toBe(offer);
      for (const { id } of plans) offerOf.set(id, offer);
    }
  });

  test('TW-04: whoever sells a year sells a month too', async () => {
    for (const file of ['plans/default.yaml', ...PRESETS])
      for (const { prices } of (await loadCatalog(file)).plans) expect(prices.map(({ term }) => term)).toContain('P1M');
  });

  test('HO-01, HO-02, HO-03: the base has 10 groups, and one package of 10.00 a month raises people to 100 and groups by 4', async () => {
    const { plans } = await loadCatalog('plans/presets/tiered-addon.yaml');
    const [club, addon] = plans;
    expect(club!.limits).toMatchObject({ teams: { amount: 10 }, active_members: { amount: 50 } });
    expect(addon!.prices).toEqual([{ term: 'P1M', currency: 'EUR', minor: 1000, per: 'subscription' }]);
    expect(addon!.limits).toMatchObject({
      active_members: { amount: 50, enforcement: 'warn' },
      teams: { amount: 4, activation: 'on_payment', immediately: 1 },
    });
    expect(addon!.policies).toMatchObject({ tier: { min: 51, max: 100 }, addon: { stack: 'once' } });
    expect(itemsOf(addon!).map(({ entitlement, kind, amount }) => [entitlement, kind, amount])).toEqual([
      ['active_members', 'stock', 50],
      ['teams', 'stock', 4],
    ]);
  });

  test('CH-15 to CH-22: the seven rules stand in an order that trims parents before children', async () => {
    const { plans, resources } = await loadCatalog('plans/presets/whole-month.yaml');
    for (const { policies } of plans) {
      expect(policies.trim.map(({ of, rule }) => `${of} ${rule}`)).toEqual([
        'boards keep_top_by',
        'queues cut_newest_by',
        'automation_runs scale_proportionally',
        'intake_rate cap_at',
        'sla_groups remove',
        'allowed_ips remove',
        'templates detach',
      ]);
      expect(policies.change).toMatchObject({
        proration: 'refund_and_full',
        upgrade: { anchor: 'reset' },
        downgrade: { effective: 'period_end' },
      });
    }
    expect(resources.queues!.parent).toBe('boards');
  });

  test('MI-01, MI-02: restricted licenses exist only in the plans that say so, in two models', async () => {
    const { plans } = await loadCatalog('plans/presets/license-pool.yaml');
    expect(plans.map(({ id, policies: { license } }) => [id, license.restricted, license.model, license.onShortage])).toEqual([
      ['starter-seats', false, 'fixed', 'reject_all'],
      ['business-seats', false, 'fixed', 'waitlist'],
      ['enterprise-fixed', true, 'fixed', 'restricted'],
      ['enterprise-flexible', true, 'flexible', 'restricted'],
    ]);
  });

  test('EC-02, EC-14: the mode and the way of the documents are data', async () => {
    const [team] = (await loadCatalog('plans/presets/team-units.yaml')).plans;
    const [people] = (await loadCatalog('plans/presets/active-members.yaml')).plans;
    expect(team).toMatchObject({
      prices: [{ per: 'active_team' }, {}],
      policies: { license: { scope: 'team' }, documents: { delivery: 'download' } },
    });
    expect(people).toMatchObject({
      prices: [{ per: 'active_member' }, {}],
      policies: {
        license: { scope: 'user', full: 'unlimited' },
        people: { active: 'in_active_team', countRule: 'any_time' },
        documents: { delivery: 'email', billingContactChange: 'by_support' },
      },
    });
  });
});

describe('a sixth scheme is a file', () => {
  test('resources of other names, rules of another order, prices of another unit', () => {
    const { plans, resources } = parseCatalog(
      `offer: warehouse
billing: direct
resources:
  halls: { name: { en: halls, de: Hallen, it: capannoni } }
  gates: { name: { en: gates, de: Tore, it: varchi }, parent: halls }
  pallets: { name: { en: pallets, de: Paletten, it: bancali }, measure: { of: halls, as: total } }
defaults:
  change: { allowed: any, proration: seconds, downgrade: { effective: now } }
  trim:
    - { of: halls, rule: cut_newest_by, by: activated_at }
    - { of: gates, rule: keep_top_by, by: activated_at }
    - { of: pallets, rule: scale_proportionally }
plans:
${plan('small', 1, 'quotas: { tickets: { amount: 20, enforcement: soft, period: year } }', 'limits: { halls: 1, gates: 2, pallets: 1000 }', 'features: { weekend: false }', 'values: { days_kept: 30 }').join('\n')}
${plan('large', 2, 'quotas: { tickets: unlimited }', 'limits: { halls: 9, gates: unlimited, pallets: 9000 }', 'features: { weekend: true }', 'values: { days_kept: 365 }', 'change: { downgrade: { effective: period_end } }').join('\n')}
`,
      'warehouse.yaml',
    );
    expect(Object.keys(resources)).toEqual(['halls', 'gates', 'pallets']);
    expect(plans[1]!.policies.change).toMatchObject({ allowed: 'any', proration: 'seconds', downgrade: { effective: 'period_end' } });
    expect(itemsOf(plans[0]!).map(({ entitlement, kind, amount }) => `${entitlement} ${kind} ${amount}`)).toEqual([
      'tickets metered 20',
      'halls stock 1',
      'gates stock 2',
      'pallets stock 1000',
      'weekend boolean 0',
      'days_kept static 30',
    ]);
  });
});

describe('defaults', () => {
  const twice = (own: string) =>
    parseCatalog(
      [
        ...HEAD,
        'defaults:',
        '  change: { allowed: any, basis: fixed30 }',
        '  people: { countRule: cut_off }',
        'plans:',
        ...plan('one', 1, own),
        ...plan('two', 2),
      ].join('\n'),
      'sample.yaml',
    ).plans;

  test('hold for every plan, field by field; what a plan says wins', () => {
    const [one, two] = twice('change: { allowed: none }');
    expect(one!.policies.change).toMatchObject({ allowed: 'none', basis: 'fixed30', proration: 'days' });
    expect(two!.policies.change).toMatchObject({ allowed: 'any', basis: 'fixed30' });
    expect([one!, two!].map(({ policies }) => policies.people)).toEqual(Array(2).fill({ active: 'class_active', countRule: 'cut_off' }));
  });

  test('a list of a plan takes the place of the default list', () => {
    const lines = [
      ...HEAD,
      'resources: { boards: { name: { en: boards, de: Boards, it: bacheche } } }',
      'defaults: { trim: [{ of: boards, rule: remove }] }',
      'plans:',
      ...plan('one', 1, 'trim: []'),
      ...plan('two', 2),
    ];
    const { plans } = parseCatalog(lines.join('\n'), 'sample.yaml');
    expect(plans.map(({ policies }) => policies.trim.length)).toEqual([0, 1]);
  });

  test('what one word implies needs no second one', () => {
    const [odd] = parseCatalog(
      inPlan(
        'quotas: { tickets: { amount: 5, enforcement: warn }, checklists: { amount: 5, onExhausted: allow_over }, opportunities: 5 }',
        'prices: [{ term: P1M, currency: EUR, minor: 5, per: full_license }]',
        'license: { scope: user }',
      ).join('\n'),
      'sample.yaml',
    ).plans;
    expect(odd!.quotas).toMatchObject({
      tickets: { onExhausted: 'allow_over', countEvent: 'created' },
      checklists: { enforcement: 'soft', countEvent: 'submitted' },
      opportunities: { enforcement: 'hard', onExhausted: 'block' },
    });
    expect(odd!.policies).toMatchObject({ quantity: { min: 1, max: 10_000 }, license: { full: 'quantity', onShortage: 'reject_all' } });
  });
});

describe('a wrong catalog is refused by file, line and field', () => {
  test('the file is named', async () => {
    const file = path.join(await mkdtemp(path.join(tmpdir(), 'catalog-')), 'wrong.yaml');
    await writeFile(file, 'offer: sample\nplans: []\n');
    await expect(loadCatalog(file)).rejects.toThrow(new RegExp(`${file} cannot be used:\n  - line 2, plans: `, 'u'));
    await expect(loadCatalog(`${file}.gone`)).rejects.toThrow(/gone cannot be used:\n {2}- the file cannot be read/u);
  });

  test.each([
    ['', 'line 1, the whole: '],
    ['- a list', 'line 1, the whole: '],
    ['offer: x\nplans: 7', 'line 2, plans: '],
    ['offer: x\noffer: y\nplans: []', 'line 2, the whole: Map keys must be unique'],
    ['offer: x\nplans: [', 'line 2, the whole: '],
    ['offer: x\nplans:\n  - 7', 'line 3, plan number 1: '],
  ])('what is no catalog at all: %j', (text, said) => {
    expect(problemsOf(text.split('\n'))).toEqual(expect.arrayContaining([expect.stringContaining(said)]));
  });

  test.each([
    ['rang: 7', 'plan odd, rang: there is no such field'],
    ['quotas: { tickets: -1 }', 'plan odd, quotas.tickets.amount: must be a whole number from 0 to 1,000,000,000,000'],
    ['quotas: { tickets: 1.5 }', 'plan odd, quotas.tickets.amount: must be a whole number'],
    ['quotas: { tickets: lots }', 'plan odd, quotas.tickets.amount: must be a whole number'],
    ['quotas: { phones: 5 }', 'plan odd, quotas.phones: there is no such field'],
    ['quotas: { tickets: { amount: 5, tollerance: 1 } }', 'plan odd, quotas.tickets.tollerance: there is no such field'],
    ['prices: [{ term: P2M, currency: EUR, minor: 1 }]', 'plan odd, prices.0.term: '],
    ['prices: [{ term: P1M, currency: eur, minor: 1 }]', 'plan odd, prices.0.currency: '],
    ['prices: [{ term: P1M, currency: EUR, minor: 9.99 }]', 'plan odd, prices.0.minor: '],
    ['change: { proration: weekly }', 'plan odd, change.proration: '],
    ['transition: { announceAt: tomorrow }', 'plan odd, transition.announceAt: '],
    ['license:', 'plan odd, license: '],
  ])('a field of its own: %s', (line, said) => {
    const lines = inPlan(line);
    expect(problemsOf(lines)).toEqual(expect.arrayContaining([expect.stringContaining(`line ${lineOf(lines, line)}, ${said}`)]));
  });

  test('every problem at once, in the order of the file', () => {
    const lines = inPlan('rang: 7', 'quotas: { tickets: -1 }', 'change: { proration: weekly }');
    expect(problemsOf(lines).map((said) => Number(/line (\d+)/u.exec(said)![1]))).toEqual([9, 10, 11]);
  });

  test('a wrong default is told once, at its own line', () => {
    const lines = [...HEAD, 'defaults:', '  change:', '    proration: weekly', 'plans:', ...BASE, ...plan('two', 2)];
    expect(problemsOf(lines)).toEqual([expect.stringMatching(/^line 5, defaults\.change\.proration: /u)]);
  });
});

describe('contradictions', () => {
  /** Each: the lines of a plan, the line that is blamed, the field, and what is said. */
  test.each([
    // quotas and limits
    [
      'quotas: { tickets: { amount: 5, enforcement: warn, onExhausted: block } }',
      'quotas.tickets.onExhausted',
      'enforcement warn refuses nothing, block would',
    ],
    [
      'quotas: { tickets: { amount: 5, enforcement: soft, onExhausted: hold } }',
      'quotas.tickets.onExhausted',
      'enforcement soft refuses nothing, hold would',
    ],
    [
      'quotas: { tickets: { amount: 5, enforcement: hard, onExhausted: allow_over } }',
      'quotas.tickets.onExhausted',
      'enforcement hard admits nothing',
    ],
    ['quotas: { tickets: { amount: unlimited, rollover: { cap: 5 } } }', 'quotas.tickets.rollover', 'nothing is left to carry over'],
    ['quotas: { tickets: { amount: 5, rollover: { cap: 0 } } }', 'quotas.tickets.rollover.cap', 'never carries anything over'],
    ['quotas: { tickets: { amount: unlimited, allocation: per_team } }', 'quotas.tickets.allocation', 'an unlimited amount has no shares'],
    ['quotas: { tickets: { amount: 5, countEvent: per_task } }', 'quotas.tickets.countEvent', 'tickets are counted as created'],
    [
      'quotas: { checklists: { amount: 5, countEvent: created } }',
      'quotas.checklists.countEvent',
      'checklists are counted as submitted or per_task',
    ],
    ['quotas: { tickets: { amount: 5, enforcement: soft, tolerance: 2 } }', 'quotas.tickets.tolerance', 'a tolerance needs hard'],
    ['quotas: { tickets: { amount: unlimited, tolerance: 2 } }', 'quotas.tickets.tolerance', 'beyond an unlimited amount there is nothing'],
    ['quotas: { tickets: { amount: 5, notice: { thresholds: [90, 80] } } }', 'quotas.tickets.notice.thresholds', 'must ascend'],
    ['quotas: { tickets: { amount: 5, notice: { remaining: [5] } } }', 'quotas.tickets.notice.remaining', 'before anything is used'],
    ['quotas: { tickets: { amount: unlimited, notice: { remaining: [5] } } }', 'quotas.tickets.notice.remaining', 'always more is left'],
    ['limits: { teams: { amount: 5, immediately: 1 } }', 'limits.teams.immediately', 'makes the whole amount available at once'],
    ['limits: { teams: { amount: 5, activation: manual } }', 'limits.teams.reason', 'say it in words'],
    [
      'limits: { teams: { amount: 5, activation: manual, immediately: 5, reason: { en: a, de: a, it: a } } }',
      'limits.teams.immediately',
      'nothing of 5 would be left to wait',
    ],
    [
      'limits: { teams: { amount: unlimited, activation: manual, immediately: 5, reason: { en: a, de: a, it: a } } }',
      'limits.teams.immediately',
      'cannot be available in part',
    ],
    ['limits: { teams: { amount: 5, reason: { en: a, de: a, it: a } } }', 'limits.teams.reason', 'activation now does not'],
    ['limits: { boards: 5 }', 'limits.boards', 'nothing of this name is counted'],
    ['limits: { tickets: 5 }', 'limits.tickets', 'belongs under quotas'],
    ['features: { teams: true }\n    limits: { teams: 5 }', 'features.teams', 'belongs under limits'],
    // prices
    [
      'prices: [{ term: P1M, currency: EUR, minor: 1 }, { term: P1M, currency: EUR, minor: 2 }]',
      'prices.1.term',
      'there is another price for P1M',
    ],
    [
      'prices: [{ term: P1M, currency: EUR, minor: 1 }, { term: P1Y, currency: USD, minor: 2 }]',
      'prices.1.currency',
      'the other prices are in EUR',
    ],
    [
      'prices: [{ term: P1M, currency: EUR, minor: 1 }, { term: P1Y, currency: EUR, minor: 2, per: active_team }]',
      'prices.1.per',
      'all prices of a plan multiply the same',
    ],
    // changes
    ['change: { upgrade: { anchor: reset } }', 'change.proration', 'anchor reset begins a full new period, days charges a part'],
    [
      'change: { upgrade: { anchor: reset }, proration: seconds }',
      'change.proration',
      'anchor reset begins a full new period, seconds charges a part',
    ],
    ['change: { proration: refund_and_full }', 'change.upgrade.anchor', 'write anchor: reset'],
    [
      'change: { upgrade: { effective: period_end, anchor: reset }, proration: none }',
      'change.upgrade.anchor',
      'the next one begins anyway',
    ],
    ['change: { upgrade: { effective: period_end }, proration: refund_and_full }', 'change.proration', 'there is nothing to refund'],
    ['change: { allowed: none, proration: days }', 'change.proration', 'there is no change that this could be about'],
    ['change: { proration: seconds, basis: fixed30 }', 'change.basis', 'proration seconds counts none'],
    // licenses
    ['license: { scope: user }', 'license.scope', 'how many full licenses are there?'],
    ['license: { scope: user, full: quantity }', 'license.scope', 'how many full licenses are there?'],
    ['license: { scope: user, full: 5, onShortage: restricted }', 'license.onShortage', 'there are no restricted licenses'],
    ['license: { scope: user, full: 5, defaultForNew: restricted }', 'license.defaultForNew', 'there are no restricted licenses'],
    ['license: { scope: team, restricted: true }', 'license.restricted', 'scope team assigns no licenses to persons'],
    ['license: { model: flexible }', 'license.model', 'scope org assigns no licenses to persons'],
    ['prices: [{ term: P1M, currency: EUR, minor: 1, per: full_license }]', 'license.scope', 'scope org gives no person one'],
    [
      'license: { scope: user, full: 5 }\n    prices: [{ term: P1M, currency: EUR, minor: 1, per: full_license }]',
      'license.full',
      'the bought quantity counts',
    ],
    ['quantity: { min: 2 }', 'quantity', 'nothing is bought by number'],
    [
      'license: { scope: user }\n    prices: [{ term: P1M, currency: EUR, minor: 1, per: full_license }]\n    quantity: { min: 9, max: 5 }',
      'quantity.min',
      'is more than max, 5',
    ],
    // base plans and add-ons
    ['tier: { group: g, by: active_members, min: 1, max: 5 }', 'tier', 'give it a plan of the role addon'],
    ['addon: { stack: once }', 'addon', 'is about plans of the role addon'],
    // the rest
    [
      'transition: { announceAt: "2027-02-01T00:00:00Z", enforceFrom: "2027-01-01T00:00:00Z", chargeFrom: "2027-03-01T00:00:00Z" }',
      'transition.enforceFrom',
      'before it is announced',
    ],
    [
      'transition: { announceAt: "2027-01-01T00:00:00Z", enforceFrom: "2027-03-01T00:00:00Z", chargeFrom: "2027-02-01T00:00:00Z" }',
      'transition.chargeFrom',
      'before it holds',
    ],
    ['advice: { hits: 4, periods: 3 }', 'advice.hits', 'never happens in 3 periods'],
  ])('%s', (written, field, said) => {
    const lines = inPlan(...written.split('\n    '));
    const blamed = written.split('\n    ').find((line) => line.startsWith(field.split('.')[0]!)) ?? '- id: odd';
    expect(problemsOf(lines)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          new RegExp(`^line ${lineOf(lines, blamed)}, plan odd, ${field.replaceAll('.', '\\.')}: .*${escaped(said)}`, 'u'),
        ),
      ]),
    );
  });

  test.each([
    ['license: { scope: org }', 'license', 'belongs to the base plan'],
    ['people: { countRule: cut_off }', 'people', 'belongs to the base plan'],
    ['advice: { hits: 1 }', 'advice', 'belongs to the base plan'],
    ['trim: []', 'trim', 'belongs to the base plan'],
    ['addon: { billing: variant }', 'addon.billing', 'variant is a way of the marketplace'],
    ['addon: { billing: meter }', 'addon.billing', 'meter is a way of the marketplace'],
    ['tier: { group: g, by: active_members, min: 9, max: 5 }', 'tier.min', 'is more than max, 5'],
    ['prices: [{ term: P1Y, currency: EUR, minor: 1 }]', 'prices.0.term', 'no base plan is sold for P1Y'],
  ])('of an add-on: %s', (written, field, said) => {
    const lines = beside(written);
    expect(problemsOf(lines)).toEqual([expect.stringContaining(`line ${lineOf(lines, written)}, plan more, ${field}: ${said}`)]);
  });

  test('a plan with a tier is owned once', () => {
    const lines = beside('tier: { group: g, by: active_members, min: 1, max: 5 }', 'addon: { stack: n }');
    expect(problemsOf(lines)).toEqual([expect.stringContaining('plan more, addon.stack: one band holds at a time')]);
  });

  test('what the defaults say of base plans is no word about add-ons', () => {
    const lines = [
      ...HEAD,
      'defaults: { license: { scope: user, full: 5 }, addon: { stack: n } }',
      'plans:',
      ...BASE,
      ...plan('more', 2, 'role: addon'),
    ];
    expect(problemsOf(lines)).toEqual([]);
  });

  const bands = (...tiers: string[]) => [
    ...HEAD,
    'plans:',
    ...BASE,
    ...tiers.flatMap((tier, index) =>
      plan(`band-${index}`, index + 2, 'role: addon', `tier: { group: people, by: active_members, ${tier} }`),
    ),
  ];

  test.each([
    [['min: 51, max: 100', 'min: 100, max: 200'], 'plan band-1, tier.min: overlaps with band-0, whose band ends at 100'],
    [
      ['min: 51, max: 100', 'min: 103, max: 200'],
      'plan band-1, tier.min: leaves a gap: 101 to 102 belong to no band between band-0 and band-1',
    ],
    [['min: 51, max: null', 'min: 101, max: 200'], 'plan band-1, tier.min: overlaps with band-0, whose band ends at no number'],
    [
      ['min: 101, max: null', 'min: 51, max: 99'],
      'plan band-0, tier.min: leaves a gap: 100 to 100 belong to no band between band-1 and band-0',
    ],
  ])('bands of one group: %j', (tiers, said) => {
    expect(problemsOf(bands(...tiers))).toEqual([expect.stringContaining(said)]);
  });

  test('bands that follow each other in any order of the file are right, up to an open one', () => {
    expect(problemsOf(bands('min: 101, max: null', 'min: 51, max: 100', 'min: 1, max: 50'))).toEqual([]);
  });

  test('bands of one group count the same; another group is another matter', () => {
    const lines = [
      ...bands('min: 1, max: 5'),
      ...plan('odd', 9, 'role: addon', 'tier: { group: people, by: active_teams, min: 6, max: null }'),
    ];
    expect(problemsOf(lines)).toEqual([expect.stringContaining('plan odd, tier.by: band-0 of the same group counts active_members')]);
    const other = [
      ...bands('min: 1, max: 5'),
      ...plan('odd', 9, 'role: addon', 'tier: { group: rooms, by: active_teams, min: 3, max: null }'),
    ];
    expect(problemsOf(other)).toEqual([]);
  });

  test('bands of one group are sold for the same terms, in any order', () => {
    const [month, year] = ['{ term: P1M, currency: EUR, minor: 1 }', '{ term: P1Y, currency: EUR, minor: 9 }'];
    const two = (lower: string, upper: string) => [
      ...HEAD,
      'plans:',
      ...plan('base', 1, `prices: [${month}, ${year}]`),
      ...plan('low', 2, 'role: addon', `prices: [${lower}]`, 'tier: { group: people, by: active_members, min: 51, max: 100 }'),
      ...plan('high', 3, 'role: addon', `prices: [${upper}]`, 'tier: { group: people, by: active_members, min: 101, max: null }'),
    ];
    expect(problemsOf(two(`${month}, ${year}`, month))).toEqual([
      expect.stringContaining('plan high, prices: low of the same group is sold for P1M and P1Y'),
    ]);
    expect(problemsOf(two(`${month}, ${year}`, `${year}, ${month}`))).toEqual([]);
  });

  test('two plans of one id, two base plans of one rank, two currencies, no base plan', () => {
    expect(problemsOf([...HEAD, 'plans:', ...plan('a', 1), ...plan('a', 2)])).toEqual(['line 9, plan a, id: there is another plan a']);
    expect(problemsOf([...HEAD, 'plans:', ...plan('a', 1), ...plan('b', 1)])).toEqual([
      'line 10, plan b, rank: a has the rank 1 too: which of the two is the larger plan?',
    ]);
    expect(problemsOf([...HEAD, 'plans:', ...plan('a', 1), ...plan('b', 2, 'prices: [{ term: P1M, currency: CHF, minor: 1 }]')])).toEqual([
      expect.stringContaining('plan b, prices.0.currency: the other prices are in EUR'),
    ]);
    expect(problemsOf([...HEAD, 'plans:', ...plan('a', 1, 'role: addon')])).toEqual([
      'line 3, plans: an organization needs a plan of the role base first',
    ]);
    expect(problemsOf([...HEAD, 'plans:', ...plan('a', 1), ...plan('b', 1, 'role: addon')])).toEqual([]);
  });

  test('a name means one thing in all plans', () => {
    const lines = [...HEAD, 'plans:', ...plan('a', 1, 'features: { export: true }'), ...plan('b', 2, 'values: { export: 3 }')];
    expect(problemsOf(lines)).toEqual([expect.stringContaining('plan b, values.export: export belongs under features')]);
  });

  test('what is counted is no feature and no value, even where no plan limits it', () => {
    const lines = [
      ...HEAD,
      'resources: { boards: { name: { en: boards, de: Boards, it: bacheche } } }',
      'plans:',
      ...plan('a', 1, 'features: { teams: true, tickets: true }', 'values: { boards: 3 }'),
    ];
    expect(problemsOf(lines)).toEqual([
      expect.stringContaining('plan a, features.teams: teams belongs under limits'),
      expect.stringContaining('plan a, features.tickets: tickets belongs under quotas'),
      expect.stringContaining('plan a, values.boards: boards belongs under limits'),
    ]);
  });

  test('what Microsoft cannot sell needs billing: direct', () => {
    const sold = (...more: string[]) => problemsOf(['offer: sample', 'plans:', ...plan('odd', 1, ...more)]);
    expect(sold('prices: [{ term: P1M, currency: EUR, minor: 1, per: active_team }]')).toEqual([
      expect.stringContaining('prices.0.per: Microsoft charges'),
    ]);
    expect(sold('prices: [{ term: P1M, currency: EUR, minor: 1, per: active_member }]')).toEqual([
      expect.stringContaining('prices.0.per: Microsoft charges'),
    ]);
    expect(sold('change: { allowed: any }')).toEqual([
      expect.stringContaining('change.allowed: Microsoft changes a plan within its billing term'),
    ]);
    expect(sold('change: { upgrade: { anchor: reset }, proration: refund_and_full }')).toEqual([
      expect.stringContaining('change.upgrade.anchor: Microsoft keeps the term'),
      expect.stringContaining('change.proration: Microsoft charges a change'),
    ]);
    const mixed = [
      'offer: sample',
      'plans:',
      ...BASE,
      ...plan('seats', 2, 'license: { scope: user }', 'prices: [{ term: P1M, currency: EUR, minor: 1, per: full_license }]'),
    ];
    expect(problemsOf(mixed)).toEqual([
      expect.stringContaining('plan seats, prices: Microsoft sells all plans of an offer per user or none; base differs'),
    ]);
    expect(problemsOf(['offer: sample', 'billing: direct', ...mixed.slice(1)])).toEqual([]);
  });
});

describe('kinds of resources and what a downgrade does to them', () => {
  const WORDS = '{ en: a, de: a, it: a }';
  const KINDS = [
    'resources:',
    `  boards: { name: ${WORDS} }`,
    `  queues: { name: ${WORDS}, parent: boards }`,
    `  runs: { name: ${WORDS}, measure: { of: queues, as: total } }`,
    `  rate: { name: ${WORDS}, measure: { of: queues, as: each } }`,
    `  templates: { name: ${WORDS}, attachable: true }`,
  ];
  const trimmed = (...rules: string[]) => [
    ...HEAD,
    ...KINDS,
    'plans:',
    ...plan('odd', 1, 'trim:', ...rules.map((rule) => `  - { ${rule} }`)),
  ];

  test.each([
    [`  tickets: { name: ${WORDS} }`, 'resources.tickets: tickets is counted by the product itself'],
    [`  teams: { name: ${WORDS} }`, 'resources.teams: teams are no settings'],
    [`  odd: { name: ${WORDS}, parent: nothing }`, 'resources.odd.parent: there is no kind nothing'],
    [`  odd: { name: ${WORDS}, parent: runs }`, 'resources.odd.parent: there is no kind runs whose items'],
    [`  odd: { name: ${WORDS}, measure: { of: nothing, as: total } }`, 'resources.odd.measure.of: there is no kind nothing'],
    [`  odd: { name: ${WORDS}, measure: { of: runs, as: total } }`, 'resources.odd.measure.of: there is no kind runs'],
    [`  odd: { name: ${WORDS}, parent: boards, measure: { of: queues, as: each } }`, 'resources.odd.parent: what is measured has no items'],
    [
      `  odd: { name: ${WORDS}, attachable: true, measure: { of: queues, as: each } }`,
      'resources.odd.attachable: what is measured has no items',
    ],
    [`  odd: { name: ${WORDS}, parent: odd }`, 'resources.odd.parent: odd below odd never ends'],
  ])('a kind that cannot be: %s', (line, said) => {
    const lines = [...HEAD, ...KINDS, line, 'plans:', ...BASE];
    expect(problemsOf(lines)).toEqual([expect.stringContaining(`line ${lineOf(lines, line)}, ${said}`)]);
  });

  test('kinds that hang below each other in a circle', () => {
    const lines = [...HEAD, 'resources:', `  a: { name: ${WORDS}, parent: b }`, `  b: { name: ${WORDS}, parent: a }`, 'plans:', ...BASE];
    expect(problemsOf(lines)).toEqual([
      'line 4, resources.a.parent: a below b below a never ends',
      'line 5, resources.b.parent: b below a below b never ends',
    ]);
  });

  test.each([
    ['of: nothing, rule: freeze', 'of: is neither a meter, nor teams, nor a kind under resources'],
    ['of: runs, rule: cap_at', 'rule: runs is no measure with as: each'],
    ['of: rate, rule: scale_proportionally', 'rule: rate is no measure with as: total'],
    ['of: boards, rule: scale_proportionally', 'rule: boards is no measure with as: total'],
    ['of: boards, rule: cap_at', 'rule: boards is no measure with as: each'],
    ['of: queues, rule: keep_top_by, by: children', 'by: nothing hangs below queues'],
    ['of: rate, rule: remove', 'rule: rate is an amount, not items to choose from'],
    ['of: runs, rule: cut_newest_by, by: activated_at', 'rule: runs is an amount, not items to choose from'],
    ['of: runs, rule: detach', 'rule: runs is an amount, not items to choose from'],
    ['of: boards, rule: detach', 'rule: boards are not attachable'],
    ['of: boards, rule: remove', 'rule: queues hang below boards and would go for good with them'],
    ['of: teams, rule: cut_newest_by, by: activated_at', 'rule: teams are never cut by a change'],
    ['of: active_members, rule: remove', 'rule: active_members are never cut by a change'],
  ])('a rule that cannot be followed: %s', (rule, said) => {
    const lines = trimmed(rule);
    expect(problemsOf(lines)).toEqual([expect.stringContaining(`line ${lineOf(lines, rule)}, plan odd, trim.0.${said}`)]);
  });

  test.each(['remove', 'detach', 'cap_at', 'scale_proportionally', 'cut_newest_by, by: activated_at', 'keep_top_by, by: activated_at'])(
    'CH-23: business records can only be frozen, never %s',
    (rule) => {
      for (const meter of ['tickets', 'checklists', 'opportunities']) {
        expect(problemsOf(trimmed(`of: ${meter}, rule: ${rule}`))).toEqual([
          expect.stringContaining(`trim.0.rule: ${meter} are business records`),
        ]);
        expect(problemsOf(trimmed(`of: ${meter}, rule: freeze`))).toEqual([]);
      }
    },
  );

  test('CH-22: parents stand before their children, and before what is measured of them', () => {
    const boards = 'of: boards, rule: freeze';
    const queues = 'of: queues, rule: freeze';
    const runs = 'of: runs, rule: scale_proportionally';
    expect(problemsOf(trimmed(boards, queues, runs))).toEqual([]);
    expect(problemsOf(trimmed(queues, boards))).toEqual([
      expect.stringContaining('trim.0.of: queues hang below boards: parents are trimmed first'),
    ]);
    expect(problemsOf(trimmed(runs, queues))).toEqual([expect.stringContaining('trim.0.of: runs hang below queues')]);
    expect(problemsOf(trimmed(runs, boards))).toEqual([expect.stringContaining('trim.0.of: runs hang below boards')]);
  });

  test('one rule for a kind', () => {
    expect(problemsOf(trimmed('of: boards, rule: freeze', 'of: boards, rule: cut_newest_by, by: activated_at'))).toEqual([
      expect.stringContaining('trim.0.of: there is another rule for it'),
    ]);
  });

  test('a contradiction between a plan and the defaults is told where it stands', () => {
    const lines = [
      ...HEAD,
      'defaults:',
      '  change:',
      '    upgrade: { anchor: reset }',
      '    proration: none',
      'plans:',
      ...plan('odd', 1, 'change: { proration: days }'),
    ];
    expect(problemsOf(lines)).toEqual([
      expect.stringContaining(`line ${lineOf(lines, 'change: { proration: days }')}, plan odd, change.proration: anchor reset`),
    ]);
    const below = [...HEAD, 'defaults:', '  advice:', '    hits: 9', 'plans:', ...BASE];
    expect(problemsOf(below)).toEqual(['line 5, plan base, advice.hits: never happens in 3 periods']);
  });
});

test('a file whose aliases multiply without end is refused, not read', () => {
  const bomb = [
    'a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]',
    ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(', ')}]`),
  ];
  expect(problemsOf(bomb)).toEqual([expect.stringContaining('alias')]);
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');

test('the presets explain their own words: each begins with how the scheme speaks and what it is here', () => {
  for (const file of PRESETS) {
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(new RegExp(`^# ${path.basename(file, '.yaml')}: `, 'u'));
    expect(text).toMatch(/# The scheme's words +here\n/u);
  }
});

describe('overage (G11): only what Microsoft can meter', () => {
  const metered = (plan: string, quota = '{ amount: 5, overage: { mode: metered, dimension: extra } }', billing = 'marketplace') => `
offer: metered
billing: ${billing}
plans:
  - id: one
    rank: 1
    name: { en: One, de: Eins, it: Uno }
    description: { en: One, de: Eins, it: Uno }
    ${plan}
    quotas: { tickets: ${quota} }
`;
  const monthly = 'prices: [{ term: P1M, currency: EUR, minor: 100 }]';

  test('a flat rate of one term, with an amount and a dimension, can be metered', () => {
    const catalog = parseCatalog(metered(monthly), 'metered.yaml');
    expect(catalog.plans[0]!.quotas.tickets!.overage).toEqual({ mode: 'metered', dimension: 'extra' });
  });

  test.each([
    ['no dimension', metered(monthly, '{ amount: 5, overage: { mode: metered } }'), 'which dimension'],
    ['a dimension that nothing reports to', metered(monthly, '{ amount: 5, overage: { dimension: extra } }'), 'mode none reports nothing'],
    ['a direct contract', metered(monthly, undefined, 'direct'), 'needs billing: marketplace'],
    ['a soft limit', metered(monthly, '{ amount: 5, enforcement: soft, overage: { mode: metered, dimension: extra } }'), 'needs hard'],
    ['nothing to exceed', metered(monthly, '{ amount: unlimited, overage: { mode: metered, dimension: extra } }'), 'there is nothing'],
    ['nothing included', metered(monthly, '{ amount: 0, overage: { mode: metered, dimension: extra } }'), 'include at least 1'],
    [
      'a price per license',
      metered('prices: [{ term: P1M, currency: EUR, minor: 100, per: full_license }]\n    license: { scope: user }'),
      'flat rates only',
    ],
    ['a yearly term with monthly periods', metered('prices: [{ term: P1Y, currency: EUR, minor: 100 }]'), 'sold for P1M alone'],
    [
      'a monthly term with yearly periods',
      metered(monthly, '{ amount: 5, period: year, overage: { mode: metered, dimension: extra } }'),
      'every month of a monthly term; a metered plan is sold for P1Y alone',
    ],
    [
      'two meters that report to one dimension',
      metered(
        monthly,
        '{ amount: 5, overage: { mode: metered, dimension: extra } }, checklists: { amount: 5, overage: { mode: metered, dimension: extra } }',
      ),
      'checklists report to it too; a dimension counts one thing',
    ],
    ['an addition', metered(`role: addon\n    ${monthly}`), 'overage belongs to the base plan'],
  ])('refused: %s', (_what, text, words) => {
    expect(() => parseCatalog(text, 'metered.yaml')).toThrow(words);
  });

  test('an offer has at most 30 dimensions', () => {
    const plan = (rank: number) => `
  - id: plan-${rank}
    rank: ${rank}
    name: { en: One, de: Eins, it: Uno }
    description: { en: One, de: Eins, it: Uno }
    ${monthly}
    quotas:
      tickets: { amount: 5, overage: { mode: metered, dimension: t${rank} } }
      checklists: { amount: 5, overage: { mode: metered, dimension: c${rank} } }
`;
    const offer = (count: number) =>
      `offer: metered\nbilling: marketplace\nplans:\n${Array.from({ length: count }, (_, at) => plan(at + 1)).join('')}`;
    expect(parseCatalog(offer(15), 'metered.yaml').plans).toHaveLength(15);
    expect(() => parseCatalog(offer(16), 'metered.yaml')).toThrow('32 dimensions are named; Microsoft meters at most 30');
  });

  test('the example of a metered offer can be used', async () => {
    const catalog = await loadCatalog('plans/examples/metered.yaml');
    expect(catalog.plans.map(({ quotas }) => quotas.tickets!.overage.dimension)).toEqual(['extra_ticket', 'extra_ticket']);
  });
});
