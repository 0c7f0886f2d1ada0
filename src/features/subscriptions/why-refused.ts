import type { Refusal } from '../../contract/refusals';
import { type Context, inTenant } from '../../platform/context';
import { findPlan } from '../plans/plans';
import { hasRefused } from './event-log.store';
import { type HeldAtChange, isChange, type MarketplaceAction, refusalOf } from './lifecycle.rules';
import { soldPlan } from './sold-plan';
import { findInDirectory, findSubscription } from './subscriptions.store';

/** A change that the marketplace announces; null: not said. */
export interface AnnouncedChange {
  subscriptionId: string;
  action: MarketplaceAction | null;
  planId: string | null;
  quantity: number | null;
  /** As it came. */
  payload: object;
}

/** Why a change is refused, from our own rows alone; null: it is not. The webhook's answer and the operation's both come from here. */
export async function whyRefused(ctx: Context, change: AnnouncedChange): Promise<Refusal | null> {
  const { action, planId, quantity } = change;
  if (!isChange(action) || isTakenBack(change)) return null;
  const plan = action !== 'ChangePlan' || planId === null ? null : await soldPlan(ctx.database, { offerId: '', planId });
  const wanted = { role: plan?.role ?? null, bounds: plan?.policies.quantity ?? null };
  return refusalOf({ action, planId, quantity, ...wanted }, await heldAt(ctx, change));
}

/** A refused change is announced once more, to what the marketplace holds still by its own words: that must be accepted. */
function isTakenBack({ action, planId, quantity, payload }: AnnouncedChange): boolean {
  const { subscription } = payload as { subscription?: { planId?: unknown; quantity?: unknown } | null };
  return action === 'ChangePlan'
    ? planId !== null && planId === subscription?.planId
    : quantity !== null && String(quantity) === String(subscription?.quantity);
}

async function heldAt(ctx: Context, { subscriptionId, action }: AnnouncedChange): Promise<HeldAtChange | null> {
  const entry = await findInDirectory(ctx.database, subscriptionId);
  const row = entry && (await inTenant(ctx, entry.tenantId, ({ db }) => findSubscription(db, entry.tenantId, entry.subscriptionId)));
  const plan = row ? await findPlan(ctx.database, row.planId, row.planVersion) : null;
  if (!row || !plan) return null;
  const isForced = await hasRefused(
    ctx.database,
    subscriptionId,
    action === 'ChangePlan' ? { planId: row.planId } : { quantity: row.quantity },
  );
  const { change, quantity: bounds } = plan.policies;
  return { planId: row.planId, quantity: row.quantity, role: plan.role, isChangeable: change.allowed !== 'none', bounds, isForced };
}
