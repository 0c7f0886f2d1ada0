import { z } from 'zod';
import type { Locale } from '../../contract/common';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { rolesThatMay } from '../members/access.rules';
import { enqueue, type OutboxEvent, TryLater } from '../outbox/outbox';
import type { Mail, Mailer, MailOutcome } from './mail.port';
import { findAdminAddresses, findMail, findMailsAbout, insertMail, type MailDelivery, settleMail, takeMail } from './mail.store';

export type { MailDelivery };

export const MAIL_TOPIC = 'mail';

const Payload = z.object({ key: z.string() });

/** What a kind of mail says, and what happens when nobody could be given it. */
export interface MailKind {
  /** Outside any transaction; null: there is no longer anything to say. */
  compose(ctx: Context, tenantId: string, delivery: MailDelivery): Promise<Pick<Mail, 'subject' | 'text' | 'attachments'> | null>;
  undelivered?(tx: TxContext, tenantId: string, delivery: MailDelivery, at: Date): Promise<void>;
}

export interface MailPorts {
  /** null: mail is off; what is queued is given up with that word. */
  mailer: Mailer | null;
  kinds: Record<string, MailKind>;
}

export interface NewMail {
  /** Names the mail for ever: of one key there is one mail. */
  key: string;
  kind: string;
  subject: string;
  recipient: string;
  locale: Locale;
}

/** Has a mail sent after the transaction. */
export async function queueMail(tx: TxContext, tenantId: string, mail: NewMail, at: Date): Promise<void> {
  if (await prepareMail(tx, tenantId, mail, at)) await releaseMail(tx, tenantId, mail.key, at);
}

/** Decides that there is a mail, and to which address; it waits to be released. False: of this key there is one already. */
export const prepareMail = (tx: TxContext, tenantId: string, mail: NewMail, at: Date): Promise<boolean> =>
  insertMail(tx.db, tenantId, mail, at);

/** Sends a prepared mail after the transaction; to be called once. Nothing happens where none was prepared. */
export async function releaseMail(tx: TxContext, tenantId: string, key: string, at: Date): Promise<void> {
  if (await findMail(tx.db, tenantId, key)) await enqueue(tx, tenantId, MAIL_TOPIC, { key }, at);
}

/** Pauses before the next tries: a server that takes a mail later mostly does so within the day. */
const PAUSES_MS = [60_000, 300_000, 900_000, 3_600_000, 4 * 3_600_000, 12 * 3_600_000];

/**
 * Sends one mail, never twice: it is marked before it is handed over, and one found marked was cut off in the middle and counts
 * as not delivered, which its kind then tells. @throws TryLater when the other side takes it later
 */
export async function deliverMail(ctx: Context, event: OutboxEvent, { mailer, kinds }: MailPorts): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a mail belongs to a tenant');
  const { key } = Payload.parse(event.payload);
  const delivery = await inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const taken = await takeMail(tx.db, tenantId, key, at);
    if (!taken) await giveUp(tx, tenantId, key, 'interrupted', kinds, at);
    return taken;
  });
  if (!delivery) return;
  const sent = await send(ctx, tenantId, delivery, mailer, kinds);
  const pause = PAUSES_MS[delivery.attempts - 1];
  const waits = sent.outcome === 'later' && pause !== undefined;
  await inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    // Somebody may have taken a very slow one for cut off meanwhile.
    if (sent.outcome === 'sent') await settleMail(tx.db, tenantId, key, { from: ['sending', 'given_up'], to: 'sent', problem: null }, at);
    else if (waits) await settleMail(tx.db, tenantId, key, { from: ['sending'], to: 'failed', problem: sent.problem }, at);
    else await giveUp(tx, tenantId, key, sent.problem, kinds, at);
  });
  if (waits) throw new TryLater(pause);
}

async function send(
  ctx: Context,
  tenantId: string,
  delivery: MailDelivery,
  mailer: Mailer | null,
  kinds: MailPorts['kinds'],
): Promise<MailOutcome> {
  if (!mailer) return { outcome: 'refused', problem: 'mail_off' };
  const kind = kinds[delivery.kind];
  invariant(kind, `the kind of mail ${delivery.kind} is known`);
  try {
    const composed = await kind.compose(ctx, tenantId, delivery);
    if (!composed) return { outcome: 'refused', problem: 'obsolete' };
    return await mailer.send({ ...composed, key: `${delivery.key}.${tenantId}`, to: delivery.recipient });
  } catch (error) {
    ctx.log.error({ err: error, kind: delivery.kind, key: delivery.key }, 'a mail could not be made');
    return { outcome: 'later', problem: 'internal' };
  }
}

async function giveUp(tx: TxContext, tenantId: string, key: string, problem: string, kinds: MailPorts['kinds'], at: Date): Promise<void> {
  const given = await settleMail(tx.db, tenantId, key, { from: ['sending'], to: 'given_up', problem }, at);
  if (!given) return;
  tx.log.warn({ kind: given.kind, key, problem }, 'a mail was given up');
  await kinds[given.kind]?.undelivered?.(tx, tenantId, given, at);
}

/** What became of the mails about these subjects, oldest first. */
export const mailsAbout = (tx: TxContext, tenantId: string, kind: string, subjects: readonly string[]): Promise<MailDelivery[]> =>
  findMailsAbout(tx.db, tenantId, kind, subjects);

/** Where owners and administrators are told what should not be missed. */
export const adminAddresses = (tx: TxContext, tenantId: string) => findAdminAddresses(tx.db, tenantId, rolesThatMay('read_billing'));

/** What a mailbox sent back later is told like a mail that was not taken. False: there is no such mail, or it never went out. */
export async function noteBounce(
  tx: TxContext,
  tenantId: string,
  key: string,
  problem: string,
  undelivered: NonNullable<MailKind['undelivered']>,
  at: Date,
): Promise<boolean> {
  const bounced = await settleMail(tx.db, tenantId, key, { from: ['sent'], to: 'bounced', problem }, at);
  if (bounced) await undelivered(tx, tenantId, bounced, at);
  return bounced !== null;
}
