import type { TxContext } from '../../platform/context';
import type { AuditEntry } from './audit';

/** As `audit`, for what one of the publisher's people did that concerns no organization. */
export async function auditPublisher(tx: TxContext, entry: Omit<AuditEntry, 'via'>, at: Date): Promise<void> {
  await tx.db.query(`insert into publisher_audit (audit_id, at, actor, action, subject, details) values ($1, $2, $3, $4, $5, $6)`, [
    tx.newId(),
    at,
    entry.actor,
    entry.action,
    entry.subject,
    JSON.stringify(entry.details),
  ]);
}
