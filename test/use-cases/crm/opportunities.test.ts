import fc from 'fast-check';
import { Opportunity, OpportunityPatch, OpportunityQuery, STAGES } from '../../../src/contract/opportunities';
import { createOpportunity } from '../../../src/features/crm/create-opportunity';
import { getOpportunity, listOpportunities, updateOpportunity } from '../../../src/features/crm/opportunities';
import { patched } from '../../../src/features/crm/opportunities.rules';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { anOpportunity, books, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aTenant } from '../../support/tenant';

const create = async (ctx: Context, actor: Actor, given: Parameters<typeof anOpportunity>[0] = {}) =>
  unwrap(await createOpportunity(ctx, actor, key(), anOpportunity(given))).record;

test('what a creation answers is what is read afterwards; whoever creates it owns it unless another member is named', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const seller = await tenant.member('member', 'Sara');
  const full = { customer: 'Example Bakery', value: { minor: 9_000_000_000_000, currency: 'EUR' }, closesOn: '2026-06-30' };
  const given = await create(ctx, tenant.owner, { ...full, ownerId: seller.memberId });
  expect(given).toMatchObject({ ...full, stage: 'new', owner: { id: seller.memberId, name: 'Sara' }, revision: 1 });
  const own = await create(ctx, seller);
  expect(own).toMatchObject({ customer: null, value: null, closesOn: null, owner: { id: seller.memberId, name: 'Sara' } });
  for (const record of [given, own]) {
    expect(Opportunity.parse(record)).toEqual(record);
    expect(unwrap(await getOpportunity(ctx, tenant.owner, record.id))).toEqual(record);
  }
});

test('TW-16 an opportunity moves through every stage and back, and counts once', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: { opportunities: 1 } });
  let { id, revision } = await create(ctx, tenant.owner);
  for (const stage of [...STAGES.slice(1), 'new'] as const) {
    const moved = unwrap(await updateOpportunity(ctx, tenant.owner, id, { stage }, revision));
    expect(moved).toMatchObject({ stage, revision: revision + 1 });
    ({ id, revision } = moved);
  }
  expect(await books(ctx, tenant.tenantId, 'opportunities')).toEqual({ counted: 1, ledger: 1, records: 1 });
});

test('an update changes what it names; null empties; nothing changed leaves the revision', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx);
  const seller = await tenant.member('member', 'Sara');
  const made = await create(ctx, tenant.owner, { customer: 'A', value: { minor: 1, currency: 'EUR' }, closesOn: '2026-06-30' });
  clock.advance({ hours: 1 });
  const patch = OpportunityPatch.parse({ value: null, customer: 'B', ownerId: seller.memberId });
  const changed = unwrap(await updateOpportunity(ctx, seller, made.id, patch, 1));
  expect(changed).toEqual({
    ...made,
    value: null,
    customer: 'B',
    owner: { id: seller.memberId, name: 'Sara' },
    updatedAt: '2026-03-10T10:00:00.000Z',
    revision: 2,
  });
  expect(unwrap(await updateOpportunity(ctx, seller, made.id, patch, 2))).toEqual(changed);
});

test('of two who move the same revision one is refused with the current row', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const { id } = await create(ctx, tenant.owner);
  const results = await Promise.all((['won', 'lost'] as const).map((stage) => updateOpportunity(ctx, tenant.owner, id, { stage }, 1)));
  const current = unwrap(await getOpportunity(ctx, tenant.owner, id));
  expect(results.filter((result) => result.ok)).toHaveLength(1);
  expect(results.find((result) => !result.ok)).toEqual({ ok: false, refusal: { code: 'stale_revision', current } });
});

test('the owner must be a present member, at creation and after; what an owner who left has stays editable', async () => {
  const { ctx } = await testContext();
  const [tenant, other] = [await aTenant(ctx), await aTenant(ctx)];
  const notFound = { code: 'member_not_found' };
  const foreign = anOpportunity({ ownerId: other.owner.memberId });
  expect(refusalOf(await createOpportunity(ctx, tenant.owner, key(), foreign))).toEqual(notFound);
  const leaver = await tenant.member();
  const input = anOpportunity({ ownerId: leaver.memberId });
  const first = unwrap(await createOpportunity(ctx, tenant.owner, key('named'), input));
  expect(refusalOf(await updateOpportunity(ctx, tenant.owner, first.record.id, { ownerId: other.owner.memberId }, 1))).toEqual(notFound);

  await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(`update members set state = 'removed' where tenant_id = $1 and member_id = $2`, [tenant.tenantId, leaver.memberId]),
  );
  expect(unwrap(await createOpportunity(ctx, tenant.owner, key('named'), input))).toEqual({ ...first, replayed: true });
  expect(refusalOf(await createOpportunity(ctx, leaver, key(), anOpportunity()))).toEqual({ code: 'access_removed' });
  expect(unwrap(await updateOpportunity(ctx, tenant.owner, first.record.id, { stage: 'won' }, 1))).toMatchObject({ stage: 'won' });
});

test('the list is newest first, by stage, paged without gap or repetition', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  for (const stage of STAGES) {
    const { id } = await create(ctx, tenant.owner, { title: stage });
    await updateOpportunity(ctx, tenant.owner, id, { stage }, 1);
  }
  const list = async (query: Record<string, unknown>) => unwrap(await listOpportunities(ctx, tenant.owner, OpportunityQuery.parse(query)));
  const titles = async (query: Record<string, unknown>) => (await list(query)).items.map(({ title }) => title);
  expect(await titles({})).toEqual([...STAGES].reverse());
  expect(await titles({ stage: 'open' })).toEqual(['offer', 'qualified', 'new']);
  expect(await titles({ stage: 'won' })).toEqual(['won']);
  const first = await list({ limit: 3 });
  expect(await titles({ limit: 3, cursor: first.nextCursor })).toEqual(['qualified', 'new']);
});

test('a patch of what is there already is none; any other is applied whole', () => {
  const value = fc.option(fc.record({ minor: fc.nat(), currency: fc.constantFrom('EUR', 'CHF') }));
  const fields = fc.record({
    title: fc.string({ minLength: 1 }),
    customer: fc.option(fc.string()),
    stage: fc.constantFrom(...STAGES),
    value,
    closesOn: fc.option(fc.constantFrom('2026-01-01', '2026-12-31')),
    ownerId: fc.uuid(),
  });
  fc.assert(
    fc.property(
      fields,
      fields,
      fc.subarray(Object.keys({ title: 0, customer: 0, stage: 0, value: 0, closesOn: 0, ownerId: 0 })),
      (before, other, names) => {
        expect(patched(before, structuredClone(before))).toBeNull();
        const patch = Object.fromEntries(Object.entries(other).filter(([name]) => names.includes(name)));
        const expected = { ...before, ...patch };
        const same = JSON.stringify(expected) === JSON.stringify(before);
        expect(patched(before, patch)).toEqual(same ? null : expected);
      },
    ),
  );
});
