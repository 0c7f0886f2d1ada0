import type { BilledKind } from '../../contract/billed-people';
import type { Queryable } from '../../platform/db/database';
import type { PeoplePolicy } from '../plans/policies';

export interface SnapshotRow {
  month: string;
  time_zone: string;
  began_at: Date;
  ended_at: Date;
  active_rule: PeoplePolicy['active'];
  count_rule: PeoplePolicy['countRule'];
  people: number;
  teams: number;
}

export interface UnitRow {
  /** Its place in the list by name. */
  position: number;
  subject: string;
  name: string;
  address: string | null;
  teams: string[];
  from_day: string;
  until_day: string;
}

export async function findSnapshot(db: Queryable, tenantId: string, month: string): Promise<SnapshotRow | null> {
  const [row] = await db.query<SnapshotRow>(
    'select month, time_zone, began_at, ended_at, active_rule, count_rule, people, teams from billed_snapshots where tenant_id = $1 and month = $2',
    [tenantId, month],
  );
  return row ?? null;
}

export async function takenMonths(db: Queryable, tenantId: string): Promise<Set<string>> {
  const rows = await db.query<{ month: string }>('select month from billed_snapshots where tenant_id = $1', [tenantId]);
  return new Set(rows.map(({ month }) => month));
}

/** An instant of the window, and what it is judged by. `end` is not part of it. */
export interface Window {
  start: Date;
  end: Date;
  timeZone: string;
  people: PeoplePolicy;
}

/**
 * Who and which teams are billed of a window: whoever counted at any instant of it, or at its first. The names of teams are looked
 * up person by person: a join would be planned by guesses about spans, and once guessed wrong takes the square of the time.
 * $1 tenant, $2 start, $3 end, $4 zone, $5 active rule, $6 count rule.
 */
const BILLED = `
  billed_when as (
    select case when $6 = 'any_time' then tstzrange($2, $3) else tstzrange($2, $2, '[]') end as span),
  people as materialized (select a.* from billed_when w, active_members($1, $5, w.span) a),
  active as materialized (select a.* from billed_when w, active_teams($1, w.span) a),
  units as (
    select u.kind, row_number() over (partition by u.kind order by lower(u.name), u.subject)::int as position, u.subject, u.name, u.address, u.teams,
           (u.began_at at time zone $4)::date as from_day,
           (greatest(u.ended_at - interval '1 microsecond', u.began_at) at time zone $4)::date as until_day
      from (select 'people' as kind, p.member_id as subject, m.name, m.address, p.began_at, p.ended_at,
                   array(select t.name from teams t where t.tenant_id = $1 and t.team_id = any (p.team_ids) order by lower(t.name), t.team_id) as teams
              from people p join members m on m.tenant_id = $1 and m.member_id = p.member_id
             union all
            select 'teams', a.team_id, t.name, null, a.began_at, a.ended_at, '{}'
              from active a join teams t on t.tenant_id = $1 and t.team_id = a.team_id) u)`;

const valuesOf = (tenantId: string, { start, end, timeZone, people }: Window) => [
  tenantId,
  start,
  end,
  timeZone,
  people.active,
  people.countRule,
];

/** Freezes a month, once: one statement, so that nothing comes between the count and the list. */
export async function insertSnapshot(db: Queryable, tenantId: string, month: string, window: Window, at: Date): Promise<void> {
  await db.query(
    `with ${BILLED},
     taken as (
       insert into billed_snapshots (tenant_id, month, time_zone, began_at, ended_at, active_rule, count_rule, people, teams, taken_at)
       select $1, $7, $4, $2, $3, $5, $6, (select count(*) from people), (select count(*) from active), $8
       on conflict (tenant_id, month) do nothing returning month)
     insert into billed_units (tenant_id, month, kind, position, subject, name, address, teams, from_day, until_day)
     select $1, taken.month, u.kind, u.position, u.subject, u.name, u.address, u.teams, u.from_day, u.until_day from taken, units u`,
    [...valuesOf(tenantId, window), month, at],
  );
}

/** By name, from after a position on; limit null: all. */
export async function findUnits(
  db: Queryable,
  tenantId: string,
  month: string,
  kind: BilledKind,
  after: number,
  limit: number | null,
): Promise<UnitRow[]> {
  return db.query<UnitRow>(
    `select position, subject, name, address, teams, from_day::text as from_day, until_day::text as until_day from billed_units
      where tenant_id = $1 and month = $2 and kind = $3 and position > $4 order by position limit $5`,
    [tenantId, month, kind, after, limit],
  );
}

/** What a month that is not over would be billed by if it ended at the window's end; nothing is written. */
export async function previewUnits(
  db: Queryable,
  tenantId: string,
  window: Window,
  kind: BilledKind,
  after: number,
  limit: number,
): Promise<{ count: number; rows: UnitRow[] }> {
  const [counted] = await db.query<{ count: number; rows: UnitRow[] | null }>(
    `with ${BILLED},
     page as (select * from units where kind = $7 and position > $8 order by position limit $9)
     select case $7 when 'people' then (select count(*)::int from people) else (select count(*)::int from active) end as count,
            (select jsonb_agg(to_jsonb(p) order by p.position) from page p) as rows`,
    [...valuesOf(tenantId, window), kind, after, limit],
  );
  return { count: counted!.count, rows: counted!.rows ?? [] };
}

/** How many are billed of a window, without freezing it. */
export async function countUnits(db: Queryable, tenantId: string, window: Window): Promise<{ people: number; teams: number }> {
  const [row] = await db.query<{ people: number; teams: number }>(
    `with ${BILLED} select (select count(*)::int from people) as people, (select count(*)::int from active) as teams`,
    valuesOf(tenantId, window),
  );
  return row!;
}

/** What the plan in force at an instant says about people; null: none was in force. */
export async function peoplePolicyAt(db: Queryable, tenantId: string, at: Date): Promise<{ people: Partial<PeoplePolicy> | null } | null> {
  const [row] = await db.query<{ people: Partial<PeoplePolicy> | null }>(
    `select p.document #> '{policies,people}' as people
       from base_plan_at($1::uuid, $2::timestamptz) b join plans p on p.plan_id = b.plan_id and p.version = b.version`,
    [tenantId, at],
  );
  return row ?? null;
}

/** What base plans that were in force at an instant are priced by. */
export async function pricedBy(db: Queryable, tenantId: string, at: Date): Promise<string[]> {
  const rows = await db.query<{ per: string }>(
    `select distinct price ->> 'per' as per
       from base_plan_at($1::uuid, $2::timestamptz) b
       join plans p on p.plan_id = b.plan_id and p.version = b.version, jsonb_array_elements(p.document -> 'prices') as price`,
    [tenantId, at],
  );
  return rows.map(({ per }) => per);
}

export async function findStart(db: Queryable, tenantId: string): Promise<{ createdAt: Date; timeZone: string } | null> {
  const [row] = await db.query<{ createdAt: Date; timeZone: string }>(
    'select created_at as "createdAt", time_zone as "timeZone" from tenants where tenant_id = $1',
    [tenantId],
  );
  return row ?? null;
}

export interface PresentCounts {
  teams: number;
  archived: number;
  classes: Partial<Record<'active' | 'restricted' | 'blocked' | 'external', number>>;
  active: number;
}

/** How many there are of each now. */
export async function countPresent(db: Queryable, tenantId: string, rule: PeoplePolicy['active']): Promise<PresentCounts> {
  const [row] = await db.query<PresentCounts>(
    `select (select count(*)::int from active_teams($1::uuid, at_present())) as teams,
            (select count(*)::int from teams where tenant_id = $1 and archived_at is not null) as archived,
            (select coalesce(jsonb_object_agg(c.class, c.count), '{}')
               from (select class, count(*)::int as count from members where tenant_id = $1 and state = 'present' group by class) c) as classes,
            (select count(*)::int from active_members($1::uuid, $2, at_present())) as active`,
    [tenantId, rule],
  );
  return row!;
}

/** Organizations that have ever bought something; the publisher's list of them. */
export async function organizationsSold(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ tenant_id: string }>('select distinct tenant_id from subscription_directory order by tenant_id');
  return rows.map((row) => row.tenant_id);
}
