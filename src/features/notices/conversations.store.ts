import type { Locale } from '../../contract/common';
import type { Queryable } from '../../platform/db/database';

/** What the bot's SDK needs to write to somebody first; opaque here. */
export type ConversationReference = Record<string, unknown>;

/** A person's chat with the bot. `language` null: as Teams says. */
export interface Preferences {
  language: Locale | null;
  notices: boolean;
}

/** Writes only what changed: most messages come over the same conversation as the last. */
export async function saveReference(
  db: Queryable,
  tenantId: string,
  memberId: string,
  reference: ConversationReference,
  at: Date,
): Promise<void> {
  await db.query(
    `insert into conversations as c (tenant_id, member_id, reference, updated_at) values ($1, $2, $3, $4)
     on conflict (tenant_id, member_id) do update set reference = excluded.reference, updated_at = excluded.updated_at
      where c.reference <> excluded.reference`,
    [tenantId, memberId, JSON.stringify(reference), at],
  );
}

/** Forgets a person's chat; with a reference only if it is still that one. */
export async function deleteReference(
  db: Queryable,
  tenantId: string,
  memberId: string,
  reference: ConversationReference | null,
): Promise<void> {
  await db.query('delete from conversations where tenant_id = $1 and member_id = $2 and ($3::jsonb is null or reference = $3)', [
    tenantId,
    memberId,
    reference && JSON.stringify(reference),
  ]);
}

export interface AddresseeRow {
  language: Locale | null;
  notices: boolean | null;
  member_locale: string | null;
  tenant_locale: string | null;
  time_zone: string | null;
}

/** Everything by which somebody is spoken to, known or not. */
export async function findAddressee(db: Queryable, tenantId: string, memberId: string): Promise<AddresseeRow> {
  const [row] = await db.query<AddresseeRow>(
    `select c.language, c.notices, m.locale as member_locale, t.locale as tenant_locale, t.time_zone
       from (select $1::uuid as tenant_id, $2::uuid as member_id) q
       left join tenants t on t.tenant_id = q.tenant_id
       left join members m on m.tenant_id = q.tenant_id and m.member_id = q.member_id
       left join conversations c on c.tenant_id = q.tenant_id and c.member_id = q.member_id`,
    [tenantId, memberId],
  );
  return row!;
}

export async function savePreferences(db: Queryable, tenantId: string, memberId: string, change: Partial<Preferences>): Promise<void> {
  await db.query(
    `update conversations set language = case when $3 then $4 else language end, notices = coalesce($5, notices)
      where tenant_id = $1 and member_id = $2`,
    [tenantId, memberId, change.language !== undefined, change.language ?? null, change.notices ?? null],
  );
}
