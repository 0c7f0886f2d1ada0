import type { Locale } from '../../contract/common';
import type { Queryable } from '../../platform/db/database';
import { bound } from '../../platform/db/infinity';
import type { ConversationReference } from './conversations.store';
import { noticeKey, type QuotaNotice } from './quota-notice.rules';

/**
 * Who is concerned by a meter, of those whom its policy names: whoever looks after its open items, admins, the owner, or everyone.
 * $1 tenant, $2 meter, $3 the kinds of recipients. Asked when a notice is sent and when a screen is drawn, never stored.
 */
const CONCERNED = `
  select m.member_id from members m
   where m.tenant_id = $1 and m.state = 'present'
     and ('everyone' = any ($3)
          or m.role = 'owner' and 'owner' = any ($3)
          or m.role = 'admin' and 'admins' = any ($3)
          or 'assignees' = any ($3) and (
               $2 = 'tickets' and exists (
                 select from tickets t
                  where t.tenant_id = $1 and t.assignee = m.member_id and t.status <> 'closed' and t.deleted_at is null)
               or $2 = 'checklists' and exists (
                 select from checklist_items i join checklists c on c.tenant_id = i.tenant_id and c.checklist_id = i.checklist_id
                  where i.tenant_id = $1 and i.assignee = m.member_id and i.done_at is null and c.state = 'running')
               or $2 = 'opportunities' and exists (
                 select from opportunities o
                  where o.tenant_id = $1 and o.owner = m.member_id and o.stage not in ('won', 'lost'))))`;

/** Whom a meter concerns, of these kinds of recipients. */
export async function findConcerned(db: Queryable, tenantId: string, meter: string, recipients: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ member_id: string }>(`${CONCERNED} order by m.member_id`, [tenantId, meter, recipients]);
  return rows.map(({ member_id }) => member_id);
}

/** The counter a notice speaks of, null when the notice was overtaken: by another period, another limit, or a stronger notice. */
export async function findNoticedCounter(
  db: Queryable,
  tenantId: string,
  { meter, periodStart, limitEpoch, kind, threshold }: QuotaNotice,
  at: Date,
): Promise<{ used: number; limit: number; resetsAt: Date | null } | null> {
  const [row] = await db.query<{ used: number; limit: number; resetsAt: Date | null }>(
    `select used::float8 as used, coalesce(hard_limit, granted)::float8 as "limit", nullif(period_end, 'infinity') as "resetsAt" from usage_counters
      where tenant_id = $1 and scope_id = 'tenant' and meter = $2 and period_start = $3 and limit_epoch = $4
        and period_end > $5 and granted is not null
        and not exists (
          select from notices n
           where n.tenant_id = $1 and n.scope_id = 'tenant' and n.meter = $2 and n.period_start = $3 and n.limit_epoch = $4 and n.kind = $7
             and case $7 when 'remaining' then n.threshold < $6 else n.threshold > $6 end)`,
    [tenantId, meter, bound(periodStart), limitEpoch, at, threshold, kind],
  );
  return row ?? null;
}

/** The addresses and languages of people. */
export const findAddresses = (
  db: Queryable,
  tenantId: string,
  memberIds: readonly string[],
): Promise<{ address: string; locale: string | null }[]> =>
  db.query(
    `select address, locale from members
      where tenant_id = $1 and member_id = any ($2::uuid[]) and state = 'present' and address like '%_@_%' order by member_id`,
    [tenantId, memberIds],
  );

/** Notes a delivery for each of these people who can be written to and wants to be; who has one keeps it. */
export async function queueFor(db: Queryable, tenantId: string, key: string, recipients: readonly string[], at: Date): Promise<void> {
  await db.query(
    `insert into deliveries (tenant_id, notice_key, recipient, channel, state, at)
     select $1, $2, c.member_id, 'bot', 'queued', $4
       from conversations c join members m on m.tenant_id = c.tenant_id and m.member_id = c.member_id
      where c.tenant_id = $1 and c.member_id = any ($3::uuid[]) and c.notices and m.state = 'present'
     on conflict (tenant_id, notice_key, recipient, channel) do nothing`,
    [tenantId, key, recipients, at],
  );
}

export interface Delivery {
  recipient: string;
  reference: ConversationReference;
  language: Locale | null;
  member_locale: string | null;
  tenant_locale: string;
  time_zone: string;
}

/**
 * Takes one delivery that is still to be made; whoever takes it makes it. It is marked as sent before it is sent: a crash
 * in between costs one chat message (the banner in the tab remains), never a second one.
 */
export async function takeDelivery(
  db: Queryable,
  tenantId: string,
  key: string,
  tried: readonly string[],
  at: Date,
): Promise<Delivery | null> {
  const [row] = await db.query<Delivery>(
    `with next as (
       select d.recipient from deliveries d join conversations c on c.tenant_id = d.tenant_id and c.member_id = d.recipient
        where d.tenant_id = $1 and d.notice_key = $2 and d.channel = 'bot' and d.state in ('queued', 'failed') and c.notices
          and not d.recipient = any ($3::uuid[])
        order by d.recipient limit 1 for update of d skip locked
     ), taken as (
       update deliveries d set state = 'sent', attempts = d.attempts + 1, at = $4
         from next where d.tenant_id = $1 and d.notice_key = $2 and d.channel = 'bot' and d.recipient = next.recipient
       returning d.recipient
     )
     select taken.recipient, c.reference, c.language, m.locale as member_locale, t.locale as tenant_locale, t.time_zone
       from taken
       join conversations c on c.tenant_id = $1 and c.member_id = taken.recipient
       join tenants t on t.tenant_id = $1
       left join members m on m.tenant_id = $1 and m.member_id = taken.recipient`,
    [tenantId, key, tried, at],
  );
  return row ?? null;
}

export async function markDelivery(
  db: Queryable,
  tenantId: string,
  key: string,
  recipient: string,
  state: 'failed' | 'given_up',
  at: Date,
): Promise<void> {
  await db.query(
    `update deliveries set state = $4, at = $5 where tenant_id = $1 and notice_key = $2 and recipient = $3 and channel = 'bot'`,
    [tenantId, key, recipient, state, at],
  );
}

/** What can still not be delivered is over: the period has ended or the limit has risen. */
export async function abandonDeliveries(db: Queryable, tenantId: string, key: string, at: Date): Promise<void> {
  await db.query(
    `update deliveries set state = 'given_up', at = $3
      where tenant_id = $1 and notice_key = $2 and channel = 'bot' and state in ('queued', 'failed')`,
    [tenantId, key, at],
  );
}

/** The strongest notice given for a counter, if this person is concerned: a share in percent, then units left, then a forecast. */
export async function findBanner(
  db: Queryable,
  tenantId: string,
  memberId: string,
  { meter, periodStart, limitEpoch }: { meter: string; periodStart: Date; limitEpoch: number },
  recipients: readonly string[],
): Promise<{ kind: QuotaNotice['kind']; threshold: number; dismissed: string[] } | null> {
  const [row] = await db.query<{ kind: QuotaNotice['kind']; threshold: number; dismissed: string[] }>(
    `select n.kind, n.threshold::float8 as threshold,
            array(select d.notice_key from deliveries d
                   where d.tenant_id = $1 and d.recipient = $4 and d.channel = 'banner' and d.state = 'dismissed') as dismissed
       from notices n
      where n.tenant_id = $1 and n.scope_id = 'tenant' and n.meter = $2 and n.period_start = $5 and n.limit_epoch = $6 and n.kind <> 'advice'
        and exists (select from (${CONCERNED}) q where q.member_id = $4)
      order by array_position(array['threshold', 'remaining', 'forecast'], n.kind), case n.kind when 'remaining' then n.threshold else -n.threshold end
      limit 1`,
    [tenantId, meter, recipients, memberId, bound(periodStart), limitEpoch],
  );
  return row ?? null;
}

/** Puts a banner away for one person; a notice that was never given leaves no trace. */
export async function saveDismissal(db: Queryable, tenantId: string, memberId: string, notice: QuotaNotice, at: Date): Promise<void> {
  await db.query(
    `insert into deliveries (tenant_id, notice_key, recipient, channel, state, at)
     select $1, $3, $4, 'banner', 'dismissed', $5
      where exists (select from notices n
                     where n.tenant_id = $1 and n.scope_id = 'tenant' and n.meter = $2 and n.period_start = $6 and n.limit_epoch = $7
                       and n.threshold = $8 and n.kind = $9)
     on conflict (tenant_id, notice_key, recipient, channel) do nothing`,
    [tenantId, notice.meter, noticeKey(notice), memberId, at, bound(notice.periodStart), notice.limitEpoch, notice.threshold, notice.kind],
  );
}
