import type { BilledKind } from '../../../src/contract/billed-people';
import { MemberQuery } from '../../../src/contract/members';
import { listBilled, listBilledMonths, viewUnits } from '../../../src/features/billed-people/list-billed';
import { billedCounts, snapshotMonth } from '../../../src/features/billed-people/snapshot-month';
import { takeSnapshots } from '../../../src/features/billed-people/take-snapshots';
import { changeMember, listMembers } from '../../../src/features/members/members';
import { activeMembers, activeTeamCount, countActiveMembers } from '../../../src/features/teams/active-members';
import { archiveTeam, joinTeam, leaveTeam, unarchiveTeam } from '../../../src/features/teams/teams';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam } from '../../support/teams';
import { aTenant, type TestTenant } from '../../support/tenant';

type Plan = Parameters<typeof aPeoplePlan>[1];

/** An organization of people, since the first of March. */
async function aWorkspace(people: number, plan: Plan = {}, timeZone = 'UTC') {
  const { ctx, clock } = await testContext({ now: '2026-03-01T00:00:00.000Z' });
  const tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx, plan), timeZone });
  const members: Actor[] = [];
  for (let index = 0; index < people; index += 1) members.push(await tenant.member('member', `Person ${String(index).padStart(3, '0')}`));
  return { ctx, clock, tenant, members };
}

const billed = async (ctx: Context, tenant: TestTenant, month: string, kind: BilledKind = 'people') =>
  unwrap(await listBilled(ctx, tenant.owner, kind, month, { limit: 100 }));
const names = async (...given: Parameters<typeof billed>) => (await billed(...given)).items.map(({ name }) => name);
const archive = async (ctx: Context, tenant: TestTenant, team: { id: string; revision: number }) =>
  unwrap(await archiveTeam(ctx, tenant.owner, team.id, team.revision));
const inActiveTeam = { active: 'in_active_team' as const };

test('EC-04 EC-06: of 7 teams 2 are archived: 5 units', async () => {
  const { ctx, tenant } = await aWorkspace(0, { per: 'active_team' });
  const teams = [];
  for (let index = 0; index < 7; index += 1) teams.push(await aTeam(ctx, tenant.owner, [], { name: `Team ${index}` }));
  for (const team of teams.slice(0, 2)) await archive(ctx, tenant, team);
  expect(await inTenant(ctx, tenant.tenantId, (tx) => activeTeamCount(tx, tenant.tenantId, ctx.now()))).toBe(5);
  expect(unwrap(await viewUnits(ctx, tenant.owner)).teams).toEqual({ active: 5, archived: 2 });
});

test('EC-08 EC-09: 100 members have access, 63 of them are in an active team: 63 are billed', async () => {
  const { ctx, clock, tenant, members } = await aWorkspace(99);
  await aTeam(ctx, tenant.owner, members.slice(0, 63));
  const units = unwrap(await viewUnits(ctx, tenant.owner)).members;
  expect(units).toEqual({ present: 100, active: 63, byClass: { active: 100, restricted: 0, blocked: 0, external: 0 } });
  clock.set('2026-04-01T00:00:00.000Z');
  expect((await billed(ctx, tenant, '2026-03')).count).toBe(63);
});

test('EC-10: a person in three active teams counts once; in an archived and an active one: active; in archived ones only: not', async () => {
  const { ctx, tenant, members } = await aWorkspace(4);
  const [three, mixed, old, none] = members as [Actor, Actor, Actor, Actor];
  for (const name of ['A', 'B', 'C']) await aTeam(ctx, tenant.owner, [three], { name });
  await aTeam(ctx, tenant.owner, [mixed], { name: 'D' });
  await archive(ctx, tenant, await aTeam(ctx, tenant.owner, [mixed, old], { name: 'E' }));
  const ids = await inTenant(ctx, tenant.tenantId, (tx) => activeMembers(tx, tenant.tenantId, inActiveTeam, ctx.now()));
  expect(ids).toEqual([three.memberId, mixed.memberId].sort());
  const reason = (await billed(ctx, tenant, '2026-03')).items.map(({ name, teams }) => [name, teams]);
  expect(reason).toEqual([
    [three.name, ['A', 'B', 'C']],
    [mixed.name, ['D']],
  ]);
  expect(none.name).toBe('Person 003');
});

test('EC-12: page, count, bill, list and limit say the same number, whatever happens', async () => {
  const { ctx, clock, tenant, members } = await aWorkspace(12, { people: 1000 });
  const teams = [
    await aTeam(ctx, tenant.owner, members.slice(0, 4), { name: 'A' }),
    await aTeam(ctx, tenant.owner, members.slice(3, 9), { name: 'B' }),
  ];
  const agree = async () => {
    clock.advance({ hours: 1 });
    const figures = await inTenant(ctx, tenant.tenantId, async (tx) => ({
      counted: await countActiveMembers(tx, tenant.tenantId, inActiveTeam, ctx.now()),
      ids: (await activeMembers(tx, tenant.tenantId, inActiveTeam, ctx.now())).length,
      limit: (
        await tx.db.query<{ used: number }>(
          `select used::int as used from usage_counters where tenant_id = $1 and meter = 'active_members'`,
          [tenant.tenantId],
        )
      )[0]!.used,
      bill: (
        await billedCounts(
          tx,
          tenant.tenantId,
          { active: 'in_active_team', countRule: 'cut_off' },
          { start: ctx.now(), end: new Date(8e14) },
        )
      ).people,
    }));
    const page = unwrap(await listMembers(ctx, tenant.owner, MemberQuery.parse({ limit: 100, active: 'true' }))).items.length;
    const units = unwrap(await viewUnits(ctx, tenant.owner)).members.active;
    expect(new Set([...Object.values(figures), page, units]).size).toBe(1);
    return page;
  };
  expect(await agree()).toBe(9);
  await archive(ctx, tenant, teams[1]!);
  expect(await agree()).toBe(4);
  unwrap(await changeMember(ctx, tenant.owner, members[0]!.memberId, { class: 'external' }, 1));
  expect(await agree()).toBe(3);
  unwrap(await leaveTeam(ctx, members[1]!, teams[0]!.id, members[1]!.memberId));
  expect(await agree()).toBe(2);
  unwrap(await unarchiveTeam(ctx, tenant.owner, teams[1]!.id, key()));
  expect(await agree()).toBe(7);
  unwrap(await joinTeam(ctx, tenant.owner, teams[0]!.id));
  expect(await agree()).toBe(8);
});

describe('EC-11 EC-19: any_time, billed if active at any instant of the month', () => {
  test('archived on the 10th: this month’s list still has its people, the next does not', async () => {
    const { ctx, clock, tenant, members } = await aWorkspace(2);
    const team = await aTeam(ctx, tenant.owner, members);
    clock.set('2026-03-10T15:00:00.000Z');
    await archive(ctx, tenant, team);
    clock.set('2026-05-01T00:00:00.000Z');
    const march = await billed(ctx, tenant, '2026-03');
    expect(march.items.map(({ name, from, until }) => [name, from, until])).toEqual(
      members.map(({ name }) => [name, '2026-03-01', '2026-03-10']),
    );
    expect(await names(ctx, tenant, '2026-04')).toEqual([]);
    expect(await names(ctx, tenant, '2026-03', 'teams')).toEqual(['Sample team']);
    expect(await names(ctx, tenant, '2026-04', 'teams')).toEqual([]);
  });

  test('brought back on the 20th: counted in that month', async () => {
    const { ctx, clock, tenant, members } = await aWorkspace(1);
    const team = await aTeam(ctx, tenant.owner, members);
    await archive(ctx, tenant, team);
    clock.set('2026-04-20T08:00:00.000Z');
    unwrap(await unarchiveTeam(ctx, tenant.owner, team.id, key()));
    clock.set('2026-05-01T00:00:00.000Z');
    expect(await names(ctx, tenant, '2026-03')).toEqual([]);
    expect((await billed(ctx, tenant, '2026-04')).items).toMatchObject([{ from: '2026-04-20', until: '2026-04-30' }]);
  });

  test('the instant of the change of month belongs to the new one alone', async () => {
    const { ctx, clock, tenant, members } = await aWorkspace(2);
    const [leaver, joiner] = members as [Actor, Actor];
    const team = await aTeam(ctx, tenant.owner, [leaver]);
    clock.set('2026-04-01T00:00:00.000Z');
    unwrap(await leaveTeam(ctx, leaver, team.id, leaver.memberId));
    unwrap(await joinTeam(ctx, joiner, team.id));
    clock.set('2026-05-01T00:00:00.000Z');
    expect(await names(ctx, tenant, '2026-03')).toEqual([leaver.name]);
    expect(await names(ctx, tenant, '2026-04')).toEqual([joiner.name]);
  });

  test('who was in the team only while it was archived was never active', async () => {
    const { ctx, clock, tenant, members } = await aWorkspace(2);
    const [early, late] = members as [Actor, Actor];
    const team = await aTeam(ctx, tenant.owner, [early]);
    clock.set('2026-03-05T00:00:00.000Z');
    const archived = await archive(ctx, tenant, team);
    clock.set('2026-03-06T00:00:00.000Z');
    unwrap(await unarchiveTeam(ctx, tenant.owner, team.id, key()));
    unwrap(await leaveTeam(ctx, early, team.id, early.memberId));
    await archive(ctx, tenant, { id: team.id, revision: archived.revision + 1 });
    clock.set('2026-04-01T00:00:00.000Z');
    expect((await billed(ctx, tenant, '2026-03')).items).toMatchObject([{ name: early.name, until: '2026-03-04' }]);
    expect(late.name).toBe('Person 001');
  });
});

describe('EC-11 EC-19: cut_off, billed if active when the month begins', () => {
  test('archived on the 10th: on this month’s list and not on the next; brought back on the 20th: on the list of the month after', async () => {
    const { ctx, clock, tenant, members } = await aWorkspace(1, { countRule: 'cut_off' });
    const team = await aTeam(ctx, tenant.owner, members);
    clock.set('2026-04-10T00:00:00.000Z');
    const archived = await archive(ctx, tenant, team);
    clock.set('2026-05-20T00:00:00.000Z');
    unwrap(await unarchiveTeam(ctx, tenant.owner, archived.id, key()));
    clock.set('2026-07-01T00:00:00.000Z');
    expect((await billed(ctx, tenant, '2026-04')).items).toMatchObject([{ from: '2026-04-01', until: '2026-04-01' }]);
    expect(await names(ctx, tenant, '2026-04', 'teams')).toEqual(['Sample team']);
    expect(await names(ctx, tenant, '2026-05')).toEqual([]);
    expect(await names(ctx, tenant, '2026-05', 'teams')).toEqual([]);
    expect((await billed(ctx, tenant, '2026-06')).items).toMatchObject([{ from: '2026-06-01', until: '2026-06-01' }]);
  });

  test('archived at the instant the month begins does not count in it, and what is made at that instant does', async () => {
    const { ctx, clock, tenant, members } = await aWorkspace(2, { countRule: 'cut_off' });
    const old = await aTeam(ctx, tenant.owner, [members[0]!], { name: 'Old' });
    clock.set('2026-04-01T00:00:00.000Z');
    await archive(ctx, tenant, old);
    await aTeam(ctx, tenant.owner, [members[1]!], { name: 'New' });
    clock.set('2026-05-01T00:00:00.000Z');
    expect(await names(ctx, tenant, '2026-03')).toEqual([members[0]!.name]);
    expect(await names(ctx, tenant, '2026-04')).toEqual([members[1]!.name]);
  });
});

test('HO-12 a class changed inside the month ends what is billed of a person there, and their earlier days stay billed', async () => {
  const { ctx, clock, tenant, members } = await aWorkspace(2, { active: 'class_active' });
  clock.set('2026-03-12T10:00:00.000Z');
  unwrap(await changeMember(ctx, tenant.owner, members[0]!.memberId, { class: 'external' }, 1));
  clock.set('2026-05-01T00:00:00.000Z');
  expect((await billed(ctx, tenant, '2026-03')).items.map(({ name, until }) => [name, until])).toEqual([
    ['Person 000', '2026-03-12'],
    ['Person 001', '2026-03-31'],
    ['Sample Owner', '2026-03-31'],
  ]);
  expect(await names(ctx, tenant, '2026-04')).toEqual(['Person 001', 'Sample Owner']);
});

test('EC-11 months are the organization’s own: an hour before midnight in Berlin is still the old one', async () => {
  const { ctx, clock, tenant, members } = await aWorkspace(2, {}, 'Europe/Berlin');
  const team = await aTeam(ctx, tenant.owner, [members[0]!]);
  clock.set('2026-03-31T21:59:59.999Z');
  unwrap(await leaveTeam(ctx, members[0]!, team.id, members[0]!.memberId));
  unwrap(await joinTeam(ctx, members[1]!, team.id));
  expect((await billed(ctx, tenant, '2026-03')).isFinal).toBe(false);
  clock.set('2026-03-31T22:00:00.000Z');
  const march = await billed(ctx, tenant, '2026-03');
  expect([march.isFinal, march.timeZone, march.count]).toEqual([true, 'Europe/Berlin', 2]);
  expect(march.items.map(({ from, until }) => [from, until])).toEqual([
    ['2026-03-01', '2026-03-31'],
    ['2026-03-31', '2026-03-31'],
  ]);
  expect(await names(ctx, tenant, '2026-04')).toEqual(['Person 001']);
});

test('EC-13: a frozen month stays what it was: renamed, removed, reclassified people and teams, another plan and zone change nothing', async () => {
  const { ctx, clock, tenant, members } = await aWorkspace(3);
  const team = await aTeam(ctx, tenant.owner, members, { name: 'Service' });
  clock.set('2026-04-01T00:00:00.000Z');
  const before = await billed(ctx, tenant, '2026-03');
  await inTenant(ctx, tenant.tenantId, async ({ db }) => {
    await db.query(`update members set name = 'Renamed', address = 'new@example.com' where tenant_id = $1`, [tenant.tenantId]);
    await db.query(`update teams set name = 'Renamed' where tenant_id = $1`, [tenant.tenantId]);
    await db.query(`update tenants set time_zone = 'Asia/Tokyo' where tenant_id = $1`, [tenant.tenantId]);
  });
  await archive(ctx, tenant, team);
  unwrap(await changeMember(ctx, tenant.owner, members[0]!.memberId, { class: 'blocked' }, 1));
  await tenant.changePlan(await aPeoplePlan(ctx, { active: 'class_active', countRule: 'cut_off' }));
  clock.advance({ days: 200 });
  expect(await billed(ctx, tenant, '2026-03')).toEqual(before);
  const changes = inTenant(ctx, tenant.tenantId, ({ db }) => db.query('delete from billed_units where tenant_id = $1', [tenant.tenantId]));
  await expect(changes).rejects.toThrow('permission denied');
});

test('EC-13: taken by whoever asks first, by the job or by many at once: one and the same list', async () => {
  const lists = [];
  for (const how of ['asked', 'job', 'at once'] as const) {
    const { ctx, clock, tenant, members } = await aWorkspace(5);
    await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query(
        `insert into subscription_directory (source, external_id, tenant_id, subscription_id) values ('direct', $1::uuid::text, $1::uuid, $2)`,
        [tenant.tenantId, tenant.subscriptionId],
      ),
    );
    await aTeam(ctx, tenant.owner, members);
    clock.set('2026-04-01T00:00:01.000Z');
    if (how === 'job') await takeSnapshots(ctx);
    if (how === 'at once') {
      await Promise.all([
        takeSnapshots(ctx),
        ...Array.from({ length: 6 }, () =>
          inTenant(ctx, tenant.tenantId, (tx) => snapshotMonth(tx, tenant.tenantId, '2026-03', null, ctx.now())),
        ),
      ]);
    }
    const taken = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query('select month from billed_snapshots where tenant_id = $1', [tenant.tenantId]),
    );
    expect([how, taken.length]).toEqual([how, how === 'asked' ? 0 : 1]);
    const { items, ...rest } = await billed(ctx, tenant, '2026-03');
    lists.push({ ...rest, items: items.map(({ id: _id, ...item }) => item) });
  }
  expect(lists[1]).toEqual(lists[0]);
  expect(lists[2]).toEqual(lists[0]);
});

test('the job freezes nothing for plans that count neither people nor teams', async () => {
  const { ctx, clock, tenant } = await aWorkspace(1, { per: 'subscription' });
  await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(
      `insert into subscription_directory (source, external_id, tenant_id, subscription_id) values ('direct', $1::uuid::text, $1::uuid, $2)`,
      [tenant.tenantId, tenant.subscriptionId],
    ),
  );
  clock.set('2026-05-01T00:00:00.000Z');
  await takeSnapshots(ctx);
  expect(
    await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query('select month from billed_snapshots where tenant_id = $1', [tenant.tenantId]),
    ),
  ).toEqual([]);
});

test('a month is judged by the plan that was in force when it ended, however late somebody asks', async () => {
  const { ctx, clock, tenant, members } = await aWorkspace(2);
  await aTeam(ctx, tenant.owner, [members[0]!]);
  const log = (revision: number, { planId, version }: { planId: string; version: number }, at: Date) =>
    inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query(
        `insert into subscription_log (tenant_id, subscription_id, revision, cause, after, at) values ($1, $2, $3, 'test', $4, $5)`,
        [tenant.tenantId, tenant.subscriptionId, revision, JSON.stringify({ planId, planVersion: version, status: 'Subscribed' }), at],
      ),
    );
  await log(1, tenant.plan, ctx.now());
  clock.set('2026-04-15T00:00:00.000Z');
  const everybody = await aPeoplePlan(ctx, { active: 'class_active' });
  await tenant.changePlan(everybody);
  await log(2, everybody, ctx.now());
  clock.set('2026-06-01T00:00:00.000Z');
  const march = await billed(ctx, tenant, '2026-03');
  expect([march.rule.active, march.count]).toEqual(['in_active_team', 1]);
  const april = await billed(ctx, tenant, '2026-04');
  expect([april.rule.active, april.count]).toEqual(['class_active', 3]);
});

test('the running month is a preview that is marked as one; later months and those before the beginning have no list', async () => {
  const { ctx, clock, tenant, members } = await aWorkspace(3);
  await aTeam(ctx, tenant.owner, [members[0]!]);
  expect(await billed(ctx, tenant, '2026-03')).toMatchObject({
    isFinal: false,
    count: 1,
    items: [{ from: '2026-03-01', until: '2026-03-01' }],
  });
  clock.set('2026-03-20T00:00:00.000Z');
  await aTeam(ctx, tenant.owner, [members[1]!], { name: 'Late' });
  expect(await billed(ctx, tenant, '2026-03')).toMatchObject({ isFinal: false, count: 2 });
  const none = async (month: string) => refusalOf(await listBilled(ctx, tenant.owner, 'people', month, { limit: 1 }));
  expect(await none('2026-04')).toEqual({ code: 'month_not_billed', month: '2026-04', reason: 'not_over' });
  expect(await none('2026-02')).toEqual({ code: 'month_not_billed', month: '2026-02', reason: 'before_start' });
  clock.set('2026-05-02T00:00:00.000Z');
  expect(unwrap(await listBilledMonths(ctx, tenant.owner)).items).toEqual([
    { month: '2026-05', isFinal: false },
    { month: '2026-04', isFinal: true },
    { month: '2026-03', isFinal: true },
  ]);
});

test.each([[false], [true]])('pages of a month add up to its count, frozen or not (%s)', async (frozen) => {
  const { ctx, clock, tenant, members } = await aWorkspace(7);
  await aTeam(ctx, tenant.owner, members);
  if (frozen) clock.set('2026-04-01T00:00:00.000Z');
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = unwrap(await listBilled(ctx, tenant.owner, 'people', '2026-03', { limit: 2, cursor }));
    expect(page.count).toBe(7);
    seen.push(...page.items.map(({ name }) => name));
    if (!page.nextCursor) break;
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(members.map(({ name }) => name));
});

test('EC-07 EC-13: the member named as billing contact sees what is billed as they see bills, and nothing of members besides', async () => {
  const { ctx, tenant, members } = await aWorkspace(2);
  const [contact, other] = members as [Actor, Actor];
  await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query('insert into billing_contacts (tenant_id, member_id, updated_at, revision) values ($1, $2, $3, 2)', [
      tenant.tenantId,
      contact.memberId,
      ctx.now(),
    ]),
  );
  expect(unwrap(await listBilled(ctx, contact, 'people', '2026-03', { limit: 1 })).count).toBe(0);
  expect(unwrap(await listBilledMonths(ctx, contact)).items).toHaveLength(1);
  expect(unwrap(await viewUnits(ctx, contact)).members.present).toBe(3);
  expect(refusalOf(await viewUnits(ctx, other))).toMatchObject({ code: 'not_allowed' });
  expect(refusalOf(await listMembers(ctx, contact, MemberQuery.parse({ state: 'removed' })))).toMatchObject({ code: 'not_allowed' });
});

test('only owners and admins see what is billed; they still do when the subscription has ended', async () => {
  const { ctx, tenant, members } = await aWorkspace(1);
  const notAllowed = { code: 'not_allowed', needs: 'read_billing' };
  expect(refusalOf(await listBilled(ctx, members[0]!, 'people', '2026-03', { limit: 1 }))).toEqual(notAllowed);
  expect(refusalOf(await viewUnits(ctx, members[0]!))).toEqual(notAllowed);
  expect(refusalOf(await listBilledMonths(ctx, members[0]!))).toEqual(notAllowed);
  await tenant.setStatus('Unsubscribed');
  expect((await billed(ctx, tenant, '2026-03')).isFinal).toBe(false);
});
