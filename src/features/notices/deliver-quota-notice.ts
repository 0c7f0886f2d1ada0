import { z } from 'zod';
import { type Locale, localeFor } from '../../contract/common';
import { StockMeter } from '../../contract/meters';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import type { MailKind } from '../mail/send-mail';
import { queueMail } from '../mail/send-mail';
import type { OutboxEvent } from '../outbox/outbox';
import { DEFAULT_POLICY } from '../plans/quota-policy.rules';
import { findTenant } from '../tenants/tenants';
import { pendingOf, pendingWords, USAGE_TEXTS } from '../usage/explanation.rules';
import { outlookAt } from '../usage/forecast';
import { adviceFor, adviseOnce } from '../usage/history';
import { meterNow } from '../usage/policy-at';
import { deliverEach } from './deliver-each';
import type { Announcements, Messages } from './messages.port';
import { abandonDeliveries, findAddresses, findConcerned, findNoticedCounter, queueFor } from './notices.store';
import { noticeKey, periodNamed, type QuotaNotice, readNoticeKey } from './quota-notice.rules';
import { type NoticeFacts, noticeWords } from './quota-notice-words.rules';

/** As give_notice() writes it (0034); the first form knew thresholds alone. */
const Payload = z.object({
  meter: StockMeter,
  scopeId: z.string(),
  limitEpoch: z.number().int(),
  kind: z.enum(['threshold', 'remaining', 'forecast', 'advice']).default('threshold'),
  threshold: z.number().int(),
  /** An instant, or `always`. */
  periodStart: z.string(),
});

export interface NoticePorts {
  messages: Messages & Announcements;
  /** The mailbox that bills go to; null: none is known. */
  mailboxOf(tx: TxContext, tenantId: string): Promise<string | null>;
}

export const QUOTA_MAIL = 'quota.notice';

/**
 * Tells everybody whom the meter's policy names, once each, over its channels: by the chat with the bot and by mail; the banner in
 * the tab needs no sending. Recipients and numbers are those of the moment of sending. @throws TryLater for whom it must be tried again
 */
export async function deliverQuotaNotice(ctx: Context, event: OutboxEvent, { messages, mailboxOf }: NoticePorts): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a quota notice belongs to a tenant');
  const payload = Payload.parse(event.payload);
  const notice: QuotaNotice = { ...payload, periodStart: periodNamed(payload.periodStart) };
  const key = noticeKey(notice);

  const facts = await inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const found = await factsOf(tx, tenantId, notice, at);
    if (!found) {
      await abandonDeliveries(tx.db, tenantId, key, at);
      return null;
    }
    const { recipients, channels } = found.policy;
    const people = await findConcerned(tx.db, tenantId, notice.meter, recipients);
    if (channels.includes('bot')) await queueFor(tx.db, tenantId, key, people, at);
    if (channels.includes('mail')) {
      const mailbox = recipients.includes('billing_contact') ? await mailboxOf(tx, tenantId) : null;
      await queueMails(tx, tenantId, key, people, mailbox, at);
    }
    if (notice.kind === 'threshold' && notice.threshold >= 100) await adviseOnce(tx, tenantId, notice.meter, at);
    return found.facts;
  });
  if (!facts) return;

  await deliverEach(ctx, tenantId, key, (reference, reader) =>
    facts.kind === 'threshold'
      ? messages.sendQuotaNotice(reference, { ...facts, ...reader, pending: facts.pending && pendingWords(facts.pending, reader.locale) })
      : messages.sendAnnouncement(reference, { ...noticeWords(facts, reader), locale: reader.locale }),
  );
}

/** What a notice says and to whom, at this moment; null: it was overtaken. */
async function factsOf(tx: TxContext, tenantId: string, notice: QuotaNotice, at: Date) {
  const { meter, kind, threshold } = notice;
  const counter = await findNoticedCounter(tx.db, tenantId, notice, at);
  const now = counter && (await meterNow(tx, tenantId, meter, at));
  if (!counter || !now) return null;
  const policy = (now.limit.policy ?? DEFAULT_POLICY).notice;
  const facts: NoticeFacts = {
    kind,
    meter,
    threshold,
    ...counter,
    pending: pendingOf(now.limit, now.grants, at),
    outlook: kind === 'forecast' ? await outlookAt(tx, tenantId, meter, now.counter, at) : null,
    advice: kind === 'advice' ? await adviceFor(tx, tenantId, meter, at) : null,
  };
  // Which plan to take is for those who manage it.
  return { facts, policy: kind === 'advice' ? { ...policy, recipients: ['admins', 'owner'] } : policy };
}

/** One mail per address: an address is spoken to once, however many hats it wears. */
async function queueMails(
  tx: TxContext,
  tenantId: string,
  key: string,
  people: readonly string[],
  mailbox: string | null,
  at: Date,
): Promise<void> {
  const tenant = await findTenant(tx.db, tenantId);
  const known = await findAddresses(tx.db, tenantId, people);
  const all = mailbox === null ? known : [...known, { address: mailbox, locale: null }];
  for (const { address, locale } of all) {
    const mail = { key: `${key} ${address.toLowerCase()}`, kind: QUOTA_MAIL, subject: key, recipient: address };
    await queueMail(tx, tenantId, { ...mail, locale: localeFor(locale ?? tenant?.locale ?? null) }, at);
  }
}

/** The mail of a quota notice, as things are when it is sent; nothing when it was overtaken. */
export const quotaMail: MailKind = {
  compose: (ctx, tenantId, { subject, locale }) =>
    inTenant(ctx, tenantId, async (tx) => {
      const notice = readNoticeKey(subject);
      const found = notice && (await factsOf(tx, tenantId, notice, tx.now()));
      const tenant = await findTenant(tx.db, tenantId);
      if (!found || !tenant) return null;
      const { title, text } = noticeWords(found.facts, { locale: locale as Locale, timeZone: tenant.timeZone });
      return { subject: title, text: `${text}\n\n${USAGE_TEXTS[locale].notice.why}\n`, attachments: [] };
    }),
};
