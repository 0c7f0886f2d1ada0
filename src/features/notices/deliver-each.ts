import { LOCALES, type Locale } from '../../contract/common';
import { type Context, inTenant } from '../../platform/context';
import { TryLater } from '../outbox/outbox';
import { type ConversationReference, deleteReference } from './conversations.store';
import type { Sent } from './messages.port';
import { type Delivery, markDelivery, takeDelivery } from './notices.store';

/** By what somebody is spoken to. */
export interface Reader {
  locale: Locale;
  /** IANA zone of the organization. */
  timeZone: string;
}

/** One run delivers at most this many: its lease must not end under it. */
const MOST_PER_RUN = 100;

/** Sends what is queued under a key to each recipient once, by their chat with the bot. @throws TryLater for whom it must be tried again */
export async function deliverEach(
  ctx: Context,
  tenantId: string,
  key: string,
  send: (reference: ConversationReference, reader: Reader) => Promise<Sent>,
): Promise<void> {
  const tried: string[] = [];
  const pauses: number[] = [];
  while (tried.length < MOST_PER_RUN) {
    const delivery = await inTenant(ctx, tenantId, (tx) => takeDelivery(tx.db, tenantId, key, tried, tx.now()));
    if (!delivery) break;
    tried.push(delivery.recipient);
    const sent = await send(delivery.reference, { locale: localeFor(delivery), timeZone: delivery.time_zone });
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
