import type { Locale } from '../../contract/common';
import de from '../../contract/locales/de/billing.json';
import en from '../../contract/locales/en/billing.json';
import it from '../../contract/locales/it/billing.json';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { dateInWords, fill, moneyInWords } from '../../platform/sentences';
import { type MailDelivery, type MailKind, mailsAbout } from '../mail/send-mail';
import { amountOf } from './document.rules';
import { downloadOf } from './documents';
import { type DocumentRow, findDocument } from './documents.store';
import { DOCUMENT_MAIL } from './issue-bill';
import { mailAdmins, UNDELIVERED_MAIL, UNPAID_MAIL } from './mail-admins';
import { findPayment } from './payments.store';

const TEXTS = { en: en.mail, de: de.mail, it: it.mail };

/** The mails of billing: a document to the agreed mailbox, and to the administrators the word that it did not arrive (EC-14). */
export function billingMails({ supportContact }: { supportContact: string }): Record<string, MailKind> {
  return {
    [DOCUMENT_MAIL]: {
      compose: (ctx, tenantId, delivery) => composeDocument(ctx, tenantId, delivery, supportContact),
      undelivered: tellAdmins,
    },
    [UNPAID_MAIL]: { compose: (ctx, tenantId, delivery) => composeUnpaid(ctx, tenantId, delivery, supportContact) },
    [UNDELIVERED_MAIL]: { compose: (ctx, tenantId, delivery) => composeUndelivered(ctx, tenantId, delivery, supportContact) },
  };
}

async function composeDocument(ctx: Context, tenantId: string, { subject, locale }: MailDelivery, support: string) {
  const document = await inTenant(ctx, tenantId, (tx) => findDocument(tx.db, tenantId, subject));
  if (!document) return null;
  const { content } = document;
  const texts = TEXTS[locale];
  const words = {
    number: content.number,
    seller: content.seller.name,
    plan: content.plan[locale],
    from: dateInWords(content.from, locale),
    until: dateInWords(content.until, locale),
    total: moneyInWords(amountOf(content), content.currency, locale),
    ...about(document, support),
  };
  return {
    subject: fill(texts[`${content.kind}Subject`], words, locale),
    text: `${fill(texts[content.kind], words, locale)}\n\n${fill(texts.end, words, locale)}\n`,
    attachments: [await downloadOf(document, locale)],
  };
}

const about = ({ content: { buyer } }: DocumentRow, support: string) => ({ organization: buyer.name ?? buyer.id, support });

/** Owners and administrators, each once for each mail that did not arrive, but never by the mailbox that does not take mails. */
export async function tellAdmins(tx: TxContext, tenantId: string, failed: MailDelivery, at: Date): Promise<void> {
  // Where no mail is sent at all the list of documents says so.
  if (failed.problem === 'mail_off') return;
  await mailAdmins(tx, tenantId, { kind: UNDELIVERED_MAIL, subject: failed.subject, locale: failed.locale, except: failed.recipient }, at);
}

async function composeUndelivered(ctx: Context, tenantId: string, { subject, locale }: MailDelivery, support: string) {
  const found = await inTenant(ctx, tenantId, async (tx) => {
    const document = await findDocument(tx.db, tenantId, subject);
    const [failed] = await mailsAbout(tx, tenantId, DOCUMENT_MAIL, [subject]);
    return document && { document, failed };
  });
  if (!found?.failed) return null;
  const { document, failed } = found;
  const texts = TEXTS[locale];
  const words = {
    number: document.content.number,
    recipient: failed.recipient,
    problem: problemInWords(failed.problem, locale),
    ...about(document, support),
  };
  return { subject: fill(texts.undeliveredSubject, words, locale), text: `${fill(texts.undelivered, words, locale)}\n`, attachments: [] };
}

async function composeUnpaid(ctx: Context, tenantId: string, { subject, locale }: MailDelivery, support: string) {
  const found = await inTenant(ctx, tenantId, async (tx) => {
    const [document, payment] = [await findDocument(tx.db, tenantId, subject), await findPayment(tx.db, tenantId, subject)];
    return document && payment && { document, payment };
  });
  if (found?.payment.state !== 'failed') return null;
  const { document, payment } = found;
  const texts = TEXTS[locale];
  const words = {
    number: document.content.number,
    total: moneyInWords(payment.amountMinor, payment.currency, locale),
    problem: problemInWords(payment.problem, locale),
    ...about(document, support),
  };
  return { subject: fill(texts.unpaidSubject, words, locale), text: `${fill(texts.unpaid, words, locale)}\n`, attachments: [] };
}

/** Our own words for what went wrong here; a mail server's are left as they are. */
export function problemInWords(problem: string | null, locale: Locale): string {
  const texts: Record<string, string> = TEXTS[locale].problems;
  return texts[problem ?? 'internal'] ?? problem!;
}
