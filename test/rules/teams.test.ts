import { ROLES } from '../../src/contract/members';
import { decideInvitation, decideWritable, patchedSettings, seesTeam } from '../../src/features/teams/teams.rules';

const team = (given: Partial<Parameters<typeof seesTeam>[0]> = {}) => ({
  invitations: 'all_members' as const,
  discoverable: true,
  isMember: false,
  ...given,
});

test('a hidden team is seen by those in it and by owners and admins; any other by everybody', () => {
  const seen = (given: object) => ROLES.filter((role) => seesTeam(team(given), role));
  expect(seen({})).toEqual([...ROLES]);
  expect(seen({ discoverable: false, isMember: true })).toEqual([...ROLES]);
  expect(seen({ discoverable: false })).toEqual(['owner', 'admin']);
});

test('owners and admins add people anywhere, members to their own team where its setting lets them', () => {
  const allowed = (given: object) => ROLES.filter((role) => decideInvitation(team(given), role).ok);
  expect(allowed({ isMember: true })).toEqual([...ROLES]);
  expect(allowed({ isMember: false })).toEqual(['owner', 'admin']);
  expect(allowed({ isMember: true, invitations: 'admins' })).toEqual(['owner', 'admin']);
  expect(decideInvitation(team(), 'member')).toEqual({ ok: false, refusal: { code: 'not_allowed', needs: 'invite' } });
});

test('EC-05 an archived team is not written to', () => {
  expect(decideWritable(null)).toEqual({ ok: true, value: true });
  expect(decideWritable(new Date('2026-03-01T00:00:00Z'))).toEqual({
    ok: false,
    refusal: { code: 'team_archived', archivedAt: '2026-03-01T00:00:00.000Z' },
  });
});

test('a patch changes what it names; of what is there already it is none', () => {
  const before = { name: 'A', invitations: 'all_members' as const, discoverable: true };
  expect(patchedSettings(before, {})).toBeNull();
  expect(patchedSettings(before, { name: 'A', invitations: 'all_members', discoverable: true })).toBeNull();
  expect(patchedSettings(before, { name: 'B' })).toEqual({ ...before, name: 'B' });
  expect(patchedSettings(before, { invitations: 'admins' })).toEqual({ ...before, invitations: 'admins' });
  expect(patchedSettings(before, { discoverable: false })).toEqual({ ...before, discoverable: false });
});
