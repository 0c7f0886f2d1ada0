import type { Team } from '../../contract/teams';
import type { TeamRow } from './teams.store';

export const toTeam = (row: TeamRow): Team => ({
  id: row.team_id,
  name: row.name,
  invitations: row.invitations,
  discoverable: row.discoverable,
  archivedAt: row.archived_at?.toISOString() ?? null,
  memberCount: row.member_count,
  isMember: row.is_member,
  createdAt: row.created_at.toISOString(),
  revision: row.revision,
});
