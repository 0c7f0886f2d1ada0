import { type Context, inTenant } from '../../platform/context';
import { deliverEach, type Reader } from './deliver-each';
import type { Announcement, Announcements } from './messages.port';
import { queueFor } from './notices.store';

/**
 * Tells people something by their chats with the bot, each once under this key, in their own language; who has no chat, or wants
 * no notices, sees it where it happened. For handlers of the outbox. @throws TryLater for whom it must be tried again
 */
export async function announce(
  ctx: Context,
  tenantId: string,
  ports: { messages: Announcements },
  what: { key: string; recipients: readonly string[]; words: (reader: Reader) => Omit<Announcement, 'locale'> },
): Promise<void> {
  await inTenant(ctx, tenantId, ({ db, now }) => queueFor(db, tenantId, what.key, what.recipients, now()));
  await deliverEach(ctx, tenantId, what.key, (reference, reader) =>
    ports.messages.sendAnnouncement(reference, { ...what.words(reader), locale: reader.locale }),
  );
}
