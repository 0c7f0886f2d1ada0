import type { Queryable } from '../../platform/db/database';
import type { StoredPolicy } from '../plans/quota-policy.rules';
import type { GrantSource, LimitGrant, Override } from './limits.rules';

export interface Grant extends LimitGrant {
  grantId: string;
  sourceId: string;
  activation: 'now' | 'on_payment' | 'manual';
  reason: string | null;
}

/**
 * The grants of one meter that had not ended before `since`, oldest first. `counts` tells whether the subscription they come
 * from is Subscribed, if they come from one.
 */
export async function grantsSince(db: Queryable, tenantId: string, meter: string, scopeId: string, since: Date | null): Promise<Grant[]> {
  return db.query<Grant>(
    `select g.grant_id as "grantId", g.source, g.source_id as "sourceId", g.amount::float8 as amount, g.priority, g.policy, g.activation, g.reason,
            g.created_at as "createdAt", g.effective_at as "effectiveAt", g.expires_at as "expiresAt",
            case when g.state <> 'pending' then coalesce(g.activated_at, g.effective_at) end as "activatedAt", g.ended_at as "endedAt", (s.status is null or s.status = 'Subscribed') as counts
       from grants g
       left join subscriptions s on s.tenant_id = g.tenant_id and s.subscription_id::text = g.source_id
      where g.tenant_id = $1 and g.meter = $2 and g.scope_id = $3 and (g.ended_at is null or $4::timestamptz is not null and g.ended_at > $4)
      order by g.created_at, g.grant_id`,
    [tenantId, meter, scopeId, since],
  );
}

/** Ends what one source grants, at `from`; the past stays as it was. */
export async function voidGrants(db: Queryable, tenantId: string, sourceId: string, from: Date): Promise<void> {
  await db.query(
    `update grants set state = 'voided', ended_at = greatest($3, created_at)
      where tenant_id = $1 and source_id = $2 and (ended_at is null or ended_at > $3)`,
    [tenantId, sourceId, from],
  );
}

export interface NewGrant {
  grantId: string;
  meter: string;
  source: GrantSource;
  sourceId: string;
  amount: number | null;
  priority: number;
  policy: StoredPolicy;
  effectiveAt: Date;
  expiresAt: Date | null;
  activation: Grant['activation'];
  reason: string | null;
}

/** What is activated `now` is active from its first instant; the others wait. */
export async function insertGrant(db: Queryable, tenantId: string, grant: NewGrant, at: Date): Promise<void> {
  const waits = grant.activation !== 'now';
  await db.query(
    `insert into grants (tenant_id, grant_id, meter, source, source_id, amount, priority, policy, effective_at, expires_at, activation, state,
                         activated_at, reason, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
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
      grant.expiresAt,
      grant.activation,
      waits ? 'pending' : 'active',
      waits ? null : grant.effectiveAt,
      grant.reason,
      at,
    ],
  );
}

/** Every meter that was ever granted, by name. */
export async function grantedMeters(db: Queryable, tenantId: string): Promise<string[]> {
  const rows = await db.query<{ meter: string }>('select distinct meter from grants where tenant_id = $1 order by meter', [tenantId]);
  return rows.map(({ meter }) => meter);
}

/** Policies that the tenant has otherwise for a meter and that had not ended before `since`. */
export async function overridesSince(db: Queryable, tenantId: string, meter: string, since: Date): Promise<Override[]> {
  return db.query<Override>(
    `select substr(path, length($2) + 2) as field, value, set_at as "setAt", expires_at as "expiresAt", ended_at as "endedAt"
       from policy_overrides
      where tenant_id = $1 and split_part(path, '.', 1) = $2 and least(expires_at, ended_at) > $3
      order by set_at, override_id`,
    [tenantId, meter, since],
  );
}
