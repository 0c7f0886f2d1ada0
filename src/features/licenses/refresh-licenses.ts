import type { TxContext } from '../../platform/context';
import { findPlan } from '../plans/plans';
import type { LicensePolicy } from '../plans/policies';
import { allocateLicenses, lackingOf } from './licenses.rules';
import { basePlansInForce, endPool, findPool, membersWithoutLicense, renameLacking, savePool, setLicenses } from './licenses.store';
import { holdPool, settlePool } from './pool';

/**
 * Makes the pool what the organization's subscriptions say, after any change of one: begins it, ends it, or gives it other
 * places. Nobody loses a license by it at once. Safe at any time, any number of times.
 */
export async function refreshLicenses(tx: TxContext, tenantId: string, at: Date): Promise<void> {
  const bought = await boughtPlaces(tx, tenantId);
  const before = await holdPool(tx, tenantId);
  if (!bought) {
    if (before) await endPool(tx.db, tenantId, at);
    return;
  }
  await savePool(tx.db, tenantId, bought.policy, bought.purchased);
  await renameLacking(tx.db, tenantId, lackingOf(bought.policy));
  await licenseEverybody(tx, tenantId, at);
  await settlePool(tx, tenantId, at);
}

/** The highest base plan says whether and how licenses are assigned; the places of all that say the same add up. */
async function boughtPlaces(tx: TxContext, tenantId: string): Promise<{ policy: LicensePolicy; purchased: number | null } | null> {
  const places: (number | null)[] = [];
  let policy: LicensePolicy | null = null;
  for (const { planId, version, quantity } of await basePlansInForce(tx.db, tenantId)) {
    const { license } = (await findPlan(tx.db, planId, version))!.policies;
    if (policy === null && license.scope !== 'user') return null;
    policy ??= license;
    if (license.scope !== 'user') continue;
    places.push(license.full === 'unlimited' ? null : license.full === 'quantity' ? (quantity ?? 0) : license.full);
  }
  if (!policy) return null;
  return { policy, purchased: places.includes(null) ? null : places.reduce<number>((sum, place) => sum + place!, 0) };
}

/** Members from before licenses were assigned get one as new members do, owners a full one, in the order they came. Nobody is refused. */
async function licenseEverybody(tx: TxContext, tenantId: string, at: Date): Promise<void> {
  const members = await membersWithoutLicense(tx.db, tenantId);
  if (members.length === 0) return;
  const pool = (await findPool(tx.db, tenantId))!;
  const applicants = members.map(({ memberId, isOwner }) => ({
    id: memberId,
    chosen: isOwner ? ('full' as const) : null,
    held: null,
    waits: false,
  }));
  const allocated = allocateLicenses({ ...pool, policy: { ...pool.policy, onShortage: 'restricted' } }, applicants);
  if (!allocated.ok) return;
  await setLicenses(
    tx.db,
    tenantId,
    allocated.value.map(({ id, license }) => ({ memberId: id, license })),
    at,
  );
}
