import type { BillingDocument } from '../../contract/billing';
import { localeFor } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { OperatorActor } from '../../platform/actor';
import type { Context } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { noteBounce } from '../mail/send-mail';
import { operate } from '../tenants/operate';
import { tellAdmins } from './document-mail';
import { showDocument } from './documents';
import { mailKeyOf } from './issue-bill';

/** A mail that had gone out came back to the publisher: its organization's administrators are told, once (EC-14). */
export function reportBounce(
  ctx: Context,
  operator: OperatorActor,
  { tenantId, documentId }: { tenantId: string; documentId: string },
  { problem, reason }: { problem: string; reason: string },
): Promise<Result<BillingDocument, Refusal>> {
  const act = { operator, needs: 'accounting', tenantId, action: 'mail.bounced', reason, details: { problem } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const isNew = await noteBounce(tx, tenantId, mailKeyOf(documentId), problem, tellAdmins, at);
    const value = await showDocument(tx, tenantId, documentId, localeFor(operator.locale));
    return value?.mail ? ok({ value, subject: documentId, isNew }) : refuse({ code: 'document_not_found' });
  });
}
