import type { Refusal } from '../../contract/refusals';
import type { NewContract, Subscription } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { may } from '../members/access.rules';
import { admitMember, hasOwner, makeOwner } from '../members/admit-member';
import type { Plan } from '../plans/plans';
import type { PriceItem } from '../plans/policies';
import { describeTenant, ensureTenant, findTenant, lockTenant } from '../tenants/tenants';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { once } from '../usage/once';
import { holdKey, recall } from '../usage/recall';
import { type BillStart, checkPurchase, startContract } from './contracts';
import { showSubscription } from './list-subscriptions';
import { findSubscription } from './subscriptions.store';

/**
 * Buys a plan that is sold here, at the price the buyer was shown. Who manages the plan may; in an organization without an
 * owner the first buyer, who becomes its owner. Purchases of one organization take turns. A refusal writes nothing.
 */
export function buyContract(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: NewContract,
  billStart: BillStart,
): Promise<Result<Created<Subscription>, Refusal>> {
  const { tenantId, memberId, address } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    await holdKey(tx, tenantId, 'contracts');
    const act = { key: keyOf('buy_contract', actor, key), fingerprint: fingerprint(input) };
    const known = await recall(tx, tenantId, act);
    if (!known.ok) return known;
    if (known.value) return ok({ record: await shown(tx, actor, known.value, at), replayed: true });

    const { planId, term, quantity } = input;
    const buyer = await decideBuyer(tx, actor, at);
    if (!buyer.ok) return buyer;
    const order = await checkPurchase(tx, tenantId, { planId, term, quantity });
    if (!order.ok) return order;
    const consent = decideConsent(input.consent, order.value);
    if (!consent.ok) return consent;

    await ensureTenant(tx.db, tenantId, at);
    if (buyer.value === 'first') await makeOwner(tx, tenantId, actor, at);
    const described = await lockTenant(tx.db, tenantId);
    if (input.organization && (buyer.value === 'first' || described!.name === null))
      await describeTenant(tx.db, tenantId, input.organization);
    const tenant = (await findTenant(tx.db, tenantId))!;
    const by = { name: 'start', actor: memberId, via: actor.via, buyer: { tenantId, objectId: memberId, address } };
    const started = await startContract(tx, tenant, { planId, term, quantity, startsAt: null }, by, billStart, at);
    if (!started.ok) return started;
    const { subscriptionId } = started.value;
    await once(tx, tenantId, { ...act, subject: subscriptionId }, at);
    const entry = { actor: memberId, via: actor.via, action: 'contract.consented', subject: subscriptionId };
    await audit(tx, tenantId, { ...entry, details: { ...input.consent, planId, term, quantity, per: order.value.price.per } }, at);
    return ok({ record: await shown(tx, actor, subscriptionId, at), replayed: false });
  });
}

async function decideBuyer(tx: TxContext, actor: Actor, at: Date): Promise<Result<'first' | 'manager', Refusal>> {
  if (!(await findTenant(tx.db, actor.tenantId)) || !(await hasOwner(tx, actor.tenantId))) return ok('first');
  const member = await admitMember(tx, actor, at);
  if (!member.ok) return member;
  return may(member.value.role, 'manage_plan') ? ok('manager') : refuse({ code: 'not_allowed', needs: 'manage_plan' });
}

/** Consent is to a price of a version: it is worth nothing once either has changed. */
function decideConsent(consent: NewContract['consent'], { plan, price }: { plan: Plan; price: PriceItem }): Result<true, Refusal> {
  const { planId, version } = plan;
  const { currency, minor, per } = price;
  if (!consent) return refuse({ code: 'consent_missing', of: 'purchase', items: [planId] });
  const isCurrent = consent.version === version && consent.currency === currency && consent.minor === minor;
  return isCurrent ? ok(true) : refuse({ code: 'price_changed', planId, version, currency, minor, per });
}

const shown = async (tx: TxContext, actor: Actor, subscriptionId: string, at: Date): Promise<Subscription> =>
  showSubscription(tx, actor.tenantId, (await findSubscription(tx.db, actor.tenantId, subscriptionId))!, actor.locale ?? 'en', at);
