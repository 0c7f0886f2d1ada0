import type { PendingPurchaseView } from '../../contract/marketplace-log';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { sayOnce } from '../audit/said-once';
import { type MailKind, queueMail } from '../mail/send-mail';
import { findTenant } from '../tenants/tenants';
import { type ActivationReport, dueReport, lapsedBefore, lapsesAt } from './drift.rules';
import { findPending, listPending, type PendingPurchase } from './drift.store';

import { findInDirectory, findSubscription } from './subscriptions.store';

export const PENDING_PURCHASE_MAIL = 'pending_purchase';

const MOST = 500;

/** Purchases that nobody has activated, as the last repair saw them; the one that lapses first comes first. */
export async function pendingPurchases(ctx: Context): Promise<PendingPurchaseView[]> {
  const at = ctx.now();
  const shown: PendingPurchaseView[] = [];
  for (const { purchasedAt, ...purchase } of await listPending(ctx.database, lapsedBefore(at), MOST)) {
    if (await inTenant(ctx, purchase.tenantId, (tx) => waits(tx, purchase)))
      shown.push({ ...purchase, purchasedAt: purchasedAt.toISOString(), lapsesAt: lapsesAt(purchasedAt).toISOString() });
  }
  return shown;
}

/**
 * Tells the publisher of purchases that wait for their activation, before they lapse: after two days, and when a week and a day are left.
 * Each is said once, in the log and to the mailbox. Answers how many it told of.
 */
export async function reportPendingPurchases(ctx: Context, mailbox: string | null): Promise<number> {
  const at = ctx.now();
  let told = 0;
  for (const purchase of await listPending(ctx.database, lapsedBefore(at), MOST)) {
    const report = dueReport(purchase.purchasedAt, at);
    if (report && (await inTenant(ctx, purchase.tenantId, (tx) => tell(tx, purchase, report, mailbox, at)))) told += 1;
  }
  return told;
}

async function tell(
  tx: TxContext,
  purchase: PendingPurchase,
  report: ActivationReport,
  mailbox: string | null,
  at: Date,
): Promise<boolean> {
  const { subscriptionId, tenantId, planId, purchasedAt } = purchase;
  if (!(await waits(tx, purchase))) return false;
  const key = `pending.${subscriptionId}.${report}`;
  if (!(await sayOnce(tx.db, key, at))) return false;
  tx.log.warn({ subscriptionId, tenantId, planId, lapsesAt: lapsesAt(purchasedAt) }, 'a purchase waits for its activation and will lapse');
  if (mailbox !== null)
    await queueMail(tx, tenantId, { key, kind: PENDING_PURCHASE_MAIL, subject: subscriptionId, recipient: mailbox, locale: 'en' }, at);
  return true;
}

/** What was activated or ended since the last repair waits no more. */
async function waits(
  { db }: TxContext,
  { subscriptionId, tenantId }: Pick<PendingPurchase, 'subscriptionId' | 'tenantId'>,
): Promise<boolean> {
  const entry = await findInDirectory(db, subscriptionId);
  const row = entry?.tenantId === tenantId ? await findSubscription(db, tenantId, entry.subscriptionId) : null;
  return row === null || row.status === 'PendingFulfillmentStart';
}

/** To the publisher: who bought what, and until when it can be activated. */
export const pendingPurchaseMail: MailKind = {
  async compose(ctx, tenantId, { subject: subscriptionId }) {
    return inTenant(ctx, tenantId, async (tx) => {
      const purchase = await findPending(tx.db, subscriptionId);
      if (!purchase || !(await waits(tx, purchase))) return null;
      const { name, offerId, planId, purchaser, purchasedAt } = purchase;
      const organization = (await findTenant(tx.db, tenantId))?.name ?? tenantId;
      const lines = [
        `${organization} bought the plan ${planId} of the offer ${offerId} and nobody has activated it yet.`,
        '',
        `Subscription: ${name} (${subscriptionId})`,
        `Organization: ${tenantId}`,
        `Bought by: ${purchaser ?? 'the marketplace does not say'}`,
        `Bought on: ${purchasedAt.toISOString()}`,
        `Lapses on: ${lapsesAt(purchasedAt).toISOString()}`,
        '',
        'Until then the buyer can activate it: open the subscription in the Microsoft 365 admin center or the Azure portal, and choose',
        'to configure or manage the account. Nothing is billed before.',
      ];
      return { subject: `Not activated yet: ${planId} for ${organization}`, text: `${lines.join('\n')}\n`, attachments: [] };
    });
  },
};
