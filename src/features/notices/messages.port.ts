import type { Locale } from '../../contract/common';
import type { Meter } from '../../contract/meters';

/** The facts of a quota notice, and how its one reader is spoken to. */
export interface QuotaMessage {
  meter: Meter;
  threshold: number;
  used: number;
  limit: number;
  /** When new ones can be created again. */
  resetsAt: Date;
  locale: Locale;
  /** IANA zone of the organization. */
  timeZone: string;
}

/**
 * What became of a message. later: not now, the service may have said when; unreachable: this person cannot be written to
 * any more; refused: the message itself will never be taken.
 */
export type Sent = { outcome: 'sent' } | { outcome: 'later'; afterMs: number | null } | { outcome: 'unreachable' } | { outcome: 'refused' };

/** Writes to people first. Never throws for what the other side answers. */
export interface Messages {
  sendQuotaNotice(reference: Record<string, unknown>, message: QuotaMessage): Promise<Sent>;
}
