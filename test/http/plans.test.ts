import { loadCatalog } from '../../src/features/plans/catalog';
import { findPlan } from '../../src/features/plans/plans';
import { publishPlans } from '../../src/features/plans/publish-plans';
import type { Context } from '../../src/platform/context';
import { type Caller, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { anActor, aTenant } from '../support/tenant';

let ctx: Context;
let app: TestApp;
beforeAll(async () => {
  ({ ctx } = await testContext());
  app = await testApp(ctx);
});

async function selling(preset: string): Promise<void> {
  await publishPlans(ctx, await loadCatalog(`plans/presets/${preset}.yaml`));
}

interface Offer {
  planId: string;
  version: number;
  rank: number;
  prices: { words: string; minor: number; term: string; per: string }[];
  grants: { entitlement: string; amount: number | null; name: string; words: string; details: string[] }[];
  rules: { about: string; words: string[] }[];
  comparison: { direction: string; differences: { entitlement: string; yours: number | null; offered: number | null }[] } | null;
}
const plansFor = async (caller: Caller, language = 'en'): Promise<{ yours: Offer | null; items: Offer[] }> =>
  (await caller.send('get', '/plans', (test) => test.set('Accept-Language', language))).body;
const offer = (list: { items: Offer[] }, planId: string): Offer => list.items.find((one) => one.planId === planId)!;
const grant = ({ grants }: Offer, name: string) => grants.find(({ entitlement }) => entitlement === name)!;
const rule = ({ rules }: Offer, about: string): string[] => rules.find((one) => one.about === about)?.words ?? [];

test('TW-07: who has bought nothing yet sees every plan with its prices and limits', async () => {
  await selling('org-quota');
  const { yours, items } = await plansFor(await app.as(anActor()));
  expect(yours).toBeNull();
  expect(items.map(({ planId, comparison }) => [planId, comparison])).toEqual([
    ['ticketing', null],
    ['standard', null],
    ['premium', null],
    ['professional', null],
  ]);
  const premium = offer({ items }, 'premium');
  expect(premium.prices.map(({ term, minor, words }) => [term, minor, words])).toEqual([
    ['P1M', 5900, '€59.00 per month'],
    ['P1Y', 59000, '€590.00 per year'],
  ]);
  expect(premium.grants.map(({ name, amount, words }) => [name, amount, words])).toEqual([
    ['tickets', 100, '100 per month'],
    ['checklists', 50, '50 per month'],
    ['opportunities', 50, '50 per month'],
    ['teams', null, 'unlimited'],
  ]);
});

test('TW-22: larger and smaller are told by rank, with what one would have otherwise', async () => {
  await selling('org-quota');
  const tenant = await aTenant(ctx, { plan: (await findPlan(ctx.database, 'premium'))! });
  const list = await plansFor(await app.as(await tenant.member('viewer')));
  expect(list.yours).toMatchObject({ planId: 'premium', version: tenant.plan.version });
  expect(list.items.map(({ planId, comparison }) => [planId, comparison!.direction])).toEqual([
    ['ticketing', 'smaller'],
    ['standard', 'smaller'],
    ['premium', 'yours'],
    ['professional', 'larger'],
  ]);
  expect(offer(list, 'premium').comparison!.differences).toEqual([]);
  expect(offer(list, 'professional').comparison!.differences).toEqual([
    { entitlement: 'checklists', name: 'checklists', yours: 50, offered: 250 },
    { entitlement: 'opportunities', name: 'opportunities', yours: 50, offered: 250 },
    { entitlement: 'tickets', name: 'tickets', yours: 100, offered: 500 },
  ]);
});

test('EC-03: who has an older version sees it as theirs, and the newer one as an offer', async () => {
  const catalog = await loadCatalog('plans/presets/org-quota.yaml');
  await publishPlans(ctx, catalog);
  const tenant = await aTenant(ctx, { plan: (await findPlan(ctx.database, 'premium'))! });
  const dearer = catalog.plans.map((plan) => ({ ...plan, prices: plan.prices.map((price) => ({ ...price, minor: price.minor + 100 })) }));
  await publishPlans(ctx, { ...catalog, plans: dearer });
  const list = await plansFor(await app.as(tenant.owner));
  expect(list.yours).toMatchObject({ planId: 'premium', version: tenant.plan.version, prices: [{ minor: 5900 }, {}] });
  expect(offer(list, 'premium')).toMatchObject({
    version: tenant.plan.version + 1,
    prices: [{ minor: 6000 }, {}],
    comparison: { direction: 'new_version', differences: [] },
  });
});

test('TW-13, TW-26, TW-30: what happens at the limit and how a plan changes is said before it happens', async () => {
  await selling('org-quota');
  const premium = offer(await plansFor(await app.as(anActor())), 'premium');
  expect(grant(premium, 'tickets').details).toEqual([
    'At the limit new ones are kept as drafts until the next period begins. Everything that exists goes on working.',
    'Told in time: whoever is in charge of open items, admins, and the owner, at 80 %, at 100 %, and when it will run out within 14 days (banner and chat).',
  ]);
  expect(rule(premium, 'change')).toEqual([
    'The plan can be changed at any time to one of the same billing term; not between monthly and yearly.',
    'A larger plan holds at once, and the running term goes on.',
    'A smaller plan holds at once.',
    'In the term of a change each plan is paid for its days; the day of the change belongs to the new plan.',
    'What was used before a change stays counted.',
  ]);
  expect(rule(premium, 'cancellation')[0]).toBe('Cancelling within 72 hours of the purchase is refunded.');
  expect(rule(premium, 'license')).toEqual(['One license for the whole organization; joining costs nothing.']);
});

test('HO-02, HO-07, HO-17: a package says what it adds, what waits, for what and why', async () => {
  await selling('tiered-addon');
  const addon = offer(await plansFor(await app.as(anActor())), 'people-100');
  expect(addon.prices[0]!.words).toBe('€10.00 per month');
  expect(grant(addon, 'teams')).toMatchObject({ amount: 4, words: '+ 4 at a time' });
  expect(grant(addon, 'teams').details.slice(0, 2)).toEqual([
    expect.stringMatching(/^Available when the next payment has arrived\. Additional groups are unlocked/u),
    '1 of them at once.',
  ]);
  expect(rule(addon, 'tier')).toEqual(['Holds by itself at each bill with 51 to 100 active people.']);
  expect(rule(addon, 'transition')).toEqual(['Announced from 1 Mar 2021, in force from 1 Mar 2021, charged from 1 Jul 2021.']);
  expect(rule(addon, 'change')).toEqual([]);
});

test('CH-15 to CH-23: what a downgrade does to what is too much is said for every kind', async () => {
  await selling('whole-month');
  const basic = offer(await plansFor(await app.as(anActor())), 'basic');
  expect(rule(basic, 'trim')).toEqual([
    'If more exists than a smaller plan allows when it begins:',
    'Boards: those with most below them stay.',
    'Queues: those activated last go.',
    'Automation runs: all are reduced in proportion.',
    'Entries per minute: each is capped at what is allowed.',
    'SLA groups: removed for good, if you agree beforehand; otherwise they are frozen.',
    'Allowed addresses: removed for good, if you agree beforehand; otherwise they are frozen.',
    'Templates: detached and unusable, and can be attached again in a larger plan.',
    'Tickets, checklists and opportunities are never deleted.',
  ]);
  expect(grant(basic, 'automation_runs').words).toBe('500 in total');
  expect(grant(basic, 'intake_rate').words).toBe('at most 100 each');
  expect(grant(basic, 'sla_groups').words).toBe('none');
});

test('TW-33, EC-01: each mode is said in the reader’s language', async () => {
  await selling('team-units');
  const team = offer(await plansFor(await app.as(anActor()), 'de'), 'team');
  expect(team.prices[0]!.words).toMatch(/^12,00\s€ pro aktivem Team und Monat$/u);
  expect(rule(team, 'license')).toEqual(['Jedes aktive Team ist eine Lizenz; archivierte Teams kosten nichts.']);
  await selling('license-pool');
  const flexible = offer(await plansFor(await app.as(anActor()), 'it'), 'enterprise-flexible');
  expect(rule(flexible, 'license')).toContain('Gli amministratori assegnano e ritirano le licenze complete in ogni momento.');
  expect(rule(flexible, 'license')).toContain('Si possono acquistare da 1 a 5000 licenze complete.');
});

test.each(['org-quota', 'tiered-addon', 'team-units', 'active-members', 'whole-month', 'license-pool'])(
  'no sentence of %s is left with a hole, in any language',
  async (preset) => {
    await selling(preset);
    const stranger = await app.as(anActor());
    for (const language of ['en', 'de', 'it']) {
      const { items } = await plansFor(stranger, language);
      const said = items.flatMap(({ prices, grants, rules }) => [
        ...prices.map(({ words }) => words),
        ...grants.flatMap(({ name, words, details }) => [name, words, ...details]),
        ...rules.flatMap(({ words }) => words),
      ]);
      expect(said.length).toBeGreaterThan(20);
      for (const words of said) expect(words).toMatch(/^[^{}]*[^\s{}]$/u);
      for (const words of said) expect(words).not.toMatch(/\b(?:undefined|null|NaN)\b|\s{2}/u);
    }
  },
);
