import { loadCatalog, parseCatalog } from '../../../src/features/plans/catalog';
import { findPlan, listPlans, type Plan } from '../../../src/features/plans/plans';
import { publishPlans } from '../../../src/features/plans/publish-plans';
import { inPublisher } from '../../../src/platform/context';
import { testContext } from '../../support/database';
import { aTenant } from '../../support/tenant';

/** A catalog of one or more plans with nothing but what it must say; each test has plan ids of its own. */
const catalog = (offer: string, ...plans: [id: string, minor: number, more?: string][]) =>
  parseCatalog(
    `offer: ${offer}
plans:
${plans
  .map(
    ([id, minor, more = ''], index) => `  - id: ${id}
    rank: ${index}
    name: { en: ${id}, de: ${id}, it: ${id} }
    description: { en: sold, de: verkauft, it: venduto }
    prices: [{ term: P1M, currency: EUR, minor: ${minor} }]
    quotas: { tickets: 10 }
    ${more}
`,
  )
  .join('')}`,
    'test.yaml',
  );

const versionsOf = async (planId: string): Promise<Plan[]> => {
  const { ctx } = await testContext();
  const found: Plan[] = [];
  for (let version = 1; ; version += 1) {
    const plan = await findPlan(ctx.database, planId, version);
    if (!plan) return found;
    found.push(plan);
  }
};

test('an unchanged plan stays the version it is, a changed one becomes the next', async () => {
  const { ctx } = await testContext();
  await publishPlans(ctx, catalog('o1', ['plain', 1000], ['other', 2000]));
  await publishPlans(ctx, catalog('o1', ['plain', 1000], ['other', 2000]));
  await publishPlans(ctx, catalog('o1', ['plain', 1000], ['other', 2500]));
  expect((await versionsOf('plain')).map(({ prices }) => prices[0]!.minor)).toEqual([1000]);
  expect((await versionsOf('other')).map(({ prices }) => prices[0]!.minor)).toEqual([2000, 2500]);
  expect(await findPlan(ctx.database, 'other')).toMatchObject({ version: 2 });
});

test('a policy alone makes a new version, and each version keeps its own', async () => {
  const { ctx } = await testContext();
  await publishPlans(ctx, catalog('o2', ['mode', 1000, 'change: { proration: seconds }']));
  await publishPlans(ctx, catalog('o2', ['mode', 1000, 'change: { proration: none }']));
  expect((await versionsOf('mode')).map(({ policies }) => policies.change.proration)).toEqual(['seconds', 'none']);
});

test('EC-03: a subscription keeps the version it was sold through any number of new price lists', async () => {
  const { ctx } = await testContext();
  await publishPlans(ctx, catalog('o3', ['loyal', 500, 'license: { scope: user, full: unlimited }']));
  const tenant = await aTenant(ctx, { plan: (await findPlan(ctx.database, 'loyal'))! });
  for (const minor of [700, 900]) await publishPlans(ctx, catalog('o3', ['loyal', minor, 'license: { scope: team }']));
  expect(tenant.plan).toMatchObject({ version: 1, policies: { license: { scope: 'user' } } });
  expect(await findPlan(ctx.database, 'loyal', tenant.plan.version)).toEqual(tenant.plan);
  expect(await findPlan(ctx.database, 'loyal')).toMatchObject({ version: 3, policies: { license: { scope: 'team' } } });
});

test('a published version can be neither changed nor deleted', async () => {
  const { ctx } = await testContext();
  await publishPlans(ctx, catalog('o4', ['stone', 1000]));
  for (const sql of [
    `update plans set rank = 9 where plan_id = 'stone'`,
    `delete from plans where plan_id = 'stone'`,
    `update plan_items set amount = 9 where plan_id = 'stone'`,
    `delete from plan_items where plan_id = 'stone'`,
  ])
    await expect(inPublisher(ctx, ({ db }) => db.query(sql))).rejects.toThrow(/permission denied/u);
});

test('twenty instances that start at once publish one version', async () => {
  const { ctx } = await testContext();
  await publishPlans(ctx, catalog('o5', ['crowd', 1000]));
  await Promise.all(Array.from({ length: 20 }, () => publishPlans(ctx, catalog('o5', ['crowd', 1100], ['new', 1]))));
  expect((await versionsOf('crowd')).map(({ prices }) => prices[0]!.minor)).toEqual([1000, 1100]);
  expect(await versionsOf('new')).toHaveLength(1);
});

test('a plan that its catalog no longer holds is sold to nobody and stays with those who have it; it can come back', async () => {
  const { ctx } = await testContext();
  const sold = async () => (await listPlans(ctx.database, 'o6')).map(({ planId, version }) => `${planId} ${version}`);
  await publishPlans(ctx, catalog('o6', ['stays', 1000], ['goes', 2000]));
  expect(await sold()).toEqual(['stays 1', 'goes 1']);
  await publishPlans(ctx, catalog('o6', ['stays', 1000]));
  expect(await sold()).toEqual(['stays 1']);
  expect(await findPlan(ctx.database, 'goes', 1)).toMatchObject({ planId: 'goes' });
  await publishPlans(ctx, catalog('o6', ['stays', 1000], ['goes', 2000]));
  expect(await sold()).toEqual(['stays 1', 'goes 1']);
});

test('a plan published before there were policies has the defaults of all of them', async () => {
  const { ctx } = await testContext();
  await inPublisher(ctx, async ({ db }) => {
    await db.query(
      `insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at)
       values ('first', 1, 'base', 1, 'o7', '{"en": "First"}', $1, 'x', $2)`,
      [JSON.stringify({ description: { en: 'Old' }, prices: [{ term: 'P1M', currency: 'EUR', minor: 5 }] }), ctx.now()],
    );
  });
  const [plan] = await versionsOf('first');
  expect(plan).toMatchObject({
    billing: 'marketplace',
    resources: {},
    prices: [{ term: 'P1M', currency: 'EUR', minor: 5, per: 'subscription' }],
    policies: { change: { allowed: 'same_term', proration: 'days' }, license: { scope: 'org' }, quantity: null, trim: [] },
  });
});

test('a policy that a later release knows makes no new version by its default alone, and one by anything else', async () => {
  const { ctx } = await testContext();
  const [known] = catalog('o9', ['older', 1000]).plans;
  const { quantity: _new, documents: _newToo, ...policies } = known!.policies;
  await inPublisher(ctx, ({ db }) =>
    db.query(
      `insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at)
       values ('older', 1, 'base', 0, 'o9', '{}', $1, 'of another release', $2)`,
      [JSON.stringify({ ...known, policies }), ctx.now()],
    ),
  );
  await publishPlans(ctx, catalog('o9', ['older', 1000]));
  expect(await versionsOf('older')).toHaveLength(1);
  await publishPlans(ctx, catalog('o9', ['older', 1000, 'documents: { delivery: both }']));
  expect(await versionsOf('older')).toHaveLength(2);
});

test('TW-22: which plan is the larger is what the catalog says, not a name and not a price', async () => {
  const { ctx } = await testContext();
  await publishPlans(ctx, await loadCatalog('plans/presets/org-quota.yaml'));
  const plans = await listPlans(ctx.database, 'kontingent');
  const rank = (planId: string) => plans.find((plan) => plan.planId === planId)!.rank;
  expect(rank('premium')).toBeLessThan(rank('professional'));
  expect(plans.map(({ planId }) => planId)).toEqual(['ticketing', 'standard', 'premium', 'professional']);
  await publishPlans(ctx, catalog('o8', ['zz-dear', 9900], ['aa-cheap', 1]));
  expect((await listPlans(ctx.database, 'o8')).map(({ planId }) => planId)).toEqual(['zz-dear', 'aa-cheap']);
});
