import type { Role } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { Invitations, TeamPatch } from '../../contract/teams';
import { ok, type Result, refuse } from '../../platform/result';
import { may } from '../members/access.rules';

interface Standing {
  invitations: Invitations;
  discoverable: boolean;
  isMember: boolean;
}

/** A team that is not discoverable does not exist for those who are not in it; owners and admins see all. */
export const seesTeam = ({ discoverable, isMember }: Standing, role: Role): boolean =>
  discoverable || isMember || may(role, 'manage_members');

/** Owners and admins add people to every team; members to their own, where its setting lets them. */
export function decideInvitation({ invitations, isMember }: Standing, role: Role): Result<true, Refusal> {
  if (may(role, 'manage_members')) return ok(true);
  return isMember && invitations === 'all_members' ? ok(true) : refuse({ code: 'not_allowed', needs: 'invite' });
}

/** An archived team can be read and nothing else (EC-05). */
export const decideWritable = (archivedAt: Date | null): Result<true, Refusal> =>
  archivedAt === null ? ok(true) : refuse({ code: 'team_archived', archivedAt: archivedAt.toISOString() });

type Settings = Required<{ [Field in keyof TeamPatch]: Exclude<TeamPatch[Field], undefined> }>;

/** The settings after a patch, null when it changes none of them. */
export function patchedSettings(before: Settings, patch: TeamPatch): Settings | null {
  const after: Settings = {
    name: patch.name ?? before.name,
    invitations: patch.invitations ?? before.invitations,
    discoverable: patch.discoverable ?? before.discoverable,
  };
  const same = after.name === before.name && after.invitations === before.invitations && after.discoverable === before.discoverable;
  return same ? null : after;
}
