import { type Locale, localeFor } from '../../contract/common';
import de from '../../contract/locales/de/retention.json';
import en from '../../contract/locales/en/retention.json';
import it from '../../contract/locales/it/retention.json';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { dateInWords, fill } from '../../platform/sentences';
import { audit } from '../audit/audit';
import { calendarDate } from '../entitlements/periods.rules';
import { adminAddresses, type MailKind, queueMail } from '../mail/send-mail';
import { findTenant, lockTenant } from '../tenants/tenants';
import { purgeAt, TOLD_BEFORE_MS } from './retention.rules';
import { contactOf, endingBy, findRetention, purgeRows, type Retention, stampTold } from './retention.store';

export const RETENTION_MAIL = 'retention';
const TEXTS: Record<Locale, typeof en> = { en, de, it };

/** Rows that go in one transaction: nobody waits long for one. */
const ROWS_AT_ONCE = 1_000;

const isDue = ({ keptUntil, toldAt }: Retention, at: Date): boolean => toldAt !== null && purgeAt(keptUntil, toldAt) <= at;

/**
 * What organizations stored goes when it was promised to stay no longer: they are told a week before, and whoever was told late gets
 * that week. A new purchase stops it at any moment. Answers how many were told, and of how many everything went.
 */
export async function retireOrganizations(ctx: Context, limit = 20): Promise<{ told: number; purged: number }> {
  const at = ctx.now();
  const due = { at, until: new Date(at.getTime() + TOLD_BEFORE_MS), toldBefore: new Date(at.getTime() - TOLD_BEFORE_MS) };
  const done = { told: 0, purged: 0 };
  // Looked at once in a run, so that one that fails holds up nobody.
  const seen: string[] = [];
  for (;;) {
    const ending = await endingBy(ctx.database, { ...due, except: seen }, limit);
    if (ending.length === 0) return done;
    for (const { tenantId, toldAt } of ending) {
      seen.push(tenantId);
      try {
        if (toldAt === null) done.told += (await tell(ctx, tenantId, at)) ? 1 : 0;
        else done.purged += (await purge(ctx, tenantId, at)) ? 1 : 0;
      } catch (error) {
        ctx.log.error({ err: error, tenantId }, 'an organization that has ended could not be told or deleted; tried again in an hour');
      }
    }
  }
}

/** Owners, administrators and the address that the buyer gave, each once. */
function tell(ctx: Context, tenantId: string, at: Date): Promise<boolean> {
  return inTenant(ctx, tenantId, async (tx) => {
    const tenant = await lockTenant(tx.db, tenantId);
    const retention = await findRetention(tx.db, tenantId);
    if (!tenant || !retention || retention.toldAt !== null) return false;
    const goesAt = purgeAt(retention.keptUntil, at);
    const contact = await contactOf(tx.db, tenantId);
    const admins = await adminAddresses(tx, tenantId);
    const locales = new Map(admins.map(({ address, locale }) => [address.toLowerCase(), locale ?? tenant.locale]));
    if (contact && !locales.has(contact.toLowerCase())) locales.set(contact.toLowerCase(), tenant.locale);
    for (const [recipient, locale] of locales) {
      const mail = { key: `retention.${goesAt.toISOString()}.${recipient}`, kind: RETENTION_MAIL, subject: goesAt.toISOString() };
      await queueMail(tx, tenantId, { ...mail, recipient, locale: localeFor(locale) }, at);
    }
    await stampTold(tx.db, tenantId, at);
    await note(tx, tenantId, 'data.deletion_told', { deletedAt: goesAt.toISOString(), recipients: locales.size }, at);
    if (locales.size === 0) tx.log.warn({ tenantId, goesAt }, 'nobody could be told that the data of an organization will be deleted');
    return true;
  });
}

/** Table by table, in short transactions; false: it is not due after all. */
async function purge(ctx: Context, tenantId: string, at: Date): Promise<boolean> {
  let rows = 0;
  for (;;) {
    const gone = await inTenant(ctx, tenantId, async (tx) => {
      await lockTenant(tx.db, tenantId);
      const retention = await findRetention(tx.db, tenantId);
      if (!retention || !isDue(retention, at)) return null;
      const count = await purgeRows(tx.db, tenantId, at, new Date(at.getTime() - TOLD_BEFORE_MS), ROWS_AT_ONCE);
      if (count === 0) await note(tx, tenantId, 'data.deleted', { rows }, at);
      return count;
    });
    if (gone === null) return false;
    rows += gone;
    if (gone > 0) continue;
    ctx.log.info({ tenantId, rows }, 'the data of an organization that has ended was deleted');
    return true;
  }
}

const note = (tx: TxContext, tenantId: string, action: string, details: object, at: Date): Promise<void> =>
  audit(tx, tenantId, { actor: 'retention', via: 'job', action, subject: null, details: { ...details } }, at);

/** The mail that tells of it; nothing is said any more once somebody has bought again. */
export const retentionMails = ({
  accountUrl,
  supportContact,
}: {
  accountUrl: string;
  supportContact: string;
}): Record<string, MailKind> => ({
  [RETENTION_MAIL]: {
    async compose(ctx, tenantId, { subject: goesAt, locale }) {
      const tenant = await inTenant(ctx, tenantId, async ({ db }) =>
        (await findRetention(db, tenantId)) ? findTenant(db, tenantId) : null,
      );
      if (!tenant) return null;
      const facts = {
        date: dateInWords(calendarDate(new Date(goesAt), tenant.timeZone), locale),
        organization: tenant.name ?? tenantId,
        link: accountUrl,
        support: supportContact,
      };
      const { subject, text } = TEXTS[locale];
      return { subject: fill(subject, facts, locale), text: `${fill(text, facts, locale)}\n`, attachments: [] };
    },
  },
});
