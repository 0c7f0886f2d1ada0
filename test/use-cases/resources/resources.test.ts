import { NewResource, type Resource } from '../../../src/contract/resources';
import { bannerFor } from '../../../src/features/notices/banners';
import { createResource, restoreResource } from '../../../src/features/resources/create-resource';
import {
  archiveResource,
  attachResource,
  deleteResource,
  detachResource,
  getResource,
  listResourceKinds,
  listResources,
  updateResource,
} from '../../../src/features/resources/resources';
import { explain } from '../../../src/features/usage/explain';
import { readUsage } from '../../../src/features/usage/read-usage';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { publishPreset } from '../../support/presets';
import { aTenant } from '../../support/tenant';

const create = (ctx: Context, actor: Actor, kind: string, given: Partial<NewResource> = {}, clientKey = key()) =>
  createResource(ctx, actor, clientKey, NewResource.parse({ kind, name: `A ${kind}`, ...given }));
const made = async (...args: Parameters<typeof create>): Promise<Resource> => unwrap(await create(...args)).record;
/** used, limit and the ledger's sum of a meter (G1). */
const booked = (ctx: Context, tenantId: string, meter: string) =>
  inTenant(ctx, tenantId, async ({ db }) => {
    const [row] = await db.query<{ used: number; ledger: number }>(
      `select (select used from usage_counters where tenant_id = $1 and meter = $2)::int as used,
              (select coalesce(sum(case kind when 'release' then -quantity else quantity end), 0) from usage_records
                where tenant_id = $1 and meter = $2)::int as ledger`,
      [tenantId, meter],
    );
    return [row!.used, row!.ledger];
  });

async function anOrganization(planId = 'basic') {
  const { ctx, clock } = await testContext();
  const plans = await publishPreset(ctx, 'whole-month');
  const tenant = await aTenant(ctx, { plan: plans[planId]! });
  return { ctx, clock, plans, tenant, owner: tenant.owner };
}

test('an item is read as it was created; the last one the plan has room for is the last', async () => {
  const { ctx, owner } = await anOrganization();
  const board = await made(ctx, owner, 'boards', { name: 'Service desk' });
  expect(board).toMatchObject({
    kind: 'boards',
    name: 'Service desk',
    parentId: null,
    amounts: {},
    state: 'active',
    trimmedBy: null,
    revision: 1,
  });
  expect(unwrap(await getResource(ctx, owner, board.id))).toEqual(board);
  await made(ctx, owner, 'boards');
  expect(refusalOf(await create(ctx, owner, 'boards'))).toEqual({ code: 'limit_reached', meter: 'boards', limit: 2, used: 2, held: 0 });
  expect(await booked(ctx, owner.tenantId, 'boards')).toEqual([2, 2]);
  expect(unwrap(await listResources(ctx, owner, { state: 'active', limit: 50 })).items).toHaveLength(2);
});

test('G2: a retry under the same key is the same item and counts once; other content under it is refused', async () => {
  const { ctx, owner } = await anOrganization();
  const same = key();
  const first = unwrap(await create(ctx, owner, 'boards', {}, same));
  const again = unwrap(await create(ctx, owner, 'boards', {}, same));
  expect([first.replayed, again.replayed, again.record]).toEqual([false, true, first.record]);
  expect(refusalOf(await create(ctx, owner, 'boards', { name: 'Other' }, same)).code).toBe('idempotency_conflict');
  expect(await booked(ctx, owner.tenantId, 'boards')).toEqual([1, 1]);
});

test('G1: sixteen at once get exactly the places there are', async () => {
  const { ctx, owner } = await anOrganization('growth');
  const board = await made(ctx, owner, 'boards');
  const results = await Promise.all(
    Array.from({ length: 16 }, () => create(ctx, owner, 'queues', { parentId: board.id, amounts: { automation_runs: 100 } })),
  );
  expect(results.filter(({ ok }) => ok)).toHaveLength(10);
  expect(results.flatMap((one) => (one.ok ? [] : [one.refusal.code]))).toEqual(Array(6).fill('amount_exceeded'));
  expect(await booked(ctx, owner.tenantId, 'queues')).toEqual([10, 10]);
  expect(await booked(ctx, owner.tenantId, 'automation_runs')).toEqual([1000, 1000]);
});

test('what the plan does not have, does not know, or cannot place is refused by name', async () => {
  const { ctx, owner } = await anOrganization();
  const board = await made(ctx, owner, 'boards');
  expect(refusalOf(await create(ctx, owner, 'sla_groups'))).toEqual({ code: 'resource_not_in_plan', kind: 'sla_groups' });
  expect(refusalOf(await create(ctx, owner, 'bakeries'))).toEqual({ code: 'resource_kind_unknown', kind: 'bakeries' });
  expect(refusalOf(await create(ctx, owner, 'intake_rate'))).toEqual({ code: 'resource_kind_unknown', kind: 'intake_rate' });
  expect(refusalOf(await create(ctx, owner, 'tickets'))).toEqual({ code: 'resource_kind_unknown', kind: 'tickets' });
  const wrong = { code: 'resource_parent_wrong', kind: 'queues', parentKind: 'boards' };
  expect(refusalOf(await create(ctx, owner, 'queues'))).toEqual(wrong);
  const queue = await made(ctx, owner, 'queues', { parentId: board.id });
  expect(refusalOf(await create(ctx, owner, 'queues', { parentId: queue.id }))).toEqual(wrong);
  expect(refusalOf(await create(ctx, owner, 'boards', { parentId: board.id }))).toMatchObject({
    code: 'resource_parent_wrong',
    parentKind: null,
  });
  expect(refusalOf(await create(ctx, owner, 'boards', { amounts: { intake_rate: 1 } }))).toMatchObject({ code: 'resource_kind_unknown' });
});

describe('a limit on every single item', () => {
  const KINDS: [string, string][] = [
    ['en', '100 entries per minute are allowed for every single item; nothing is added up. The largest of them has 80 now.'],
    ['de', 'Für jedes einzelne Element sind 100 Eingänge pro Minute erlaubt; zusammengezählt wird nichts. Das größte hat derzeit 80.'],
    ['it', 'Per ogni singolo elemento sono consentiti 100 (ingressi al minuto); nulla viene sommato. Il più grande ne ha ora 80.'],
  ];

  test.each(KINDS)('is shown by the largest that is in use, never as a sum, and never runs out (%s)', async (locale, words) => {
    const { ctx, owner: person, clock } = await anOrganization();
    const owner = { ...person, locale };
    const before = ctx.now();
    const shown = async () => unwrap(await readUsage(ctx, owner, bannerFor)).limits.find(({ meter }) => meter === 'intake_rate');
    expect(await shown()).toMatchObject({ counts: 'each', limit: 100, used: 0, remaining: 100, state: 'open' });
    clock.advance({ days: 1 });
    const board = await made(ctx, owner, 'boards');
    const queue = (intake_rate: number) => made(ctx, owner, 'queues', { parentId: board.id, amounts: { intake_rate } });
    const largest = await queue(100);
    await queue(80);
    expect(await shown()).toMatchObject({ used: 100, remaining: 0, state: 'open', notice: null });
    unwrap(await archiveResource(ctx, owner, largest.id, largest.revision));
    expect(await shown()).toMatchObject({ used: 80, remaining: 20, state: 'open' });
    const explained = unwrap(await explain(ctx, owner, { meter: 'intake_rate' }));
    expect(explained).toMatchObject({ counts: 'each', used: 80, remaining: 20, state: 'open', words });
    // Of the past nobody knows what the items were: nothing is said of them.
    const past = unwrap(await explain(ctx, owner, { meter: 'intake_rate', at: before }));
    expect(words.startsWith(past.words)).toBe(true);
    expect(past.words).not.toBe(words);
  });
});

test('amounts keep below the ceiling of each and within the total of all', async () => {
  const { ctx, owner } = await anOrganization();
  const board = await made(ctx, owner, 'boards');
  const queue = (amounts: Record<string, number>) => create(ctx, owner, 'queues', { parentId: board.id, amounts });
  expect(refusalOf(await queue({ intake_rate: 101 }))).toEqual({
    code: 'amount_exceeded',
    measure: 'intake_rate',
    limit: 100,
    held: 0,
    requested: 101,
  });
  const first = unwrap(await queue({ intake_rate: 100, automation_runs: 400 })).record;
  expect(refusalOf(await queue({ automation_runs: 101 }))).toEqual({
    code: 'amount_exceeded',
    measure: 'automation_runs',
    limit: 500,
    held: 400,
    requested: 101,
  });
  const second = unwrap(await queue({ automation_runs: 100, intake_rate: 0 })).record;
  expect(second.amounts).toEqual({ automation_runs: 100 });
  const raised = { code: 'amount_exceeded', measure: 'automation_runs', limit: 500, held: 100, requested: 401 };
  expect(refusalOf(await updateResource(ctx, owner, first.id, { amounts: { automation_runs: 401 } }, 1))).toEqual(raised);
  const lowered = unwrap(await updateResource(ctx, owner, first.id, { amounts: { automation_runs: 50 } }, 1));
  expect(lowered).toMatchObject({ amounts: { automation_runs: 50, intake_rate: 100 }, revision: 2 });
  expect(await booked(ctx, owner.tenantId, 'automation_runs')).toEqual([150, 150]);
  unwrap(await updateResource(ctx, owner, first.id, { amounts: { automation_runs: 400 } }, 2));
  expect(await booked(ctx, owner.tenantId, 'automation_runs')).toEqual([500, 500]);
});

test('HO-19: archiving frees places and amounts at once, with all below; taking back counts anew', async () => {
  const { ctx, clock, owner } = await anOrganization();
  const board = await made(ctx, owner, 'boards');
  const queue = await made(ctx, owner, 'queues', { parentId: board.id, amounts: { automation_runs: 500 } });
  await made(ctx, owner, 'boards');
  clock.advance({ days: 1 });
  const archived = unwrap(await archiveResource(ctx, owner, board.id, 1));
  expect(archived).toMatchObject({ state: 'archived', archivedAt: clock.now().toISOString(), revision: 2 });
  expect(unwrap(await getResource(ctx, owner, queue.id)).state).toBe('archived');
  for (const meter of ['queues', 'automation_runs']) expect(await booked(ctx, owner.tenantId, meter)).toEqual([0, 0]);
  expect(refusalOf(await archiveResource(ctx, owner, board.id, 2)).code).toBe('resource_not_active');

  const third = await made(ctx, owner, 'boards');
  expect(refusalOf(await restoreResource(ctx, owner, key(), board.id)).code).toBe('limit_reached');
  expect(refusalOf(await restoreResource(ctx, owner, key(), queue.id)).code).toBe('resource_not_active');
  unwrap(await deleteResource(ctx, owner, third.id, 1));
  const same = key();
  const back = unwrap(await restoreResource(ctx, owner, same, board.id));
  expect(back).toMatchObject({ replayed: false, record: { id: board.id, state: 'active', activatedAt: clock.now().toISOString() } });
  expect(unwrap(await restoreResource(ctx, owner, same, board.id)).replayed).toBe(true);
  expect(refusalOf(await restoreResource(ctx, owner, key(), board.id)).code).toBe('resource_not_active');
  unwrap(await restoreResource(ctx, owner, key(), queue.id));
  expect(await booked(ctx, owner.tenantId, 'automation_runs')).toEqual([500, 500]);
  expect(await booked(ctx, owner.tenantId, 'boards')).toEqual([2, 2]);
});

test('deleting removes all below, and what hung on it hangs on nothing', async () => {
  const { ctx, owner } = await anOrganization('growth');
  const board = await made(ctx, owner, 'boards');
  const queue = await made(ctx, owner, 'queues', { parentId: board.id, amounts: { automation_runs: 5 } });
  const template = await made(ctx, owner, 'templates');
  unwrap(await attachResource(ctx, owner, template.id, queue.id, 1));
  unwrap(await deleteResource(ctx, owner, board.id, 1));
  for (const gone of [board, queue]) expect(refusalOf(await getResource(ctx, owner, gone.id)).code).toBe('resource_not_found');
  expect(unwrap(await getResource(ctx, owner, template.id))).toMatchObject({ attachedTo: null, detachedFrom: null, state: 'active' });
  for (const meter of ['boards', 'queues', 'automation_runs']) expect(await booked(ctx, owner.tenantId, meter)).toEqual([0, 0]);
});

test('a template hangs on one item that is in use, and remembers where it hung', async () => {
  const { ctx, owner } = await anOrganization('growth');
  const [board, other] = [await made(ctx, owner, 'boards'), await made(ctx, owner, 'boards')];
  const [template, twin] = [await made(ctx, owner, 'templates'), await made(ctx, owner, 'templates')];
  expect(refusalOf(await attachResource(ctx, owner, board.id, other.id, 1))).toEqual({ code: 'resource_not_attachable', kind: 'boards' });
  expect(refusalOf(await attachResource(ctx, owner, template.id, twin.id, 1))).toEqual({
    code: 'resource_not_attachable',
    kind: 'templates',
  });
  expect(unwrap(await attachResource(ctx, owner, template.id, board.id, 1))).toMatchObject({ attachedTo: board.id, revision: 2 });
  expect(unwrap(await detachResource(ctx, owner, template.id, 2))).toMatchObject({ attachedTo: null, detachedFrom: board.id });
  unwrap(await archiveResource(ctx, owner, other.id, 1));
  expect(refusalOf(await attachResource(ctx, owner, template.id, other.id, 3)).code).toBe('resource_not_active');
});

test('a change made from an old state is refused with the present one', async () => {
  const { ctx, owner } = await anOrganization();
  const board = await made(ctx, owner, 'boards');
  const renamed = unwrap(await updateResource(ctx, owner, board.id, { name: 'Help desk' }, 1));
  expect(refusalOf(await updateResource(ctx, owner, board.id, { name: 'Other' }, 1))).toEqual({ code: 'stale_revision', current: renamed });
});

test('kinds say their limit and what is held, a sum for a total and the largest for an each', async () => {
  const { ctx, owner } = await anOrganization('growth');
  const board = await made(ctx, owner, 'boards');
  for (const amounts of [
    { automation_runs: 300, intake_rate: 7 },
    { automation_runs: 50, intake_rate: 9 },
  ])
    await made(ctx, owner, 'queues', { parentId: board.id, amounts });
  const kinds = unwrap(await listResourceKinds(ctx, { ...owner, locale: 'de' }));
  const told = Object.fromEntries(kinds.map(({ kind, limit, held }) => [kind, [limit, held]]));
  expect(told).toMatchObject({ boards: [10, 1], queues: [40, 2], automation_runs: [1000, 350], intake_rate: [200, 9], sla_groups: [5, 0] });
  expect(kinds.find(({ kind }) => kind === 'queues')).toMatchObject({ name: 'Warteschlangen', parent: 'boards', measure: null });
});

test('owners and admins change settings, others read them', async () => {
  const { ctx, owner, tenant } = await anOrganization();
  const [admin, agent] = [await tenant.member('admin'), await tenant.member('agent')];
  const board = await made(ctx, admin, 'boards');
  expect(unwrap(await getResource(ctx, agent, board.id))).toEqual(board);
  const refused = { code: 'not_allowed', needs: 'manage_settings' };
  expect(refusalOf(await create(ctx, agent, 'boards'))).toEqual(refused);
  expect(refusalOf(await updateResource(ctx, agent, board.id, { name: 'x' }, 1))).toEqual(refused);
  expect(refusalOf(await deleteResource(ctx, agent, board.id, 1))).toEqual(refused);
  expect(await booked(ctx, owner.tenantId, 'boards')).toEqual([1, 1]);
});

test('G9: another organization’s items do not exist', async () => {
  const { ctx, owner, plans } = await anOrganization();
  const board = await made(ctx, owner, 'boards');
  const stranger = (await aTenant(ctx, { plan: plans.basic! })).owner;
  const notFound = { code: 'resource_not_found' };
  expect(refusalOf(await getResource(ctx, stranger, board.id))).toEqual(notFound);
  expect(refusalOf(await deleteResource(ctx, stranger, board.id, 1))).toEqual(notFound);
  expect(refusalOf(await create(ctx, stranger, 'queues', { parentId: board.id })).code).toBe('resource_parent_wrong');
  expect(unwrap(await listResources(ctx, stranger, { state: 'any', limit: 50 })).items).toEqual([]);
});
