import type { Refusal } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';

/**
 * The subject of an act that was done before, counted or not; null: it never was. For use cases that look at more than
 * the act itself first: a retry is answered as the first try was, even if its input would be refused today (G2).
 */
export async function recall(
  tx: TxContext,
  tenantId: string,
  act: { key: string; fingerprint: string },
): Promise<Result<string | null, Refusal>> {
  const [known] = await tx.db.query<{ fingerprint: string; subject: string }>(
    `select fingerprint, subject from usage_records where tenant_id = $1 and operation_key = $2 and scope_id = 'tenant'
      union all
     select fingerprint, subject from operations where tenant_id = $1 and operation_key = $2
      limit 1`,
    [tenantId, act.key],
  );
  if (known && known.fingerprint !== act.fingerprint) return refuse({ code: 'idempotency_conflict' });
  return ok(known?.subject ?? null);
}

/** Lets nobody else do an act under this key until the transaction ends: for acts that two memories could hold. */
export async function holdKey(tx: TxContext, tenantId: string, key: string): Promise<void> {
  await tx.db.query('select hold_key($1::uuid, $2)', [tenantId, key]);
}
