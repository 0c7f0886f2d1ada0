import type { Queryable } from '../../platform/db/database';
import { bound, unbound } from '../../platform/db/infinity';
import type { PastPeriod } from './advice.rules';
import type { Counter, NoticeKind } from './counter.rules';

interface Row {
  period_start: Date | number;
  period_end: Date | number;
  valid_until: Date | number;
  granted: number | null;
  hard_limit: number | null;
  used: number;
  held: number;
  peak_limit: number | null;
  limit_epoch: number;
  thresholds: number[];
  remaining_marks: number[];
  months: number;
}

/** The counter that is in force at `at`, up to date or not. */
export const counterInForceAt = (db: Queryable, tenantId: string, meter: string, at: Date): Promise<Counter | null> =>
  findCounter(db, tenantId, meter, at, '');

/** The last counter that was opened, held until the transaction ends; it may begin after the clock of whoever asks. */
export const lockNewestCounter = (db: Queryable, tenantId: string, meter: string): Promise<Counter | null> =>
  findCounter(db, tenantId, meter, null, 'for update');

async function findCounter(db: Queryable, tenantId: string, meter: string, at: Date | null, lock: string): Promise<Counter | null> {
  const [row] = await db.query<Row>(
    `select period_start, period_end, valid_until, granted::float8 as granted, hard_limit::float8 as hard_limit,
            used::float8 as used, held::float8 as held, peak_limit::float8 as peak_limit, limit_epoch, thresholds,
            remaining_marks::float8[] as remaining_marks, months
       from usage_counters
      where tenant_id = $1 and scope_id = 'tenant' and meter = $2 and ($3::timestamptz is null or period_start <= $3)
      order by period_start desc limit 1 ${lock}`,
    [tenantId, meter, at],
  );
  return row
    ? {
        periodStart: unbound(row.period_start),
        periodEnd: unbound(row.period_end),
        validUntil: unbound(row.valid_until),
        granted: row.granted,
        hardLimit: row.hard_limit,
        used: row.used,
        held: row.held,
        peakLimit: row.peak_limit,
        limitEpoch: row.limit_epoch,
        thresholds: row.thresholds,
        remainingMarks: row.remaining_marks,
        months: row.months,
      }
    : null;
}

/** Writes the row of a period: a new one starts at zero, an existing one gets another allowance and keeps its use. */
export async function saveCounter(db: Queryable, tenantId: string, meter: string, counter: Counter): Promise<void> {
  await db.query(
    `insert into usage_counters (tenant_id, meter, period_start, period_end, valid_until, granted, hard_limit, peak_limit, limit_epoch, thresholds,
                                 remaining_marks, months)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (tenant_id, scope_id, meter, period_start)
     do update set period_end = excluded.period_end, valid_until = excluded.valid_until, granted = excluded.granted, hard_limit = excluded.hard_limit,
                   peak_limit = excluded.peak_limit, limit_epoch = excluded.limit_epoch, thresholds = excluded.thresholds,
                   remaining_marks = excluded.remaining_marks, months = excluded.months`,
    [
      tenantId,
      meter,
      bound(counter.periodStart),
      bound(counter.periodEnd),
      bound(counter.validUntil),
      counter.granted,
      counter.hardLimit,
      counter.peakLimit,
      counter.limitEpoch,
      counter.thresholds,
      counter.remainingMarks,
      counter.months,
    ],
  );
}

/** Says a notice of a counter once, and queues it unless another one speaks for it: the same decision that a booking takes. True: it was queued. */
export async function giveNotice(
  db: Queryable,
  tenantId: string,
  meter: string,
  { periodStart }: Pick<Counter, 'periodStart'>,
  { kind, marks, sends }: { kind: NoticeKind; marks: readonly number[]; sends: boolean },
  at: Date,
): Promise<boolean> {
  const [row] = await db.query<{ queued: boolean }>(
    `select give_notice(c, $4::text, $5::bigint[], $7::timestamptz, $6::boolean) as queued from usage_counters c
      where tenant_id = $1 and scope_id = 'tenant' and meter = $2 and period_start = $3`,
    [tenantId, meter, bound(periodStart), kind, marks, sends, at],
  );
  return row?.queued ?? false;
}

/** What the limit on what is held now will be from each edge on (0042). */
export async function saveLimitsToCome(
  db: Queryable,
  tenantId: string,
  meter: string,
  limits: readonly { from: Date; hardLimit: number | null }[],
): Promise<void> {
  await db.query(
    `update usage_counters set limits_to_come = $3 where tenant_id = $1 and scope_id = 'tenant' and meter = $2 and period_start = '-infinity'`,
    [tenantId, meter, JSON.stringify(limits)],
  );
}

/** Gives every team that has a share of a quota its row of the period; where the plan knows no shares they limit nothing. */
export async function saveShares(db: Queryable, tenantId: string, meter: string, counter: Counter, isLimiting: boolean): Promise<void> {
  await db.query(
    `insert into usage_counters (tenant_id, scope_id, meter, period_start, period_end, valid_until, granted, hard_limit, thresholds, months)
     select $1, 'team:' || team_id, $2, $3, $4, $5, amount, case when $6 then amount end, '{}', $7
       from team_allocations where tenant_id = $1 and meter = $2
     on conflict (tenant_id, scope_id, meter, period_start)
     do update set period_end = excluded.period_end, valid_until = excluded.valid_until, granted = excluded.granted, hard_limit = excluded.hard_limit`,
    [tenantId, meter, counter.periodStart, counter.periodEnd, counter.validUntil, isLimiting && counter.hardLimit !== null, counter.months],
  );
}

/**
 * Gives a unit back to the period it was taken from, once only. Returns false when there was nothing to give back: no consume of
 * the subject is open, or counting began anew since (`reset`), which gave it back already; what was counted after stays counted.
 * The release's key is derived from the consume's, so that a second release is a duplicate.
 */
export async function releaseUnits(
  db: Queryable,
  tenantId: string,
  meter: string,
  subject: string,
  actor: string,
  at: Date,
): Promise<boolean> {
  const rows = await db.query<{ gave: boolean }>(
    `with open_use as (
       select u.operation_key, u.scope_id, u.period_start, u.fingerprint,
              case when exists (select from usage_records r where r.tenant_id = $1 and r.meter = $2 and r.scope_id = u.scope_id
                                   and r.period_start = u.period_start and r.kind = 'reset' and r.at >= u.at)
                   then 0 else u.quantity end as quantity
         from usage_records u
        where u.tenant_id = $1 and u.meter = $2 and u.subject = $3 and u.kind = 'consume'
     ), back as (
       update usage_counters c set used = c.used - o.quantity
         from open_use o
        where c.tenant_id = $1 and c.scope_id = o.scope_id and c.meter = $2 and c.period_start = o.period_start
          and not exists (select from usage_records r where r.tenant_id = $1 and r.operation_key = 'release:' || o.operation_key
                             and r.meter = $2 and r.scope_id = o.scope_id)
       returning c.used, o.*
     )
     insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
     select $1, 'release:' || operation_key, $2, scope_id, period_start, 'release', quantity, fingerprint, used, $3, $4, $5 from back
     returning quantity > 0 as gave`,
    [tenantId, meter, subject, actor, at],
  );
  return rows.some(({ gave }) => gave);
}

export async function isReleased(db: Queryable, tenantId: string, meter: string, subject: string, actor: string): Promise<boolean> {
  const rows = await db.query(
    `select 1 from usage_records where tenant_id = $1 and meter = $2 and subject = $3 and kind = 'release' and actor = $4 limit 1`,
    [tenantId, meter, subject, actor],
  );
  return rows.length > 0;
}

/** Ends a period where a new activation or a change of the plan begins another. */
export async function cutCounter(db: Queryable, tenantId: string, meter: string, periodStart: Date, at: Date): Promise<void> {
  await db.query(
    `update usage_counters set period_end = $4, valid_until = least(valid_until, $4)
      where tenant_id = $1 and meter = $2 and period_start = $3 and period_start < $4 and period_end > $4`,
    [tenantId, meter, periodStart, at],
  );
}

/**
 * Moves the use of a period without an act, the organization's and that of every team's share: carried in from the period that began
 * at `from`, or, without one, begun anew: what was used after `at` stays, and a period that began since is left alone. The ledger
 * says by how much (G1). The caller holds the organization's row, for which whoever takes from a share waits.
 */
export async function moveUse(
  db: Queryable,
  tenantId: string,
  meter: string,
  { periodStart, from }: { periodStart: Date; from: Date | null },
  at: Date,
): Promise<void> {
  await db.query(
    `with moved as (
       update usage_counters c set used = t.wanted
         from (select n.scope_id, n.used, case $5 when 'carry' then coalesce(b.used, 0) else coalesce(s.used, 0) end as wanted
                 from usage_counters n
                 left join usage_counters b on b.tenant_id = $1 and b.scope_id = n.scope_id and b.meter = $2 and b.period_start = $4
                 left join lateral (
                   select sum(u.quantity) as used from usage_records u
                    where $5 = 'reset' and u.tenant_id = $1 and u.scope_id = n.scope_id and u.meter = $2 and u.period_start = $3
                      and u.kind = 'consume' and u.at > $6
                      and not exists (select from usage_records r
                                       where r.tenant_id = $1 and r.scope_id = n.scope_id and r.meter = $2 and r.period_start = $3
                                         and (r.operation_key = 'release:' || u.operation_key or (r.kind = 'reset' and r.at >= u.at)))) s on true
                where n.tenant_id = $1 and n.meter = $2 and n.period_start = $3 and ($5 = 'carry' or $3 < $6)) t
        where c.tenant_id = $1 and c.scope_id = t.scope_id and c.meter = $2 and c.period_start = $3 and t.used <> t.wanted
       returning c.scope_id, c.used, t.wanted - t.used as by
     )
     insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, at)
     select $1, $5 || ':' || $2 || ':' || gen_random_uuid(), $2, scope_id, $3, $5, by, '', used, $1, $6 from moved`,
    [tenantId, meter, bound(periodStart), from && bound(from), from ? 'carry' : 'reset', at],
  );
}

/** Active members are not counted act by act: the counter takes over what their own query says (0035), whatever the limit is. */
export async function recountActiveMembers(db: Queryable, tenantId: string, at: Date): Promise<void> {
  await db.query('select settle_active_members($1::uuid, $2::timestamptz, $1::uuid, null, true)', [tenantId, at]);
}

/** Units of one period that had been used at an instant, from the ledger; at the present equal to the counter's row (G1). */
export async function usedAt(db: Queryable, tenantId: string, meter: string, periodStart: Date, at: Date): Promise<number> {
  const [row] = await db.query<{ used: number }>(
    `select coalesce(sum(case kind when 'release' then -quantity else quantity end), 0)::float8 as used
       from usage_records where tenant_id = $1 and scope_id = 'tenant' and meter = $2 and period_start = $3 and at <= $4`,
    [tenantId, meter, bound(periodStart), at],
  );
  return row!.used;
}

/** When a meter's first row begins: since then there is data; null: there is none. */
export async function firstUse(db: Queryable, tenantId: string, meter: string): Promise<Date | null> {
  const [row] = await db.query<{ since: Date | null }>(
    `select case when min(c.period_start) > '-infinity' then min(c.period_start)
                 else (select r.at from usage_records r where r.tenant_id = $1 and r.meter = $2 and r.period_start = '-infinity' order by r.at limit 1)
            end as since
       from usage_counters c where c.tenant_id = $1 and c.scope_id = 'tenant' and c.meter = $2`,
    [tenantId, meter],
  );
  return row!.since;
}

/**
 * Units used before each of some instants, comparable with each other: of every period that overlaps them what its ledger said
 * then, by one look into an index each. What was carried into a period was used before it.
 */
export async function usedBy(db: Queryable, tenantId: string, meter: string, instants: readonly Date[]): Promise<number[]> {
  const rows = await db.query<{ used: number }>(
    `select coalesce(sum(r.used_after - coalesce(i.quantity, 0)), 0)::float8 as used
       from unnest($3::timestamptz[]) with ordinality as t(instant, ord)
       left join (select period_start from usage_counters
                   where tenant_id = $1 and scope_id = 'tenant' and meter = $2 and period_end > $4 order by period_start desc limit 40) c
         on c.period_start <= t.instant
       left join lateral (select used_after from usage_records
                           where tenant_id = $1 and meter = $2 and scope_id = 'tenant' and period_start = c.period_start and at < t.instant
                           order by at desc, used_after desc limit 1) r on true
       left join lateral (select quantity from usage_records
                           where tenant_id = $1 and meter = $2 and scope_id = 'tenant' and period_start = c.period_start and at = c.period_start
                             and kind = 'carry' limit 1) i on true
      group by t.ord order by t.ord`,
    [tenantId, meter, instants, instants.at(-1)],
  );
  return rows.map(({ used }) => used);
}

/** Somebody was refused in this period. False: that is known. */
export async function noteHit(db: Queryable, tenantId: string, meter: string, periodStart: Date, at: Date): Promise<boolean> {
  const rows = await db.query(
    'insert into usage_hits (tenant_id, meter, period_start, at) values ($1, $2, $3, $4) on conflict do nothing returning 1',
    [tenantId, meter, bound(periodStart), at],
  );
  return rows.length > 0;
}

/** The last periods of a meter that were opened, newest first. */
export const findHistory = (db: Queryable, tenantId: string, meter: string, count: number, at: Date): Promise<PastPeriod[]> =>
  db.query<PastPeriod>(
    `select c.period_start as start, c.period_end as "end", c.used::float8 as used, c.granted::float8 as granted,
            exists (select from usage_hits h where h.tenant_id = $1 and h.meter = $2 and h.period_start = c.period_start) as "wasRefused"
       from usage_counters c
      where c.tenant_id = $1 and c.scope_id = 'tenant' and c.meter = $2 and c.period_start > '-infinity' and c.period_start <= $4
      order by c.period_start desc limit $3`,
    [tenantId, meter, count, at],
  );

/** Of the publisher's directory: the organizations that have or had a subscription. */
export async function findTenantsWithSubscriptions(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ tenant_id: string }>('select distinct tenant_id from subscription_directory order by tenant_id');
  return rows.map(({ tenant_id }) => tenant_id);
}
