import type { Locale } from '../../contract/common';

/** The facts of a quota notice, and how its one reader is spoken to. */
export interface QuotaMessage {
  meter: string;
  threshold: number;
  used: number;
  limit: number;
  /** When new ones can be created again; null: when a place is freed. */
  resetsAt: Date | null;
  /** What is owed and not available yet, in the reader's words. */
  pending: string | null;
  locale: Locale;
  /** IANA zone of the organization. */
  timeZone: string;
}

/**
 * What became of a message. later: not now, the service may have said when; unreachable: this person cannot be written to
 * any more; refused: the message itself will never be taken.
 */
export type Sent = { outcome: 'sent' } | { outcome: 'later'; afterMs: number | null } | { outcome: 'unreachable' } | { outcome: 'refused' };

/** Something told to one person, in their language. */
export interface Announcement {
  title: string;
  text: string;
  locale: Locale;
}

/** Writes to people first. Never throws for what the other side answers. */
export interface Announcements {
  sendAnnouncement(reference: Record<string, unknown>, announcement: Announcement): Promise<Sent>;
}

/** Writes to people first. Never throws for what the other side answers. */
export interface Messages {
  sendQuotaNotice(reference: Record<string, unknown>, message: QuotaMessage): Promise<Sent>;
}
