import type { Invitations, TeamQuery } from '../../contract/teams';
import type { Queryable } from '../../platform/db/database';

export interface TeamRow {
  team_id: string;
  name: string;
  invitations: Invitations;
  discoverable: boolean;
  created_by: string;
  created_at: Date;
  archived_at: Date | null;
  member_count: number;
  is_member: boolean;
  revision: number;
}

/** $1 tenant, $2 who asks. */
const SELECT = `
  select t.team_id, t.name, t.invitations, t.discoverable, t.created_by, t.created_at, t.archived_at, t.revision,
         (select count(*)::int from team_members p join members m on m.tenant_id = p.tenant_id and m.member_id = p.member_id
           where p.tenant_id = t.tenant_id and p.team_id = t.team_id and p.ended_at is null and m.state = 'present') as member_count,
         exists (select from team_members p
                  where p.tenant_id = t.tenant_id and p.team_id = t.team_id and p.member_id = $2 and p.ended_at is null) as is_member
    from teams t`;

export async function findTeamRow(db: Queryable, tenantId: string, viewer: string, teamId: string): Promise<TeamRow | null> {
  const [row] = await db.query<TeamRow>(`${SELECT} where t.tenant_id = $1 and t.team_id = $3`, [tenantId, viewer, teamId]);
  return row ?? null;
}

/** Holds a team until the transaction ends: who changes it, its people or its state takes turns. */
export async function lockTeam(db: Queryable, tenantId: string, teamId: string): Promise<void> {
  await db.query('select 1 from teams where tenant_id = $1 and team_id = $2 for update', [tenantId, teamId]);
}

/** By name; `all`: hidden ones that the viewer is not in as well. */
export async function findTeamRows(
  db: Queryable,
  tenantId: string,
  viewer: string,
  query: { state: TeamQuery['state']; mine: boolean; all: boolean; after: { name: string; id: string } | null; limit: number },
): Promise<TeamRow[]> {
  return db.query<TeamRow>(
    `select * from (${SELECT} where t.tenant_id = $1) t
      where ($3 = 'any' or (t.archived_at is null) = ($3 = 'active'))
        and (t.is_member or not $4::boolean and (t.discoverable or $5::boolean))
        and ($6::text is null or (lower(t.name), t.team_id) > (lower($6), $7::uuid))
      order by lower(t.name), t.team_id limit $8`,
    [tenantId, viewer, query.state, query.mine, query.all, query.after?.name ?? null, query.after?.id ?? null, query.limit],
  );
}

export async function updateTeamRow(
  db: Queryable,
  tenantId: string,
  teamId: string,
  to: { name: string; invitations: Invitations; discoverable: boolean },
): Promise<void> {
  await db.query(
    'update teams set name = $3, invitations = $4, discoverable = $5, revision = revision + 1 where tenant_id = $1 and team_id = $2',
    [tenantId, teamId, to.name, to.invitations, to.discoverable],
  );
}

/** The team is read-only from now on, and what it costs ends here. */
export async function archiveTeamRow(db: Queryable, tenantId: string, teamId: string, at: Date): Promise<void> {
  await db.query(
    `with archived as (
       update teams set archived_at = $3, revision = revision + 1 where tenant_id = $1 and team_id = $2 returning team_id)
     update team_spans s set ended_at = greatest(s.began_at, $3) from archived a
      where s.tenant_id = $1 and s.team_id = a.team_id and s.ended_at is null`,
    [tenantId, teamId, at],
  );
}

/** Who is in the team stays in it. Returns who came. */
export async function addPeople(
  db: Queryable,
  tenantId: string,
  teamId: string,
  memberIds: readonly string[],
  at: Date,
): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(
    `insert into team_members (tenant_id, team_id, member_id, began_at)
     select $1, $2, n.member_id, $4 from unnest($3::uuid[]) as n(member_id)
      where not exists (select from team_members p
                         where p.tenant_id = $1 and p.team_id = $2 and p.member_id = n.member_id and p.ended_at is null)
     on conflict (tenant_id, team_id, member_id, began_at) do update set ended_at = null
     returning member_id`,
    [tenantId, teamId, memberIds, at],
  );
  return rows.map((row) => row.member_id);
}

/** False: they were not in it. */
export async function takePersonOut(db: Queryable, tenantId: string, teamId: string, memberId: string, at: Date): Promise<boolean> {
  const rows = await db.query(
    `update team_members set ended_at = greatest(began_at, $4)
      where tenant_id = $1 and team_id = $2 and member_id = $3 and ended_at is null returning 1`,
    [tenantId, teamId, memberId, at],
  );
  return rows.length > 0;
}

export interface PersonRow {
  id: string;
  name: string;
}

/** Present people of a team, by name. */
export async function findPeople(
  db: Queryable,
  tenantId: string,
  teamId: string,
  after: { name: string; id: string } | null,
  limit: number,
): Promise<PersonRow[]> {
  return db.query<PersonRow>(
    `select m.member_id as id, m.name
       from team_members p join members m on m.tenant_id = p.tenant_id and m.member_id = p.member_id
      where p.tenant_id = $1 and p.team_id = $2 and p.ended_at is null and m.state = 'present'
        and ($3::text is null or (lower(m.name), m.member_id) > (lower($3), $4::uuid))
      order by lower(m.name), m.member_id limit $5`,
    [tenantId, teamId, after?.name ?? null, after?.id ?? null, limit],
  );
}

/** Ids of those who count at an instant; `people`: of these alone. */
export async function activeMemberIds(db: Queryable, tenantId: string, rule: string, at: Date): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(
    `select member_id from active_members($1::uuid, $2, tstzrange($3, $3, '[]')) order by member_id`,
    [tenantId, rule, at],
  );
  return rows.map((row) => row.member_id);
}

export async function countActiveMemberRows(db: Queryable, tenantId: string, rule: string, at: Date): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `select count(*)::int as count from active_members($1::uuid, $2, tstzrange($3, $3, '[]'))`,
    [tenantId, rule, at],
  );
  return row!.count;
}

export async function countActiveTeamRows(db: Queryable, tenantId: string, at: Date): Promise<number> {
  const [row] = await db.query<{ count: number }>(`select count(*)::int as count from active_teams($1::uuid, tstzrange($2, $2, '[]'))`, [
    tenantId,
    at,
  ]);
  return row!.count;
}

export async function activeRule(db: Queryable, tenantId: string, at: Date): Promise<'class_active' | 'in_active_team'> {
  const [row] = await db.query<{ rule: 'class_active' | 'in_active_team' }>('select active_rule($1::uuid, $2::timestamptz) as rule', [
    tenantId,
    at,
  ]);
  return row!.rule;
}

/** Present members who are in no team that is not archived, by name; owners and `except` left out. */
export async function findUnplaced(db: Queryable, tenantId: string, except: string): Promise<PersonRow[]> {
  return db.query<PersonRow>(
    `select m.member_id as id, m.name
       from members m
      where m.tenant_id = $1 and m.state = 'present' and m.role <> 'owner' and m.member_id <> $2
        and not exists (select from team_members p join teams t on t.tenant_id = p.tenant_id and t.team_id = p.team_id
                         where p.tenant_id = $1 and p.member_id = m.member_id and p.ended_at is null and t.archived_at is null)
      order by lower(m.name), m.member_id`,
    [tenantId, except],
  );
}

export interface RemovalRow {
  removal_id: string;
  people: string[];
  at: Date;
  undone_at: Date | null;
}

export async function insertRemoval(
  db: Queryable,
  tenantId: string,
  removal: { removalId: string; people: readonly string[]; removedBy: string },
  at: Date,
): Promise<void> {
  await db.query('insert into member_removals (tenant_id, removal_id, people, removed_by, at) values ($1, $2, $3, $4, $5)', [
    tenantId,
    removal.removalId,
    removal.people,
    removal.removedBy,
    at,
  ]);
}

/** Held until the transaction ends, so that two who undo it do it once. */
export async function lockRemoval(db: Queryable, tenantId: string, removalId: string): Promise<RemovalRow | null> {
  const [row] = await db.query<RemovalRow>(
    'select removal_id, people, at, undone_at from member_removals where tenant_id = $1 and removal_id = $2 for update',
    [tenantId, removalId],
  );
  return row ?? null;
}

export async function markUndone(db: Queryable, tenantId: string, removalId: string, at: Date): Promise<void> {
  await db.query('update member_removals set undone_at = $3 where tenant_id = $1 and removal_id = $2', [tenantId, removalId, at]);
}
