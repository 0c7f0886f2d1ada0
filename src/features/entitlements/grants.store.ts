import type { Queryable } from '../../platform/db/database';
import { bound } from '../../platform/db/infinity';
import type { StoredPolicy } from '../plans/quota-policy.rules';
import type { GrantSource, LimitGrant, Override } from './limits.rules';

export interface Grant extends LimitGrant {
  grantId: string;
  sourceId: string;
  activation: 'now' | 'on_payment' | 'manual';
  reason: string | null;
  /** Units that had been used when it expired, and in which period: they stay granted until that period ends. */
  burnt: number;
  burntIn: Date | null;
}

/**
 * The grants of one meter that had not ended before `since`, and those of which something was used in the period that began
 * then or later; oldest first. `counts`: their subscription, if they come from one, is Subscribed.
 */
export async function grantsSince(
  db: Queryable,
  tenantId: string,
  meter: string,
  { since, periodStart }: { since: Date; periodStart: Date | null },
): Promise<Grant[]> {
  return db.query<Grant>(
    `select g.grant_id as "grantId", g.source, g.source_id as "sourceId", g.amount::float8 as amount, g.priority, g.policy, g.activation, g.reason,
            g.created_at as "createdAt", g.effective_at as "effectiveAt", g.expires_at as "expiresAt",
            case when g.state <> 'pending' then coalesce(g.activated_at, g.effective_at) end as "activatedAt", g.ended_at as "endedAt",
            g.burnt::float8 as burnt, g.burnt_in as "burntIn", (s.status is null or s.status = 'Subscribed') as counts
       from grants g
       left join subscriptions s on s.tenant_id = g.tenant_id and s.subscription_id::text = g.source_id
      where g.tenant_id = $1 and g.meter = $2 and g.scope_id = 'tenant'
        and (g.ended_at is null or g.ended_at > $3 or g.burnt > 0 and g.burnt_in >= $4)
      order by g.created_at, g.grant_id`,
    [tenantId, meter, bound(since), periodStart && bound(periodStart)],
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

/** Notes that a grant has expired, and what had been used of it. */
export async function expireGrant(
  db: Queryable,
  tenantId: string,
  { grantId, burnt, burntIn }: Pick<Grant, 'grantId' | 'burnt' | 'burntIn'>,
): Promise<void> {
  await db.query(
    `update grants set state = 'expired', ended_at = expires_at, burnt = $3, burnt_in = $4 where tenant_id = $1 and grant_id = $2`,
    [tenantId, grantId, burnt, burntIn],
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
    [tenantId, meter, bound(since)],
  );
}
