import type { Announcements, Messages, Sent } from '../../features/notices/messages.port';
import type { Logger } from '../../platform/logger';
import { announcementCard, noticeCard } from './notice-card';

/** Sends one activity into a chat of the bot; throws what the connector answered, with its `statusCode`. */
export type Post = (reference: Record<string, unknown>, activity: object) => Promise<void>;

/** Writes to people first, as the bot. */
export function createNoticeMessages(post: Post, log: Logger): Messages & Announcements {
  async function send(reference: Record<string, unknown>, card: { fallbackText: string }): Promise<Sent> {
    try {
      await post(reference, {
        type: 'message',
        summary: card.fallbackText,
        attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
        channelData: { notification: { alert: true } },
      });
      return { outcome: 'sent' };
    } catch (error) {
      const sent = readFailure(error);
      log.warn({ err: error, outcome: sent.outcome }, 'a notice could not be sent');
      return sent;
    }
  }
  return {
    sendQuotaNotice: (reference, message) => send(reference, noticeCard(message)),
    sendAnnouncement: (reference, announcement) => send(reference, announcementCard(announcement)),
  };
}

/** What an answer of the connector means for the next try. Source: Teams bot conversations, status codes. */
export function readFailure(error: unknown): Exclude<Sent, { outcome: 'sent' }> {
  const { statusCode, response } = error as {
    statusCode?: unknown;
    response?: { headers?: { get?(name: string): string | null | undefined } };
  };
  if (typeof statusCode !== 'number') return { outcome: 'later', afterMs: null };
  if (statusCode === 403 || statusCode === 404) return { outcome: 'unreachable' };
  if (statusCode === 412 || statusCode === 429 || statusCode >= 500) {
    const header = response?.headers?.get?.('retry-after');
    const seconds = Number(header);
    return { outcome: 'later', afterMs: header && Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null };
  }
  return { outcome: 'refused' };
}
