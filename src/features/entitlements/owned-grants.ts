import type { TxContext } from '../../platform/context';

/** What of one meter some sources grant; pending: what of it waits. null = unlimited. */
export interface OwnedGrant {
  meter: string;
  amount: number | null;
  pending: number | null;
}

/** What these sources grant at an instant, whether it is available or not. */
export function ownedGrants(tx: TxContext, tenantId: string, sourceIds: readonly string[], at: Date): Promise<OwnedGrant[]> {
  return tx.db.query<OwnedGrant>(
    `select meter,
            case when bool_or(amount is null) then null else sum(amount)::float8 end as amount,
            case when bool_or(amount is null and state = 'pending') then null
                 else coalesce(sum(amount) filter (where state = 'pending'), 0)::float8 end as pending
       from grants
      where tenant_id = $1 and source_id = any ($2::text[]) and source <> 'transition' and (ended_at is null or ended_at > $3)
      group by meter order by meter`,
    [tenantId, sourceIds, at],
  );
}
