import { type Locale, localeFor } from '../../contract/common';
import type { TxContext } from '../../platform/context';
import { adminAddresses, queueMail } from '../mail/send-mail';

/** A document that did not arrive, and a payment that was not accepted. */
export const UNDELIVERED_MAIL = 'undelivered_document';
export const UNPAID_MAIL = 'unpaid_document';

/** Tells owners and administrators, each once of each kind and document, in their own language. */
export async function mailAdmins(
  tx: TxContext,
  tenantId: string,
  { kind, subject, locale: fallback, except }: { kind: string; subject: string; locale: Locale; except?: string },
  at: Date,
): Promise<void> {
  for (const { memberId, address, locale } of await adminAddresses(tx, tenantId)) {
    if (address.toLowerCase() === except?.toLowerCase()) continue;
    const language = localeFor(locale, fallback);
    await queueMail(tx, tenantId, { key: `${kind}.${subject}.${memberId}`, kind, subject, recipient: address, locale: language }, at);
  }
}
