import { NewTeam, Team, TeamQuery } from '../../../src/contract/teams';
import { createTeam } from '../../../src/features/teams/create-team';
import {
  addToTeam,
  archiveTeam,
  getTeam,
  joinTeam,
  leaveTeam,
  listTeamPeople,
  listTeams,
  unarchiveTeam,
  updateTeam,
} from '../../../src/features/teams/teams';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam, stockBooks } from '../../support/teams';
import { aTenant } from '../../support/tenant';

const newTeam = (given: Partial<NewTeam> = {}): NewTeam => NewTeam.parse({ name: 'Field service', ...given });

async function aTeamTenant(limits: Parameters<typeof aPeoplePlan>[1] = {}) {
  const { ctx, clock } = await testContext();
  return { ctx, clock, tenant: await aTenant(ctx, { plan: await aPeoplePlan(ctx, limits) }) };
}

const names = async (ctx: Context, actor: Actor, query: object = {}) =>
  unwrap(await listTeams(ctx, actor, TeamQuery.parse(query))).items.map(({ name }) => name);

const people = async (ctx: Context, actor: Actor, teamId: string) =>
  unwrap(await listTeamPeople(ctx, actor, teamId, { limit: 100 })).items.map(({ name }) => name);

test('what a creation answers is what is read afterwards; its creator is in it unless it names others', async () => {
  const { ctx, tenant } = await aTeamTenant();
  const mara = await tenant.member('member', 'Mara');
  const own = unwrap(await createTeam(ctx, mara, key(), newTeam())).record;
  expect(own).toMatchObject({ name: 'Field service', memberCount: 1, isMember: true, archivedAt: null, revision: 1 });
  expect(Team.parse(own)).toEqual(own);
  expect(unwrap(await getTeam(ctx, mara, own.id))).toEqual(own);
  const empty = unwrap(await createTeam(ctx, tenant.owner, key(), newTeam({ memberIds: [] }))).record;
  expect(empty).toMatchObject({ memberCount: 0, isMember: false });
  const forOthers = unwrap(await createTeam(ctx, mara, key(), newTeam({ memberIds: [tenant.owner.memberId] }))).record;
  expect(await people(ctx, mara, forOthers.id)).toEqual(['Mara', 'Sample Owner']);
});

test('G2 G3 the same key creates one team; at the limit nothing is written, and after an upgrade the same key succeeds', async () => {
  const { ctx, tenant } = await aTeamTenant({ teams: 1 });
  const first = unwrap(await createTeam(ctx, tenant.owner, key('first'), newTeam()));
  expect(unwrap(await createTeam(ctx, tenant.owner, key('first'), newTeam()))).toEqual({ ...first, replayed: true });
  expect(refusalOf(await createTeam(ctx, tenant.owner, key('first'), newTeam({ name: 'Other' })))).toEqual({
    code: 'idempotency_conflict',
  });
  expect(refusalOf(await createTeam(ctx, tenant.owner, key('second'), newTeam()))).toMatchObject({
    code: 'limit_reached',
    meter: 'teams',
    limit: 1,
    used: 1,
  });
  expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 1, ledger: 1 });
  expect(await names(ctx, tenant.owner)).toHaveLength(1);
  await tenant.changePlan(await aPeoplePlan(ctx, { teams: 2 }));
  expect(unwrap(await createTeam(ctx, tenant.owner, key('second'), newTeam())).replayed).toBe(false);
});

test('of thirty-two teams created at once exactly as many are admitted as the plan has', async () => {
  const { ctx, tenant } = await aTeamTenant({ teams: 5 });
  const results = await Promise.all(Array.from({ length: 32 }, () => createTeam(ctx, tenant.owner, key(), newTeam({ memberIds: [] }))));
  expect(results.filter((result) => result.ok)).toHaveLength(5);
  expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 5, ledger: 5 });
});

test('HO-19: archiving a team frees its place at once; a new one takes it', async () => {
  const { ctx, tenant } = await aTeamTenant({ teams: 11 });
  const teams = [];
  for (let index = 0; index < 11; index += 1) teams.push(await aTeam(ctx, tenant.owner, [], { name: `Group ${index}` }));
  expect(refusalOf(await createTeam(ctx, tenant.owner, key(), newTeam()))).toMatchObject({ code: 'limit_reached', used: 11, limit: 11 });
  unwrap(await archiveTeam(ctx, tenant.owner, teams[3]!.id, 1));
  expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 10, ledger: 10 });
  unwrap(await createTeam(ctx, tenant.owner, key(), newTeam()));
  expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 11, ledger: 11 });
});

test('HO-19 EC-19: bringing an archived team back is a new act with a key of its own: refused when full, done once when not', async () => {
  const { ctx, tenant } = await aTeamTenant({ teams: 1 });
  const old = await aTeam(ctx, tenant.owner, [], { name: 'Old' });
  unwrap(await archiveTeam(ctx, tenant.owner, old.id, 1));
  const other = await aTeam(ctx, tenant.owner, [], { name: 'New' });
  expect(refusalOf(await unarchiveTeam(ctx, tenant.owner, old.id, key('back')))).toMatchObject({ code: 'limit_reached', meter: 'teams' });
  expect(unwrap(await getTeam(ctx, tenant.owner, old.id)).archivedAt).not.toBeNull();
  unwrap(await archiveTeam(ctx, tenant.owner, other.id, 1));
  const back = unwrap(await unarchiveTeam(ctx, tenant.owner, old.id, key('back')));
  expect(back).toMatchObject({ record: { archivedAt: null, revision: 3 }, replayed: false });
  expect(unwrap(await unarchiveTeam(ctx, tenant.owner, old.id, key('back'))).replayed).toBe(true);
  expect(unwrap(await unarchiveTeam(ctx, tenant.owner, old.id, key('again'))).record.archivedAt).toBeNull();
  expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 1, ledger: 1 });
});

test('archived and brought back ten times, a team counts one each time it is there', async () => {
  const { ctx, clock, tenant } = await aTeamTenant({ teams: 3 });
  let team = await aTeam(ctx, tenant.owner);
  for (let round = 0; round < 10; round += 1) {
    // Some rounds at one instant, some apart.
    if (round % 2) clock.advance({ minutes: 1 });
    team = unwrap(await archiveTeam(ctx, tenant.owner, team.id, team.revision));
    expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 0, ledger: 0 });
    team = unwrap(await unarchiveTeam(ctx, tenant.owner, team.id, key())).record;
    expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 1, ledger: 1 });
  }
});

test('of two who bring the same team back at once both get it, and it counts one', async () => {
  const { ctx, tenant } = await aTeamTenant({ teams: 3 });
  const admin = await tenant.member('admin');
  const team = await aTeam(ctx, tenant.owner);
  unwrap(await archiveTeam(ctx, tenant.owner, team.id, 1));
  const both = await Promise.all([unarchiveTeam(ctx, tenant.owner, team.id, key()), unarchiveTeam(ctx, admin, team.id, key())]);
  expect(both.map((result) => unwrap(result).record.archivedAt)).toEqual([null, null]);
  expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 1, ledger: 1 });
});

test('EC-05: an archived team is read-only for its members, and comes back as it was', async () => {
  const { ctx, tenant } = await aTeamTenant();
  const mara = await tenant.member('member', 'Mara');
  const team = await aTeam(ctx, tenant.owner, [mara]);
  const archived = unwrap(await archiveTeam(ctx, tenant.owner, team.id, 1));
  const refusal = { code: 'team_archived', archivedAt: archived.archivedAt };
  expect(refusalOf(await updateTeam(ctx, tenant.owner, team.id, { name: 'x' }, archived.revision))).toEqual(refusal);
  expect(refusalOf(await joinTeam(ctx, tenant.owner, team.id))).toEqual(refusal);
  expect(refusalOf(await addToTeam(ctx, mara, team.id, [tenant.owner.memberId]))).toEqual(refusal);
  expect(refusalOf(await leaveTeam(ctx, mara, team.id, mara.memberId))).toEqual(refusal);
  expect(unwrap(await getTeam(ctx, mara, team.id))).toMatchObject({ isMember: true, name: team.name });
  expect(await people(ctx, mara, team.id)).toEqual(['Mara']);
  expect(await names(ctx, mara)).toEqual([]);
  expect(await names(ctx, mara, { state: 'archived' })).toEqual([team.name]);
  expect(unwrap(await archiveTeam(ctx, tenant.owner, team.id, 1))).toEqual(archived);
  expect(unwrap(await unarchiveTeam(ctx, tenant.owner, team.id, key())).record).toEqual({ ...team, revision: 3 });
});

test('a hidden team does not exist for those who are not in it; owners and admins see every team', async () => {
  const { ctx, tenant } = await aTeamTenant();
  const [mara, otto, admin] = [await tenant.member('member', 'Mara'), await tenant.member('member', 'Otto'), await tenant.member('admin')];
  const hidden = await aTeam(ctx, tenant.owner, [mara], { name: 'Hidden', discoverable: false });
  await aTeam(ctx, tenant.owner, [otto], { name: 'Open' });
  for (const result of [
    await getTeam(ctx, otto, hidden.id),
    await joinTeam(ctx, otto, hidden.id),
    await listTeamPeople(ctx, otto, hidden.id, { limit: 1 }),
  ]) {
    expect(refusalOf(result)).toEqual({ code: 'team_not_found' });
  }
  expect(await names(ctx, otto)).toEqual(['Open']);
  expect(await names(ctx, mara)).toEqual(['Hidden', 'Open']);
  expect(await names(ctx, mara, { mine: 'true' })).toEqual(['Hidden']);
  expect(await names(ctx, admin)).toEqual(['Hidden', 'Open']);
});

test('who may add people follows the team’s setting; a viewer may join but not invite', async () => {
  const { ctx, tenant } = await aTeamTenant();
  const [mara, otto, viewer] = [
    await tenant.member('member', 'Mara'),
    await tenant.member('member', 'Otto'),
    await tenant.member('viewer'),
  ];
  const team = await aTeam(ctx, tenant.owner, [mara]);
  const notAllowed = { code: 'not_allowed', needs: 'invite' };
  expect(refusalOf(await addToTeam(ctx, otto, team.id, [viewer.memberId]))).toEqual(notAllowed);
  expect(unwrap(await joinTeam(ctx, viewer, team.id)).memberCount).toBe(2);
  expect(refusalOf(await addToTeam(ctx, viewer, team.id, [otto.memberId]))).toEqual(notAllowed);
  expect(unwrap(await addToTeam(ctx, mara, team.id, [otto.memberId, otto.memberId, mara.memberId])).memberCount).toBe(3);
  unwrap(await updateTeam(ctx, tenant.owner, team.id, { invitations: 'admins' }, 1));
  expect(refusalOf(await addToTeam(ctx, mara, team.id, [tenant.owner.memberId]))).toEqual(notAllowed);
  expect(unwrap(await addToTeam(ctx, tenant.owner, team.id, [tenant.owner.memberId])).memberCount).toBe(4);
});

test('people of another organization cannot be added, and all are added or none', async () => {
  const { ctx, tenant } = await aTeamTenant();
  const other = await aTenant(ctx);
  const [team, mara] = [await aTeam(ctx, tenant.owner), await tenant.member()];
  expect(refusalOf(await addToTeam(ctx, tenant.owner, team.id, [mara.memberId, other.owner.memberId]))).toEqual({
    code: 'member_not_found',
  });
  expect(refusalOf(await createTeam(ctx, tenant.owner, key(), newTeam({ memberIds: [other.owner.memberId] })))).toEqual({
    code: 'member_not_found',
  });
  expect(unwrap(await getTeam(ctx, tenant.owner, team.id)).memberCount).toBe(0);
});

test('leaving and joining again at one instant leaves one membership; only admins take others out', async () => {
  const { ctx, tenant } = await aTeamTenant();
  const [mara, otto] = [await tenant.member('member', 'Mara'), await tenant.member('member', 'Otto')];
  const team = await aTeam(ctx, tenant.owner, [mara, otto]);
  expect(refusalOf(await leaveTeam(ctx, mara, team.id, otto.memberId))).toEqual({ code: 'not_allowed', needs: 'manage_members' });
  unwrap(await leaveTeam(ctx, mara, team.id, mara.memberId));
  unwrap(await leaveTeam(ctx, mara, team.id, mara.memberId));
  unwrap(await joinTeam(ctx, mara, team.id));
  unwrap(await joinTeam(ctx, mara, team.id));
  unwrap(await leaveTeam(ctx, tenant.owner, team.id, otto.memberId));
  expect(refusalOf(await leaveTeam(ctx, tenant.owner, team.id, otto.memberId))).toEqual({ code: 'member_not_found' });
  expect(await people(ctx, mara, team.id)).toEqual(['Mara']);
});

test('who was in a team when is kept: nothing of it is deleted', async () => {
  const { ctx, clock, tenant } = await aTeamTenant();
  const mara = await tenant.member('member', 'Mara');
  const team = await aTeam(ctx, tenant.owner, [mara]);
  clock.advance({ days: 2 });
  unwrap(await leaveTeam(ctx, mara, team.id, mara.memberId));
  clock.advance({ days: 2 });
  unwrap(await joinTeam(ctx, mara, team.id));
  const spans = await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query('select began_at, ended_at from team_members where tenant_id = $1 and team_id = $2 order by began_at', [
      tenant.tenantId,
      team.id,
    ]),
  );
  expect(spans).toEqual([
    { began_at: new Date('2026-03-10T09:00:00Z'), ended_at: new Date('2026-03-12T09:00:00Z') },
    { began_at: new Date('2026-03-14T09:00:00Z'), ended_at: null },
  ]);
});

test('settings are for owners, admins and the creator; of two who change the same revision one is refused', async () => {
  const { ctx, tenant } = await aTeamTenant();
  const [mara, otto] = [await tenant.member('member', 'Mara'), await tenant.member('member', 'Otto')];
  const team = unwrap(await createTeam(ctx, mara, key(), newTeam({ memberIds: [otto.memberId] }))).record;
  expect(refusalOf(await updateTeam(ctx, otto, team.id, { name: 'Mine' }, 1))).toEqual({ code: 'not_allowed', needs: 'manage_members' });
  const renamed = unwrap(await updateTeam(ctx, mara, team.id, { name: 'Renamed' }, 1));
  expect(renamed).toMatchObject({ name: 'Renamed', revision: 2 });
  expect(unwrap(await updateTeam(ctx, mara, team.id, { name: 'Renamed' }, 2))).toEqual(renamed);
  expect(refusalOf(await updateTeam(ctx, tenant.owner, team.id, { name: 'Late' }, 1))).toMatchObject({
    code: 'stale_revision',
    current: { ...renamed, isMember: false },
  });
  expect(refusalOf(await archiveTeam(ctx, mara, team.id, 2))).toEqual({ code: 'not_allowed', needs: 'manage_members' });
});

test.each(['Suspended', 'Unsubscribed'] as const)(
  'G8 teams stay readable while the subscription is %s, and nothing of them changes',
  async (status) => {
    const { ctx, tenant } = await aTeamTenant();
    const team = await aTeam(ctx, tenant.owner);
    await tenant.setStatus(status);
    expect(unwrap(await getTeam(ctx, tenant.owner, team.id))).toEqual(team);
    const inactive = { code: 'subscription_inactive', status };
    expect(refusalOf(await joinTeam(ctx, tenant.owner, team.id))).toEqual(inactive);
    expect(refusalOf(await archiveTeam(ctx, tenant.owner, team.id, 1))).toEqual(inactive);
    expect(refusalOf(await createTeam(ctx, tenant.owner, key(), newTeam()))).toEqual(inactive);
  },
);
