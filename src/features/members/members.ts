import type { Member, Role } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { isId, type Page, pageOf, readCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { initialRole } from './access.rules';
import { enter } from './admit-member';
import {
  findMemberAndStanding,
  insertMember,
  listMemberRows,
  lockOwners,
  type MemberRow,
  namesOf,
  setRole,
  touchMember,
} from './members.store';

export const toMember = (row: MemberRow): Member => ({
  id: row.member_id,
  name: row.name,
  role: row.role,
  license: row.license,
  locale: row.locale as Member['locale'],
  revision: row.revision,
});

/** Names of present members; who is not one has no entry. */
export const memberNames = (tx: TxContext, tenantId: string, memberIds: readonly string[]): Promise<Map<string, string>> =>
  namesOf(tx.db, tenantId, memberIds);

export function listMembers(
  ctx: Context,
  actor: Actor,
  query: { q: string; cursor?: string | undefined; limit: number },
): Promise<Result<Page<Member>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const after = readCursor(query.cursor, ([name, id]) => typeof name === 'string' && isId(id)) as [string, string] | null;
    const rows = await listMemberRows(tx.db, actor.tenantId, query.q, after && { name: after[0], id: after[1] }, query.limit + 1);
    return ok(pageOf(rows, query.limit, toMember, (row) => [row.name, row.member_id]));
  });
}

/** Gives a member another role; an organization is never left without an owner. */
export function changeRole(ctx: Context, actor: Actor, memberId: string, role: Role, revision: number): Promise<Result<Member, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const owners = await lockOwners(tx.db, actor.tenantId);
    const { member } = await findMemberAndStanding(tx.db, actor.tenantId, memberId);
    if (!member || member.state === 'removed') return refuse({ code: 'member_not_found' });
    const touchesOwners = role === 'owner' || member.role === 'owner';
    if (touchesOwners && access.value.role !== 'owner') return refuse({ code: 'not_allowed', needs: 'manage_members' });
    if (member.role === 'owner' && role !== 'owner' && owners.length === 1) return refuse({ code: 'last_owner' });
    const changed = await setRole(tx.db, actor.tenantId, memberId, role, revision);
    return changed ? ok(toMember(changed)) : refuse({ code: 'stale_revision', current: toMember(member) });
  });
}

/** The actor as a member, made one at first contact, following the directory's name and address. */
export async function meetMember(tx: TxContext, actor: Actor): Promise<{ member: Member; state: MemberRow['state'] }> {
  const at = tx.now();
  await insertMember(tx.db, actor.tenantId, { ...actor, role: initialRole(actor.appRoles) }, at);
  await touchMember(tx.db, actor.tenantId, actor, at);
  const { member } = await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId);
  return { member: toMember(member!), state: member!.state };
}
