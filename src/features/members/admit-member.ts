import type { Role } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { type Capability, decideAccess, initialRole } from './access.rules';
import { findMemberAndStanding, insertMember, lockOwners, type MemberRow, setRole } from './members.store';

/** Everybody of the organization's directory may take part (TW-02): the first contact makes a member. */
export async function admitMember(tx: TxContext, actor: Actor, at: Date): Promise<Result<MemberRow, Refusal>> {
  const found = await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId);
  if (found.member?.state === 'removed') return refuse({ code: 'access_removed' });
  if (found.member) return ok(found.member);
  if (!found.known) return refuse({ code: 'no_subscription' });
  await insertMember(tx.db, actor.tenantId, { ...actor, role: initialRole(actor.appRoles) }, at);
  return ok((await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId)).member!);
}

/** The buyer becomes owner, known here or not. */
export async function makeOwner(
  tx: TxContext,
  tenantId: string,
  person: { memberId: string; name: string; address: string | null; locale: string | null },
  at: Date,
): Promise<void> {
  await insertMember(tx.db, tenantId, { ...person, role: 'owner' }, at);
  await setRole(tx.db, tenantId, person.memberId, 'owner', null);
}

/** The role of a present member; null for everybody else. */
export async function roleOf(tx: TxContext, tenantId: string, memberId: string): Promise<Role | null> {
  const { member } = await findMemberAndStanding(tx.db, tenantId, memberId);
  return member?.state === 'present' ? member.role : null;
}

export const hasOwner = async (tx: TxContext, tenantId: string): Promise<boolean> => (await lockOwners(tx.db, tenantId)).length > 0;

/** Who the actor is here and whether they may; the first lines of every use case. */
export async function enter(
  tx: TxContext,
  actor: Actor,
  capability: Capability,
): Promise<Result<{ role: Role; standing: SubscriptionStatus }, Refusal>> {
  const { member, standing, known } = await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId);
  if (!known) return refuse({ code: 'no_subscription' });
  if (member?.state === 'removed') return refuse({ code: 'access_removed' });
  const role = member?.role ?? initialRole(actor.appRoles);
  const access = decideAccess(role, standing, capability);
  if (!access.ok) return access;
  if (!member) await insertMember(tx.db, actor.tenantId, { ...actor, role }, tx.now());
  return ok({ role, standing: standing! });
}
