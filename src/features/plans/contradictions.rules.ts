import { METERS, type Meter } from '../../contract/meters';
import type { Catalog, CatalogPlan } from './catalog-schema';
import type { LimitItem, QuotaItem, ResourceKind, TrimRule } from './policies';

/** Two statements of a catalog that cannot both hold. `path` leads to the field that says the second one. */
export interface Contradiction {
  path: (string | number)[];
  message: string;
}

/** Whether the file says something of a plan: the plan itself, and only where it is silent about the whole policy, the defaults. */
export type Wrote = (plan: number, ...field: string[]) => boolean;

/** What can be counted besides the quotas and the catalog's own kinds of resources. */
const COUNTED_STOCK = ['teams', 'active_members'];
/** What each meter can count as one; the first is what it counts unless told otherwise. */
export const COUNT_EVENTS: Record<Meter, readonly QuotaItem['countEvent'][]> = {
  tickets: ['created'],
  checklists: ['submitted', 'per_task'],
  opportunities: ['created'],
};

/** Every contradiction of a catalog whose fields are right one by one. */
export function contradictionsIn(catalog: Catalog, wrote: Wrote, wroteItself: Wrote): Contradiction[] {
  return [
    ...resourcesOf(catalog.resources),
    ...namesOf(catalog),
    ...plansTogether(catalog),
    ...tiersTogether(catalog),
    ...catalog.plans.flatMap((plan, index) =>
      within(
        ['plans', index],
        [
          ...planAlone(catalog, plan, (...field) => wrote(index, ...field)),
          ...roleOf(catalog, plan, (...field) => wroteItself(index, ...field)),
        ],
      ),
    ),
  ];
}

const within = (prefix: Contradiction['path'], found: Contradiction[]): Contradiction[] =>
  found.map(({ path, message }) => ({ path: [...prefix, ...path], message }));

/** One line of a table of rules: where, what must not be, and the sentence for whoever wrote it. */
type Line = [field: string, isWrong: boolean, message: string];

const lines = (table: Line[]): Contradiction[] =>
  table.flatMap(([field, isWrong, message]) => (isWrong ? [{ path: field === '' ? [] : field.split('.'), message }] : []));

// —— the catalog as a whole ——

function resourcesOf(resources: Catalog['resources']): Contradiction[] {
  const isItem = (name: string): boolean => resources[name] !== undefined && resources[name].measure === null;
  return Object.entries(resources).flatMap(([name, kind]) =>
    within(
      ['resources', name],
      lines([
        ['', isMeter(name), `${name} is counted by the product itself; a kind of resources needs a name of its own`],
        ['', COUNTED_STOCK.includes(name), `${name} are no settings; a kind of resources needs a name of its own`],
        ['parent', kind.parent !== null && !isItem(kind.parent), `there is no kind ${kind.parent} whose items others could hang below`],
        ['parent', ancestors(name, resources).includes(name), `${[name, ...ancestors(name, resources)].join(' below ')} never ends`],
        ['measure.of', kind.measure !== null && !isItem(kind.measure.of), `there is no kind ${kind.measure?.of} whose items could have it`],
        ['parent', kind.measure !== null && kind.parent !== null, 'what is measured has no items of its own to hang below others'],
        ['attachable', kind.measure !== null && kind.attachable, 'what is measured has no items of its own to attach'],
      ]),
    ),
  );
}

/** What a kind hangs below or is measured of, nearest first; a circle ends where it closes. */
function ancestors(name: string, resources: Catalog['resources']): string[] {
  const nearest = (of: string): string | undefined => resources[of]?.parent ?? resources[of]?.measure?.of;
  const above: string[] = [];
  for (let next = nearest(name); next && !above.includes(next); next = nearest(next)) above.push(next);
  return above;
}

/** A name means one thing in all plans: a quota, a limit, a feature or a value. */
function namesOf({ plans, resources }: Catalog): Contradiction[] {
  const kinds = ['quotas', 'limits', 'features', 'values'] as const;
  const limited = [...COUNTED_STOCK, ...Object.keys(resources)];
  const meanings = new Map<string, string>([
    ...limited.map((name) => [name, 'limits'] as const),
    ...METERS.map((meter) => [meter, 'quotas'] as const),
  ]);
  return plans.flatMap((plan, index) =>
    kinds.flatMap((kind) =>
      Object.keys(plan[kind]).flatMap((name) => {
        const meaning = meanings.get(name) ?? kind;
        meanings.set(name, meaning);
        return meaning === kind
          ? []
          : [{ path: ['plans', index, kind, name], message: `${name} belongs under ${meaning}; a name means one thing in all plans` }];
      }),
    ),
  );
}

/** Source: metered billing for SaaS offers. */
const MOST_DIMENSIONS = 30;

function plansTogether({ plans, billing }: Catalog): Contradiction[] {
  const bases = plans.filter(({ role }) => role === 'base');
  const currency = plans[0]!.prices[0]!.currency;
  const dimensions = new Set(plans.flatMap(({ quotas }) => METERS.flatMap((meter) => quotas[meter]?.overage.dimension ?? [])));
  const isSold = (term: string): boolean => bases.some(({ prices }) => prices.some((price) => price.term === term));
  const isPerSeat = (plan: CatalogPlan): boolean => plan.prices.some(({ per }) => per === 'full_license');
  return [
    ...lines([
      ['plans', bases.length === 0, 'an organization needs a plan of the role base first'],
      [
        'plans',
        dimensions.size > MOST_DIMENSIONS,
        `${dimensions.size} dimensions are named; Microsoft meters at most ${MOST_DIMENSIONS} of an offer`,
      ],
    ]),
    ...plans.flatMap((plan, index) => {
      const sameRank = plans.slice(0, index).find((other) => other.role === 'base' && other.rank === plan.rank);
      return within(
        ['plans', index],
        [
          ...lines([
            ['id', plans.slice(0, index).some(({ id }) => id === plan.id), `there is another plan ${plan.id}`],
            [
              'rank',
              plan.role === 'base' && sameRank !== undefined,
              `${sameRank?.id} has the rank ${plan.rank} too: which of the two is the larger plan?`,
            ],
            [
              'prices',
              billing === 'marketplace' && isPerSeat(plan) !== isPerSeat(plans[0]!),
              `Microsoft sells all plans of an offer per user or none; ${plans[0]!.id} differs`,
            ],
          ]),
          ...plan.prices.flatMap((price, at) =>
            within(
              ['prices', at],
              lines([
                ['currency', price.currency !== currency, `the other prices are in ${currency}; a catalog has one currency`],
                [
                  'term',
                  plan.role === 'addon' && bases.length > 0 && !isSold(price.term),
                  `no base plan is sold for ${price.term}, so nobody could buy this beside one`,
                ],
              ]),
            ),
          ),
        ],
      );
    }),
  ];
}

/** The bands of a tier group follow each other without overlap and gap, count the same and are sold for the same terms. */
function tiersTogether({ plans }: Catalog): Contradiction[] {
  const tiers = plans.flatMap(({ id, prices, policies: { tier } }, index) => {
    const terms = prices.map(({ term }) => term).sort();
    return tier ? [{ id, index, terms: terms.join(' and '), ...tier }] : [];
  });
  const groups = new Set(tiers.map(({ group }) => group));
  return [...groups].flatMap((group) => {
    const bands = tiers.filter((tier) => tier.group === group).sort((a, b) => a.min - b.min);
    return bands.slice(1).flatMap((band, below) => {
      const lower = bands[below]!;
      const follows = lower.max === null ? null : lower.max + 1;
      return within(
        ['plans', band.index],
        lines([
          [
            'prices',
            band.terms !== lower.terms,
            `${lower.id} of the same group is sold for ${lower.terms}; whoever goes from band to band keeps the term`,
          ],
          ['tier.by', band.by !== lower.by, `${lower.id} of the same group counts ${lower.by}`],
          ['tier.min', follows === null || band.min < follows, `overlaps with ${lower.id}, whose band ends at ${lower.max ?? 'no number'}`],
          [
            'tier.min',
            follows !== null && band.min > follows,
            `leaves a gap: ${follows} to ${band.min - 1} belong to no band between ${lower.id} and ${band.id}`,
          ],
        ]),
      );
    });
  });
}

// —— one plan ——

type WroteHere = (...field: string[]) => boolean;

function planAlone(catalog: Catalog, plan: CatalogPlan, wrote: WroteHere): Contradiction[] {
  return [
    ...pricesOf(catalog, plan),
    ...METERS.flatMap((meter) => quotaOf(meter, plan, wrote)),
    ...METERS.flatMap((meter) => overageOf(meter, catalog, plan)),
    ...Object.entries(plan.limits).flatMap(([name, item]) => limitOf(catalog, name, item, plan)),
    ...changeOf(catalog, plan, wrote),
    ...licenseOf(plan, wrote),
    ...trimOf(catalog, plan.policies.trim),
    ...restOf(plan),
  ];
}

function pricesOf({ billing }: Catalog, { prices }: CatalogPlan): Contradiction[] {
  return prices.flatMap(({ term, per }, index) =>
    within(
      ['prices', index],
      lines([
        ['term', prices.slice(0, index).some((other) => other.term === term), `there is another price for ${term}`],
        ['per', per !== prices[0]!.per, `the other price is per ${prices[0]!.per}; all prices of a plan multiply the same`],
        [
          'per',
          billing === 'marketplace' && (per === 'active_team' || per === 'active_member'),
          `Microsoft charges a flat rate or per user; a price per ${per} needs billing: direct`,
        ],
      ]),
    ),
  );
}

function quotaOf(meter: Meter, plan: CatalogPlan, wrote: WroteHere): Contradiction[] {
  const item = plan.quotas[meter];
  if (!item) return [];
  const { amount, enforcement, onExhausted, countEvent, rollover, allocation } = item;
  return within(
    ['quotas', meter],
    [
      ...itemOf(item, plan),
      ...lines([
        [
          'onExhausted',
          enforcement !== 'hard' && onExhausted !== 'allow_over' && wrote('quotas', meter, 'onExhausted'),
          `enforcement ${enforcement} refuses nothing, ${onExhausted} would; leave it out or write allow_over`,
        ],
        [
          'onExhausted',
          enforcement === 'hard' && onExhausted === 'allow_over',
          'enforcement hard admits nothing beyond the limit; write enforcement soft or warn',
        ],
        [
          'countEvent',
          countEvent !== null && !COUNT_EVENTS[meter].includes(countEvent),
          `${meter} are counted as ${COUNT_EVENTS[meter].join(' or ')}`,
        ],
        ['rollover', rollover !== null && amount === 'unlimited', 'of an unlimited amount nothing is left to carry over'],
        ['rollover.cap', rollover?.cap === 0, 'a cap of 0 never carries anything over; leave rollover out'],
        ['allocation', allocation === 'per_team' && amount === 'unlimited', 'an unlimited amount has no shares'],
      ]),
    ],
  );
}

/** What Microsoft meters: flat rates only, over a base window as long as the term, and only what exceeds an included amount. */
function overageOf(meter: Meter, { billing }: Catalog, { role, prices, quotas }: CatalogPlan): Contradiction[] {
  const item = quotas[meter];
  if (!item) return [];
  const { mode, dimension } = item.overage;
  if (mode === 'none')
    return lines([[`quotas.${meter}.overage.dimension`, dimension !== null, 'mode none reports nothing; write mode: metered']]);
  const term = item.period === 'year' ? 'P1Y' : 'P1M';
  const twin = METERS.find((other) => other !== meter && quotas[other]?.overage.dimension === dimension);
  return within(
    ['quotas', meter],
    lines([
      ['overage.dimension', dimension === null, 'which dimension of the offer? Its id in Partner Center'],
      ['overage.dimension', dimension !== null && twin !== undefined, `${twin} report to it too; a dimension counts one thing`],
      ['overage.mode', billing === 'direct', 'Microsoft meters and bills overage; metered needs billing: marketplace'],
      ['overage.mode', role === 'addon', 'overage belongs to the base plan, which an add-on stands beside'],
      ['overage.mode', item.enforcement !== 'hard', `enforcement ${item.enforcement} admits everything unbilled; metered needs hard`],
      ['overage.mode', item.amount === 'unlimited', 'beyond an unlimited amount there is nothing'],
      ['overage.mode', item.amount === 0, 'an amount of 0 is not part of the plan; include at least 1'],
      ['overage.mode', prices.some(({ per }) => per !== 'subscription'), 'Microsoft meters flat rates only; write prices per subscription'],
      [
        'period',
        prices.some((price) => price.term !== term),
        `Microsoft’s included amount begins anew with every ${item.period === 'year' ? 'month of a monthly' : 'year of a yearly'} term; a metered plan is sold for ${term} alone`,
      ],
    ]),
  );
}

function limitOf({ resources }: Catalog, name: string, item: LimitItem, plan: CatalogPlan): Contradiction[] {
  const isCounted = COUNTED_STOCK.includes(name) || resources[name] !== undefined || isMeter(name);
  return within(
    ['limits', name],
    [
      ...itemOf(item, plan),
      ...lines([
        ['', !isCounted, `nothing of this name is counted; limits are of ${COUNTED_STOCK.join(', ')} and of the kinds under resources`],
      ]),
    ],
  );
}

function itemOf(item: QuotaItem | LimitItem, { policies: { transition } }: CatalogPlan): Contradiction[] {
  const { amount, enforcement, tolerance, notice, activation, immediately, reason } = item;
  const waits = activation !== 'now';
  return lines([
    ['tolerance', tolerance > 0 && enforcement !== 'hard', `enforcement ${enforcement} admits everything; a tolerance needs hard`],
    ['tolerance', tolerance > 0 && amount === 'unlimited', 'beyond an unlimited amount there is nothing'],
    ['notice.thresholds', !isAscending(notice.thresholds), 'must ascend, each percentage once'],
    ['notice.remaining', amount === 'unlimited' && notice.remaining.length > 0, 'of an unlimited amount always more is left'],
    [
      'notice.remaining',
      amount !== 'unlimited' && notice.remaining.some((left) => left >= amount),
      `so many are left of ${amount} before anything is used`,
    ],
    ['immediately', immediately > 0 && !waits, 'activation now makes the whole amount available at once'],
    ['immediately', waits && immediately > 0 && amount === 'unlimited', 'an unlimited amount cannot be available in part'],
    [
      'immediately',
      waits && amount !== 'unlimited' && immediately > 0 && immediately >= amount,
      `nothing of ${amount} would be left to wait`,
    ],
    ['reason', waits && reason === null, `who waits for ${activation} asks why; say it in words`],
    ['reason', !waits && reason !== null && transition === null, 'a reason says why an amount waits; activation now does not'],
  ]);
}

function changeOf({ billing }: Catalog, { policies: { change } }: CatalogPlan, wrote: WroteHere): Contradiction[] {
  const { allowed, upgrade, downgrade, proration } = change;
  const isProRata = proration === 'days' || proration === 'seconds';
  const wroteHow = ['upgrade', 'downgrade', 'proration', 'usageOnChange', 'basis'].find((field) => wrote('change', field));
  if (allowed === 'none')
    return lines([[`change.${wroteHow}`, wroteHow !== undefined, 'allowed none: there is no change that this could be about']]);
  return lines([
    [
      'change.proration',
      upgrade.anchor === 'reset' && isProRata,
      `anchor reset begins a full new period, ${proration} charges a part of the running one; write refund_and_full or none`,
    ],
    [
      'change.upgrade.anchor',
      proration === 'refund_and_full' && upgrade.effective === 'now' && upgrade.anchor === 'keep',
      'refund_and_full charges a full period from the day of the upgrade, so it begins that day; write anchor: reset',
    ],
    [
      'change.upgrade.anchor',
      upgrade.effective === 'period_end' && upgrade.anchor === 'reset',
      'at the end of a period the next one begins anyway; reset is for effective: now',
    ],
    [
      'change.proration',
      proration === 'refund_and_full' && upgrade.effective === 'period_end' && downgrade.effective === 'period_end',
      'at the end of a period there is nothing to refund; write none',
    ],
    [
      'change.basis',
      wrote('change', 'basis') && proration !== 'days',
      `basis says what days are counted of; proration ${proration} counts none`,
    ],
    [
      'change.allowed',
      billing === 'marketplace' && allowed === 'any',
      'Microsoft changes a plan within its billing term only; any needs billing: direct',
    ],
    [
      'change.upgrade.anchor',
      billing === 'marketplace' && upgrade.anchor === 'reset',
      'Microsoft keeps the term when a plan changes; anchor reset needs billing: direct',
    ],
    [
      'change.proration',
      billing === 'marketplace' && proration === 'refund_and_full',
      'Microsoft charges a change for the rest of the term; refund_and_full needs billing: direct',
    ],
  ]);
}

function licenseOf({ prices, policies: { license, quantity } }: CatalogPlan, wrote: WroteHere): Contradiction[] {
  const { scope, restricted, full, defaultForNew, onShortage } = license;
  const isPerLicense = prices.some(({ per }) => per === 'full_license');
  const forNobody = ['model', 'restricted', 'full', 'defaultForNew', 'onShortage', 'order', 'requests', 'graceDays'].find((field) =>
    wrote('license', field),
  );
  return lines([
    [
      'license.scope',
      scope !== 'user' && isPerLicense,
      `the price is per full_license, but scope ${scope} gives no person one; write user`,
    ],
    [
      `license.${forNobody}`,
      scope !== 'user' && !isPerLicense && forNobody !== undefined,
      `scope ${scope} assigns no licenses to persons; this is for scope user`,
    ],
    [
      'license.scope',
      scope === 'user' && !isPerLicense && full === 'quantity',
      'how many full licenses are there? No price is per full_license, so write a number or unlimited as license.full',
    ],
    ['license.full', isPerLicense && full !== 'quantity', 'the price is per full_license, so the bought quantity counts'],
    [
      'license.onShortage',
      scope === 'user' && !restricted && onShortage === 'restricted',
      'there are no restricted licenses in this plan; write reject_all or waitlist, or restricted: true',
    ],
    [
      'license.defaultForNew',
      scope === 'user' && !restricted && defaultForNew === 'restricted',
      'there are no restricted licenses in this plan; write full, or restricted: true',
    ],
    ['quantity', quantity !== null && !isPerLicense, 'nothing is bought by number: no price is per full_license'],
    ['quantity.min', quantity !== null && quantity.min > quantity.max, `is more than max, ${quantity?.max}`],
  ]);
}

/** What belongs to a base plan only, and to an add-on only. */
function roleOf({ billing }: Catalog, { role, policies: { addon, tier } }: CatalogPlan, wrote: WroteHere): Contradiction[] {
  if (role === 'base')
    return lines([
      ['tier', tier !== null, 'a band is chosen beside the base plan; give it a plan of the role addon'],
      ['addon', wrote('addon'), 'is about plans of the role addon'],
    ]);
  return [
    ...(['license', 'people', 'advice', 'trim'] as const).flatMap((policy) =>
      lines([[policy, wrote(policy), 'belongs to the base plan, which an add-on stands beside']]),
    ),
    ...lines([
      ['tier.min', tier !== null && tier.max !== null && tier.min > tier.max, `is more than max, ${tier?.max}`],
      ['addon.stack', tier !== null && addon.stack === 'n', 'one band holds at a time; a plan with a tier is owned once'],
      [
        'addon.billing',
        billing === 'direct' && (addon.billing === 'variant' || addon.billing === 'meter'),
        `${addon.billing} is a way of the marketplace; with billing: direct write separate or manual`,
      ],
    ]),
  ];
}

function trimOf({ resources }: Catalog, rules: readonly TrimRule[]): Contradiction[] {
  const positions = new Map(rules.map(({ of }, position) => [of, position]));
  const childOf = (name: string) => Object.keys(resources).find((child) => resources[child]!.parent === name);
  return rules.flatMap((rule, index) => {
    const { of } = rule;
    const kind: ResourceKind | undefined = resources[of];
    const above = ancestors(of, resources).find((name) => (positions.get(name) ?? -1) > index);
    const measured = kind?.measure?.as;
    const picksItems = ['keep_top_by', 'cut_newest_by', 'detach', 'remove'].includes(rule.rule);
    return within(
      ['trim', index],
      lines([
        ['of', positions.get(of) !== index, 'there is another rule for it'],
        ['rule', isMeter(of) && rule.rule !== 'freeze', `${of} are business records: a change freezes them and does nothing else (CH-23)`],
        ['rule', COUNTED_STOCK.includes(of) && rule.rule !== 'freeze', `${of} are never cut by a change; what is too much is frozen`],
        ['of', !kind && !isMeter(of) && !COUNTED_STOCK.includes(of), 'is neither a meter, nor teams, nor a kind under resources'],
        ['of', above !== undefined, `${of} hang below ${above}: parents are trimmed first, write it after ${above}`],
        [
          'by',
          rule.rule === 'keep_top_by' && rule.by === 'children' && kind !== undefined && !childOf(of),
          `nothing hangs below ${of}, so none has most children`,
        ],
        ['rule', rule.rule === 'scale_proportionally' && kind !== undefined && measured !== 'total', `${of} is no measure with as: total`],
        ['rule', rule.rule === 'cap_at' && kind !== undefined && measured !== 'each', `${of} is no measure with as: each`],
        ['rule', picksItems && measured !== undefined, `${of} is an amount, not items to choose from; scale, cap or freeze it`],
        [
          'rule',
          rule.rule === 'remove' && childOf(of) !== undefined,
          `${childOf(of)} hang below ${of} and would go for good with them, archived ones unseen; cut or freeze ${of}`,
        ],
        ['rule', rule.rule === 'detach' && kind !== undefined && !measured && !kind.attachable, `${of} are not attachable to anything`],
      ]),
    );
  });
}

function restOf({ policies: { transition, advice } }: CatalogPlan): Contradiction[] {
  return lines([
    [
      'transition.enforceFrom',
      transition !== null && Date.parse(transition.enforceFrom) < Date.parse(transition.announceAt),
      'nobody is held to a rule before it is announced (announceAt)',
    ],
    [
      'transition.chargeFrom',
      transition !== null && Date.parse(transition.chargeFrom) < Date.parse(transition.enforceFrom),
      'nobody is charged for a rule before it holds (enforceFrom)',
    ],
    ['advice.hits', advice.hits > advice.periods, `never happens in ${advice.periods} periods`],
  ]);
}

const isMeter = (name: string): name is Meter => (METERS as readonly string[]).includes(name);

const isAscending = (numbers: readonly number[]): boolean => numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
