import { z } from 'zod';
import { Id, type Locale, localeFor } from '../../contract/common';
import de from '../../contract/locales/de/plan-changes.json';
import en from '../../contract/locales/en/plan-changes.json';
import it from '../../contract/locales/it/plan-changes.json';
import type { TrimmedItem } from '../../contract/plan-changes';
import { meterName } from '../../contract/texts';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { dateInWords, fill } from '../../platform/sentences';
import { calendarDate } from '../entitlements/periods.rules';
import { adminAddresses, type MailDelivery, type MailKind, queueMail } from '../mail/send-mail';
import { membersWhoMay } from '../members/who-may';
import { announce } from '../notices/announce';
import type { Announcements } from '../notices/messages.port';
import { enqueue, type OutboxEvent } from '../outbox/outbox';
import { type Plan, planName } from '../plans/plans';
import { kindsOf, type Outcome } from './outcome.rules';
import { type ChangeRow, findChange } from './plan-changes.store';
import { foreseen } from './present-change';

export const CHANGE_NOTICE = 'plan_change.notice';
const CHANGE_MAIL = 'plan_change';
const TEXTS: Record<Locale, (typeof en)['notice']> = { en: en.notice, de: de.notice, it: it.notice };

const DAY_MS = 86_400_000;
/** How long before its effect people are reminded of a change (CH-13). */
const REMINDERS = { week: 7 * DAY_MS, day: DAY_MS };

/** Tells at once that a change is scheduled, and reminds of it a week and a day before. */
export async function announceChange(tx: TxContext, tenantId: string, { changeId, effectiveAt }: ChangeRow, at: Date): Promise<void> {
  await enqueue(tx, tenantId, CHANGE_NOTICE, { changeId, occasion: 'scheduled' }, at);
  for (const [occasion, before] of Object.entries(REMINDERS)) {
    const due = new Date(effectiveAt.getTime() - before);
    if (due > at) await enqueue(tx, tenantId, CHANGE_NOTICE, { changeId, occasion }, due);
  }
}

const Payload = z.object({ changeId: Id, occasion: z.enum(['scheduled', 'week', 'day']) });

/** What is to be told of a change that is still to come, with the items of this moment. */
interface News {
  effectiveAt: Date;
  timeZone: string;
  /** Of the organization: for whoever has not said one. */
  language: Locale;
  from: Plan;
  to: Plan;
  outcome: Outcome;
}

/** By chat and by mail to whoever manages the plan; a change that was withdrawn or has taken effect is not spoken of. */
export async function tellChange(ctx: Context, event: OutboxEvent, ports: { messages: Announcements }): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a plan change belongs to a tenant');
  const { changeId, occasion } = Payload.parse(event.payload);
  const told = await inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const news = await newsOf(tx, tenantId, changeId, at);
    if (!news) return null;
    for (const { memberId, address, locale } of await adminAddresses(tx, tenantId)) {
      const mail = { key: `plan_change.${changeId}.${occasion}.${memberId}`, kind: CHANGE_MAIL, subject: changeId, recipient: address };
      await queueMail(tx, tenantId, { ...mail, locale: localeFor(locale, news.language) }, at);
    }
    return { news, recipients: await membersWhoMay(tx, tenantId, 'manage_plan') };
  });
  if (!told) return;
  await announce(ctx, tenantId, ports, {
    key: `plan_change/${changeId}/${occasion}`,
    recipients: told.recipients,
    words: ({ locale }) => {
      const { title, text } = wordsOf(told.news, locale);
      return { title, text };
    },
  });
}

/** The mail of the same words. */
export const changeMails: Record<string, MailKind> = {
  [CHANGE_MAIL]: {
    async compose(ctx: Context, tenantId: string, { subject: changeId, locale }: MailDelivery) {
      const news = await inTenant(ctx, tenantId, (tx) => newsOf(tx, tenantId, changeId, tx.now()));
      if (!news) return null;
      const { subject, text } = wordsOf(news, locale);
      return { subject, text: `${text}\n`, attachments: [] };
    },
  },
};

async function newsOf(tx: TxContext, tenantId: string, changeId: string, at: Date): Promise<News | null> {
  const row = await findChange(tx.db, tenantId, changeId);
  if (row?.state !== 'scheduled' || row.effectiveAt <= at) return null;
  const { situation, decision, outcome } = await foreseen(tx, tenantId, row, at);
  // It waits for a renewal that does not come.
  if (!situation.row.autoRenew) return null;
  const { timeZone, locale } = situation.tenant;
  return { effectiveAt: row.effectiveAt, timeZone, language: localeFor(locale), from: situation.held.plan, to: decision.to, outcome };
}

/** Names told one by one; of longer lists the rest is counted. */
const MOST_NAMES = 10;

function wordsOf({ effectiveAt, timeZone, from, to, outcome }: News, locale: Locale): { title: string; subject: string; text: string } {
  const texts = TEXTS[locale];
  const facts = { date: dateInWords(calendarDate(effectiveAt, timeZone), locale), from: planName(from, locale), to: planName(to, locale) };
  const kinds = kindsOf([from, to]);
  const lines = (['cut', 'scaled', 'capped', 'detached', 'removed'] as const).flatMap((result) => {
    const names = outcome.items.filter((item: TrimmedItem) => item.result === result).map(({ name }) => name);
    return names.length > 0 ? [`– ${fill(texts[result], { names: listed(names, texts, locale) }, locale)}`] : [];
  });
  const frozen = outcome.frozen.map(({ meter }) => kinds[meter]?.name[locale] ?? meterName(meter, locale));
  if (frozen.length > 0) lines.push(`– ${fill(texts.frozen, { names: listed(frozen, texts, locale) }, locale)}`);
  const told = lines.length > 0 ? [texts.items, ...lines, texts.advice] : [texts.nothing];
  return {
    title: fill(texts.title, facts, locale),
    subject: fill(texts.subject, facts, locale),
    text: [fill(texts.text, facts, locale), ...told].join('\n'),
  };
}

function listed(names: readonly string[], texts: (typeof en)['notice'], locale: Locale): string {
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? fill(texts.more, { names: shown, count: names.length - MOST_NAMES }, locale) : shown;
}
