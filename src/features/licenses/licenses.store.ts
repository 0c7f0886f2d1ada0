import type { Invitation, InvitationBatchResult, LicenseSettings } from '../../contract/licenses';
import type { LicenseKind } from '../../contract/members';
import type { Queryable } from '../../platform/db/database';
import type { LicensePolicy } from '../plans/policies';
import type { PlaceHolder, Pool } from './licenses.rules';

export interface PoolRow extends Pool {
  shortSince: Date | null;
  revision: number;
}

const NOTHING_CHOSEN: LicenseSettings = { defaultForNew: null, requests: null, invitations: null };

/** The pool as it is; null: no licenses are assigned here. */
export async function findPool(db: Queryable, tenantId: string): Promise<PoolRow | null> {
  const [row] = await db.query<PoolRow & { settings: Partial<LicenseSettings> }>(
    `select policy, settings, purchased, license_places_taken($1)::int as taken, short_since as "shortSince", revision
       from license_pools where tenant_id = $1 and ended_at is null`,
    [tenantId],
  );
  return row ? { ...row, settings: { ...NOTHING_CHOSEN, ...row.settings } } : null;
}

/** The base plans in force, the highest first, with the seats bought. */
export async function basePlansInForce(
  db: Queryable,
  tenantId: string,
): Promise<{ planId: string; version: number; quantity: number | null }[]> {
  return db.query(
    `select s.plan_id as "planId", s.plan_version as version, s.quantity
       from subscriptions s join plans p on p.plan_id = s.plan_id and p.version = s.plan_version
      where s.tenant_id = $1 and s.status in ('Subscribed', 'Suspended') and p.role = 'base'
      order by p.rank desc, s.purchased_at desc, s.subscription_id`,
    [tenantId],
  );
}

/** What the plan says of the pool from now on, a new pool or the known one. */
export async function savePool(db: Queryable, tenantId: string, policy: LicensePolicy, purchased: number | null): Promise<void> {
  await db.query(
    `insert into license_pools as p (tenant_id, policy, purchased) values ($1, $2, $3)
     on conflict (tenant_id) do update set policy = excluded.policy, purchased = excluded.purchased, ended_at = null, revision = p.revision + 1
      where p.ended_at is not null or p.policy <> excluded.policy or p.purchased is distinct from excluded.purchased`,
    [tenantId, JSON.stringify(policy), purchased],
  );
}

/** Licenses are not assigned any more: nobody holds one, nobody waits. What was chosen stays for another time. */
export async function endPool(db: Queryable, tenantId: string, at: Date): Promise<void> {
  await db.query('update license_pools set ended_at = $2, short_since = null, revision = revision + 1 where tenant_id = $1', [
    tenantId,
    at,
  ]);
  await db.query(
    `update members set license = null, license_since = null, revision = revision + 1
      where tenant_id = $1 and state = 'present' and license is not null`,
    [tenantId],
  );
  await db.query(`update invitations set state = 'withdrawn', closed_at = $2 where tenant_id = $1 and state = 'open'`, [tenantId, at]);
}

export async function saveSettings(db: Queryable, tenantId: string, settings: LicenseSettings): Promise<void> {
  await db.query('update license_pools set settings = $2, revision = revision + 1 where tenant_id = $1', [
    tenantId,
    JSON.stringify(settings),
  ]);
}

export async function markShort(db: Queryable, tenantId: string, since: Date | null): Promise<void> {
  await db.query('update license_pools set short_since = $2 where tenant_id = $1', [tenantId, since]);
}

/** Members of an organization that begins to assign licenses: owners, then admins, then by first contact. */
export async function membersWithoutLicense(db: Queryable, tenantId: string): Promise<{ memberId: string; isOwner: boolean }[]> {
  return db.query(
    `select member_id as "memberId", role = 'owner' as "isOwner" from members
      where tenant_id = $1 and state = 'present' and license is null
      order by role = 'owner' desc, role = 'admin' desc, created_at, member_id`,
    [tenantId],
  );
}

/** Who lacks a full license holds what the plan has for them: restricted, or none. */
export async function renameLacking(db: Queryable, tenantId: string, lacking: LicenseKind): Promise<void> {
  await db.query(
    `update members set license = $2, revision = revision + 1 where tenant_id = $1 and state = 'present' and license in ('restricted', 'none') and license <> $2`,
    [tenantId, lacking],
  );
}

export interface Known {
  address: string;
  memberId: string | null;
  name: string | null;
  license: LicenseKind | null;
  invited: Invitation['license'] | null;
}

/** What is known of these addresses: the present member who has it, and an open invitation. */
export async function findKnown(db: Queryable, tenantId: string, addresses: readonly string[]): Promise<Known[]> {
  return db.query<Known>(
    `with here as (
       select distinct on (address_key) address_key, member_id, name, license from members
        where tenant_id = $1 and address_key = any ($2::text[]) and state = 'present'
        order by address_key, last_active_at desc, member_id
     ), open as (
       select address, member_id, kind from invitations
        where tenant_id = $1 and state = 'open' and (address = any ($2::text[]) or member_id in (select member_id from here))
     )
     select distinct on (a.address) a.address, h.member_id as "memberId", h.name, h.license, coalesce(o.kind, w.kind) as invited
       from unnest($2::text[]) as a(address)
       left join here h on h.address_key = a.address
       left join open o on o.address = a.address
       left join open w on w.member_id = h.member_id
      order by a.address`,
    [tenantId, addresses],
  );
}

/** Gives members licenses; who has that license already keeps their revision. Who has a full one waits no more. */
export async function setLicenses(
  db: Queryable,
  tenantId: string,
  licenses: readonly { memberId: string; license: LicenseKind }[],
  at: Date,
): Promise<void> {
  if (licenses.length === 0) return;
  await db.query(
    `with given as (
       update members m set license = v.license, license_since = $4, revision = m.revision + 1
         from unnest($2::uuid[], $3::text[]) as v(member_id, license)
        where m.tenant_id = $1 and m.member_id = v.member_id and m.state = 'present' and m.license is distinct from v.license
       returning m.member_id, m.license)
     update invitations i set state = 'accepted', closed_at = $4 from given g
      where g.license = 'full' and i.tenant_id = $1 and i.member_id = g.member_id and i.state = 'open'`,
    [tenantId, licenses.map(({ memberId }) => memberId), licenses.map(({ license }) => license), at],
  );
}

export interface NewInvitation {
  invitationId: string;
  /** Of somebody who has not been here yet. */
  address: string | null;
  /** Of a member who waits for a place. */
  memberId: string | null;
  kind: Invitation['license'];
  position: number;
}

/** Invites, or changes what an open invitation is to. */
export async function saveInvitations(
  db: Queryable,
  tenantId: string,
  invitations: readonly NewInvitation[],
  from: { batchId: string; invitedBy: string; teamId: string | null } | null,
  at: Date,
): Promise<void> {
  if (invitations.length === 0) return;
  const column = <Field extends keyof NewInvitation>(field: Field) => invitations.map((one) => one[field]);
  await db.query(
    `insert into invitations as i (tenant_id, invitation_id, address, member_id, kind, position, batch_id, invited_by, team_id, created_at)
     select $1, v.invitation_id, v.address, v.member_id, v.kind, v.position, $7, $8, $9, $10
       from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::int[]) as v(invitation_id, address, member_id, kind, position)
     on conflict (tenant_id, address) where state = 'open'
     do update set kind = excluded.kind, team_id = coalesce(excluded.team_id, i.team_id)`,
    [
      tenantId,
      column('invitationId'),
      column('address'),
      column('memberId'),
      column('kind'),
      column('position'),
      from?.batchId ?? null,
      from?.invitedBy ?? null,
      from?.teamId ?? null,
      at,
    ],
  );
}

export async function insertBatch(db: Queryable, tenantId: string, result: InvitationBatchResult, at: Date): Promise<void> {
  await db.query('insert into license_batches (tenant_id, batch_id, result, at) values ($1, $2, $3, $4)', [
    tenantId,
    result.batchId,
    JSON.stringify(result),
    at,
  ]);
}

export async function findBatch(db: Queryable, tenantId: string, batchId: string): Promise<InvitationBatchResult | null> {
  const [row] = await db.query<{ result: InvitationBatchResult }>(
    'select result from license_batches where tenant_id = $1 and batch_id = $2',
    [tenantId, batchId],
  );
  return row?.result ?? null;
}

/** Who waits for a place, in the order they came. */
export async function findWaiting(
  db: Queryable,
  tenantId: string,
  limit: number | null,
): Promise<{ invitationId: string; memberId: string | null }[]> {
  return db.query(
    `select invitation_id as "invitationId", member_id as "memberId" from invitations
      where tenant_id = $1 and state = 'open' and kind = 'waiting'
      order by created_at, position, invitation_id limit $2`,
    [tenantId, limit],
  );
}

/** What open invitations are to from now on. */
export async function changeInvitations(
  db: Queryable,
  tenantId: string,
  invitationIds: readonly string[],
  kind: Invitation['license'],
): Promise<void> {
  await db.query(`update invitations set kind = $3 where tenant_id = $1 and invitation_id = any ($2::uuid[]) and state = 'open'`, [
    tenantId,
    invitationIds,
    kind,
  ]);
}

/** False: it is not open. */
export async function withdrawInvitation(db: Queryable, tenantId: string, invitationId: string, at: Date): Promise<boolean> {
  const rows = await db.query(
    `update invitations set state = 'withdrawn', closed_at = $3 where tenant_id = $1 and invitation_id = $2 and state = 'open' returning 1`,
    [tenantId, invitationId, at],
  );
  return rows.length > 0;
}

/** Open invitations to full, the latest first: nobody has used those places yet. */
export async function invitedToFull(db: Queryable, tenantId: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ invitation_id: string }>(
    `select invitation_id from invitations where tenant_id = $1 and state = 'open' and kind = 'full'
      order by created_at desc, position desc, invitation_id limit $2`,
    [tenantId, limit],
  );
  return rows.map((row) => row.invitation_id);
}

export async function fullHolders(db: Queryable, tenantId: string): Promise<PlaceHolder[]> {
  return db.query(
    `select member_id as id, last_active_at as "lastActiveAt", license_since as since from members
      where tenant_id = $1 and state = 'present' and license = 'full'`,
    [tenantId],
  );
}

export interface PoolCounts {
  full: number;
  restricted: number;
  none: number;
  invitedFull: number;
  invitedRestricted: number;
  waiting: number;
}

export async function countLicenses(db: Queryable, tenantId: string): Promise<PoolCounts> {
  const [row] = await db.query<PoolCounts>(
    `select m.*, i.*
       from (select count(*) filter (where license = 'full')::int as "full", count(*) filter (where license = 'restricted')::int as restricted,
                    count(*) filter (where license = 'none')::int as none
               from members where tenant_id = $1 and state = 'present') m,
            (select count(*) filter (where kind = 'full')::int as "invitedFull",
                    count(*) filter (where kind = 'restricted')::int as "invitedRestricted",
                    count(*) filter (where kind = 'waiting')::int as waiting
               from invitations where tenant_id = $1 and state = 'open') i`,
    [tenantId],
  );
  return row!;
}

export interface HolderRow {
  memberId: string;
  name: string;
  license: LicenseKind;
  since: Date | null;
  lastActiveAt: Date;
  isWaiting: boolean;
}

/** Present members who hold a license, or wait for one. */
const HOLDERS = `
  select m.member_id as "memberId", m.name, m.license, m.license_since as since, m.last_active_at as "lastActiveAt",
         exists (select from invitations i where i.tenant_id = m.tenant_id and i.member_id = m.member_id and i.state = 'open') as "isWaiting"
    from members m
   where m.tenant_id = $1 and m.state = 'present' and m.license is not null`;

export async function findHolder(db: Queryable, tenantId: string, memberId: string): Promise<HolderRow | null> {
  const [row] = await db.query<HolderRow>(`${HOLDERS} and m.member_id = $2`, [tenantId, memberId]);
  return row ?? null;
}

/** By name. */
export async function findHolders(
  db: Queryable,
  tenantId: string,
  query: { license: LicenseKind | null; after: { name: string; id: string } | null; limit: number },
): Promise<HolderRow[]> {
  return db.query<HolderRow>(
    `${HOLDERS} and ($2::text is null or m.license = $2)
        and ($3::text is null or (lower(m.name), m.member_id) > (lower($3), $4::uuid))
      order by lower(m.name), m.member_id limit $5`,
    [tenantId, query.license, query.after?.name ?? null, query.after?.id ?? null, query.limit],
  );
}

export interface InvitationRow {
  invitationId: string;
  address: string;
  kind: Invitation['license'];
  teamId: string | null;
  invitedBy: string | null;
  inviterName: string | null;
  createdAt: Date;
}

/** Open invitations of people who have not been here yet, newest first. */
export async function findInvitations(
  db: Queryable,
  tenantId: string,
  before: { at: string; id: string } | null,
  limit: number,
): Promise<InvitationRow[]> {
  return db.query<InvitationRow>(
    `select i.invitation_id as "invitationId", i.address, i.kind, i.team_id as "teamId", i.invited_by as "invitedBy", m.name as "inviterName",
            i.created_at as "createdAt"
       from invitations i
       left join members m on m.tenant_id = i.tenant_id and m.member_id = i.invited_by
      where i.tenant_id = $1 and i.state = 'open' and i.member_id is null
        and ($2::timestamptz is null or (i.created_at, i.invitation_id) < ($2, $3::uuid))
      order by i.created_at desc, i.invitation_id desc limit $4`,
    [tenantId, before?.at ?? null, before?.id ?? null, limit],
  );
}

/** Members who do not wait for a place any more. */
export async function stopWaiting(db: Queryable, tenantId: string, memberIds: readonly string[], at: Date): Promise<void> {
  if (memberIds.length === 0) return;
  await db.query(
    `update invitations set state = 'withdrawn', closed_at = $3
      where tenant_id = $1 and member_id = any ($2::uuid[]) and state = 'open' and kind = 'waiting'`,
    [tenantId, memberIds, at],
  );
}

/** Owners, or owners and admins, who are present. */
export async function findManagers(db: Queryable, tenantId: string, who: 'owner' | 'admins'): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(
    `select member_id from members
      where tenant_id = $1 and state = 'present' and (role = 'owner' or role = 'admin' and $2 = 'admins')`,
    [tenantId, who],
  );
  return rows.map((row) => row.member_id);
}
