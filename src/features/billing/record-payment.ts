import type { BillingDocument } from '../../contract/billing';
import { localeFor } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { OperatorActor } from '../../platform/actor';
import type { Context } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { operate } from '../tenants/operate';
import { notePaid } from './collect-payment';
import { showDocument } from './documents';
import { lockPayment } from './payments.store';

/**
 * What accounting finds on the publisher's account: a transfer that came, a refund that went, or the money of a payment that the
 * provider could not take. Noted again it is the same payment.
 */
export function recordPayment(
  ctx: Context,
  operator: OperatorActor,
  { tenantId, documentId }: { tenantId: string; documentId: string },
  { paidAt, reference, reason }: { paidAt: string | null; reference: string | null; reason: string },
): Promise<Result<BillingDocument, Refusal>> {
  const act = { operator, needs: 'accounting', tenantId, action: 'payment.recorded', reason, details: { reference } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const payment = await lockPayment(tx.db, tenantId, documentId);
    if (!payment) return refuse({ code: 'document_not_found' });
    if (payment.state === 'credited') return refuse({ code: 'payment_set_off' });
    const when = paidAt === null ? at : new Date(paidAt);
    if (when > at) return refuse({ code: 'paid_in_future', paidAt: when.toISOString(), now: at.toISOString() });
    const isNew = payment.state !== 'paid';
    if (isNew) await notePaid(tx, tenantId, payment, { reference, paidAt: when, actor: operator.memberId }, at);
    const value = (await showDocument(tx, tenantId, documentId, localeFor(operator.locale)))!;
    return ok({ value, subject: documentId, isNew });
  });
}
