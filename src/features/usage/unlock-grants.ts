import type { Refusal } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { activateByHand, activateByPayment, type Unlocked } from '../entitlements/grants';
import { enqueue } from '../outbox/outbox';
import { decideRequest, requestsOf } from '../requests/requests';
import { refreshCounter } from './refresh-counters';

/** Told to those who manage the plan, by the chat: more is available. */
export const UNLOCKED_TOPIC = 'grants.unlocked';

/**
 * Evidence of a payment: what waits for one and was granted before `billedAt` becomes available (HO-07). `billedAt`: when what
 * was paid had been billed; the payment of the purchase itself is no evidence of the next. The same payment again, or one after
 * an early unlock, changes nothing.
 */
export async function notePayment(
  tx: TxContext,
  tenantId: string,
  { paymentId, paidAt, billedAt = paidAt }: { paymentId: string; paidAt: Date; billedAt?: Date },
  at: Date,
): Promise<void> {
  const unlocked = await activateByPayment(tx, tenantId, { paymentId, paidAt, before: billedAt }, at);
  if (unlocked) await makeAvailable(tx, tenantId, unlocked, `payment:${paymentId}`, at);
}

/**
 * Unlocks early what waits, for this tenant alone (HO-08, HO-09). The caller writes into the audit log who did it and why.
 * Refused when nothing waits.
 */
export async function unlockGrants(
  tx: TxContext,
  tenantId: string,
  which: { sourceId?: string; meter?: string; actor: string },
  at: Date,
): Promise<Result<Unlocked[], Refusal>> {
  const unlocked = await activateByHand(tx, tenantId, which, at);
  if (unlocked.length === 0) return refuse({ code: 'nothing_to_unlock' });
  await makeAvailable(tx, tenantId, unlocked, which.actor, at);
  return ok(unlocked);
}

/** Counters, the open requests for it, and a word to those who wait. */
async function makeAvailable(tx: TxContext, tenantId: string, unlocked: readonly Unlocked[], by: string, at: Date): Promise<void> {
  for (const meter of new Set(unlocked.map((one) => one.meter))) {
    await refreshCounter(tx, tenantId, meter, at);
    const amounts = unlocked.filter((one) => one.meter === meter).map(({ amount }) => amount);
    const amount = amounts.includes(null) ? null : (amounts as number[]).reduce((sum, one) => sum + one, 0);
    const asked = await requestsOf(tx, tenantId, { kind: 'early_unlock', state: 'open', limit: 100 }, at);
    for (const { id, subject } of asked.items) if (subject === meter) await decideRequest(tx, tenantId, id, 'granted', by, at);
    await enqueue(tx, tenantId, UNLOCKED_TOPIC, { meter, amount }, at);
  }
}
