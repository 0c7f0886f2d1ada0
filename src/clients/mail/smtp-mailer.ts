import { createTransport } from 'nodemailer';
import type { Mailer, MailOutcome } from '../../features/mail/mail.port';
import type { Logger } from '../../platform/logger';

export interface SmtpSettings {
  /** smtp://user:password@host:port, or smtps:// */
  url: string;
  /** Whom mails come from: one address, or “Name <address>”. */
  from: string;
}

const TIMEOUTS = { connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 60_000, dnsTimeout: 10_000 };

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/u;

/** Hands mails to an SMTP server. Beyond this machine the connection is encrypted, or there is none. */
export function createSmtpMailer({ url, from }: SmtpSettings, log: Logger): Mailer {
  const { hostname } = new URL(url);
  const transport = createTransport({
    url,
    ...TIMEOUTS,
    requireTLS: !LOOPBACK.test(hostname),
    // Nothing that a mail holds is fetched from anywhere.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(mail) {
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: mail.to },
          subject: mail.subject,
          text: mail.text,
          messageId: `<${mail.key}@${domainOf(from)}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
          attachments: mail.attachments.map(({ name, mediaType, bytes }) => ({ filename: name, contentType: mediaType, content: bytes })),
        });
        return { outcome: 'sent' };
      } catch (error) {
        const failure = readFailure(error);
        log.warn({ err: error, key: mail.key, outcome: failure.outcome }, 'a mail could not be handed over');
        return failure;
      }
    },
  };
}

/** A mail is refused for good when the server said so to its recipient or content; its other troubles pass or are ours. */
export function readFailure(error: unknown): Exclude<MailOutcome, { outcome: 'sent' }> {
  const { code, responseCode, response, message } = error as Record<string, unknown>;
  const isFinal = typeof responseCode === 'number' && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
  // An address that cannot be written on an envelope has no server's answer.
  const isUnusable = code === 'EENVELOPE' && responseCode === undefined;
  const problem = oneLine(typeof response === 'string' ? response : String(message ?? code ?? 'unknown'));
  return { outcome: isFinal || isUnusable ? 'refused' : 'later', problem };
}

const oneLine = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);

const domainOf = (from: string): string => /@([\w.-]+)>?$/u.exec(from.trim())?.[1] ?? 'localhost';
