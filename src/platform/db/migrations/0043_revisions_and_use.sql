-- Revisions of drafts, and the index behind forecasts. A draft that was discarded and opened anew began again at the revision
-- of its words, so that a page left open from before met its own revision again: revisions go on now, and a draft remembers at which one
-- it was last opened, and which one the act named that opened it (1: its first try). Drafts of before are at their first opening.
-- The last record before an instant is one look into an index even among records of one and the same instant.
alter table drafts add column opened_at int not null default 1;
alter table drafts add column opened_as int not null default 1;

-- As before; words are an author's later ones when they are later than those the draft was opened with.
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
      update drafts set state = case when revision > case when v_act.draft_revision = opened_as then opened_at else v_act.draft_revision end and state = 'open' then 'open' else 'submitted' end,
                        operation_key = case when revision > case when v_act.draft_revision = opened_as then opened_at else v_act.draft_revision end and state = 'open' then 'draft:' || draft_id || ':' || revision else operation_key end,
                        subject = case when revision > case when v_act.draft_revision = opened_as then opened_at else v_act.draft_revision end and state = 'open' then null else v_act.subject end,
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

drop index usage_records_period;
create index usage_records_period on usage_records (period_start, tenant_id, meter, at, used_after);
