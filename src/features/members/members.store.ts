import type { LicenseKind, MemberClass, Role } from '../../contract/members';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Queryable } from '../../platform/db/database';
import { normalizeAddress } from './address.rules';

/** What access is decided by. */
export interface MemberRow {
  member_id: string;
  name: string;
  role: Role;
  class: MemberClass;
  license: LicenseKind | null;
  locale: string | null;
  state: 'present' | 'removed';
  last_active_at: Date;
  revision: number;
}

/** A member as people see them. */
export interface ShownMemberRow extends MemberRow {
  is_active: boolean;
}

/** The member and the organization's standing in one look; null member: never seen here. */
export async function findMemberAndStanding(
  db: Queryable,
  tenantId: string,
  memberId: string,
): Promise<{ member: MemberRow | null; standing: SubscriptionStatus | null; known: boolean }> {
  const [row] = await db.query<MemberRow & { standing: SubscriptionStatus | null; known: boolean; member_id: string | null }>(
    `select m.member_id, m.name, m.role, m.class, m.license, m.locale, m.state, m.last_active_at, m.revision,
            subscription_standing($1) as standing, t.tenant_id is not null as known
       from (select $1::uuid as tenant_id) q
       left join tenants t on t.tenant_id = q.tenant_id
       left join members m on m.tenant_id = q.tenant_id and m.member_id = $2`,
    [tenantId, memberId],
    'find_member_and_standing',
  );
  const { standing, known, ...member } = row!;
  return { member: member.member_id ? (member as MemberRow) : null, standing, known };
}

/** First contact, which also decides the license (capture_license in 0040); whoever is known already stays as they are. */
export async function insertMember(
  db: Queryable,
  tenantId: string,
  member: { memberId: string; name: string; address: string | null; locale: string | null; role: Role },
  at: Date,
): Promise<void> {
  await db.query(
    `insert into members (tenant_id, member_id, name, address, address_key, locale, role, created_at, last_active_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (tenant_id, member_id) do nothing`,
    [tenantId, member.memberId, member.name, member.address, keyOf(member.address), member.locale, member.role, at],
  );
}

/** Follows the directory's name and address, at most one write an hour while nothing changed. */
export async function touchMember(
  db: Queryable,
  tenantId: string,
  seen: { memberId: string; name: string; address: string | null; locale: string | null },
  at: Date,
): Promise<void> {
  await db.query(
    `update members set name = $3, address = coalesce($4, address), address_key = coalesce($7, address_key),
                        locale = coalesce($5, locale), last_active_at = $6
      where tenant_id = $1 and member_id = $2
        and (name <> $3 or address is distinct from coalesce($4, address) or locale is distinct from coalesce($5, locale)
             or last_active_at < $6::timestamptz - interval '1 hour')`,
    [tenantId, seen.memberId, seen.name, seen.address, seen.locale, at, keyOf(seen.address)],
  );
}

const keyOf = (address: string | null): string | null => (address === null ? null : normalizeAddress(address));

/** Whoever is shut out and knocks is not here. */
export async function seeMember(db: Queryable, tenantId: string, memberId: string, at: Date): Promise<void> {
  await db.query(
    `update members set last_active_at = $3
      where tenant_id = $1 and member_id = $2 and last_active_at < $3 and state = 'present' and class <> 'blocked'`,
    [tenantId, memberId, at],
  );
}

/** Whether somebody may ask for a license here, and what they have asked for already. */
export async function findLicenseRequest(
  db: Queryable,
  tenantId: string,
  memberId: string,
  at: Date,
): Promise<{ mayRequest: boolean; openRequestId: string | null }> {
  const [row] = await db.query<{ mayRequest: boolean; openRequestId: string | null }>(
    `select coalesce(p.settings ->> 'requests', p.policy ->> 'requests', 'off') <> 'off' as "mayRequest", r.request_id as "openRequestId"
       from (select $1::uuid as tenant_id) q
       left join license_pools p on p.tenant_id = q.tenant_id and p.ended_at is null
       left join requests r on r.tenant_id = q.tenant_id and r.kind = 'license' and r.subject = $2::text and r.state = 'open'
                           and (r.expires_at is null or r.expires_at > $3)`,
    [tenantId, memberId, at],
  );
  return row!;
}

export interface MemberFilter {
  q: string;
  class: MemberClass | null;
  active: boolean | null;
  state: MemberRow['state'];
}

/** By name. Whom the plan counts is said by the query that bills and limits. $1 tenant, $2 instant. */
export async function listMemberRows(
  db: Queryable,
  tenantId: string,
  at: Date,
  filter: MemberFilter,
  after: { name: string; id: string } | null,
  limit: number,
): Promise<ShownMemberRow[]> {
  return db.query<ShownMemberRow>(
    `with rule as materialized (select active_rule($1, $2) as name),
     page as (
       select member_id, name, role, class, license, locale, state, last_active_at, revision from members
        where tenant_id = $1 and state = $3
          and ($4 = '' or name ilike '%' || $4 || '%' escape '\\')
          and ($5::text is null or class = $5)
          and ($6::boolean is null or $6 = (member_id in (select a.member_id from rule, active_members($1, rule.name, at_present()) a)))
          and ($7::text is null or (lower(name), member_id) > (lower($7), $8::uuid))
        order by lower(name), member_id limit $9)
     select p.*, exists (select from active_members($1, rule.name, at_present()) a where a.member_id = p.member_id) as is_active
       from page p, rule
      order by lower(p.name), p.member_id`,
    [
      tenantId,
      at,
      filter.state,
      filter.q.replace(/[\\%_]/gu, '\\$&'),
      filter.class,
      filter.active,
      after?.name ?? null,
      after?.id ?? null,
      limit,
    ],
  );
}

const SHOWN = `
  with rule as materialized (select active_rule($1, $2) as name)
  select m.member_id, m.name, m.role, m.class, m.license, m.locale, m.state, m.last_active_at, m.revision,
         exists (select from active_members($1, rule.name, at_present()) a where a.member_id = m.member_id) as is_active
    from members m, rule
   where m.tenant_id = $1`;

export async function findShownMembers(db: Queryable, tenantId: string, memberIds: readonly string[], at: Date): Promise<ShownMemberRow[]> {
  return db.query<ShownMemberRow>(`${SHOWN} and m.member_id = any ($3::uuid[]) order by lower(m.name), m.member_id`, [
    tenantId,
    at,
    memberIds,
  ]);
}

/** People of class active whom nobody has seen since, longest ago first. */
export async function listQuietRows(
  db: Queryable,
  tenantId: string,
  at: Date,
  since: Date,
  after: { at: string; id: string } | null,
  limit: number,
): Promise<ShownMemberRow[]> {
  return db.query<ShownMemberRow>(
    `${SHOWN} and m.state = 'present' and m.class = 'active' and m.last_active_at <= $3
        and ($4::timestamptz is null or (m.last_active_at, m.member_id) > ($4, $5::uuid))
      order by m.last_active_at, m.member_id limit $6`,
    [tenantId, at, since, after?.at ?? null, after?.id ?? null, limit],
  );
}

/** Names of those who have access. */
export async function namesOf(db: Queryable, tenantId: string, memberIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ member_id: string; name: string }>(
    `select member_id, name from members where tenant_id = $1 and member_id = any($2::uuid[]) and state = 'present' and class <> 'blocked'`,
    [tenantId, memberIds],
  );
  return new Map(rows.map((row) => [row.member_id, row.name]));
}

export async function lockOwners(db: Queryable, tenantId: string): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(
    `select member_id from members where tenant_id = $1 and role = 'owner' and state = 'present' and class <> 'blocked' order by member_id for update`,
    [tenantId],
  );
  return rows.map((row) => row.member_id);
}

/** Of one member, null fields stay; false when the revision is not the current one. A class changes at an instant, which is kept. */
export async function updateMember(
  db: Queryable,
  tenantId: string,
  memberId: string,
  change: { role: Role | null; class: MemberClass | null; revision: number | null },
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `update members set role = coalesce($3, role), class = coalesce($4, class),
                        standing_since = case when $4 is null or class = $4 then standing_since else $6 end, revision = revision + 1
      where tenant_id = $1 and member_id = $2 and ($5::int is null or revision = $5)
      returning 1`,
    [tenantId, memberId, change.role, change.class, change.revision, at],
  );
  return rows.length > 0;
}

/** Of many; who has the class already keeps their revision. Returns who changed. */
export async function setClasses(
  db: Queryable,
  tenantId: string,
  memberIds: readonly string[],
  to: MemberClass,
  at: Date,
): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(
    `update members set class = $3, standing_since = $4, revision = revision + 1
      where tenant_id = $1 and member_id = any ($2::uuid[]) and state = 'present' and class <> $3
      returning member_id`,
    [tenantId, memberIds, to, at],
  );
  return rows.map((row) => row.member_id);
}

/** Takes access away, or gives it back. Returns whose state it changed. */
export async function setStates(
  db: Queryable,
  tenantId: string,
  memberIds: readonly string[],
  state: MemberRow['state'],
  at: Date,
): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(
    `update members set state = $3, standing_since = $4, revision = revision + 1
      where tenant_id = $1 and member_id = any ($2::uuid[]) and state <> $3
      returning member_id`,
    [tenantId, memberIds, state, at],
  );
  return rows.map((row) => row.member_id);
}

/** What the counter of active members says after an act that changed who is active; the act is to be undone when it is exhausted. */
export async function settleActiveMembers(
  db: Queryable,
  tenantId: string,
  act: { subject: string; actor: string },
  at: Date,
): Promise<{ verdict: 'done' | 'stale' | 'exhausted'; limit: number; used: number; held: number }> {
  const [row] = await db.query<{ verdict: 'done' | 'stale' | 'exhausted'; limit: number; used: number; held: number }>(
    `select verdict, hard_limit::float8 as "limit", used::float8 as used, held::float8 as held
       from settle_active_members($1::uuid, $2::timestamptz, $3::uuid, $4::uuid)`,
    [tenantId, at, act.subject, act.actor],
  );
  return row!;
}
