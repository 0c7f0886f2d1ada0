import type { Locale } from '../../contract/common';
import de from '../../contract/locales/de/support.json';
import en from '../../contract/locales/en/support.json';
import it from '../../contract/locales/it/support.json';
import { meterName } from '../../contract/texts';
import { type Context, inTenant } from '../../platform/context';
import { fill, instantInWords } from '../../platform/sentences';
import type { MailKind } from '../mail/send-mail';
import { subscriptionsOf } from '../subscriptions/list-subscriptions';
import { findTenant } from '../tenants/tenants';
import type { MeterStanding } from '../usage/read-usage';
import { findAuthor, findMessage } from './support.store';

export const supportTexts = { en, de, it };

/** A question to the publisher, with what they need to answer it: who, for which organization, and how every meter stood. */
export const supportMail: MailKind = {
  async compose(ctx: Context, tenantId, { subject: messageId, locale }) {
    return inTenant(ctx, tenantId, async (tx) => {
      const row = await findMessage(tx.db, tenantId, messageId);
      if (!row) return null;
      const tenant = await findTenant(tx.db, tenantId);
      const author = await findAuthor(tx.db, tenantId, row.author);
      const plans = await subscriptionsOf(tx, tenantId, locale, row.createdAt);
      const { mail, topics } = supportTexts[locale];
      const say = (sentence: string, values: Record<string, unknown>) => fill(sentence, values, locale);
      const organization = tenant?.name ?? tenantId;
      const lines = [
        row.message,
        '',
        '--',
        say(mail.from, { name: author?.name ?? row.author, address: author?.address ?? mail.no_address }),
        say(mail.organization, { organization, tenantId }),
        ...(plans.length === 0 ? [mail.no_plan] : plans.map(({ planName, status }) => say(mail.plan, { plan: planName, status }))),
        ...(row.meter ? [say(mail.about, { meter: meterName(row.meter, locale) })] : []),
        ...row.standings.map((standing) => inWords(standing, locale)),
        say(mail.at, { at: instantInWords(row.createdAt, locale, tenant?.timeZone ?? 'UTC') }),
      ];
      return { subject: say(mail.subject, { topic: topics[row.topic], organization }), text: `${lines.join('\n')}\n`, attachments: [] };
    });
  },
};

function inWords({ meter, used, limit, entitled, available }: MeterStanding, locale: Locale): string {
  const { mail } = supportTexts[locale];
  const amount = (units: number | null) => units ?? mail.unlimited;
  const sentence = entitled === available ? mail.standing : mail.standing_pending;
  const values = { meter: meterName(meter, locale), used, limit: amount(limit), entitled: amount(entitled), available: amount(available) };
  return fill(sentence, values, locale);
}
