import type { Help } from '../../src/contract/help';
import { loadCatalog } from '../../src/features/plans/catalog';
import { findPlan } from '../../src/features/plans/plans';
import { Notice } from '../../src/features/plans/policies';
import { publishPlans } from '../../src/features/plans/publish-plans';
import type { Context } from '../../src/platform/context';
import { type TestApp, testApp } from '../support/app';
import { aDirectPlan, consentTo } from '../support/contracts';
import { testContext } from '../support/database';
import { anActor, aTenant, type TestTenant } from '../support/tenant';

let ctx: Context;
let it: TestApp;
beforeAll(async () => {
  ({ ctx } = await testContext({ now: '2026-03-15T09:00:00.000Z' }));
  it = await testApp(ctx);
});

const helpFor = async ({ owner }: Pick<TestTenant, 'owner'>, locale = 'en', meter = ''): Promise<Help> => {
  const api = await it.as(owner);
  const { status, body } = await api.send('get', `/help/plans${meter && `?meter=${meter}`}`, (test) => test.set('Accept-Language', locale));
  expect(status).toBe(200);
  return body as Help;
};
const wordsOf = (help: Help, about: string) =>
  help.plans.flatMap(({ sections }) => sections.filter((one) => one.about === about).flatMap(({ words }) => words));

describe('TW-33: help about one’s own plan', () => {
  const organization = [
    'Billed for the whole organization',
    'Abgerechnet für die ganze Organisation',
    'Fatturato per l’intera organizzazione',
  ];
  test.each<[string, string | null, ...string[]]>([
    ['org-quota', 'premium', ...organization],
    ['tiered-addon', 'club', ...organization],
    ['team-units', 'team', 'Billed by active team', 'Abgerechnet nach aktiven Teams', 'Fatturato per team attivo'],
    ['active-members', null, 'Billed by active member', 'Abgerechnet nach aktiven Mitgliedern', 'Fatturato per membro attivo'],
    ['whole-month', 'growth', ...organization],
    ['license-pool', 'business-seats', 'Billed by full license', 'Abgerechnet nach Volllizenzen', 'Fatturato per licenza completa'],
  ])(
    'EC-01: of %s says first what is billed and since when, and explains all of it in three languages',
    async (preset, planId, ...headlines) => {
      const catalog = await loadCatalog(`plans/presets/${preset}.yaml`);
      await publishPlans(ctx, catalog);
      const plan = (await findPlan(ctx.database, planId ?? catalog.plans[0]!.id))!;
      const tenant = await aTenant(ctx, { plan, timeZone: 'Europe/Berlin' });
      const dates = ['15 Mar 2026', '15. März 2026', '15 mar 2026'];
      for (const [index, locale] of ['en', 'de', 'it'].entries()) {
        const help = await helpFor(tenant, locale);
        expect(help.headline).toContain(headlines[index]);
        expect(help.headline).toContain(dates[index]);
        const abouts = help.plans[0]!.sections.map(({ about }) => about);
        expect(abouts.slice(0, 2)).toEqual(['billing', 'counting']);
        expect(abouts).toEqual(expect.arrayContaining(['change', 'cancellation', 'documents']));
        expect(JSON.stringify(help)).not.toMatch(/\{\{|\bundefined\b|\bnull\b[^,}\]]/u);
        expect(help.contact.words).toContain('support@kontingent.example');
      }
    },
  );

  test('says when counting starts anew, in the organization’s own zone, and what is never reset', async () => {
    const plan = await aDirectPlan(ctx, {
      items: [
        { entitlement: 'tickets', kind: 'metered', amount: 100, policy: {} },
        { entitlement: 'teams', kind: 'stock', amount: 10, policy: {} },
      ],
    });
    const tenant = await aTenant(ctx, { plan, timeZone: 'Europe/Berlin' });
    const reset = wordsOf(await helpFor(tenant), 'reset');
    expect(reset[0]).toContain('on day 15 at midnight (Europe/Berlin)');
    expect(reset[1]).toBe('The present period ends on 15 April 2026 at 00:00 (Europe/Berlin).');
    expect(reset[2]).toContain('never reset');
    expect(wordsOf(await helpFor(tenant, 'en', 'teams'), 'reset')).toHaveLength(1);
  });

  test('shows each warning as it will come, in the plan’s own numbers', async () => {
    const plan = await aDirectPlan(ctx, {
      items: [{ entitlement: 'tickets', kind: 'metered', amount: 250, policy: { notice: Notice.parse({ thresholds: [70, 100] }) } }],
    });
    const { warnings } = await helpFor(await aTenant(ctx, { plan }), 'de');
    expect(warnings).toMatchObject([{ meter: 'tickets', percent: 70, title: '175 von 250 Tickets sind verbraucht' }]);
    expect(warnings[0]!.words[0]).toContain('Bei 250');
  });

  test('HO-18: of one limit says why a part of it waits, in the reader’s words', async () => {
    const catalog = await loadCatalog('plans/presets/tiered-addon.yaml');
    await publishPlans(ctx, catalog);
    const [base, addon] = [(await findPlan(ctx.database, 'club'))!, (await findPlan(ctx.database, 'people-100'))!];
    const owner = anActor();
    const api = await it.as(owner);
    for (const plan of [base, addon]) await api.post('/subscriptions', { planId: plan.planId, term: 'P1M', consent: consentTo(plan) });
    const help = await helpFor({ owner }, 'de', 'teams');
    expect(help.plans.map(({ planId }) => planId).sort()).toEqual(['club', 'people-100']);
    expect(wordsOf(help, 'counting').join(' ')).toContain(
      'Zusätzliche Gruppen werden freigeschaltet, wenn die nächste Rechnung bezahlt ist',
    );
    for (const { sections } of help.plans) for (const { about } of sections) expect(['counting', 'reset']).toContain(about);
  });

  test('EC-01: says the same as the billing page, word for word', async () => {
    const tenant = await aTenant(ctx, { plan: await aDirectPlan(ctx) });
    const { body: billing } = await (await it.as(tenant.owner)).get('/billing');
    const [help] = (await helpFor(tenant)).plans;
    expect([help!.headline, help!.since]).toEqual([billing.subscriptions[0].headline, billing.subscriptions[0].since]);
  });

  test('without a plan in force it says so', async () => {
    const tenant = await aTenant(ctx, { status: 'Unsubscribed' });
    expect(await helpFor(tenant)).toMatchObject({ headline: 'Your organization has no plan at the moment.', plans: [], warnings: [] });
  });
});
