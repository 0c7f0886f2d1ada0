import type { LicenseKind, Role } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { type Capability, decideAccess, deniedByLicense, initialRole } from './access.rules';
import { findLicenseRequest, findMemberAndStanding, insertMember, lockOwners, type MemberRow, setRole } from './members.store';

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

/** Who the actor is here and whether they may; the first lines of every use case. Role, standing and license must all allow it. */
export async function enter(
  tx: TxContext,
  actor: Actor,
  capability: Capability,
): Promise<Result<{ role: Role; standing: SubscriptionStatus; license: LicenseKind | null }, Refusal>> {
  const { member, standing, known } = await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId);
  if (!known) return refuse({ code: 'no_subscription' });
  if (member?.state === 'removed') return refuse({ code: 'access_removed' });
  const role = member?.role ?? initialRole(actor.appRoles);
  const access = decideAccess(role, standing, capability);
  if (!access.ok) return access;
  const license = member ? member.license : await licenseAtFirstContact(tx, actor, role);
  if (deniedByLicense(license, capability)) return refuse(await licenseRefusal(tx, actor, license!, capability));
  return ok({ role, standing: standing!, license });
}

async function licenseAtFirstContact(tx: TxContext, actor: Actor, role: Role): Promise<LicenseKind | null> {
  await insertMember(tx.db, actor.tenantId, { ...actor, role }, tx.now());
  return (await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId)).member!.license;
}

/** Why a license does not let somebody do it, and how they can ask for another. */
async function licenseRefusal(tx: TxContext, actor: Actor, license: LicenseKind, needs: Capability): Promise<Refusal> {
  return { code: 'license_restricted', license, needs, ...(await licenseRequestOf(tx, actor)) };
}

/** Whether the actor may ask for a license, and the request they have open. */
export const licenseRequestOf = (tx: TxContext, actor: Pick<Actor, 'tenantId' | 'memberId'>) =>
  findLicenseRequest(tx.db, actor.tenantId, actor.memberId, tx.now());
