import { z } from 'zod';
import { LOCALES, type Locale } from '../../contract/common';
import { StockMeter } from '../../contract/meters';
import { type Context, inTenant } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { type OutboxEvent, TryLater } from '../outbox/outbox';
import { deleteReference } from './conversations.store';
import type { Messages } from './messages.port';
import { abandonDeliveries, type Delivery, findNoticedCounter, markDelivery, queueDeliveries, takeDelivery } from './notices.store';
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

/** One run delivers at most this many: its lease must not end under it. */
const MOST_PER_RUN = 100;

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

  const tried: string[] = [];
  const pauses: number[] = [];
  while (tried.length < MOST_PER_RUN) {
    const delivery = await inTenant(ctx, tenantId, (tx) => takeDelivery(tx.db, tenantId, key, tried, tx.now()));
    if (!delivery) break;
    tried.push(delivery.recipient);
    const facts = {
      meter: notice.meter,
      threshold: notice.threshold,
      ...counter,
      locale: localeFor(delivery),
      timeZone: delivery.time_zone,
    };
    const sent = await ports.messages.sendQuotaNotice(delivery.reference, facts);
    if (sent.outcome === 'sent') continue;
    await inTenant(ctx, tenantId, async ({ db, now }) => {
      if (sent.outcome === 'unreachable') await deleteReference(db, tenantId, delivery.recipient, delivery.reference);
      await markDelivery(db, tenantId, key, delivery.recipient, sent.outcome === 'later' ? 'failed' : 'given_up', now());
    });
    if (sent.outcome === 'later') pauses.push(sent.afterMs ?? 0);
  }
  if (pauses.length > 0) throw new TryLater(Math.max(...pauses) || null);
  if (tried.length === MOST_PER_RUN) throw new TryLater(0);
}

function localeFor({ language, member_locale, tenant_locale }: Delivery): Locale {
  const wanted = [language, member_locale, tenant_locale].map((tag) => tag?.slice(0, 2));
  return LOCALES.find((locale) => locale === wanted.find((tag) => LOCALES.some((known) => known === tag))) ?? 'en';
}
