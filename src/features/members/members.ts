import type { ClassChange, Member, MemberPatch, MemberQuery, QuietQuery } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, orUndone, type TxContext } from '../../platform/context';
import { isId, type Page, pageOf, readAgeCursor, readCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { initialRole } from './access.rules';
import { keepActiveLimit } from './active-limit';
import { enter, isShutOut, receive } from './admit-member';
import {
  findMemberAndStanding,
  findShownMembers,
  listMemberRows,
  listQuietRows,
  lockOwners,
  namesOf,
  type ShownMemberRow,
  setClasses,
  setStates,
  touchMember,
  updateMember,
} from './members.store';

export const toMember = (row: ShownMemberRow): Member => ({
  id: row.member_id,
  name: row.name,
  role: row.role,
  class: row.class,
  license: row.license,
  state: row.state,
  locale: row.locale as Member['locale'],
  lastActiveAt: row.last_active_at.toISOString(),
  isActive: row.is_active,
  revision: row.revision,
});

/** Names of members who have access; who is not one has no entry. */
export const memberNames = (tx: TxContext, tenantId: string, memberIds: readonly string[]): Promise<Map<string, string>> =>
  namesOf(tx.db, tenantId, memberIds);

/** By name. Removed people are shown to those who may take them back. */
export function listMembers(ctx: Context, actor: Actor, query: MemberQuery): Promise<Result<Page<Member>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, query.state === 'removed' ? 'manage_members' : 'read');
    if (!access.ok) return access;
    const after = readCursor(query.cursor, ([name, id]) => typeof name === 'string' && isId(id)) as [string, string] | null;
    const filter = {
      q: query.q,
      class: query.class ?? null,
      active: query.active === undefined ? null : query.active === 'true',
      state: query.state,
    };
    const rows = await listMemberRows(tx.db, actor.tenantId, tx.now(), filter, after && { name: after[0], id: after[1] }, query.limit + 1);
    return ok(pageOf(rows, query.limit, toMember, (row) => [row.name, row.member_id]));
  });
}

const DAY_MS = 86_400_000;

/** People who are counted and whom nobody has seen for so many days: a clean-up begins here (HO-11). */
export function listQuietMembers(ctx: Context, actor: Actor, query: QuietQuery): Promise<Result<Page<Member>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const since = new Date(at.getTime() - query.days * DAY_MS);
    const rows = await listQuietRows(tx.db, actor.tenantId, at, since, readAgeCursor(query.cursor), query.limit + 1);
    return ok(pageOf(rows, query.limit, toMember, (row) => [row.last_active_at.toISOString(), row.member_id]));
  });
}

/** Gives a member another role or class; an organization is never left without an owner who has access. */
export function changeMember(
  ctx: Context,
  actor: Actor,
  memberId: string,
  patch: MemberPatch,
  revision: number,
): Promise<Result<Member, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const owners = await lockOwners(tx.db, actor.tenantId);
    const member = await presentMember(tx, actor.tenantId, memberId, at);
    if (!member) return refuse({ code: 'member_not_found' });
    const loses = (patch.role !== undefined && patch.role !== 'owner') || patch.class === 'blocked';
    const touchesOwners = patch.role === 'owner' || (member.role === 'owner' && loses);
    if (touchesOwners && access.value.role !== 'owner') return refuse({ code: 'not_allowed', needs: 'manage_members' });
    if (loses && owners.length === 1 && owners[0] === memberId) return refuse({ code: 'last_owner' });

    return orUndone(tx, async () => {
      const change = { role: patch.role ?? null, class: patch.class ?? null, revision };
      if (!(await updateMember(tx.db, actor.tenantId, memberId, change, at))) return refuse({ code: 'stale_revision', current: member });
      const kept = await keepActiveLimit(tx, actor.tenantId, { subject: memberId, actor: actor.memberId }, at);
      if (!kept.ok) return kept;
      const { role, class: before } = member;
      await note(tx, actor, 'member.changed', memberId, { before: { role, class: before }, after: patch }, at);
      return ok((await presentMember(tx, actor.tenantId, memberId, at))!);
    });
  });
}

/** One class for many at once, all or none (HO-12). Owners are blocked one by one, so that nobody locks an organization. */
export function changeClasses(
  ctx: Context,
  actor: Actor,
  { memberIds, class: to }: ClassChange,
): Promise<Result<{ changed: number; members: Member[] }, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    await lockOwners(tx.db, actor.tenantId);
    const ids = [...new Set(memberIds)];
    const rows = (await findShownMembers(tx.db, actor.tenantId, ids, at)).filter(({ state }) => state === 'present');
    if (rows.length < ids.length) return refuse({ code: 'member_not_found' });
    if (to === 'blocked' && rows.some(({ role }) => role === 'owner')) return refuse({ code: 'not_allowed', needs: 'manage_members' });

    return orUndone(tx, async () => {
      const changed = await setClasses(tx.db, actor.tenantId, ids, to, at);
      const kept = await keepActiveLimit(tx, actor.tenantId, { subject: ids[0]!, actor: actor.memberId }, at);
      if (!kept.ok) return kept;
      if (changed.length > 0) await note(tx, actor, 'members.class_changed', null, { class: to, memberIds: changed }, at);
      return ok({ changed: changed.length, members: (await findShownMembers(tx.db, actor.tenantId, ids, at)).map(toMember) });
    });
  });
}

/** Takes access away from these members, owners excepted; what they wrote stays. Returns whom it removed. */
export const removeMembers = (tx: TxContext, tenantId: string, memberIds: readonly string[], at: Date): Promise<string[]> =>
  setStates(tx.db, tenantId, memberIds, 'removed', at);

/** Gives removed members their access back, with the role and class they had. Returns whom it readmitted. */
export const readmitMembers = (tx: TxContext, tenantId: string, memberIds: readonly string[], at: Date): Promise<string[]> =>
  setStates(tx.db, tenantId, memberIds, 'present', at);

/** Takes one member's access away. */
export function removeMember(ctx: Context, actor: Actor, memberId: string, revision: number): Promise<Result<null, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const owners = await lockOwners(tx.db, actor.tenantId);
    const member = await presentMember(tx, actor.tenantId, memberId, at);
    if (!member) return refuse({ code: 'member_not_found' });
    if (member.role === 'owner' && access.value.role !== 'owner') return refuse({ code: 'not_allowed', needs: 'manage_members' });
    if (owners.length === 1 && owners[0] === memberId) return refuse({ code: 'last_owner' });
    if (member.revision !== revision) return refuse({ code: 'stale_revision', current: member });
    await removeMembers(tx, actor.tenantId, [memberId], at);
    await keepActiveLimit(tx, actor.tenantId, { subject: memberId, actor: actor.memberId }, at);
    await note(tx, actor, 'member.removed', memberId, {}, at);
    return ok(null);
  });
}

/** Gives a removed member access again; one who has it keeps it. */
export function readmitMember(ctx: Context, actor: Actor, memberId: string): Promise<Result<Member, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const [row] = await findShownMembers(tx.db, actor.tenantId, [memberId], at);
    if (!row) return refuse({ code: 'member_not_found' });
    if (row.role === 'owner' && access.value.role !== 'owner') return refuse({ code: 'not_allowed', needs: 'manage_members' });
    return orUndone(tx, async () => {
      const readmitted = await readmitMembers(tx, actor.tenantId, [memberId], at);
      const kept = await keepActiveLimit(tx, actor.tenantId, { subject: memberId, actor: actor.memberId }, at);
      if (!kept.ok) return kept;
      if (readmitted.length > 0) await note(tx, actor, 'member.readmitted', memberId, {}, at);
      return ok((await presentMember(tx, actor.tenantId, memberId, at))!);
    });
  });
}

/** A present member as people see them; null for everybody else. */
async function presentMember(tx: TxContext, tenantId: string, memberId: string, at: Date): Promise<Member | null> {
  const [row] = await findShownMembers(tx.db, tenantId, [memberId], at);
  return row?.state === 'present' ? toMember(row) : null;
}

const note = (tx: TxContext, actor: Actor, action: string, subject: string | null, details: Record<string, unknown>, at: Date) =>
  audit(tx, actor.tenantId, { actor: actor.memberId, via: actor.via, action, subject, details }, at);

/** The actor as a member, made one at first contact, following the directory's name and address. */
export async function meetMember(tx: TxContext, actor: Actor): Promise<Result<Member, Refusal>> {
  const at = tx.now();
  const known = (await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId)).member;
  const met = known ? ok(known) : await receive(tx, actor, initialRole(actor.appRoles), at);
  if (!met.ok) return met;
  if (isShutOut(met.value)) return refuse({ code: 'access_removed' });
  await touchMember(tx.db, actor.tenantId, actor, at);
  return ok((await presentMember(tx, actor.tenantId, actor.memberId, at))!);
}
