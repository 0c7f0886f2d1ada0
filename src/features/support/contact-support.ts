import { localeFor } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { NewSupportMessage, SupportMessage } from '../../contract/support';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { queueMail } from '../mail/send-mail';
import { enter } from '../members/admit-member';
import { type ActKey, actKeyOf, type Created, type CreationKey } from '../usage/creation';
import { once } from '../usage/once';
import { standingsAt } from '../usage/read-usage';
import { recall } from '../usage/recall';
import { countMessages, findMessage, insertMessage, type SupportMessageRow } from './support.store';

export const SUPPORT_MAIL = 'support_message';

const MOST_PER_DAY = 20;
const DAY_MS = 86_400_000;

/**
 * Asks the publisher: kept, written down in the audit log, and mailed with the organization's id and how every meter stands
 * (TW-31, EC-18). Whoever may read may ask, under any standing.
 */
export function contactSupport(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: NewSupportMessage,
  contact: string,
): Promise<Result<Created<SupportMessage>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const act = actKeyOf('contact_support', actor, key, input);
    const known = await recall(tx, actor.tenantId, act);
    if (!known.ok) return known;
    if (known.value) {
      const row = (await findMessage(tx.db, actor.tenantId, known.value))!;
      return ok({ record: toMessage(row, contact), replayed: true });
    }
    const written = await countMessages(tx.db, actor.tenantId, actor.memberId, new Date(at.getTime() - DAY_MS));
    if (written.count >= MOST_PER_DAY)
      return refuse({ code: 'too_many_messages', limit: MOST_PER_DAY, retryAt: new Date(written.first!.getTime() + DAY_MS).toISOString() });
    return writeOnce(tx, actor, act, input, contact, at);
  });
}

async function writeOnce(
  tx: TxContext,
  actor: Actor,
  act: ActKey,
  input: NewSupportMessage,
  contact: string,
  at: Date,
): Promise<Result<Created<SupportMessage>, Refusal>> {
  const messageId = tx.newId();
  const first = await once(tx, actor.tenantId, { ...act, subject: messageId }, at);
  if (first.outcome === 'conflict') return refuse({ code: 'idempotency_conflict' });
  if (first.outcome === 'replayed') {
    const row = (await findMessage(tx.db, actor.tenantId, first.subject))!;
    return ok({ record: toMessage(row, contact), replayed: true });
  }
  const row = await writeMessage(tx, actor, { messageId, ...input }, contact, at);
  return ok({ record: toMessage(row, contact), replayed: false });
}

/** Keeps a message and has it mailed; for callers that have asked who may. */
export async function writeMessage(
  tx: TxContext,
  actor: Actor,
  written: Pick<SupportMessageRow, 'messageId' | 'topic' | 'message' | 'meter'>,
  contact: string,
  at: Date,
): Promise<SupportMessageRow> {
  const { tenantId, memberId, via } = actor;
  const row = { ...written, author: memberId, standings: await standingsAt(tx, tenantId, at), createdAt: at };
  await insertMessage(tx.db, tenantId, row);
  const { messageId, topic, meter } = row;
  await audit(tx, tenantId, { actor: memberId, via, action: 'support.asked', subject: messageId, details: { topic, meter } }, at);
  if (isAddress(contact)) {
    const mail = {
      key: `support.${messageId}`,
      kind: SUPPORT_MAIL,
      subject: messageId,
      recipient: contact,
      locale: localeFor(actor.locale),
    };
    await queueMail(tx, tenantId, mail, at);
  }
  return row;
}

/** The contact may be a link, which takes no mail. */
export const isAddress = (contact: string): boolean => /^[^\s@:/]+@[^\s@:/]+$/u.test(contact);

const toMessage = ({ messageId, topic, message, meter, createdAt }: SupportMessageRow, contact: string): SupportMessage => ({
  id: messageId,
  topic,
  message,
  meter,
  createdAt: createdAt.toISOString(),
  contact,
  delivery: isAddress(contact) ? 'mail' : 'recorded',
});
