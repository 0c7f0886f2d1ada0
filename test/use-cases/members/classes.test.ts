import { type MemberClass, MemberQuery } from '../../../src/contract/members';
import { TicketQuery } from '../../../src/contract/tickets';
import {
  changeClasses,
  changeMember,
  listMembers,
  listQuietMembers,
  readmitMember,
  removeMember,
} from '../../../src/features/members/members';
import { noteVisit } from '../../../src/features/members/note-visit';
import { describeMe } from '../../../src/features/subscriptions/describe-me';
import { countActiveMembers } from '../../../src/features/teams/active-members';
import { addToTeam, archiveTeam, joinTeam, unarchiveTeam } from '../../../src/features/teams/teams';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { getTicket, listTickets } from '../../../src/features/tickets/tickets';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { aTicket, key, refusalOf, unwrap } from '../../support/acts';
import { LINKS } from '../../support/app';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam, stockBooks } from '../../support/teams';
import { anActor, aTenant, type TestTenant } from '../../support/tenant';

async function aPeopleTenant(given: Parameters<typeof aPeoplePlan>[1] = {}, members = 0) {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx, { active: 'class_active', ...given }) });
  const people: Actor[] = [];
  for (let index = 0; index < members; index += 1) people.push(await tenant.member('member', `Person ${String(index).padStart(2, '0')}`));
  return { ctx, clock, tenant, people };
}

const shown = async (ctx: Context, actor: Actor, query: object = {}) =>
  unwrap(await listMembers(ctx, actor, MemberQuery.parse({ limit: 100, ...query }))).items;

const activeNow = (ctx: Context, { tenantId }: TestTenant, active: 'class_active' | 'in_active_team' = 'class_active') =>
  inTenant(ctx, tenantId, (tx) => countActiveMembers(tx, tenantId, { active }, ctx.now()));

const revisionOf = async (ctx: Context, asker: Actor, { memberId }: Actor) =>
  (await shown(ctx, asker)).find(({ id }) => id === memberId)!.revision;

const toClass = async (ctx: Context, admin: Actor, person: Actor, to: MemberClass) =>
  changeMember(ctx, admin, person.memberId, { class: to }, await revisionOf(ctx, admin, person));

const meet = (ctx: Context, actor: Actor) => describeMe(ctx, actor, LINKS);

test('HO-12: of 52 active people two are made external: 50 count, at once and in every view', async () => {
  const { ctx, tenant, people } = await aPeopleTenant({}, 51);
  expect(await activeNow(ctx, tenant)).toBe(52);
  const ids = people.slice(0, 2).map(({ memberId }) => memberId);
  const changed = unwrap(await changeClasses(ctx, tenant.owner, { memberIds: ids, class: 'external' }));
  expect(changed).toMatchObject({
    changed: 2,
    members: [
      { class: 'external', isActive: false },
      { class: 'external', isActive: false },
    ],
  });
  expect(unwrap(await changeClasses(ctx, tenant.owner, { memberIds: ids, class: 'external' })).changed).toBe(0);
  expect(await activeNow(ctx, tenant)).toBe(50);
  expect((await shown(ctx, tenant.owner, { active: 'true' })).length).toBe(50);
  expect((await shown(ctx, tenant.owner, { class: 'external' })).map(({ id }) => id).sort()).toEqual([...ids].sort());
});

test.each(['restricted', 'external'] as const)('HO-12: a person made %s is not counted and works as before', async (to) => {
  const { ctx, tenant, people } = await aPeopleTenant({}, 1);
  unwrap(await toClass(ctx, tenant.owner, people[0]!, to));
  expect(await activeNow(ctx, tenant)).toBe(1);
  unwrap(await createTicket(ctx, people[0]!, key(), aTicket()));
  expect(unwrap(await meet(ctx, people[0]!)).member).toMatchObject({ class: to, isActive: false });
});

test('HO-12: a blocked person is not counted and has no access from the next request on, until the class is changed back', async () => {
  const { ctx, tenant, people } = await aPeopleTenant({}, 1);
  const [mara] = people as [Actor];
  const ticket = unwrap(await createTicket(ctx, mara, key('before'), aTicket())).record;
  unwrap(await toClass(ctx, tenant.owner, mara, 'blocked'));
  const shutOut = { code: 'access_removed' };
  expect(refusalOf(await meet(ctx, mara))).toEqual(shutOut);
  expect(refusalOf(await listTickets(ctx, mara, TicketQuery.parse({})))).toEqual(shutOut);
  expect(refusalOf(await createTicket(ctx, mara, key(), aTicket()))).toEqual(shutOut);
  expect(refusalOf(await createTicket(ctx, mara, key('before'), aTicket()))).toEqual(shutOut);
  expect(unwrap(await getTicket(ctx, tenant.owner, ticket.id)).requester.name).toBe(mara.name);
  unwrap(await toClass(ctx, tenant.owner, mara, 'active'));
  expect(unwrap(await createTicket(ctx, mara, key('before'), aTicket())).replayed).toBe(true);
});

test('blocked people cannot be given work or put into teams', async () => {
  const { ctx, tenant, people } = await aPeopleTenant({}, 1);
  unwrap(await toClass(ctx, tenant.owner, people[0]!, 'blocked'));
  const memberId = people[0]!.memberId;
  expect(refusalOf(await createTicket(ctx, tenant.owner, key(), aTicket({ assigneeId: memberId })))).toEqual({ code: 'member_not_found' });
  const team = await aTeam(ctx, tenant.owner);
  expect(refusalOf(await addToTeam(ctx, tenant.owner, team.id, [memberId]))).toEqual({ code: 'member_not_found' });
});

test('the last owner with access is never blocked, lowered or removed, and owners are only touched by owners', async () => {
  const { ctx, tenant } = await aPeopleTenant();
  const [second, admin] = [await tenant.member('owner', 'Second'), await tenant.member('admin', 'Admin')];
  const notAllowed = { code: 'not_allowed', needs: 'manage_members' };
  expect(refusalOf(await toClass(ctx, admin, second, 'blocked'))).toEqual(notAllowed);
  expect(refusalOf(await removeMember(ctx, admin, second.memberId, 1))).toEqual(notAllowed);
  expect(refusalOf(await changeClasses(ctx, tenant.owner, { memberIds: [second.memberId], class: 'blocked' }))).toEqual(notAllowed);
  unwrap(await toClass(ctx, tenant.owner, second, 'blocked'));
  for (const last of [
    await toClass(ctx, tenant.owner, tenant.owner, 'blocked'),
    await changeMember(ctx, tenant.owner, tenant.owner.memberId, { role: 'member' }, 1),
    await removeMember(ctx, tenant.owner, tenant.owner.memberId, 1),
  ]) {
    expect(refusalOf(last)).toEqual({ code: 'last_owner' });
  }
  // What somebody is counted as is no matter of who owns the organization.
  expect(unwrap(await toClass(ctx, admin, tenant.owner, 'external')).class).toBe('external');
});

test('a class needs the right to manage members and the current revision, and is written down', async () => {
  const { ctx, tenant, people } = await aPeopleTenant({}, 2);
  const [mara, otto] = people as [Actor, Actor];
  expect(refusalOf(await changeMember(ctx, mara, otto.memberId, { class: 'external' }, 1))).toEqual({
    code: 'not_allowed',
    needs: 'manage_members',
  });
  expect(refusalOf(await changeClasses(ctx, mara, { memberIds: [otto.memberId], class: 'external' }))).toMatchObject({
    code: 'not_allowed',
  });
  unwrap(await changeMember(ctx, tenant.owner, otto.memberId, { class: 'external' }, 1));
  expect(refusalOf(await changeMember(ctx, tenant.owner, otto.memberId, { class: 'active' }, 1))).toMatchObject({
    code: 'stale_revision',
    current: { class: 'external', revision: 2 },
  });
  const entries = await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(`select subject, details from audit_log where tenant_id = $1 and action = 'member.changed'`, [tenant.tenantId]),
  );
  expect(entries).toEqual([
    { subject: otto.memberId, details: { before: { role: 'member', class: 'active' }, after: { class: 'external' } } },
  ]);
});

test('HO-11: the hygiene list names counted people without activity for N days, longest ago first, and one click takes them off', async () => {
  const { ctx, clock, tenant, people } = await aPeopleTenant({}, 3);
  clock.advance({ days: 60 });
  unwrap(await meet(ctx, people[1]!));
  clock.advance({ days: 30 });
  await noteVisit(ctx, people[2]!);
  unwrap(await meet(ctx, tenant.owner));
  const quiet = async (days: number) => unwrap(await listQuietMembers(ctx, tenant.owner, { days, limit: 50 })).items;
  expect((await quiet(90)).map(({ name }) => name)).toEqual(['Person 00']);
  expect((await quiet(30)).map(({ name }) => name)).toEqual(['Person 00', 'Person 01']);
  expect(await quiet(91)).toEqual([]);
  const [dead] = await quiet(90);
  unwrap(await changeMember(ctx, tenant.owner, dead!.id, { class: 'restricted' }, dead!.revision));
  expect(await quiet(90)).toEqual([]);
  expect(refusalOf(await listQuietMembers(ctx, people[2]!, { days: 1, limit: 50 }))).toMatchObject({ code: 'not_allowed' });
});

test('HO-11: pages of the hygiene list add up to the whole', async () => {
  const { ctx, clock, tenant } = await aPeopleTenant({}, 6);
  clock.advance({ days: 10 });
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = unwrap(await listQuietMembers(ctx, tenant.owner, { days: 5, limit: 2, cursor }));
    seen.push(...page.items.map(({ id }) => id));
    if (!page.nextCursor) break;
    cursor = page.nextCursor;
  }
  expect([seen.length, new Set(seen).size]).toEqual([7, 7]);
});

describe('a hard limit on active members', () => {
  test('HO-13: refuses the 101st at first contact and at a class change; who was there works on, and a freed place is taken', async () => {
    const { ctx, tenant, people } = await aPeopleTenant({ people: 100 }, 98);
    const [hundredth, late] = [
      anActor({ tenantId: tenant.tenantId, name: 'Hundredth' }),
      anActor({ tenantId: tenant.tenantId, name: 'Late' }),
    ];
    expect(unwrap(await meet(ctx, hundredth)).member).toMatchObject({ isActive: true });
    const full = { code: 'limit_reached', meter: 'active_members', limit: 100, used: 100, held: 0 };
    expect(refusalOf(await meet(ctx, late))).toEqual(full);
    expect(refusalOf(await createTicket(ctx, late, key('late'), aTicket()))).toEqual(full);
    expect(refusalOf(await listTickets(ctx, late, TicketQuery.parse({})))).toEqual(full);
    expect(await shown(ctx, tenant.owner, { q: 'Late' })).toEqual([]);

    unwrap(await toClass(ctx, tenant.owner, people[0]!, 'external'));
    unwrap(await createTicket(ctx, late, key('late'), aTicket()));
    expect(refusalOf(await toClass(ctx, tenant.owner, people[0]!, 'active'))).toEqual(full);
    expect(refusalOf(await changeClasses(ctx, tenant.owner, { memberIds: [people[0]!.memberId], class: 'active' }))).toEqual(full);
    unwrap(await createTicket(ctx, people[0]!, key(), aTicket()));
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 100, ledger: 100 });
  });

  test.each(['soft', 'warn'] as const)('HO-13: %s admits the 101st, and the count says 101', async (enforcement) => {
    const { ctx, tenant } = await aPeopleTenant({ people: 2, enforcement }, 1);
    unwrap(await meet(ctx, anActor({ tenantId: tenant.tenantId })));
    expect(await activeNow(ctx, tenant)).toBe(3);
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 3, ledger: 3 });
  });

  test('of sixteen newcomers at once exactly as many are let in as there are places', async () => {
    const { ctx, tenant } = await aPeopleTenant({ people: 5 });
    const results = await Promise.all(Array.from({ length: 16 }, () => meet(ctx, anActor({ tenantId: tenant.tenantId }))));
    expect(results.filter((result) => result.ok)).toHaveLength(4);
    expect(await activeNow(ctx, tenant)).toBe(5);
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 5, ledger: 5 });
  });

  test('where only people in active teams count, it holds for joining, adding, creating and bringing back a team', async () => {
    const { ctx, tenant, people } = await aPeopleTenant({ active: 'in_active_team', people: 2 }, 4);
    const [a, b, c, d] = people as [Actor, Actor, Actor, Actor];
    unwrap(await meet(ctx, anActor({ tenantId: tenant.tenantId })));
    const old = await aTeam(ctx, tenant.owner, [c, d], { name: 'Old' });
    unwrap(await archiveTeam(ctx, tenant.owner, old.id, 1));
    const team = await aTeam(ctx, tenant.owner, [a]);
    const full = { code: 'limit_reached', meter: 'active_members', limit: 2 };
    expect(refusalOf(await addToTeam(ctx, tenant.owner, team.id, [b.memberId, c.memberId]))).toMatchObject({ ...full, used: 1 });
    expect(await activeNow(ctx, tenant, 'in_active_team')).toBe(1);
    unwrap(await joinTeam(ctx, b, team.id));
    expect(refusalOf(await joinTeam(ctx, c, team.id))).toMatchObject({ ...full, used: 2 });
    expect(refusalOf(await unarchiveTeam(ctx, tenant.owner, old.id, key('back')))).toMatchObject({ ...full, used: 2 });
    await expect(aTeam(ctx, tenant.owner, [c], { name: 'Refused' })).rejects.toThrow('active_members');
    // People who count already may be in as many teams as they like.
    const second = await aTeam(ctx, tenant.owner, [a, b], { name: 'Second' });
    expect(second.memberCount).toBe(2);
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 2, ledger: 2 });
    expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: 2, ledger: 2 });
    await tenant.changePlan(await aPeoplePlan(ctx, { people: 4 }));
    expect(unwrap(await unarchiveTeam(ctx, tenant.owner, old.id, key('back'))).record.archivedAt).toBeNull();
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 4, ledger: 4 });
  });

  test('another plan with another rule counts anew at once', async () => {
    const { ctx, tenant, people } = await aPeopleTenant({ people: 10 }, 3);
    await aTeam(ctx, tenant.owner, [people[0]!]);
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 4, ledger: 4 });
    await tenant.changePlan(await aPeoplePlan(ctx, { active: 'in_active_team', people: 10 }));
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 1, ledger: 1 });
    await tenant.changePlan(await aPeoplePlan(ctx, { active: 'class_active', people: 2 }));
    expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: 4, ledger: 4 });
    expect(refusalOf(await meet(ctx, anActor({ tenantId: tenant.tenantId })))).toMatchObject({ code: 'limit_reached', limit: 2, used: 4 });
  });
});

test('a plan that says nothing of people or teams limits neither', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  for (let index = 0; index < 3; index += 1) unwrap(await meet(ctx, anActor({ tenantId: tenant.tenantId })));
  expect((await aTeam(ctx, tenant.owner, [tenant.owner])).memberCount).toBe(1);
  expect(await activeNow(ctx, tenant)).toBe(4);
});

test('a removed member has no access and is not counted, is shown to admins only, and can be taken back', async () => {
  const { ctx, tenant, people } = await aPeopleTenant({ people: 3 }, 2);
  const [mara, otto] = people as [Actor, Actor];
  unwrap(await removeMember(ctx, tenant.owner, mara.memberId, 1));
  expect(refusalOf(await meet(ctx, mara))).toEqual({ code: 'access_removed' });
  expect(await activeNow(ctx, tenant)).toBe(2);
  expect((await shown(ctx, tenant.owner, { state: 'removed' })).map(({ name }) => name)).toEqual([mara.name]);
  expect(refusalOf(await listMembers(ctx, otto, MemberQuery.parse({ state: 'removed' })))).toMatchObject({ code: 'not_allowed' });
  unwrap(await meet(ctx, anActor({ tenantId: tenant.tenantId })));
  expect(refusalOf(await readmitMember(ctx, tenant.owner, mara.memberId))).toMatchObject({ code: 'limit_reached', limit: 3 });
  unwrap(await toClass(ctx, tenant.owner, otto, 'external'));
  expect(unwrap(await readmitMember(ctx, tenant.owner, mara.memberId))).toMatchObject({
    state: 'present',
    class: 'active',
    isActive: true,
  });
  unwrap(await meet(ctx, mara));
});
