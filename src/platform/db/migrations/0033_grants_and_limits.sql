-- Grants that wait, end and are burnt; limits on what is held now; policies that one tenant has otherwise; holds; and what
-- was reached in a period. Existing grants: active since they took effect, voided ones ended when the next of their source came.

alter table grants add column activated_at timestamptz;
alter table grants add column activated_by text;
-- From here on it grants nothing: it was replaced, or it expired. The past before stays as it was.
alter table grants add column ended_at timestamptz;
-- Units that were used up when it expired; they stay granted until the end of that period.
alter table grants add column burnt bigint not null default 0 check (burnt >= 0);
alter table grants add column burnt_in timestamptz;
update grants set activated_at = effective_at where state <> 'pending';
update grants g set ended_at = coalesce((select min(n.created_at) from grants n
                                          where n.tenant_id = g.tenant_id and n.source_id = g.source_id and n.meter = g.meter and n.created_at > g.created_at),
                                        g.created_at)
 where state in ('voided', 'expired');
drop index grants_live;
create index grants_of_meter on grants (tenant_id, meter, scope_id, ended_at);

-- Months that the period was opened for; a limit on what is held now has one row, from -infinity to infinity.
alter table usage_counters add column months int not null default 1 check (months >= 0);
-- Units left at which people are told, beside the thresholds in percent.
alter table usage_counters add column remaining_marks bigint[] not null default '{}';

create table payments_noted (
  tenant_id   uuid not null,
  payment_id  text not null,
  paid_at     timestamptz not null,
  noted_at    timestamptz not null,
  primary key (tenant_id, payment_id)
);

create table policy_overrides (
  tenant_id    uuid not null,
  override_id  uuid not null,
  -- <meter>.<field of its policy>
  path         text not null,
  value        jsonb not null,
  reason       text not null,
  actor        text not null,
  set_at       timestamptz not null,
  expires_at   timestamptz not null check (expires_at > set_at),
  ended_at     timestamptz,
  primary key (tenant_id, override_id)
);
create index policy_overrides_path on policy_overrides (tenant_id, path, set_at);

create table usage_holds (
  tenant_id      uuid not null,
  hold_id        uuid not null,
  operation_key  text not null,
  fingerprint    text not null,
  meter          text not null,
  scope_id       text not null default 'tenant',
  period_start   timestamptz not null,
  quantity       bigint not null check (quantity > 0),
  actor          uuid,
  opened_at      timestamptz not null,
  expires_at     timestamptz not null check (expires_at > opened_at),
  state          text not null default 'open' check (state in ('open', 'confirmed', 'released', 'expired')),
  closed_at      timestamptz,
  primary key (tenant_id, hold_id),
  unique (tenant_id, operation_key)
);
create index usage_holds_open on usage_holds (tenant_id, meter, scope_id, expires_at) where state = 'open';

-- Periods in which somebody was refused. Written after the refused act was rolled back, beside counter and ledger.
create table usage_hits (
  tenant_id     uuid not null,
  meter         text not null,
  period_start  timestamptz not null,
  at            timestamptz not null,
  primary key (tenant_id, meter, period_start)
);

-- A share of a quota that a team has for itself.
create table team_allocations (
  tenant_id   uuid not null,
  meter       text not null,
  team_id     uuid not null,
  amount      bigint not null check (amount >= 0),
  updated_at  timestamptz not null,
  updated_by  uuid not null,
  revision    int not null default 1,
  primary key (tenant_id, meter, team_id)
);

-- Notices of other causes than a share in percent: units left, a forecast, advice.
alter table notices add column kind text not null default 'threshold' check (kind in ('threshold', 'remaining', 'forecast', 'advice'));
alter table notices alter column threshold type bigint;
alter table notices drop constraint notices_pkey;
alter table notices add primary key (tenant_id, scope_id, meter, period_start, limit_epoch, kind, threshold);

-- As before, and names the one period of a limit on what is held now.
create or replace function give_notice(p_counter usage_counters, p_thresholds int[], p_at timestamptz) returns void
  language plpgsql volatile
  as $$
declare
  v_said     bigint[];
  v_highest  bigint := (select max(t) from unnest(p_thresholds) t);
begin
  with said as (
    insert into notices (tenant_id, scope_id, meter, period_start, limit_epoch, threshold, at)
    select p_counter.tenant_id, p_counter.scope_id, p_counter.meter, p_counter.period_start, p_counter.limit_epoch, t, p_at
      from unnest(p_thresholds) t
    on conflict do nothing
    returning threshold
  )
  select array_agg(threshold) into v_said from said;
  if v_highest = any (v_said) then
    insert into outbox (outbox_id, tenant_id, topic, payload, not_before)
    values (gen_random_uuid(), p_counter.tenant_id, 'quota.notice',
            jsonb_build_object('meter', p_counter.meter, 'scopeId', p_counter.scope_id, 'limitEpoch', p_counter.limit_epoch, 'threshold', v_highest,
                               'periodStart', case when p_counter.period_start = '-infinity' then 'always'
                                                   else to_char(p_counter.period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end),
            p_at);
  end if;
end
$$;

-- A draft that is submitted by itself when there is room again.
alter table drafts add column submits_itself boolean not null default false;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['payments_noted', 'policy_overrides', 'usage_holds', 'usage_hits', 'team_allocations'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)
         with check (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)', v_table);
    execute format('grant select, insert, update, delete on %I to kontingent_app', v_table);
  end loop;
  foreach v_table in array array['payments_noted', 'usage_hits'] loop
    execute format('revoke update, delete on %I from kontingent_app', v_table);
  end loop;
end
$$;
