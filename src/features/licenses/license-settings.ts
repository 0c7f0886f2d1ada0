import type { LicenseSettingsPatch, LicenseSettingsView } from '../../contract/licenses';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { enter } from '../members/admit-member';
import { decideChoice, effectiveSettings, type Pool } from './licenses.rules';
import { findPool, saveSettings } from './licenses.store';
import { holdPool, settlePool } from './pool';

export const toSettings = (pool: Pick<Pool, 'policy' | 'settings'>): LicenseSettingsView => ({
  chosen: pool.settings,
  effective: effectiveSettings(pool),
});

export function readLicenseSettings(ctx: Context, actor: Actor): Promise<Result<LicenseSettingsView, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const pool = await findPool(tx.db, actor.tenantId);
    return pool ? ok(toSettings(pool)) : refuse({ code: 'licenses_not_assigned' });
  });
}

/** Administrators choose; null goes back to what the plan says. The same again changes nothing. */
export function changeLicenseSettings(
  ctx: Context,
  actor: Actor,
  patch: LicenseSettingsPatch,
): Promise<Result<LicenseSettingsView, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const pool = await holdPool(tx, tenantId);
    if (!pool) return refuse({ code: 'licenses_not_assigned' });
    const choice = patch.defaultForNew ? decideChoice(pool, patch.defaultForNew) : ok(true);
    if (!choice.ok) return choice;
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const settings = { ...pool.settings, ...given };
    await saveSettings(tx.db, tenantId, settings);
    await audit(tx, tenantId, { actor: actor.memberId, via: actor.via, action: 'license.settings', subject: null, details: given }, at);
    await settlePool(tx, tenantId, at);
    return ok(toSettings({ ...pool, settings }));
  });
}
