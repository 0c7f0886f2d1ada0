import type { LicenseKind, Role } from '../../contract/members';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Queryable } from '../../platform/db/database';
import { normalizeAddress } from './address.rules';

export interface MemberRow {
  member_id: string;
  name: string;
  role: Role;
  license: LicenseKind | null;
  locale: string | null;
  state: 'present' | 'removed';
  revision: number;
}

/** The member and the organization's standing in one look; null member: never seen here. */
export async function findMemberAndStanding(
  db: Queryable,
  tenantId: string,
  memberId: string,
): Promise<{ member: MemberRow | null; standing: SubscriptionStatus | null; known: boolean }> {
  const [row] = await db.query<MemberRow & { standing: SubscriptionStatus | null; known: boolean; member_id: string | null }>(
    `select m.member_id, m.name, m.role, m.license, m.locale, m.state, m.revision, subscription_standing($1) as standing, t.tenant_id is not null as known
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

export async function listMemberRows(
  db: Queryable,
  tenantId: string,
  q: string,
  after: { name: string; id: string } | null,
  limit: number,
): Promise<MemberRow[]> {
  return db.query<MemberRow>(
    `select member_id, name, role, license, locale, state, revision from members
      where tenant_id = $1 and state = 'present'
        and ($2 = '' or name ilike '%' || $2 || '%' escape '\\')
        and ($3::text is null or (lower(name), member_id) > (lower($3), $4::uuid))
      order by lower(name), member_id limit $5`,
    [tenantId, q.replace(/[\\%_]/gu, '\\$&'), after?.name ?? null, after?.id ?? null, limit],
  );
}

export async function namesOf(db: Queryable, tenantId: string, memberIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ member_id: string; name: string }>(
    `select member_id, name from members where tenant_id = $1 and member_id = any($2::uuid[]) and state = 'present'`,
    [tenantId, memberIds],
  );
  return new Map(rows.map((row) => [row.member_id, row.name]));
}

export async function lockOwners(db: Queryable, tenantId: string): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(
    `select member_id from members where tenant_id = $1 and role = 'owner' and state = 'present' order by member_id for update`,
    [tenantId],
  );
  return rows.map((row) => row.member_id);
}

/** Null when the revision is not the current one. */
export async function setRole(
  db: Queryable,
  tenantId: string,
  memberId: string,
  role: Role,
  revision: number | null,
): Promise<MemberRow | null> {
  const [row] = await db.query<MemberRow>(
    `update members set role = $3, revision = revision + 1
      where tenant_id = $1 and member_id = $2 and ($4::int is null or revision = $4)
      returning member_id, name, role, license, locale, state, revision`,
    [tenantId, memberId, role, revision],
  );
  return row ?? null;
}
