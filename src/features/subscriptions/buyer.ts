import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { may } from '../members/access.rules';
import { hasOwner, makeOwner, roleOf } from '../members/admit-member';
import { organizationOf } from './adopt-snapshot';
import type { MarketplacePerson, MarketplaceSubscription } from './marketplace.port';
import { findInDirectory, findSubscription } from './subscriptions.store';

/** Bought it or was given it: known by directory ids alone, never by an address. */
export function isBuyer({ purchaser, beneficiary }: Pick<MarketplaceSubscription, 'purchaser' | 'beneficiary'>, actor: Actor): boolean {
  return [purchaser, beneficiary].some((person) => person.tenantId === actor.tenantId && person.objectId === actor.memberId);
}

/** Whether a visitor may act for a purchase: its buyer, or who manages the plan of the organization that uses it. */
export async function mayManage(ctx: Context, subscription: MarketplaceSubscription, actor: Actor): Promise<boolean> {
  const organization = organizationOf(subscription);
  if (organization === null) return false;
  return isBuyer(subscription, actor) || (organization === actor.tenantId && (await managesPlan(ctx, actor)));
}

/**
 * A purchase that is known here, for a visitor of the account page: its organization, and whether they bought it, whoever they are
 * there. null: unknown, or neither theirs nor their organization's; a colleague's role is still to be asked for.
 */
export async function reachPurchase(
  ctx: Context,
  actor: Actor,
  externalId: string,
): Promise<{ tenantId: string; subscriptionId: string; isBuyer: boolean } | null> {
  const known = await findInDirectory(ctx.database, externalId);
  if (!known) return null;
  const { tenantId, subscriptionId } = known;
  const row = await inTenant(ctx, tenantId, ({ db }) => findSubscription(db, tenantId, subscriptionId));
  const isOwn = row !== null && isBuyer(row, actor);
  return isOwn || tenantId === actor.tenantId ? { ...known, isBuyer: isOwn } : null;
}

/** Whether a present member of an organization known here may manage its plan. */
export async function managesPlan(ctx: Context, { tenantId, memberId }: Actor): Promise<boolean> {
  const role = await inTenant(ctx, tenantId, (tx) => roleOf(tx, tenantId, memberId));
  return role !== null && may(role, 'manage_plan');
}

/**
 * The first buyer becomes owner. Later buyers do not: otherwise a free plan would make anybody the master of their organization.
 * Who buys for another organization hands it to the person they bought it for.
 */
export async function appointOwner(tx: TxContext, tenantId: string, actor: Actor, beneficiary: MarketplacePerson, at: Date): Promise<void> {
  if (await hasOwner(tx, tenantId)) return;
  if (actor.tenantId === tenantId) await makeOwner(tx, tenantId, actor, at);
  else if (beneficiary.tenantId === tenantId && beneficiary.objectId)
    await makeOwner(
      tx,
      tenantId,
      { memberId: beneficiary.objectId, name: beneficiary.address ?? beneficiary.objectId, address: beneficiary.address, locale: null },
      at,
    );
}
