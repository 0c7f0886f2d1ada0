import type { Meter } from '../../contract/meters';
import type { Queryable } from '../../platform/db/database';
import type { QuotaPolicy } from '../plans/quota-policy.rules';
import type { LimitGrant } from './limits.rules';

export interface Grant extends LimitGrant {
  source: 'plan' | 'addon' | 'support' | 'trial' | 'rollover' | 'transition';
  reason: string | null;
}

/** The pending and active grants of one meter; those of a subscription that is not Subscribed do not count. */
export async function liveGrants(db: Queryable, tenantId: string, meter: Meter): Promise<Grant[]> {
  const rows = await db.query<{
    source: Grant['source'];
    amount: number | null;
    priority: number;
    policy: Partial<QuotaPolicy>;
    effective_at: Date;
    expires_at: Date | null;
    state: 'pending' | 'active';
    reason: string | null;
    counts: boolean;
  }>(
    `select g.source, g.amount::float8 as amount, g.priority, g.policy, g.effective_at, g.expires_at, g.state, g.reason,
            (s.status is null or s.status = 'Subscribed') as counts
       from grants g
       left join subscriptions s on s.tenant_id = g.tenant_id and s.subscription_id::text = g.source_id
      where g.tenant_id = $1 and g.meter = $2 and g.scope_id = 'tenant' and g.state in ('pending', 'active')
      order by g.created_at, g.grant_id`,
    [tenantId, meter],
  );
  return rows.map(({ effective_at, expires_at, ...row }) => ({ ...row, effectiveAt: effective_at, expiresAt: expires_at }));
}

/** Ends what one source granted; the past stays as it was. */
export async function voidGrants(db: Queryable, tenantId: string, sourceId: string): Promise<void> {
  await db.query(`update grants set state = 'voided' where tenant_id = $1 and source_id = $2 and state in ('pending', 'active')`, [
    tenantId,
    sourceId,
  ]);
}

export interface NewGrant {
  grantId: string;
  meter: Meter;
  source: Grant['source'];
  sourceId: string;
  amount: number | null;
  priority: number;
  policy: Partial<QuotaPolicy>;
  effectiveAt: Date;
  reason: string | null;
}

export async function insertGrant(db: Queryable, tenantId: string, grant: NewGrant): Promise<void> {
  await db.query(
    `insert into grants (tenant_id, grant_id, meter, source, source_id, amount, priority, policy, effective_at, state, reason, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $9)`,
    [
      tenantId,
      grant.grantId,
      grant.meter,
      grant.source,
      grant.sourceId,
      grant.amount,
      grant.priority,
      JSON.stringify(grant.policy),
      grant.effectiveAt,
      grant.reason,
    ],
  );
}
