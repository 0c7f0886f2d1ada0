import type { TxContext } from '../../platform/context';

/** Takes back what `replacePlanGrants` was told to do at `effectiveAt`, still to come: what was granted before goes on. */
export async function unscheduleGrants(
  tx: TxContext,
  tenantId: string,
  subscriptionId: string,
  effectiveAt: Date,
  at: Date,
): Promise<void> {
  await tx.db.query(
    `update grants set state = case when activated_at is null then 'pending' else 'active' end, ended_at = null
      where tenant_id = $1 and source_id = $2 and state = 'voided' and ended_at = $3 and effective_at < $3`,
    [tenantId, subscriptionId, effectiveAt],
  );
  await tx.db.query(
    `update grants set state = 'voided', ended_at = greatest($4::timestamptz, created_at)
      where tenant_id = $1 and source_id = $2 and effective_at >= $3 and ended_at is null`,
    [tenantId, subscriptionId, effectiveAt, at],
  );
}
