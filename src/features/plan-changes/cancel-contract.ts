import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { refundLine } from '../billing/bill-lines.rules';
import { billedInAll, issueBill } from '../billing/issue-bill';
import { enter } from '../members/admit-member';
import { cancellationAt } from '../subscriptions/cancellation.rules';
import { type Contract, changeContract, endContract, lockContract, type OnEnd } from '../subscriptions/contracts';
import { heldSubscription } from '../subscriptions/held';
import { lockTenant, type Tenant } from '../tenants/tenants';
import { endOfContract, voidChange } from './end-of-contract';
import { publishedPlan } from './situation';

/**
 * Cancels a contract: within its window at once and with all the money back, afterwards as its plan says. Additions go with the
 * plan they belong to. Cancelling again changes nothing. What Microsoft sold is cancelled there.
 */
export function cancelContract(ctx: Context, actor: Actor, subscriptionId: string): Promise<Result<null, Refusal>> {
  return withContract(ctx, actor, subscriptionId, async (tx, tenant, contract, at) => {
    const plan = await publishedPlan(tx, contract.planId, contract.planVersion);
    const offer = cancellationAt(contract, plan.policies.cancellation, at)?.offer;
    const cause = { name: 'cancel', actor: actor.memberId, via: actor.via };
    if (!offer) return;
    if (offer === 'renewal_off') {
      await endContract(tx, tenant, subscriptionId, 'term_end', cause, endOfContract, at);
      return;
    }
    await endContract(tx, tenant, subscriptionId, 'now', cause, offer === 'cancel_with_refund' ? giveBack : endOfContract, at);
  });
}

/** Lets a contract go on whose renewal was turned off. Additions stay as they are. */
export function resumeContract(ctx: Context, actor: Actor, subscriptionId: string): Promise<Result<null, Refusal>> {
  return withContract(ctx, actor, subscriptionId, async (tx, { tenantId }, contract, at) => {
    if (contract.autoRenew) return;
    await changeContract(tx, tenantId, contract, { autoRenew: true }, { name: 'resume', actor: actor.memberId, via: actor.via }, at);
  });
}

type Act = (tx: TxContext, tenant: Tenant, contract: Contract, at: Date) => Promise<void>;

/** Of a contract that has ended nothing is changed any more. */
function withContract(ctx: Context, actor: Actor, subscriptionId: string, act: Act): Promise<Result<null, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    const tenant = (await lockTenant(tx.db, tenantId))!;
    const held = await heldSubscription(tx, tenantId, subscriptionId);
    if (!held) return refuse({ code: 'subscription_not_found' });
    const contract = await lockContract(tx, tenantId, subscriptionId);
    if (!contract) return refuse({ code: 'change_not_allowed', reason: 'managed_elsewhere', toPlanId: held.planId });
    if (contract.status !== 'Unsubscribed') await act(tx, tenant, contract, at);
    return ok(null);
  });
}

/** All that was billed since the purchase, through every change of plan; cancelled in its window it costs nothing. */
const giveBack: OnEnd = async (tx, tenant, contract, at) => {
  const { tenantId, timeZone } = tenant;
  await voidChange(tx, tenant, contract, at);
  const { subscriptionId, termEnd: end, planId, planVersion } = contract;
  const billed = await billedInAll(tx, tenantId, subscriptionId);
  if (!billed || billed.minor <= 0) return;
  const { currency, since: start, minor, asked } = billed;
  const plan = await publishedPlan(tx, planId, planVersion);
  const paid = { plan, price: { currency, minor, per: 'subscription' as const }, quantity: 1 };
  await issueBill(tx, tenantId, {
    billId: `cancel:${subscriptionId}`,
    subscriptionId,
    cause: 'change',
    currency,
    lines: [],
    refunds: [refundLine({ start, end, timeZone }, start, paid, { proration: 'days', basis: 'actual' })],
    refunded: { netMinor: -asked.netMinor, taxMinor: asked.taxMinor === 0 ? 0 : -asked.taxMinor, grossMinor: -asked.grossMinor },
    plan,
    at,
    periodStart: start,
    periodEnd: end,
  });
};
