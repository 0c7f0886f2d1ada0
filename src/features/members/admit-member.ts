import type { LicenseKind, Role } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { orUndone, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { type Capability, decideAccess, deniedByLicense, initialRole } from './access.rules';
import { keepActiveLimit } from './active-limit';
import { findLicenseRequest, findMemberAndStanding, insertMember, lockOwners, type MemberRow, updateMember } from './members.store';

/** Removed and blocked people have no access; what they wrote stays. */
export const isShutOut = ({ state, class: one }: Pick<MemberRow, 'state' | 'class'>): boolean => state === 'removed' || one === 'blocked';

/** Everybody of the organization's directory may take part (TW-02): the first contact makes a member. */
export async function admitMember(tx: TxContext, actor: Actor, at: Date): Promise<Result<MemberRow, Refusal>> {
  const found = await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId);
  if (found.member) return isShutOut(found.member) ? refuse({ code: 'access_removed' }) : ok(found.member);
  if (!found.known) return refuse({ code: 'no_subscription' });
  return receive(tx, actor, initialRole(actor.appRoles), at);
}

/** The first contact of a person; refused while the plan admits no more active members. */
export function receive(tx: TxContext, actor: Actor, role: Role, at: Date): Promise<Result<MemberRow, Refusal>> {
  return orUndone(tx, async () => {
    await insertMember(tx.db, actor.tenantId, { ...actor, role }, at);
    const kept = await keepActiveLimit(tx, actor.tenantId, { subject: actor.memberId, actor: actor.memberId }, at);
    return kept.ok ? ok((await findMemberAndStanding(tx.db, actor.tenantId, actor.memberId)).member!) : kept;
  });
}

/** The buyer becomes owner, known here or not. */
export async function makeOwner(
  tx: TxContext,
  tenantId: string,
  person: { memberId: string; name: string; address: string | null; locale: string | null },
  at: Date,
): Promise<void> {
  await insertMember(tx.db, tenantId, { ...person, role: 'owner' }, at);
  await updateMember(tx.db, tenantId, person.memberId, { role: 'owner', class: null, revision: null }, at);
  await keepActiveLimit(tx, tenantId, { subject: person.memberId, actor: person.memberId }, at);
}

/** The role of a member who has access; null for everybody else. */
export async function roleOf(tx: TxContext, tenantId: string, memberId: string): Promise<Role | null> {
  const { member } = await findMemberAndStanding(tx.db, tenantId, memberId);
  return member && !isShutOut(member) ? member.role : null;
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
  if (member && isShutOut(member)) return refuse({ code: 'access_removed' });
  const role = member?.role ?? initialRole(actor.appRoles);
  const access = decideAccess(role, standing, capability);
  if (!access.ok) return access;
  const here = member ? ok(member) : await receive(tx, actor, role, tx.now());
  if (!here.ok) return here;
  const { license } = here.value;
  if (deniedByLicense(license, capability)) return refuse(await licenseRefusal(tx, actor, license!, capability));
  return ok({ role, standing: standing!, license });
}

/** Why a license does not let somebody do it, and how they can ask for another. */
async function licenseRefusal(tx: TxContext, actor: Actor, license: LicenseKind, needs: Capability): Promise<Refusal> {
  const code = license === 'none' ? 'license_missing' : 'license_restricted';
  return { code, needs, ...(await licenseRequestOf(tx, actor)) };
}

/** Whether the actor may ask for a license, and the request they have open. */
export const licenseRequestOf = (tx: TxContext, actor: Pick<Actor, 'tenantId' | 'memberId'>) =>
  findLicenseRequest(tx.db, actor.tenantId, actor.memberId, tx.now());
