import { TicketQuery } from '../../../src/contract/tickets';
import { describeMe } from '../../../src/features/subscriptions/describe-me';
import { previewRemoval, removeUnplaced, undoRemoval } from '../../../src/features/teams/remove-unplaced';
import { archiveTeam } from '../../../src/features/teams/teams';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { getTicket, listTickets } from '../../../src/features/tickets/tickets';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { aTicket, key, refusalOf, unwrap } from '../../support/acts';
import { LINKS } from '../../support/app';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam } from '../../support/teams';
import { aTenant, type TestTenant } from '../../support/tenant';

/** An organization of which `placed` people are in a team and `unplaced` are in none; its owner is in a team. */
async function aWorkspace(placed: number, unplaced: number, plan: Parameters<typeof aPeoplePlan>[1] = {}) {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx, plan) });
  const inTeam: Actor[] = [];
  const inNone: Actor[] = [];
  for (let index = 0; index < placed; index += 1) inTeam.push(await tenant.member('member', `In ${index}`));
  for (let index = 0; index < unplaced; index += 1) inNone.push(await tenant.member('member', `Out ${index}`));
  await aTeam(ctx, tenant.owner, [tenant.owner, ...inTeam]);
  return { ctx, clock, tenant, inTeam, inNone };
}

const present = async (ctx: Context, { tenantId }: TestTenant): Promise<number> => {
  const [row] = await inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ count: number }>(`select count(*)::int as count from members where tenant_id = $1 and state = 'present'`, [tenantId]),
  );
  return row!.count;
};

const preview = async (ctx: Context, actor: Actor) => unwrap(await previewRemoval(ctx, actor));
const meet = (ctx: Context, actor: Actor) => describeMe(ctx, actor, LINKS);

test('EC-16: of 100 members 37 are in no active team: the preview names the 37, confirmed 63 are left, a second click removes nobody', async () => {
  const { ctx, tenant, inNone } = await aWorkspace(62, 37);
  const seen = await preview(ctx, tenant.owner);
  expect(seen.count).toBe(37);
  expect(seen.people.map(({ id }) => id).sort()).toEqual(inNone.map(({ memberId }) => memberId).sort());
  const done = unwrap(await removeUnplaced(ctx, tenant.owner, key('click'), { hash: seen.hash }));
  expect(done).toMatchObject({ record: { removed: 37 }, replayed: false });
  expect(await present(ctx, tenant)).toBe(63);
  expect(unwrap(await removeUnplaced(ctx, tenant.owner, key(), { hash: seen.hash })).record).toEqual({
    id: null,
    removed: 0,
    undoableUntil: null,
  });
  expect(unwrap(await removeUnplaced(ctx, tenant.owner, key('click'), { hash: seen.hash }))).toEqual({ ...done, replayed: true });
  expect((await preview(ctx, tenant.owner)).count).toBe(0);
  expect(await present(ctx, tenant)).toBe(63);
});

test('EC-17: removed people are refused from the next request on; what they wrote stays, with their name', async () => {
  const { ctx, tenant, inNone } = await aWorkspace(1, 1);
  const [mara] = inNone as [Actor];
  const ticket = unwrap(await createTicket(ctx, mara, key(), aTicket())).record;
  unwrap(await removeUnplaced(ctx, tenant.owner, key(), { hash: (await preview(ctx, tenant.owner)).hash }));
  const shutOut = { code: 'access_removed' };
  expect(refusalOf(await meet(ctx, mara))).toEqual(shutOut);
  expect(refusalOf(await listTickets(ctx, mara, TicketQuery.parse({})))).toEqual(shutOut);
  expect(refusalOf(await createTicket(ctx, mara, key(), aTicket()))).toEqual(shutOut);
  expect(unwrap(await getTicket(ctx, tenant.owner, ticket.id))).toMatchObject({ requester: { name: 'Out 0' } });
});

test('EC-16: a removal is taken back within a day by one click, and a second changes nothing; later it is too late', async () => {
  const { ctx, clock, tenant, inNone } = await aWorkspace(1, 3);
  const { record } = unwrap(await removeUnplaced(ctx, tenant.owner, key(), { hash: (await preview(ctx, tenant.owner)).hash }));
  clock.advance({ hours: 24 });
  expect(unwrap(await undoRemoval(ctx, tenant.owner, record.id!))).toEqual({ readmitted: 3 });
  expect(unwrap(await undoRemoval(ctx, tenant.owner, record.id!))).toEqual({ readmitted: 3 });
  expect(await present(ctx, tenant)).toBe(5);
  unwrap(await meet(ctx, inNone[0]!));
  const again = unwrap(await removeUnplaced(ctx, tenant.owner, key(), { hash: (await preview(ctx, tenant.owner)).hash })).record;
  clock.advance({ hours: 24, ms: 1 });
  expect(refusalOf(await undoRemoval(ctx, tenant.owner, again.id!))).toEqual({ code: 'undo_too_late', undoableUntil: again.undoableUntil });
  expect(await present(ctx, tenant)).toBe(2);
});

test('EC-16: when others would go than the preview said, nobody goes and the new hash is told', async () => {
  const { ctx, tenant } = await aWorkspace(1, 2);
  const seen = await preview(ctx, tenant.owner);
  await tenant.member('member', 'Newcomer');
  const refusal = refusalOf(await removeUnplaced(ctx, tenant.owner, key(), { hash: seen.hash }));
  const now = await preview(ctx, tenant.owner);
  expect(refusal).toEqual({ code: 'removal_outdated', hash: now.hash, count: 3 });
  expect(await present(ctx, tenant)).toBe(5);
});

test('EC-16: owners and whoever clicks are never removed; members of archived teams only are', async () => {
  const { ctx, tenant } = await aWorkspace(0, 1);
  const [admin, second, old] = [
    await tenant.member('admin', 'Admin'),
    await tenant.member('owner', 'Second'),
    await tenant.member('member', 'Old'),
  ];
  const archived = await aTeam(ctx, tenant.owner, [old], { name: 'Archived' });
  unwrap(await archiveTeam(ctx, tenant.owner, archived.id, 1));
  const seen = await preview(ctx, admin);
  expect(seen.people.map(({ name }) => name)).toEqual(['Old', 'Out 0']);
  unwrap(await removeUnplaced(ctx, admin, key(), { hash: seen.hash }));
  for (const who of [tenant.owner, admin, second]) unwrap(await meet(ctx, who));
});

test('EC-16: two admins who click at once remove everybody once', async () => {
  const { ctx, tenant } = await aWorkspace(1, 5);
  const admins = [await tenant.member('admin', 'A'), await tenant.member('admin', 'B')];
  await aTeam(ctx, tenant.owner, admins);
  const { hash } = await preview(ctx, tenant.owner);
  const results = await Promise.all(admins.map((admin) => removeUnplaced(ctx, admin, key(), { hash })));
  expect(results.map((result) => unwrap(result).record.removed).sort()).toEqual([0, 5]);
});

test('where the plan counts everybody of class active, being in no team removes nobody', async () => {
  const { ctx, tenant } = await aWorkspace(1, 5, { active: 'class_active' });
  const seen = await preview(ctx, tenant.owner);
  expect(seen).toMatchObject({ count: 0, people: [] });
  expect(unwrap(await removeUnplaced(ctx, tenant.owner, key(), { hash: seen.hash })).record.removed).toBe(0);
  expect(await present(ctx, tenant)).toBe(7);
});

test('only who manages members sees, does and undoes a removal; another organization’s does not exist', async () => {
  const { ctx, tenant, inTeam } = await aWorkspace(1, 1);
  const notAllowed = { code: 'not_allowed', needs: 'manage_members' };
  const { hash } = await preview(ctx, tenant.owner);
  expect(refusalOf(await previewRemoval(ctx, inTeam[0]!))).toEqual(notAllowed);
  expect(refusalOf(await removeUnplaced(ctx, inTeam[0]!, key(), { hash }))).toEqual(notAllowed);
  const { record } = unwrap(await removeUnplaced(ctx, tenant.owner, key(), { hash }));
  expect(refusalOf(await undoRemoval(ctx, inTeam[0]!, record.id!))).toEqual(notAllowed);
  const other = await aTenant(ctx);
  expect(refusalOf(await undoRemoval(ctx, other.owner, record.id!))).toEqual({ code: 'removal_not_found' });
});
