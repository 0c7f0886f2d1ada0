-- Who joins, comes for the first time or changes class is weighed by the limit that holds at that instant, also when a grant has begun
-- or ended since the counter was last brought up to date: the counter knows its limits to come. Rows of before know none until they
-- are brought up to date the next time; until then their last limit holds.

-- What a limit on what is held now will be at each of its edges after valid_until, earliest first: [{"from": instant, "hardLimit": units or null}].
alter table usage_counters add column limits_to_come jsonb not null default '[]';

-- As before, but decided at once: 'stale' says that the row has to be brought up to date, which is under way, and nothing about the
-- act. Notices are then left to whoever does that, because they go by the new limit.
create or replace function settle_active_members(p_tenant uuid, p_at timestamptz, p_subject uuid, p_actor uuid, p_forced boolean default false)
  returns table (verdict text, hard_limit bigint, used bigint, held bigint)
  language plpgsql volatile
  as $$
declare
  v_counter  usage_counters;
  v_rule     text := active_rule(p_tenant, p_at);
  v_limit    record;
  v_count    bigint;
  v_crossed  int[];
begin
  select * into v_counter from usage_counters c
   where c.tenant_id = p_tenant and c.scope_id = 'tenant' and c.meter = 'active_members' and c.period_start = '-infinity' for update;
  if not found then
    return query select 'done', null::bigint, null::bigint, null::bigint;
    return;
  end if;
  select l."hardLimit" as units into v_limit
    from jsonb_to_recordset(v_counter.limits_to_come) as l("from" timestamptz, "hardLimit" bigint)
   where l."from" <= p_at order by l."from" desc limit 1;
  if found then
    v_counter.hard_limit := v_limit.units;
  end if;
  -- After the lock: a statement of its own sees what others committed while this one waited.
  select count(*) into v_count from active_members(p_tenant, v_rule, at_present());
  if not p_forced and v_count > v_counter.used and v_count + v_counter.held > v_counter.hard_limit then
    return query select 'exhausted', v_counter.hard_limit, v_counter.used, v_counter.held;
    return;
  end if;
  if v_count <> v_counter.used then
    update usage_counters c set used = v_count
     where c.tenant_id = p_tenant and c.scope_id = 'tenant' and c.meter = 'active_members' and c.period_start = '-infinity';
    insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
    values (p_tenant, 'active_members:' || gen_random_uuid(), 'active_members', 'tenant', '-infinity',
            case when v_count > v_counter.used then 'consume' else 'release' end, abs(v_count - v_counter.used), '', v_count, p_subject, p_actor, p_at);
    if v_counter.granted > 0 and p_at < v_counter.valid_until then
      select array_agg(t order by t) into v_crossed from unnest(v_counter.thresholds) t
       where v_count * 100 >= t * v_counter.granted and v_counter.used * 100 < t * v_counter.granted;
      if v_crossed is not null then
        perform give_notice(v_counter, v_crossed, p_at);
      end if;
    end if;
  end if;
  if p_at < v_counter.valid_until then
    return query select 'done', v_counter.hard_limit, v_count, v_counter.held;
    return;
  end if;
  insert into outbox (outbox_id, tenant_id, topic, payload, not_before)
  select gen_random_uuid(), p_tenant, 'limits.stale', '{"meter": "active_members"}', p_at
   where not exists (select from outbox o where o.tenant_id = p_tenant and o.topic = 'limits.stale' and o.state = 'queued');
  return query select 'stale', v_counter.hard_limit, v_count, v_counter.held;
end
$$;

create or replace function demand_active_members(p_tenant uuid, p_at timestamptz, p_acts act_verdict[]) returns void
  language plpgsql volatile
  as $$
declare
  v_settled record;
begin
  select s.* into v_settled
    from (select subject, actor from unnest(p_acts) where verdict = 'admitted' order by ord limit 1) a,
         settle_active_members(p_tenant, p_at, a.subject, a.actor) s;
  if v_settled.verdict = 'exhausted' then
    raise exception 'too many active members' using errcode = 'KT006', detail = row_to_json(v_settled)::text;
  end if;
end
$$;
