import type { SupportMessage } from '../../contract/support';
import type { Queryable } from '../../platform/db/database';
import type { MeterStanding } from '../usage/read-usage';

export interface SupportMessageRow {
  messageId: string;
  author: string;
  topic: SupportMessage['topic'];
  message: string;
  meter: string | null;
  /** How every meter stood when it was written. */
  standings: MeterStanding[];
  createdAt: Date;
}

export async function insertMessage(db: Queryable, tenantId: string, row: SupportMessageRow): Promise<void> {
  await db.query(
    `insert into support_messages (tenant_id, message_id, author, topic, message, meter, standings, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tenantId, row.messageId, row.author, row.topic, row.message, row.meter, JSON.stringify(row.standings), row.createdAt],
  );
}

export async function findMessage(db: Queryable, tenantId: string, messageId: string): Promise<SupportMessageRow | null> {
  const [row] = await db.query<SupportMessageRow>(
    `select message_id as "messageId", author, topic, message, meter, standings, created_at as "createdAt"
       from support_messages where tenant_id = $1 and message_id = $2`,
    [tenantId, messageId],
  );
  return row ?? null;
}

/** Who wrote it, and how they can be answered. */
export async function findAuthor(
  db: Queryable,
  tenantId: string,
  memberId: string,
): Promise<{ name: string; address: string | null } | null> {
  const [row] = await db.query<{ name: string; address: string | null }>(
    'select name, address from members where tenant_id = $1 and member_id = $2',
    [tenantId, memberId],
  );
  return row ?? null;
}

/** How many messages a person wrote since, and when the first of them was. */
export async function countMessages(
  db: Queryable,
  tenantId: string,
  author: string,
  since: Date,
): Promise<{ count: number; first: Date | null }> {
  const [row] = await db.query<{ count: number; first: Date | null }>(
    'select count(*)::int as count, min(created_at) as first from support_messages where tenant_id = $1 and author = $2 and created_at > $3',
    [tenantId, author, since],
  );
  return row!;
}
