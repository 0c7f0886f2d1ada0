import type { Download } from '../../platform/download';

export interface Mail {
  /** Equal for every try of one mail: it becomes the Message-ID, by which a mailbox knows a repetition. */
  key: string;
  /** One address. */
  to: string;
  subject: string;
  /** Plain text. */
  text: string;
  attachments: readonly Download[];
}

/** later: not now; refused: this mail will never be taken, as for an address that does not exist. `problem`: theirs to say, for people. */
export type MailOutcome = { outcome: 'sent' } | { outcome: 'later' | 'refused'; problem: string };

/** Hands mails over. Never throws for what the other side answers. */
export interface Mailer {
  send(mail: Mail): Promise<MailOutcome>;
}
