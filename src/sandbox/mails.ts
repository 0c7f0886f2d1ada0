import express, { type Router } from 'express';
import type { Mail, Mailer } from '../features/mail/mail.port';
import type { SandboxClock } from './clock';
import { openStore } from './store';

/** Stands in for the publisher's mail server: nothing leaves this machine, everything can be read. */
export interface SandboxMails extends Mailer {
  readonly router: Router;
}

interface Kept extends Omit<Mail, 'attachments'> {
  at: string;
  attachments: { name: string; mediaType: string; base64: string }[];
}

const MOST_KEPT = 200;

/** Mailboxes that show what goes wrong elsewhere: `bounce@…` does not exist, `later@…` is busy. */
const BAD_MAILBOXES: [RegExp, 'refused' | 'later', string][] = [
  [/^bounce@/iu, 'refused', '550 5.1.1 No such mailbox (sandbox)'],
  [/^later@/iu, 'later', '451 4.7.1 Try again later (sandbox)'],
];

export async function openMails(folder: string, clock: SandboxClock): Promise<SandboxMails> {
  const outbox = await openStore<{ mails: Kept[] }>(folder, 'mails', { mails: [] });

  const router = express.Router();
  router.get('/', (_req, res) => {
    const mails = outbox.current.mails.map(({ attachments, ...mail }) => ({
      ...mail,
      attachments: attachments.map(({ name, mediaType, base64 }) => ({ name, mediaType, bytes: Buffer.byteLength(base64, 'base64') })),
    }));
    res.json({ mails });
  });
  router.get('/:key/attachments/:name', (req, res, pass) => {
    const mail = outbox.current.mails.find(({ key }) => key === req.params.key);
    const attachment = mail?.attachments.find(({ name }) => name === req.params.name);
    if (attachment) res.attachment(attachment.name).type(attachment.mediaType).send(Buffer.from(attachment.base64, 'base64'));
    else pass();
  });

  return {
    router,
    async send({ attachments, ...mail }) {
      const bad = BAD_MAILBOXES.find(([pattern]) => pattern.test(mail.to));
      if (bad) return { outcome: bad[1], problem: bad[2] };
      await outbox.change((draft) => {
        const kept = attachments.map(({ name, mediaType, bytes }) => ({ name, mediaType, base64: bytes.toString('base64') }));
        draft.mails.push({ ...mail, attachments: kept, at: clock.now().toISOString() });
        draft.mails.splice(0, draft.mails.length - MOST_KEPT);
      });
      return { outcome: 'sent' };
    },
  };
}
