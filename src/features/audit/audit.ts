import type { TxContext } from '../../platform/context';

/** Something done that an organization may want to look up later. `actor`: an object id, or who else did it. */
export interface AuditEntry {
  actor: string;
  via: string;
  action: string;
  subject: string | null;
  details: Record<string, unknown>;
}

/** Writes into the same transaction as the act itself; entries are never changed. */
export async function audit(tx: TxContext, tenantId: string, entry: AuditEntry, at: Date): Promise<void> {
  await tx.db.query(
    `insert into audit_log (tenant_id, audit_id, at, actor, via, action, subject, details) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tenantId, tx.newId(), at, entry.actor, entry.via, entry.action, entry.subject, JSON.stringify(entry.details)],
  );
}
