import { LOCALES } from '../../contract/common';
import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { calendarDate } from '../entitlements/periods.rules';
import { prepareMail, releaseMail } from '../mail/send-mail';
import { enqueue } from '../outbox/outbox';
import { findPlan, type Plan } from '../plans/plans';
import { findTenant } from '../tenants/tenants';
import type { BillLine } from './bill-lines.rules';
import { findBill, findBilledSubscription, insertBill, insertLines, sumBilled, sumBills } from './bills.store';
import { findContact } from './contacts.store';
import {
  type Amounts,
  amountOf,
  type Buyer,
  contentOf,
  type DocumentContent,
  type DocumentPayment,
  documentNumber,
  isWorthADocument,
} from './document.rules';
import { type DocumentRow, findDocument, findDocumentsOfBill, insertDocument, takeNumber, takeStatementNumber } from './documents.store';
import { findPayment, insertPayment, type PaymentRow } from './payments.store';
import { currentSeller } from './seller';
import { type SetOff, setOff } from './set-off';
import { usageOf } from './usage-of';

export interface NewBill {
  /** Names the bill for ever: made again it is the same one. */
  billId: string;
  subscriptionId: string;
  cause: 'start' | 'renewal' | 'change';
  currency: string;
  lines: BillLine[];
  /** What goes back of an earlier bill; amounts are negative. */
  refunds?: BillLine[];
  /** What goes back with its tax, where that is to be what several documents asked for, each rounded for itself. */
  refunded?: Amounts;
  /** Half-open. */
  periodStart: Date;
  periodEnd: Date;
  /** The plan paid for; the one that the subscription pins when absent. */
  plan?: Plan;
  at: Date;
}

export interface IssuedBill {
  documents: Pick<DocumentRow, 'documentId' | 'kind' | 'number'>[];
  /** It had been made before; nothing was written. */
  replayed: boolean;
}

/**
 * Writes a bill with its documents: of a contract an invoice, and a receipt once it is paid; where Microsoft bills a statement.
 * Payment and mail follow after the transaction. A bill over nothing leaves no document.
 */
export async function issueBill(tx: TxContext, tenantId: string, bill: NewBill): Promise<IssuedBill> {
  const { billId, subscriptionId, cause, currency, lines, refunds = [], periodStart, periodEnd, at } = bill;
  const subscription = await findBilledSubscription(tx.db, tenantId, subscriptionId);
  invariant(subscription, 'a bill is of a subscription');
  const plan = bill.plan ?? (await findPlan(tx.db, subscription.planId, subscription.planVersion));
  invariant(plan, 'a subscription pins a plan');
  const { planId, version: planVersion } = plan;
  const billedBy = subscription.source;
  const isNew = await insertBill(tx.db, tenantId, {
    billId,
    subscriptionId,
    cause,
    billedBy,
    planId,
    planVersion,
    currency,
    periodStart,
    periodEnd,
    at,
  });
  if (!isNew) return { documents: await findDocumentsOfBill(tx.db, tenantId, billId), replayed: true };
  await insertLines(tx.db, tenantId, billId, [
    ...lines.map((line) => ({ ...line, kind: 'charge' as const })),
    ...refunds.map((line) => ({ ...line, kind: 'refund' as const })),
  ]);

  const { buyer, mailbox } = await buyerOf(tx, tenantId);
  const seller = await currentSeller(tx.db);
  const billed = {
    plan: plan.name as DocumentContent['plan'],
    currency,
    lines,
    refunds,
    refunded: bill.refunded,
    period: { start: periodStart, end: periodEnd },
    at,
  };
  const issue: Issue = {
    tenantId,
    billId,
    content: contentOf(billed, seller, buyer),
    timeZone: buyer.timeZone,
    mailbox: plan.policies.documents.delivery === 'download' ? null : mailbox,
    method: seller.collects ? 'provider' : 'transfer',
    at,
  };
  if (!isWorthADocument(billed)) return { documents: [], replayed: false };
  if (billedBy === 'marketplace') await issueStatement(tx, issue);
  else if (isWorthADocument({ lines, refunds: [] })) await issueInvoice(tx, issue);
  else await issueReceipt(tx, issue);
  return { documents: await findDocumentsOfBill(tx.db, tenantId, billId), replayed: false };
}

/** What a subscription was billed so far for the period that began then; refunds are of earlier periods. */
export const billedFor = (tx: TxContext, tenantId: string, subscriptionId: string, periodStart: Date): Promise<number> =>
  sumBilled(tx.db, tenantId, subscriptionId, periodStart);

/** Everything a contract was billed so far, less what was given back; with tax as its documents asked for it. Null: nothing. */
export const billedInAll = (tx: TxContext, tenantId: string, subscriptionId: string) => sumBills(tx.db, tenantId, subscriptionId);

export const PAYMENT_TOPIC = 'billing.payment';
export const DOCUMENT_MAIL = 'billing_document';

export const mailKeyOf = (documentId: string): string => `document.${documentId}`;

/** What the documents of one bill share while they are issued. */
export interface Issue {
  tenantId: string;
  billId: string;
  content: Omit<DocumentContent, 'kind' | 'number'>;
  timeZone: string;
  /** null: not mailed. */
  mailbox: string | null;
  method: PaymentRow['method'];
  at: Date;
}

async function issueStatement(tx: TxContext, issue: Issue): Promise<void> {
  const content = { ...issue.content, usage: await usageOf(tx, issue.tenantId, issue.timeZone, issue.at) };
  const number = await takeStatementNumber(tx.db, issue.tenantId);
  const documentId = await write(tx, { ...issue, content }, 'statement', number, null);
  await releaseMail(tx, issue.tenantId, mailKeyOf(documentId), issue.at);
}

/** Asks for what the lines amount to, or gives it back where earlier bills were larger. */
async function issueInvoice(tx: TxContext, issue: Issue): Promise<void> {
  const { tenantId, method, at } = issue;
  const { grossMinor } = issue.content.total;
  const payment = firstPayment(issue, grossMinor);
  const documentId = await write(tx, issue, 'invoice', await takeNumber(tx.db, 'invoice'), payment);
  if (grossMinor !== 0) await order(tx, issue, documentId, grossMinor);
  // Where money is collected the paper says what came of it, and goes out then.
  if (payment) await releaseMail(tx, tenantId, mailKeyOf(documentId), at);
  if (grossMinor === 0) await issueReceipt(tx, issue);
  else if (method === 'transfer') tx.log.info({ documentId }, 'an invoice waits for a transfer');
}

function firstPayment({ method, content }: Issue, grossMinor: number): DocumentPayment | null {
  if (grossMinor === 0) return { state: 'paid', method, amountMinor: 0, on: content.issuedOn };
  return method === 'transfer' ? { state: 'due', method, amountMinor: grossMinor, on: null } : null;
}

/** Confirms what was paid, and gives back what the bill refunds. `paidOn`: a calendar date, that of issue when absent. */
export async function issueReceipt(tx: TxContext, issue: Issue, paidOn = issue.content.issuedOn): Promise<void> {
  const { refunded } = issue.content;
  const payment: DocumentPayment = {
    state: 'paid',
    method: issue.method,
    amountMinor: amountOf({ ...issue.content, kind: 'receipt', number: '' }),
    on: paidOn,
  };
  const documentId = await write(tx, issue, 'receipt', await takeNumber(tx.db, 'receipt'), payment);
  if (refunded.grossMinor !== 0) await order(tx, issue, documentId, refunded.grossMinor);
  await releaseMail(tx, issue.tenantId, mailKeyOf(documentId), issue.at);
}

/** The document, and a mail of it to the mailbox as it is at this moment. */
async function write(
  tx: TxContext,
  { tenantId, billId, content, mailbox, at }: Issue,
  kind: DocumentContent['kind'],
  number: number,
  payment: DocumentPayment | null,
): Promise<string> {
  const documentId = tx.newId();
  const whole = { ...content, kind, number: documentNumber(kind, number) };
  await insertDocument(tx.db, tenantId, { documentId, billId, kind, number, content: whole, payment, issuedAt: at });
  if (mailbox) {
    const mail = { key: mailKeyOf(documentId), kind: DOCUMENT_MAIL, subject: documentId, recipient: mailbox, locale: content.locale };
    await prepareMail(tx, tenantId, mail, at);
  }
  return documentId;
}

async function order(tx: TxContext, { tenantId, content, method, at }: Issue, documentId: string, minor: number): Promise<void> {
  const direction = minor > 0 ? 'charge' : 'refund';
  await insertPayment(tx.db, tenantId, { documentId, direction, method, amountMinor: Math.abs(minor), currency: content.currency }, at);
  if (method === 'provider') await enqueue(tx, tenantId, PAYMENT_TOPIC, { documentId }, at);
  else if (direction === 'refund') await setOffRefund(tx, tenantId, (await findPayment(tx.db, tenantId, documentId))!, at);
}

/**
 * Sets a refund off against what was never paid. A charge that is settled by it is settled as by money: what its own bill gives back
 * goes back, because what it was to pay for has been taken back as well.
 */
export async function setOffRefund(tx: TxContext, tenantId: string, refund: PaymentRow, at: Date): Promise<SetOff> {
  const done = await setOff(tx, tenantId, refund, at);
  if ('waitsFor' in done) return done;
  for (const charge of done.credited) {
    const invoice = (await findDocument(tx.db, tenantId, charge.documentId))!;
    if (invoice.content.refunded.grossMinor !== 0) await receiptFor(tx, tenantId, invoice, charge, at, at);
  }
  return done;
}

/** The receipt of an invoice that is settled; at most one. */
export async function receiptFor(
  tx: TxContext,
  tenantId: string,
  invoice: DocumentRow,
  { method, creditedMinor }: Pick<PaymentRow, 'method' | 'creditedMinor'>,
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
  const content = { ...invoice.content, issuedOn: calendarDate(at, buyer.timeZone), creditedMinor };
  await issueReceipt(
    tx,
    { tenantId, billId, content, timeZone: buyer.timeZone, mailbox: isMailed ? mailbox : null, method, at },
    calendarDate(paidAt, buyer.timeZone),
  );
}

/** Who is asked to pay, and where documents are mailed at this moment. */
export async function buyerOf(tx: TxContext, tenantId: string): Promise<{ buyer: Buyer; mailbox: string | null }> {
  const tenant = await findTenant(tx.db, tenantId);
  invariant(tenant, 'a bill is of an organization');
  const { mailbox, address, taxId } = await findContact(tx.db, tenantId);
  const { name, timeZone } = tenant;
  const locale = LOCALES.find((one) => one === tenant.locale) ?? 'en';
  return { buyer: { tenantId, name, locale, timeZone, address, taxId }, mailbox };
}
