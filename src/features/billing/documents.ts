import type { BillingDocument, DocumentQuery } from '../../contract/billing';
import { type Locale, localeFor } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import type { Download } from '../../platform/download';
import { type Page, pageOf, readAgeCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { type MailDelivery, mailsAbout } from '../mail/send-mail';
import { amountOf } from './document.rules';
import { type DocumentRow, findDocument, findDocuments } from './documents.store';
import { enterBilling } from './enter-billing';
import { DOCUMENT_MAIL } from './issue-bill';
import { findPayments, type PaymentRow } from './payments.store';
import { printDocument } from './print-document';

/** Newest first. */
export function listDocuments(ctx: Context, actor: Actor, query: DocumentQuery): Promise<Result<Page<BillingDocument>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enterBilling(tx, actor);
    return access.ok ? ok(await documentsOf(tx, actor.tenantId, query, localeFor(actor.locale))) : access;
  });
}

/** An organization's documents as they are shown; for callers that have asked who may. */
export async function documentsOf(tx: TxContext, tenantId: string, query: DocumentQuery, locale: Locale): Promise<Page<BillingDocument>> {
  const { kind = null, limit } = query;
  const rows = await findDocuments(tx.db, tenantId, { kind, before: readAgeCursor(query.cursor), limit: limit + 1 });
  const ids = rows.map(({ documentId }) => documentId);
  const [payments, mails] = [await findPayments(tx.db, tenantId, ids), await mailsAbout(tx, tenantId, DOCUMENT_MAIL, ids)];
  const show = (row: DocumentRow) =>
    toDocument(
      row,
      payments.find(({ documentId }) => documentId === row.documentId) ?? null,
      mails.find(({ subject }) => subject === row.documentId) ?? null,
      locale,
    );
  return pageOf(rows, limit, show, (row) => [row.issuedAt.toISOString(), row.documentId]);
}

/** One document as it is shown; null for an unknown one. */
export async function showDocument(tx: TxContext, tenantId: string, documentId: string, locale: Locale): Promise<BillingDocument | null> {
  const row = await findDocument(tx.db, tenantId, documentId);
  if (!row) return null;
  const [payment = null] = await findPayments(tx.db, tenantId, [documentId]);
  const [mail = null] = await mailsAbout(tx, tenantId, DOCUMENT_MAIL, [documentId]);
  return toDocument(row, payment, mail, locale);
}

/** The PDF under its permanent link (CH-09), in the language it was issued in unless another is wanted. */
export async function downloadDocument(
  ctx: Context,
  actor: Actor,
  documentId: string,
  language: Locale | undefined,
): Promise<Result<Download, Refusal>> {
  const found = await inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enterBilling(tx, actor);
    return access.ok ? readable(await findDocument(tx.db, actor.tenantId, documentId)) : access;
  });
  return found.ok ? ok(await downloadOf(found.value, language ?? found.value.content.locale)) : found;
}

/** An invoice whose money is being collected says in a moment what came of it, and never anything else. */
function readable(row: DocumentRow | null): Result<DocumentRow, Refusal> {
  if (!row) return refuse({ code: 'document_not_found' });
  return row.kind === 'invoice' && row.payment === null ? refuse({ code: 'document_not_ready' }) : ok(row);
}

export async function downloadOf({ content, payment }: DocumentRow, language: Locale): Promise<Download> {
  return { name: `${content.number}.pdf`, mediaType: 'application/pdf', bytes: await printDocument(content, payment, language) };
}

function toDocument(row: DocumentRow, payment: PaymentRow | null, mail: MailDelivery | null, locale: Locale): BillingDocument {
  const { documentId, kind, subscriptionId, content } = row;
  return {
    id: documentId,
    kind,
    number: content.number,
    issuedAt: row.issuedAt.toISOString(),
    subscriptionId,
    planName: content.plan[locale],
    from: content.from,
    until: content.until,
    currency: content.currency,
    totalMinor: amountOf(content),
    isEstimate: kind === 'statement',
    payment: payment && {
      direction: payment.direction,
      method: payment.method,
      state: payment.state,
      amountMinor: payment.amountMinor,
      creditedMinor: payment.creditedMinor,
      paidAt: payment.paidAt?.toISOString() ?? null,
      problem: payment.problem,
    },
    mail: mail && { to: mail.recipient, state: mail.state, problem: mail.problem, at: mail.at.toISOString() },
    pdf: `/billing/documents/${documentId}.pdf`,
  };
}
