import { z } from 'zod';
import { Id } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { may } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { enqueue, enqueueAgain, type OutboxEvent } from '../outbox/outbox';
import { findPlan } from '../plans/plans';
import { lockTenant } from '../tenants/tenants';
import { readAndAdopt } from './adopt-snapshot';
import { reachPurchase } from './buyer';
import { decideCancellation, type Ending } from './cancellation.rules';
import { type CancellationRow, closeCancellation, findOpenCancellation, insertCancellation, stampTaken } from './cancellations.store';
import { actionOf, hasFailed, isUnderWay } from './lifecycle.rules';
import type { Selling } from './marketplace.port';
import { findSubscription, lockSubscription, type SubscriptionRow } from './subscriptions.store';
import { stepFor, type Taken } from './taken.rules';
import { lookAgain, traceOf, waitOut } from './wait-out';

/** Sends a cancellation that was asked for here, and sees what becomes of it. */
export const CANCEL_PURCHASE = 'subscription.cancel';

const Payload = z.object({ subscriptionId: Id });

/**
 * Asks Microsoft to end a purchase, on the terms that the customer agreed to by name. Kept first and sent beside the answer: it has
 * ended when the marketplace says so. Asking again changes nothing. For who manages the plan; suspended or not.
 */
export function orderCancellation(
  ctx: Context,
  actor: Actor,
  subscriptionId: string,
  consent: Ending | null,
): Promise<Result<null, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    if (!may(access.value.role, 'manage_plan')) return refuse({ code: 'not_allowed', needs: 'manage_plan' });
    return order(tx, tenantId, actor, subscriptionId, consent);
  });
}

/** As orderCancellation, from the account page: by the marketplace's id, and for the buyer too, whoever they are here. */
export async function cancelFromAccount(
  ctx: Context,
  actor: Actor,
  externalId: string,
  consent: Ending | null,
): Promise<Result<null, Refusal>> {
  const reached = await reachPurchase(ctx, actor, externalId);
  if (!reached) return refuse({ code: 'subscription_not_found' });
  const { tenantId, subscriptionId, isBuyer } = reached;
  if (isBuyer) return inTenant(ctx, tenantId, (tx) => order(tx, tenantId, actor, subscriptionId, consent));
  return orderCancellation(ctx, actor, subscriptionId, consent);
}

async function order(
  tx: TxContext,
  tenantId: string,
  { memberId, via }: Actor,
  subscriptionId: string,
  consent: Ending | null,
): Promise<Result<null, Refusal>> {
  const at = tx.now();
  await lockTenant(tx.db, tenantId);
  const row = await lockSubscription(tx.db, tenantId, subscriptionId);
  if (row?.source !== 'marketplace') return refuse({ code: 'subscription_not_found' });
  if (row.status === 'Unsubscribed') return ok(null);
  const open = await findOpenCancellation(tx.db, tenantId, subscriptionId);
  if (open) {
    // A fault may have ended the sending; whoever asks again has it looked after again.
    await enqueueAgain(tx, tenantId, CANCEL_PURCHASE, { subscriptionId });
    return ok(null);
  }
  const plan = await findPlan(tx.db, row.planId, row.planVersion);
  invariant(plan, 'a subscription pins a published version');
  const decided = decideCancellation(row, plan.policies.cancellation, consent, at);
  if (!decided.ok) return decided;
  const { ending, refundableUntil } = decided.value;
  const asked = { cancellationId: tx.newId(), subscriptionId, consent: ending, refundableUntil, askedAt: at };
  await insertCancellation(tx.db, tenantId, { ...asked, askedBy: memberId, askedVia: via });
  const details = { consent: ending, planId: row.planId, quantity: row.quantity, refundableUntil: refundableUntil.toISOString() };
  await audit(tx, tenantId, { actor: memberId, via, action: 'subscription.cancel_asked', subject: subscriptionId, details }, at);
  await enqueue(tx, tenantId, CANCEL_PURCHASE, { subscriptionId }, at);
  return ok(null);
}

/**
 * Asks the marketplace to end a purchase, once, and follows it until its own word shows it. Asked again only after its state was
 * read. What was agreed to as refundable is not sent late: nobody pays for our delay. What was taken and leaves no trace is neither
 * refused nor asked for again within the hour, and after a day it is lost. @throws TryLater until it is settled
 */
export const sendCancellation = (ctx: Context, selling: Selling, event: OutboxEvent): Promise<void> => waitOut(send(ctx, selling, event));

async function send(ctx: Context, selling: Selling, event: OutboxEvent): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a cancellation belongs to a tenant');
  const { subscriptionId } = Payload.parse(event.payload);
  const asked = await inTenant(ctx, tenantId, async ({ db }) => {
    const cancellation = await findOpenCancellation(db, tenantId, subscriptionId);
    return cancellation && { cancellation, row: (await findSubscription(db, tenantId, subscriptionId))! };
  });
  if (!asked) return;
  const { cancellation, row } = asked;
  const act = { ...selling, marketplace: selling.marketplace.correlated(cancellation.cancellationId) };
  // Adopting an end closes the cancellation with it.
  const read = await readAndAdopt(ctx, act, row.externalId, { name: 'cancel', actor: null });
  if (read?.truth.status === 'Unsubscribed') return;
  const ending = read || cancellation.sends > 0 ? await ask(ctx, act, tenantId, cancellation, row) : refusedAs('unknown_to_marketplace');
  if (ending === null) throw lookAgain();
  await inTenant(ctx, tenantId, (tx) => close(tx, tenantId, subscriptionId, ending, tx.now()));
}

interface ComesToNothing {
  state: 'refused' | 'lost';
  outcome: string;
}

const refusedAs = (outcome: string): ComesToNothing => ({ state: 'refused', outcome });

/** Why it comes to nothing; null: it is under way. */
async function ask(
  ctx: Context,
  { marketplace }: Selling,
  tenantId: string,
  cancellation: CancellationRow,
  { externalId }: SubscriptionRow,
): Promise<ComesToNothing | null> {
  const { cancellationId, consent, refundableUntil, operationId, sends } = cancellation;
  const at = ctx.now();
  const noteTaken = (taken: Taken & { operationId: string | null }) =>
    inTenant(ctx, tenantId, ({ db }) => stampTaken(db, tenantId, cancellationId, taken));
  const operation = await traceOf(ctx, marketplace, externalId, cancellation, ({ action }) => actionOf(action) === 'Unsubscribe');
  if (operation && hasFailed(operation)) return refusedAs('failed_at_marketplace');
  if (operation && operation.id !== operationId)
    await noteTaken({ operationId: operation.id, sentAt: cancellation.sentAt ?? at, sends: Math.max(sends, 1) });
  if (operation && isUnderWay(operation)) return null;

  const step = stepFor(cancellation, at);
  if (step === 'lost') return { state: 'lost', outcome: 'lost_at_marketplace' };
  const isTooLate = consent === 'cancel_with_refund' && at > refundableUntil;
  if (isTooLate && sends === 0) return refusedAs('window_closed');
  if (step === 'wait' || isTooLate || operation) return null;
  const answer = await marketplace.cancel(externalId);
  // Once taken, a no says nothing: it may be under way, or be there already.
  if (answer === 'refused' && sends === 0) return refusedAs('refused_by_marketplace');
  const named = typeof answer === 'object' ? answer.operationId : null;
  if (answer !== 'busy' || sends > 0) await noteTaken({ operationId: named, sentAt: at, sends: sends + 1 });
  return null;
}

async function close(tx: TxContext, tenantId: string, subscriptionId: string, { state, outcome }: ComesToNothing, at: Date): Promise<void> {
  const closed = await closeCancellation(tx.db, tenantId, subscriptionId, { state, outcome }, at);
  if (!closed) return;
  tx.log.warn({ subscriptionId, outcome }, 'a cancellation that a customer asked for came to nothing');
  const entry = { actor: 'marketplace', via: 'marketplace', action: `subscription.cancel_${state}`, subject: subscriptionId };
  await audit(tx, tenantId, { ...entry, details: { outcome } }, at);
}
