import type { Queryable } from '../../platform/db/database';

export interface ShareRow {
  teamId: string;
  name: string;
  amount: number;
  used: number;
}

/** The shares of a quota and what was used of each in the period that began at `periodStart`, by the teams' names. */
export const findShares = (db: Queryable, tenantId: string, meter: string, periodStart: Date): Promise<ShareRow[]> =>
  db.query<ShareRow>(
    `select a.team_id as "teamId", t.name, a.amount::float8 as amount, coalesce(c.used, 0)::float8 as used
       from team_allocations a
       join teams t on t.tenant_id = a.tenant_id and t.team_id = a.team_id
       left join usage_counters c on c.tenant_id = a.tenant_id and c.meter = a.meter and c.scope_id = 'team:' || a.team_id and c.period_start = $3
      where a.tenant_id = $1 and a.meter = $2
      order by lower(t.name), a.team_id`,
    [tenantId, meter, periodStart],
  );

/** Null: the team has no share any more. */
export async function saveShare(
  db: Queryable,
  tenantId: string,
  share: { meter: string; teamId: string; amount: number | null; by: string },
  at: Date,
): Promise<void> {
  const { meter, teamId, amount, by } = share;
  if (amount === null) {
    await db.query('delete from team_allocations where tenant_id = $1 and meter = $2 and team_id = $3', [tenantId, meter, teamId]);
    return;
  }
  await db.query(
    `insert into team_allocations as a (tenant_id, meter, team_id, amount, updated_at, updated_by) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, meter, team_id)
     do update set amount = excluded.amount, updated_at = excluded.updated_at, updated_by = excluded.updated_by, revision = a.revision + 1`,
    [tenantId, meter, teamId, amount, at, by],
  );
}

/** A team that is there, and whether somebody is in it. */
export async function findTeamOf(
  db: Queryable,
  tenantId: string,
  teamId: string,
  memberId: string,
): Promise<{ archivedAt: Date | null; isMember: boolean } | null> {
  const [row] = await db.query<{ archivedAt: Date | null; isMember: boolean }>(
    `select t.archived_at as "archivedAt",
            exists (select from team_members m
                     where m.tenant_id = $1 and m.team_id = t.team_id and m.member_id = $3 and m.ended_at is null) as "isMember"
       from teams t where t.tenant_id = $1 and t.team_id = $2`,
    [tenantId, teamId, memberId],
  );
  return row ?? null;
}
