import type { Locale } from '../../contract/common';
import type { Queryable } from '../../platform/db/database';

export type MailState = 'queued' | 'sending' | 'sent' | 'failed' | 'given_up' | 'bounced';

export interface MailDelivery {
  key: string;
  kind: string;
  /** What it is about, for whoever composes it. */
  subject: string;
  recipient: string;
  locale: Locale;
  state: MailState;
  attempts: number;
  problem: string | null;
  at: Date;
}

const COLUMNS = 'mail_key as key, kind, subject, recipient, locale, state, attempts, problem, at';

/** False: there is a mail of this key already. */
export async function insertMail(
  db: Queryable,
  tenantId: string,
  mail: Pick<MailDelivery, 'key' | 'kind' | 'subject' | 'recipient' | 'locale'>,
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `insert into mail_deliveries (tenant_id, mail_key, kind, subject, recipient, locale, queued_at, at) values ($1, $2, $3, $4, $5, $6, $7, $7)
     on conflict (tenant_id, mail_key) do nothing returning 1`,
    [tenantId, mail.key, mail.kind, mail.subject, mail.recipient, mail.locale, at],
  );
  return rows.length > 0;
}

export async function findMail(db: Queryable, tenantId: string, key: string): Promise<MailDelivery | null> {
  const [row] = await db.query<MailDelivery>(`select ${COLUMNS} from mail_deliveries where tenant_id = $1 and mail_key = $2`, [
    tenantId,
    key,
  ]);
  return row ?? null;
}

/** The mails about these subjects, oldest first. */
export async function findMailsAbout(db: Queryable, tenantId: string, kind: string, subjects: readonly string[]): Promise<MailDelivery[]> {
  return db.query<MailDelivery>(
    `select ${COLUMNS} from mail_deliveries where tenant_id = $1 and kind = $2 and subject = any ($3) order by queued_at, mail_key`,
    [tenantId, kind, subjects],
  );
}

/** Takes a mail that waits; null when none does: it is on its way, or settled. */
export async function takeMail(db: Queryable, tenantId: string, key: string, at: Date): Promise<MailDelivery | null> {
  const [row] = await db.query<MailDelivery>(
    `update mail_deliveries set state = 'sending', attempts = attempts + 1, at = $3
      where tenant_id = $1 and mail_key = $2 and state in ('queued', 'failed') returning ${COLUMNS}`,
    [tenantId, key, at],
  );
  return row ?? null;
}

/** Settles a mail that is in one of the states `from`; null when it is not. */
export async function settleMail(
  db: Queryable,
  tenantId: string,
  key: string,
  { from, to, problem }: { from: readonly MailState[]; to: MailState; problem: string | null },
  at: Date,
): Promise<MailDelivery | null> {
  const [row] = await db.query<MailDelivery>(
    `update mail_deliveries set state = $4, problem = $5, at = $6
      where tenant_id = $1 and mail_key = $2 and state = any ($3) returning ${COLUMNS}`,
    [tenantId, key, from, to, problem, at],
  );
  return row ?? null;
}

/** Present owners and administrators who have an address. */
export async function findAdminAddresses(
  db: Queryable,
  tenantId: string,
  roles: readonly string[],
): Promise<{ memberId: string; address: string; locale: string | null }[]> {
  return db.query(
    `select member_id as "memberId", address, locale from members
      where tenant_id = $1 and state = 'present' and role = any ($2) and address like '%_@_%' order by created_at, member_id`,
    [tenantId, roles],
  );
}
