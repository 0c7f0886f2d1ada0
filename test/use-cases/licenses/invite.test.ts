import type { InvitationBatch } from '../../../src/contract/licenses';
import { NewTeam } from '../../../src/contract/teams';
import { inviteToLicenses } from '../../../src/features/licenses/invite';
import { changeLicenseSettings } from '../../../src/features/licenses/license-settings';
import { setLicense } from '../../../src/features/licenses/set-license';
import { listInvitations, takeInvitationBack } from '../../../src/features/licenses/view-licenses';
import { meetMember } from '../../../src/features/members/members';
import { createTeam } from '../../../src/features/teams/create-team';
import { listTeamPeople } from '../../../src/features/teams/teams';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { aSeatTenant, type SeatTenant } from '../../support/licenses';
import { aTenant } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
beforeEach(async () => {
  ({ ctx, clock } = await testContext());
});

const at = (name: string) => `${name}@example.com`;
const short = (results: { address: string; outcome: string; license: string }[]) =>
  results.map(({ address, outcome, license }) => `${address.split('@')[0]} ${outcome} ${license}`);

test('MI-08 MI-09 MI-10: two places are free, [d, a, c, b] are invited: d and a are full, and the inviter is told of c and b', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 3 });
  const { record } = unwrap(await tenant.invite(['d', 'a', 'c', 'b'].map(at)));
  expect(short(record.results)).toEqual(['d full full', 'a full full', 'c restricted restricted', 'b restricted restricted']);
  expect(record.limited).toEqual(['c', 'b'].map(at));
  expect(await tenant.pool()).toMatchObject({ purchased: 3, full: 1, free: 0, invited: { full: 2, restricted: 2 } });
});

test('MI-10: nobody is named when all are full', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 3 });
  expect(unwrap(await tenant.invite([at('a'), at('b')])).record.limited).toEqual([]);
});

test('MI-22: the same batch again gets the same answer, whatever became of it; another list under its key is a conflict', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 2 });
  const batch = { invitees: ['a', 'b'].map((name) => ({ address: at(name) })), teamId: null };
  const first = unwrap(await inviteToLicenses(ctx, tenant.owner, key('the same batch'), batch));
  await tenant.buy(50);
  await tenant.arrive(at('b'));
  const again = unwrap(await inviteToLicenses(ctx, tenant.owner, key('the same batch'), batch));
  expect(again).toEqual({ record: first.record, replayed: true });
  expect((await tenant.pool()).invited).toEqual({ full: 1, restricted: 0 });
  const other = await inviteToLicenses(ctx, tenant.owner, key('the same batch'), { ...batch, invitees: [{ address: at('c') }] });
  expect(refusalOf(other)).toEqual({ code: 'idempotency_conflict' });
});

test('MI-22: who has a full license or an invitation to one takes no second place, however the address is written', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 4 });
  const here = await tenant.arrive('Jörg.Here@Example.com');
  const { record } = unwrap(await tenant.invite([' jo\u0308rg.here@example.COM', at('new'), 'NEW@example.com']));
  expect(short(record.results)).toEqual(['jörg.here kept full', 'new full full']);
  expect(record.results[0]!.member).toEqual({ id: here.memberId, name: here.name });
  expect(short(unwrap(await tenant.invite([at('new'), at('other')])).record.results)).toEqual(['new kept full', 'other full full']);
  expect(await tenant.pool()).toMatchObject({ full: 2, invited: { full: 2 }, free: 0 });
});

test('MI-21: an invitation becomes the license of whoever arrives with its address; another address later changes nothing', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { model: 'flexible', defaultForNew: 'restricted' }, seats: 2 });
  unwrap(await tenant.invite([{ address: at('Invited'), license: 'full' }]));
  const person = await tenant.arrive('INVITED@example.com');
  expect(await tenant.licenseOf(person)).toBe('full');
  expect(await tenant.pool()).toMatchObject({ full: 2, invited: { full: 0 }, free: 0 });

  const renamed = { ...person, address: at('married') };
  clock.advance({ hours: 2 });
  unwrap(await inTenant(ctx, tenant.tenantId, (tx) => meetMember(tx, renamed)));
  expect(await tenant.licenseOf(renamed)).toBe('full');
  expect(short(unwrap(await tenant.invite([{ address: at('married'), license: 'full' }])).record.results)).toEqual(['married kept full']);
  // The old address is somebody else's now.
  expect(await tenant.licenseOf(await tenant.arrive(at('invited')))).toBe('restricted');
});

test('MI-21: who came without an address gets what they were invited to when it becomes known', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { model: 'flexible', defaultForNew: 'restricted' }, seats: 2 });
  unwrap(await tenant.invite([{ address: at('invited'), license: 'full' }]));
  const inChat = await tenant.arrive(null);
  expect(await tenant.licenseOf(inChat)).toBe('restricted');
  unwrap(await inTenant(ctx, tenant.tenantId, (tx) => meetMember(tx, { ...inChat, address: at('Invited') })));
  expect(await tenant.licenseOf(inChat)).toBe('full');
  expect(await tenant.pool()).toMatchObject({ full: 2, invited: { full: 0, restricted: 0 } });
});

test('MI-04: an admin chooses per invited person; others may not choose, even where they may invite', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { model: 'flexible' }, seats: 3 });
  const { record } = unwrap(
    await tenant.invite([{ address: at('a'), license: 'restricted' }, at('b'), { address: at('c'), license: 'full' }]),
  );
  expect(short(record.results)).toEqual(['a restricted restricted', 'b full full', 'c full full']);
  expect(record.results.map(({ because }) => because)).toEqual(['chosen', null, null]);
  expect(record.limited).toEqual([]);
  expect(await tenant.licenseOf(await tenant.arrive(at('a')))).toBe('restricted');

  unwrap(await changeLicenseSettings(ctx, tenant.owner, { invitations: 'all_members' }));
  await tenant.buy(10);
  const member = await tenant.arrive(at('member'));
  expect(refusalOf(await tenant.invite([{ address: at('x'), license: 'full' }], member))).toEqual({
    code: 'not_allowed',
    needs: 'manage_members',
  });
  expect(short(unwrap(await tenant.invite([at('x')], member)).record.results)).toEqual(['x full full']);
});

test('MI-04: in the fixed model, and where the plan has none, a restricted license cannot be chosen', async () => {
  const fixed = await aSeatTenant(ctx, { policy: { model: 'fixed' } });
  expect(refusalOf(await fixed.invite([{ address: at('a'), license: 'restricted' }]))).toEqual({ code: 'license_model_fixed' });
  const plain = await aSeatTenant(ctx, { policy: { model: 'flexible', restricted: false, onShortage: 'reject_all' } });
  expect(refusalOf(await plain.invite([{ address: at('a'), license: 'restricted' }]))).toEqual({
    code: 'license_not_in_plan',
    license: 'restricted',
  });
});

test('MI-17: a member who may invite raises nobody’s license by it', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { model: 'flexible' }, seats: 2 });
  unwrap(await changeLicenseSettings(ctx, tenant.owner, { invitations: 'all_members' }));
  const member = await tenant.arrive(at('member'));
  const limited = await tenant.arrive(at('limited'));
  await tenant.buy(5);
  expect(short(unwrap(await tenant.invite([at('limited')], member)).record.results)).toEqual(['limited kept restricted']);
  expect(short(unwrap(await tenant.invite([at('limited')])).record.results)).toEqual(['limited full full']);
  expect(await tenant.licenseOf(limited)).toBe('full');
});

test('MI-14: a restricted member cannot invite, though invitations are open to all members, and not as an admin either', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 1 });
  unwrap(await changeLicenseSettings(ctx, tenant.owner, { invitations: 'all_members' }));
  for (const appRoles of [[], ['admin']]) {
    const limited = await tenant.arrive(null, { appRoles });
    expect(await tenant.licenseOf(limited)).toBe('restricted');
    expect(refusalOf(await tenant.invite([at('x')], limited))).toMatchObject({ code: 'license_restricted', needs: 'invite' });
  }
  expect((await tenant.pool()).invited).toEqual({ full: 0, restricted: 0 });
});

test('only admins invite unless they opened it', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 5 });
  const member = await tenant.arrive();
  expect(refusalOf(await tenant.invite([at('x')], member))).toEqual({ code: 'not_allowed', needs: 'invite' });
});

test('MI-09: where the plan refuses, nobody of the list is invited, and the same key succeeds when there are places', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { restricted: false, onShortage: 'reject_all' }, seats: 2 });
  const batch = { invitees: ['a', 'b'].map((name) => ({ address: at(name) })), teamId: null };
  const again = () => inviteToLicenses(ctx, tenant.owner, key('one batch'), batch);
  expect(refusalOf(await again())).toEqual({ code: 'licenses_exhausted', purchased: 2, taken: 1, free: 1, needed: 2 });
  expect((await tenant.pool()).invited).toEqual({ full: 0, restricted: 0 });
  await tenant.buy(3);
  expect(unwrap(await again())).toMatchObject({ replayed: false, record: { limited: [] } });
});

test('MI-09: where the plan lets people wait, places that get free go to them in the order of the list', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { onShortage: 'waitlist', restricted: false, model: 'flexible' }, seats: 2 });
  const { record } = unwrap(await tenant.invite(['a', 'c', 'b'].map(at)));
  expect(short(record.results)).toEqual(['a full full', 'c waiting none', 'b waiting none']);
  const c = await tenant.arrive(at('c'));
  expect(await tenant.licenseOf(c)).toBe('none');
  await tenant.buy(3);
  expect(await tenant.licenseOf(c)).toBe('full');
  expect(await tenant.pool()).toMatchObject({ waiting: 1, free: 0 });
  const a = await tenant.arrive(at('a'));
  unwrap(await setLicense(ctx, tenant.owner, a.memberId, 'none'));
  expect(await tenant.licenseOf(await tenant.arrive(at('b')))).toBe('full');
  expect(await tenant.pool()).toMatchObject({ waiting: 0, full: 3, free: 0 });
});

test('an invitation can be taken back; its place is free at once', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 2 });
  unwrap(await tenant.invite([at('a')]));
  const { items } = unwrap(await listInvitations(ctx, tenant.owner, { limit: 10 }));
  expect(items).toMatchObject([{ address: at('a'), license: 'full', invitedBy: { name: 'Sample Owner' } }]);
  unwrap(await takeInvitationBack(ctx, tenant.owner, items[0]!.id));
  expect(refusalOf(await takeInvitationBack(ctx, tenant.owner, items[0]!.id))).toEqual({ code: 'invitation_not_found' });
  expect(await tenant.pool()).toMatchObject({ free: 1, invited: { full: 0 } });
  expect(short(unwrap(await tenant.invite([at('b')])).record.results)).toEqual(['b full full']);
});

describe('to a team', () => {
  const aTeam = async (tenant: SeatTenant, more: Partial<NewTeam> = {}) =>
    unwrap(await createTeam(ctx, tenant.owner, key(), NewTeam.parse({ name: 'Repairs', ...more }))).record;
  const people = async (tenant: SeatTenant, teamId: string) =>
    unwrap(await listTeamPeople(ctx, tenant.owner, teamId, { limit: 20 })).items.map(({ name }) => name);
  const invite = (by: Actor, teamId: string, invitees: InvitationBatch['invitees']) =>
    inviteToLicenses(ctx, by, key(), { invitees, teamId });

  test('MI-07: who is invited to a team while licenses are short is restricted, and is in the team once here', async () => {
    const tenant = await aSeatTenant(ctx, { seats: 2 });
    const team = await aTeam(tenant);
    const here = await tenant.arrive(at('here'));
    const { record } = unwrap(await invite(tenant.owner, team.id, [{ address: at('new') }, { address: at('here') }]));
    expect(short(record.results)).toEqual(['new restricted restricted', 'here kept full']);
    expect(record.limited).toEqual([at('new')]);
    expect(await people(tenant, team.id)).toEqual([here.name, 'Sample Owner']);
    const arrived = await tenant.arrive(at('new'));
    expect(await tenant.licenseOf(arrived)).toBe('restricted');
    expect(await people(tenant, team.id)).toEqual([here.name, arrived.name, 'Sample Owner']);
  });

  test('MI-14: a team’s members may invite to it where its setting says so, but none with a restricted license', async () => {
    const tenant = await aSeatTenant(ctx, { seats: 2 });
    const [full, limited] = [await tenant.arrive(at('full')), await tenant.arrive(at('limited'))];
    const open = await aTeam(tenant, { memberIds: [full.memberId, limited.memberId] });
    const closed = await aTeam(tenant, { memberIds: [full.memberId], invitations: 'admins' });
    const x = [{ address: at('x') }];
    unwrap(await invite(full, open.id, x));
    expect(refusalOf(await invite(limited, open.id, x))).toMatchObject({ code: 'license_restricted', needs: 'invite' });
    expect(refusalOf(await invite(full, closed.id, x))).toEqual({ code: 'not_allowed', needs: 'invite' });
    expect(refusalOf(await tenant.invite([at('x')], full))).toEqual({ code: 'not_allowed', needs: 'invite' });
    expect(refusalOf(await invite(tenant.owner, tenant.subscriptionId, x))).toEqual({ code: 'team_not_found' });
  });
});

test('TW-01: a plan for the whole organization assigns no licenses, and nobody is invited to one', async () => {
  const tenant = await aTenant(ctx);
  const invited = await inviteToLicenses(ctx, tenant.owner, key(), { invitees: [{ address: at('a') }], teamId: null });
  expect(refusalOf(invited)).toEqual({ code: 'licenses_not_assigned' });
});
