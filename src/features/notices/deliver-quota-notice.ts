import { z } from 'zod';
import { StockMeter } from '../../contract/meters';
import { type Context, inTenant } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import type { OutboxEvent } from '../outbox/outbox';
import { deliverEach } from './deliver-each';
import type { Messages } from './messages.port';
import { abandonDeliveries, findNoticedCounter, queueDeliveries } from './notices.store';
import { noticeKey, periodNamed, type QuotaNotice } from './quota-notice.rules';

/** As give_notice() writes it (0002_admission.sql). */
const Payload = z.object({
  meter: StockMeter,
  scopeId: z.string(),
  limitEpoch: z.number().int(),
  threshold: z.number().int(),
  /** An instant, or `always`. */
  periodStart: z.string(),
});

/**
 * Tells everybody concerned, once each, by the chat with the bot; those without one see the banner in the tab.
 * Recipients and numbers are those of the moment of sending. @throws TryLater for whom it must be tried again
 */
export async function deliverQuotaNotice(ctx: Context, event: OutboxEvent, ports: { messages: Messages }): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a quota notice belongs to a tenant');
  const payload = Payload.parse(event.payload);
  const notice: QuotaNotice = { ...payload, periodStart: periodNamed(payload.periodStart) };
  const key = noticeKey(notice);

  const counter = await inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const found = await findNoticedCounter(tx.db, tenantId, notice, at);
    if (found) await queueDeliveries(tx.db, tenantId, notice, at);
    else await abandonDeliveries(tx.db, tenantId, key, at);
    return found;
  });
  if (!counter) return;

  await deliverEach(ctx, tenantId, key, (reference, reader) =>
    ports.messages.sendQuotaNotice(reference, { meter: notice.meter, threshold: notice.threshold, ...counter, ...reader }),
  );
}
