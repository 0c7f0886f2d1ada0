-- What counts and tells, extended: marks of units left, notices of several kinds, and quotas that teams have a share of. What
-- was told so far was told of shares in percent.

-- The insert is the decision: whoever inserts the highest threshold, or the fewest units left, sends it; the others are marked as
-- said. Not p_sends: another notice of the same act speaks for it.
create function give_notice(p_counter usage_counters, p_kind text, p_marks bigint[], p_at timestamptz, p_sends boolean default true) returns boolean
  language plpgsql volatile
  as $$
declare
  v_said     bigint[];
  v_telling  bigint := (select case when p_kind = 'remaining' then min(m) else max(m) end from unnest(p_marks) m);
begin
  with said as (
    insert into notices (tenant_id, scope_id, meter, period_start, limit_epoch, kind, threshold, at)
    select p_counter.tenant_id, p_counter.scope_id, p_counter.meter, p_counter.period_start, p_counter.limit_epoch, p_kind, m, p_at
      from unnest(p_marks) m
    on conflict do nothing
    returning threshold
  )
  select array_agg(threshold) into v_said from said;
  if v_telling = any (v_said) and p_sends then
    insert into outbox (outbox_id, tenant_id, topic, payload, not_before)
    values (gen_random_uuid(), p_counter.tenant_id, 'quota.notice',
            jsonb_build_object('meter', p_counter.meter, 'scopeId', p_counter.scope_id, 'limitEpoch', p_counter.limit_epoch,
                               'kind', p_kind, 'threshold', v_telling,
                               'periodStart', case when p_counter.period_start = '-infinity' then 'always'
                                                   else to_char(p_counter.period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end),
            p_at);
    return true;
  end if;
  return false;
end
$$;

create or replace function give_notice(p_counter usage_counters, p_thresholds int[], p_at timestamptz) returns void
  language plpgsql volatile
  as $$
begin
  perform give_notice(p_counter, 'threshold', p_thresholds::bigint[], p_at);
end
$$;

-- As before; a mark of units left fires like a share in percent does.
create or replace function book_acts(p_tenant uuid, p_at timestamptz, p_meter text, p_acts act_verdict[]) returns void
  language plpgsql volatile
  set enable_seqscan = off
  set plan_cache_mode = force_generic_plan
  as $$
declare
  v_counter    usage_counters;
  v_act        act_verdict;
  v_total      bigint := 0;
  v_weighed    bigint;
  v_period     timestamptz;
  v_threshold  int;
  v_crossed    int[];
  v_left       bigint;
  v_reached    bigint[];
  v_drafted    boolean;
  v_other      boolean;
begin
  foreach v_act in array p_acts loop
    if v_act.verdict = 'admitted' then
      v_total := v_total + v_act.quantity;
      v_period := v_act.period_start;
      v_weighed := v_act.used;
    end if;
  end loop;
  if v_total = 0 then return; end if;

  update usage_counters set used = used + v_total
   where tenant_id = p_tenant and scope_id = 'tenant' and meter = p_meter and period_start = v_period
     and valid_until > p_at and (hard_limit is null or used + held + v_total <= hard_limit)
  returning * into v_counter;
  if not found then
    raise exception 'the counter moved' using errcode = 'KT001';
  end if;

  -- The verdicts count up from the counter as it was weighed; others may have booked since.
  with noted as (
    insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
    select p_tenant, operation_key, p_meter, 'tenant', v_period, 'consume', quantity, fingerprint,
           v_counter.used - v_weighed + used, subject, actor, p_at
      from unnest(p_acts) where verdict = 'admitted'
    returning operation_key
  )
  select exists (select from noted n
                  cross join lateral (select from drafts
                                       where tenant_id = p_tenant and operation_key = n.operation_key and state <> 'submitted' limit 1) d)
    into v_drafted;

  -- A late retry that succeeds takes the draft of its refused first try with it, unless its author has other words in it by
  -- now: those stay a draft, under a key of their own.
  if v_drafted then
    for v_act in select * from unnest(p_acts) where verdict = 'admitted' loop
      update drafts set state = case when revision > v_act.draft_revision and state = 'open' then 'open' else 'submitted' end,
                        operation_key = case when revision > v_act.draft_revision and state = 'open' then 'draft:' || draft_id || ':' || revision else operation_key end,
                        subject = case when revision > v_act.draft_revision and state = 'open' then null else v_act.subject end,
                        updated_at = p_at, revision = revision + 1
       where tenant_id = p_tenant and operation_key = v_act.operation_key and state <> 'submitted'
      returning fingerprint <> v_act.fingerprint into v_other;
      if v_other then
        raise exception 'the key names a draft of other content' using errcode = 'KT003';
      end if;
    end loop;
  end if;

  -- Integers, so that 100 fires at exactly full. Nothing fires without an allowance.
  if v_counter.granted > 0 then
    foreach v_threshold in array v_counter.thresholds loop
      if v_counter.used * 100 >= v_threshold * v_counter.granted and (v_counter.used - v_total) * 100 < v_threshold * v_counter.granted then
        v_crossed := v_crossed || v_threshold;
      end if;
    end loop;
    foreach v_left in array v_counter.remaining_marks loop
      if v_counter.granted - v_counter.used <= v_left and v_counter.granted - v_counter.used + v_total > v_left then
        v_reached := v_reached || v_left;
      end if;
    end loop;
    if v_crossed is not null then
      perform give_notice(v_counter, v_crossed, p_at);
    end if;
    if v_reached is not null then
      perform give_notice(v_counter, 'remaining', v_reached, p_at, v_crossed is null);
    end if;
  end if;
end
$$;

-- An act that names a team with a share of the quota takes from the tenant's row and from the team's, or from neither: the creation
-- runs as ever, and the share is booked after it. All acts of one call are of one team. KT008: the team's share is used up; KT009:
-- its row must be brought up to date first.
create function create_for_team(p_creation text, p_meter text, p_team uuid, p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb)
  returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_acts     act_verdict[];
  v_total    bigint;
  v_scope    text := 'team:' || p_team;
  v_counter  usage_counters;
begin
  execute format('select array_agg(v order by v.ord) from %I($1, $2, $3, $4) v', p_creation) into v_acts using p_tenant, p_at, p_roles, p_acts;
  select sum(quantity) into v_total from unnest(v_acts) where verdict = 'admitted';
  if v_total > 0 and exists (select from team_allocations where tenant_id = p_tenant and meter = p_meter and team_id = p_team) then
    select * into v_counter from usage_counters
     where tenant_id = p_tenant and scope_id = v_scope and meter = p_meter
       and period_start = (select period_start from unnest(v_acts) where verdict = 'admitted' limit 1) for update;
    if v_counter.tenant_id is null or v_counter.valid_until <= p_at then
      raise exception 'the share of the team is out of date' using errcode = 'KT009';
    end if;
    if v_counter.used + v_counter.held + v_total > v_counter.hard_limit then
      raise exception 'the share of the team is used up' using errcode = 'KT008',
        detail = json_build_object('used', v_counter.used, 'held', v_counter.held, 'limit', v_counter.hard_limit, 'period_end', v_counter.period_end)::text;
    end if;
    update usage_counters set used = used + v_total
     where tenant_id = p_tenant and scope_id = v_scope and meter = p_meter and period_start = v_counter.period_start;
    insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
    select p_tenant, operation_key, p_meter, v_scope, v_counter.period_start, 'consume', quantity, fingerprint,
           v_counter.used + sum(quantity) over (order by ord), subject, actor, p_at
      from unnest(v_acts) where verdict = 'admitted';
  end if;
  return query select * from unnest(v_acts);
end
$$;
