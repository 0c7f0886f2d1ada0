import { z } from 'zod';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { audit } from '../audit/audit';
import { calendarDate } from '../entitlements/periods.rules';
import { releaseMail } from '../mail/send-mail';
import { enqueue, type OutboxEvent } from '../outbox/outbox';
import { findPlan } from '../plans/plans';
import { notePayment } from '../usage/unlock-grants';
import { findBill } from './bills.store';
import type { Buyer } from './document.rules';
import { type DocumentRow, findDocument, findDocumentsOfBill, settleDocument } from './documents.store';
import { buyerOf, issueReceipt, mailKeyOf, PAYMENT_TOPIC } from './issue-bill';
import { mailAdmins, UNPAID_MAIL } from './mail-admins';
import type { PaymentOutcome, Payments } from './payments.port';
import { askAgainAfter } from './payments.rules';
import { lockPayment, type PaymentRow, settlePayment, tryPayment } from './payments.store';

const Payload = z.object({ documentId: z.string() });

/** Asks the provider to move a document's money, as often as it takes; the document's id keeps it from moving twice (CH-02). */
export async function collectPayment(ctx: Context, event: OutboxEvent, { payments }: { payments: Payments | null }): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a payment belongs to a tenant');
  const { documentId } = Payload.parse(event.payload);
  const due = await inTenant(ctx, tenantId, async (tx) => {
    const payment = await tryPayment(tx.db, tenantId, documentId);
    return payment && { payment, document: (await findDocument(tx.db, tenantId, documentId))! };
  });
  if (!due) return;
  const outcome = await ask(payments, tenantId, due.document, due.payment);
  await inTenant(ctx, tenantId, (tx) => noteOutcome(tx, tenantId, documentId, outcome, tx.now()));
}

async function ask(payments: Payments | null, tenantId: string, document: DocumentRow, payment: PaymentRow): Promise<PaymentOutcome> {
  if (!payments) return { state: 'failed', reference: null, problem: 'No provider of payments is configured.' };
  const { amountMinor, currency } = payment;
  return payments[payment.direction]({ documentId: document.documentId, tenantId, number: document.content.number, amountMinor, currency });
}

async function noteOutcome(tx: TxContext, tenantId: string, documentId: string, outcome: PaymentOutcome, at: Date): Promise<void> {
  const payment = await lockPayment(tx.db, tenantId, documentId);
  if (!payment || payment.state === 'paid') return;
  if (outcome.state === 'paid')
    return void (await notePaid(tx, tenantId, payment, { reference: outcome.reference, paidAt: at, actor: 'provider' }, at));
  const problem = outcome.state === 'failed' ? outcome.problem : null;
  await settlePayment(tx.db, tenantId, documentId, { state: outcome.state, reference: outcome.reference, problem, paidAt: null });
  const { locale } = await settle(tx, tenantId, payment, null, at);
  if (outcome.state === 'failed' && payment.direction === 'charge')
    await mailAdmins(tx, tenantId, { kind: UNPAID_MAIL, subject: documentId, locale }, at);
  const pause = askAgainAfter(outcome.state, payment.attempts);
  if (pause === null) tx.log.error({ documentId, state: outcome.state }, 'a payment was given up');
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
  const { documentId, direction, amountMinor, currency } = payment;
  await settlePayment(tx.db, tenantId, documentId, { state: 'paid', reference: by.reference, problem: null, paidAt: by.paidAt });
  const document = (await findDocument(tx.db, tenantId, documentId))!;
  await settle(tx, tenantId, payment, by.paidAt, at);
  const action = direction === 'charge' ? 'payment.received' : 'payment.refunded';
  const details = {
    number: document.content.number,
    amountMinor,
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

/** What the paper of an invoice says of its payment is what was known first; with that it goes out. */
async function settle(
  tx: TxContext,
  tenantId: string,
  { documentId, method, direction, amountMinor }: PaymentRow,
  paidAt: Date | null,
  at: Date,
): Promise<Buyer> {
  const { buyer } = await buyerOf(tx, tenantId);
  const isFirst = await settleDocument(tx.db, tenantId, documentId, {
    state: paidAt ? 'paid' : 'due',
    method,
    amountMinor: direction === 'charge' ? amountMinor : -amountMinor,
    on: paidAt && calendarDate(paidAt, buyer.timeZone),
  });
  if (isFirst) await releaseMail(tx, tenantId, mailKeyOf(documentId), at);
  return buyer;
}

async function receiptFor(
  tx: TxContext,
  tenantId: string,
  invoice: DocumentRow,
  { method }: PaymentRow,
  paidAt: Date,
  at: Date,
): Promise<void> {
  const { billId } = invoice;
  const documents = await findDocumentsOfBill(tx.db, tenantId, billId);
  if (documents.some(({ kind }) => kind === 'receipt')) return;
  const { buyer, mailbox } = await buyerOf(tx, tenantId);
  const bill = (await findBill(tx.db, tenantId, billId))!;
  const plan = await findPlan(tx.db, bill.planId, bill.planVersion);
  const isMailed = plan?.policies.documents.delivery !== 'download';
  const content = { ...invoice.content, issuedOn: calendarDate(at, buyer.timeZone) };
  await issueReceipt(
    tx,
    { tenantId, billId, content, timeZone: buyer.timeZone, mailbox: isMailed ? mailbox : null, method, at },
    calendarDate(paidAt, buyer.timeZone),
  );
}
