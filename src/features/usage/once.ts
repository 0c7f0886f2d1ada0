import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';

/**
 * Remembers an act that creates something and counts nothing. 'first': go on and create it in this transaction;
 * otherwise what it created then, or that the key was used for other content. Two at once: the second waits for the first.
 */
export async function once(
  tx: TxContext,
  tenantId: string,
  act: { key: string; fingerprint: string; subject: string },
  at: Date,
): Promise<{ outcome: 'first' } | { outcome: 'replayed'; subject: string } | { outcome: 'conflict' }> {
  const inserted = await tx.db.query(
    `insert into operations (tenant_id, operation_key, fingerprint, subject, at) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, operation_key) do nothing returning 1`,
    [tenantId, act.key, act.fingerprint, act.subject, at],
  );
  if (inserted.length > 0) return { outcome: 'first' };
  const [known] = await tx.db.query<{ fingerprint: string; subject: string }>(
    'select fingerprint, subject from operations where tenant_id = $1 and operation_key = $2',
    [tenantId, act.key],
  );
  invariant(known, 'an operation that could not be inserted is there');
  return known.fingerprint === act.fingerprint ? { outcome: 'replayed', subject: known.subject } : { outcome: 'conflict' };
}
