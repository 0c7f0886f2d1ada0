import type { LicenseHolder } from '../../contract/licenses';
import type { LicenseKind } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { decideSwitch } from './licenses.rules';
import { findHolder } from './licenses.store';
import { giveLicenses, holdPool, settlePool } from './pool';
import { toHolder } from './view-licenses';

/** Administrators switch a member's license, from wherever they are (MI-05, MI-17, MI-18). The license they have already is no change. */
export function setLicense(ctx: Context, actor: Actor, memberId: string, license: LicenseKind): Promise<Result<LicenseHolder, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    if (!(await memberNames(tx, tenantId, [memberId])).has(memberId)) return refuse({ code: 'member_not_found' });
    const pool = await holdPool(tx, tenantId);
    const holder = pool && (await findHolder(tx.db, tenantId, memberId));
    if (!holder) return refuse({ code: 'licenses_not_assigned' });
    const decided = decideSwitch(pool, holder.license, license);
    if (!decided.ok) return decided;
    if (decided.value === 'switch') {
      const because = license === 'full' ? 'given' : 'taken';
      await giveLicenses(tx, tenantId, [memberId], license, { actor: actor.memberId, via: actor.via, because }, at);
      await settlePool(tx, tenantId, at);
    }
    return ok(toHolder((await findHolder(tx.db, tenantId, memberId))!));
  });
}
