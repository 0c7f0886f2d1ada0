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
            coalesce(g.activated_at, case when g.state in ('active', 'expired') then g.effective_at end) as "activatedAt", g.ended_at as "endedAt",
            g.burnt::float8 as burnt, g.burnt_in as "burntIn", (s.status is null or s.status = 'Subscribed') as counts
       from grants g
       left join subscriptions s on s.tenant_id = g.tenant_id and s.subscription_id::text = g.source_id
      where g.tenant_id = $1 and g.meter = $2 and g.scope_id = 'tenant'
        and (g.ended_at is null or g.ended_at > $3 or g.burnt > 0 and g.burnt_in >= $4)
      order by g.created_at, g.grant_id`,
    [tenantId, meter, bound(since), periodStart && bound(periodStart)],
  );
}

/** What one source has available of each meter; null = unlimited. */
export async function activeAmounts(db: Queryable, tenantId: string, sourceId: string, at: Date): Promise<Map<string, number | null>> {
  const rows = await db.query<{ meter: string; amount: number | null }>(
    `select meter, case when bool_or(amount is null) then null else sum(amount)::float8 end as amount
       from grants
      where tenant_id = $1 and source_id = $2 and activated_at <= $3 and source <> 'transition' and effective_at <= $3
        and (ended_at is null or ended_at > $3)
      group by meter`,
    [tenantId, sourceId, at],
  );
  return new Map(rows.map(({ meter, amount }) => [meter, amount]));
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

/** Activates what waits, of one source or of one meter, if it was there before `before`; answers what that was. */
export async function activateGrants(
  db: Queryable,
  tenantId: string,
  which: { activation: 'on_payment' | null; sourceId: string | null; meter: string | null; before: Date | null },
  by: string,
  at: Date,
): Promise<{ grantId: string; sourceId: string; meter: string; amount: number | null }[]> {
  return db.query(
    `update grants set state = case state when 'pending' then 'active' else state end, activated_at = $6, activated_by = $7
      where tenant_id = $1 and activation <> 'now' and activated_at is null and (ended_at is null or ended_at > $6)
        and ($2::text is null or activation = $2) and ($3::text is null or source_id = $3) and ($4::text is null or meter = $4)
        and ($5::timestamptz is null or created_at < $5)
     returning grant_id as "grantId", source_id as "sourceId", meter, amount::float8 as amount`,
    [tenantId, which.activation, which.sourceId, which.meter, which.before, at, by],
  );
}

/** False: this payment has been noted before. */
export async function insertPayment(
  db: Queryable,
  tenantId: string,
  { paymentId, paidAt }: { paymentId: string; paidAt: Date },
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `insert into payments_noted (tenant_id, payment_id, paid_at, noted_at) values ($1, $2, $3, $4) on conflict do nothing returning 1`,
    [tenantId, paymentId, paidAt, at],
  );
  return rows.length > 0;
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

/** Ends what the tenant has otherwise on this path, if anything. */
export async function endOverride(db: Queryable, tenantId: string, path: string, at: Date): Promise<boolean> {
  const rows = await db.query(
    `update policy_overrides set ended_at = $3
      where tenant_id = $1 and path = $2 and ended_at is null and expires_at > $3 returning 1`,
    [tenantId, path, at],
  );
  return rows.length > 0;
}

export interface OverrideRow {
  path: string;
  value: unknown;
  reason: string;
  actor: string;
  setAt: Date;
  expiresAt: Date;
}

export async function insertOverride(db: Queryable, tenantId: string, overrideId: string, override: OverrideRow): Promise<void> {
  const { path, value, reason, actor, setAt, expiresAt } = override;
  await db.query(
    `insert into policy_overrides (tenant_id, override_id, path, value, reason, actor, set_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tenantId, overrideId, path, JSON.stringify(value), reason, actor, setAt, expiresAt],
  );
}

/** What the tenant has otherwise at `at`. */
export const overridesInForce = (db: Queryable, tenantId: string, at: Date): Promise<OverrideRow[]> =>
  db.query<OverrideRow>(
    `select path, value, reason, actor, set_at as "setAt", expires_at as "expiresAt"
       from policy_overrides where tenant_id = $1 and set_at <= $2 and least(expires_at, ended_at) > $2 order by path`,
    [tenantId, at],
  );

/** What the subscriptions were at an instant, by id; of one without a log what it is. */
export async function subscriptionStatuses(db: Queryable, tenantId: string, at: Date): Promise<{ id: string; status: string }[]> {
  return db.query(
    `select s.subscription_id::text as id, coalesce(l.status, s.status) as status
       from subscriptions s
       left join lateral (select after ->> 'status' as status from subscription_log
                           where tenant_id = $1 and subscription_id = s.subscription_id and at <= $2 order by revision desc limit 1) l on true
      where s.tenant_id = $1`,
    [tenantId, at],
  );
}
