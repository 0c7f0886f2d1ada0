import { z } from 'zod';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { audit } from '../audit/audit';
import { calendarDate } from '../entitlements/periods.rules';
import { releaseMail } from '../mail/send-mail';
import { enqueue, type OutboxEvent, TryLater } from '../outbox/outbox';
import { notePayment } from '../usage/unlock-grants';
import type { Buyer } from './document.rules';
import { type DocumentRow, findDocument, settleDocument } from './documents.store';
import { buyerOf, mailKeyOf, PAYMENT_TOPIC, receiptFor, setOffRefund } from './issue-bill';
import { mailAdmins, UNPAID_MAIL } from './mail-admins';
import type { PaymentOutcome, Payments } from './payments.port';
import { askAgainAfter } from './payments.rules';
import { findPayment, lockPayment, type PaymentRow, settlePayment, tryPayment } from './payments.store';
import { dueOf } from './set-off';

const Payload = z.object({ documentId: z.string() });

/** Asks the provider to move a document's money, as often as it takes; the document's id keeps it from moving twice (CH-02). */
export async function collectPayment(ctx: Context, event: OutboxEvent, { payments }: { payments: Payments | null }): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a payment belongs to a tenant');
  const { documentId } = Payload.parse(event.payload);
  const due = await inTenant(ctx, tenantId, async (tx) => {
    const payment = await tryPayment(tx.db, tenantId, documentId);
    if (!payment || !(await isToMove(tx, tenantId, payment, tx.now()))) return null;
    const [document, now] = [await findDocument(tx.db, tenantId, documentId), await findPayment(tx.db, tenantId, documentId)];
    return { document: document!, payment: now! };
  });
  if (!due) return;
  const outcome = await ask(ctx, payments, tenantId, due);
  await inTenant(ctx, tenantId, (tx) => noteOutcome(tx, tenantId, documentId, outcome, tx.now()));
}

/** Whether anything is left to move after earlier debts were set off. @throws TryLater while a charge is being asked for */
async function isToMove(tx: TxContext, tenantId: string, payment: PaymentRow, at: Date): Promise<boolean> {
  if (payment.direction === 'charge') return true;
  const done = await setOffRefund(tx, tenantId, payment, at);
  if ('leftMinor' in done) {
    if (done.leftMinor === 0) await settle(tx, tenantId, payment, 'set_off', at);
    return done.leftMinor > 0;
  }
  if (done.waitsFor === 'answer') throw new TryLater(0);
  await askAgain(tx, tenantId, payment, 'pending', at);
  return false;
}

async function ask(
  ctx: Context,
  payments: Payments | null,
  tenantId: string,
  { document, payment }: { document: DocumentRow; payment: PaymentRow },
): Promise<PaymentOutcome> {
  if (!payments) return { state: 'failed', reference: null, problem: 'No provider of payments is configured.' };
  const order = { documentId: document.documentId, tenantId, number: document.content.number, currency: payment.currency };
  try {
    return await payments[payment.direction]({ ...order, amountMinor: dueOf(payment) });
  } catch (error) {
    ctx.log.warn({ err: error, documentId: order.documentId }, 'the provider of payments does not answer');
    return { state: 'pending', reference: null };
  }
}

async function noteOutcome(tx: TxContext, tenantId: string, documentId: string, outcome: PaymentOutcome, at: Date): Promise<void> {
  const payment = await lockPayment(tx.db, tenantId, documentId);
  if (!payment || payment.state === 'paid' || payment.state === 'credited') return;
  if (outcome.state === 'paid')
    return void (await notePaid(tx, tenantId, payment, { reference: outcome.reference, paidAt: at, actor: 'provider' }, at));
  const problem = outcome.state === 'failed' ? outcome.problem : null;
  await settlePayment(tx.db, tenantId, documentId, { state: outcome.state, reference: outcome.reference, problem, paidAt: null });
  const { locale } = await settle(tx, tenantId, payment, 'due', at);
  if (outcome.state === 'failed' && payment.direction === 'charge')
    await mailAdmins(tx, tenantId, { kind: UNPAID_MAIL, subject: documentId, locale }, at);
  await askAgain(tx, tenantId, payment, outcome.state, at);
}

async function askAgain(
  tx: TxContext,
  tenantId: string,
  { documentId, attempts }: PaymentRow,
  state: 'pending' | 'failed',
  at: Date,
): Promise<void> {
  const pause = askAgainAfter(state, attempts);
  if (pause === null) tx.log.error({ documentId, state }, 'a payment was given up');
  else await enqueue(tx, tenantId, PAYMENT_TOPIC, { documentId }, new Date(at.getTime() + pause));
}

/** How somebody knows that money has moved. */
export interface PaidBy {
  reference: string | null;
  paidAt: Date;
  actor: string;
  reason?: string;
}

/**
 * The money of a document has moved: what waits for a payment is activated, and the receipt is issued, which may give something
 * back in turn. The caller holds the payment.
 */
export async function notePaid(tx: TxContext, tenantId: string, payment: PaymentRow, by: PaidBy, at: Date): Promise<void> {
  const { documentId, direction, currency } = payment;
  await settlePayment(tx.db, tenantId, documentId, { state: 'paid', reference: by.reference, problem: null, paidAt: by.paidAt });
  const document = (await findDocument(tx.db, tenantId, documentId))!;
  await settle(tx, tenantId, payment, by.paidAt, at);
  const action = direction === 'charge' ? 'payment.received' : 'payment.refunded';
  const details = {
    number: document.content.number,
    amountMinor: dueOf(payment),
    currency,
    reference: by.reference,
    ...(by.reason && { reason: by.reason }),
  };
  await audit(tx, tenantId, { actor: by.actor, via: 'billing', action, subject: documentId, details }, at);
  if (direction === 'charge')
    await notePayment(tx, tenantId, { paymentId: documentId, paidAt: by.paidAt, billedAt: document.issuedAt }, at);
  // Last, because it takes the receipts' number, for which all others wait.
  if (document.kind === 'invoice') await receiptFor(tx, tenantId, document, payment, by.paidAt, at);
}

/** What the paper of an invoice says of its payment is what was known first; with that it goes out. A date: when it was paid. */
async function settle(
  tx: TxContext,
  tenantId: string,
  { documentId, method, direction, ...payment }: PaymentRow,
  known: Date | 'due' | 'set_off',
  at: Date,
): Promise<Buyer> {
  const { buyer } = await buyerOf(tx, tenantId);
  const isPaid = known instanceof Date;
  const isFirst = await settleDocument(tx.db, tenantId, documentId, {
    state: isPaid ? 'paid' : known,
    method,
    amountMinor: direction === 'charge' ? dueOf(payment) : -dueOf(payment),
    on: isPaid ? calendarDate(known, buyer.timeZone) : null,
  });
  if (isFirst) await releaseMail(tx, tenantId, mailKeyOf(documentId), at);
  return buyer;
}
