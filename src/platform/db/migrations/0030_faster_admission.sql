-- The same admission in fewer statements: most of its time went into planning statements again and starting them, not into rows.
-- What is decided, in which order and under which locks stays as it was.

-- A function in SQL that is not folded into its caller is parsed and planned at every call; one in PL/pgSQL once per session.
create or replace function subscription_standing(p_tenant uuid) returns text
  language plpgsql stable
  as $$
begin
  return (select status from subscriptions where tenant_id = p_tenant
           order by array_position(array['Subscribed', 'Suspended', 'Unsubscribed', 'PendingFulfillmentStart'], status) limit 1);
end
$$;

-- The words of a ticket stay the same, so the stored ones stay too.
create or replace function ticket_words(tenant_id uuid, title text, description text, tags text[]) returns tsvector
  language plpgsql immutable parallel safe
  as $$
begin
  return array_to_tsvector(array[tenant_id::text])
      || to_tsvector('simple'::regconfig, title || ' ' || coalesce(array_to_string(tags, ' '), '') || ' ' || description);
end
$$;

-- As before; the counter is read together with the acts. One plan serves all: the acts are a list of unknown length, which the
-- planner would otherwise take as a reason to plan for each list anew.
create or replace function weigh_acts(p_tenant uuid, p_at timestamptz, p_meter text, p_roles text[], p_acts jsonb) returns act_verdict[]
  language plpgsql volatile
  set enable_seqscan = off
  set plan_cache_mode = force_generic_plan
  as $$
declare
  v_tenant    text := set_config('kontingent.tenant_id', p_tenant::text, true);
  v_standing  text := subscription_standing(p_tenant);
  v_row       record;
  v_all       act_verdict[] := '{}';
  v_one       act_verdict;
  v_running   bigint := 0;
  v_refused   boolean := false;
begin
  for v_row in
    select a.ord, a.key, a.fingerprint, a.subject, a.actor, a.quantity, coalesce(a.draft_revision, 1) as draft_revision,
           m.role, m.state, r.fingerprint as known_fingerprint, r.subject as known_subject,
           c.used, c.held, c.hard_limit, c.period_start, c.period_end, c.valid_until
      from rows from (jsonb_to_recordset(p_acts)
                        as (key text, fingerprint text, subject uuid, actor uuid, quantity bigint, "draftRevision" int))
             with ordinality as a(key, fingerprint, subject, actor, quantity, draft_revision, ord)
      -- With a limit these stay look-ups by key: a join could be planned over all the tenant's records.
      left join (select used, held, hard_limit, period_start, period_end, valid_until from usage_counters
                  where tenant_id = p_tenant and scope_id = 'tenant' and meter = p_meter and period_start <= p_at
                  order by period_start desc limit 1) c on true
      left join lateral (select role, state from members
                          where tenant_id = p_tenant and member_id = a.actor limit 1) m on true
      left join lateral (select fingerprint, subject from usage_records
                          where tenant_id = p_tenant and operation_key = a.key and meter = p_meter and scope_id = 'tenant' limit 1) r on true
     order by a.ord
  loop
    v_one := row(v_row.ord, null, v_row.key, v_row.fingerprint, v_row.subject, v_row.actor, v_row.quantity,
                 v_row.used + v_running, v_row.held, v_row.hard_limit, v_row.period_start, v_row.period_end, v_standing, null, v_row.draft_revision);
    if v_row.state is null then
      v_one.verdict := 'unknown_member';
    elsif v_row.state = 'removed' then
      v_one.verdict := 'access_removed';
    elsif v_row.known_fingerprint is not null then
      v_one.verdict := case when v_row.known_fingerprint = v_row.fingerprint then 'replayed' else 'conflict' end;
      v_one.subject := v_row.known_subject;
    elsif v_row.role <> all (p_roles) then
      v_one.verdict := 'not_allowed';
    elsif v_standing is distinct from 'Subscribed' then
      v_one.verdict := 'inactive';
    elsif v_row.valid_until is null or p_at >= v_row.valid_until then
      v_one.verdict := 'stale';
    elsif v_row.hard_limit is null or v_row.used + v_row.held + v_running + v_row.quantity <= v_row.hard_limit then
      v_one.verdict := 'admitted';
      v_running := v_running + v_row.quantity;
      v_one.used := v_row.used + v_running;
    else
      v_one.verdict := 'exhausted';
      v_refused := true;
    end if;
    v_all := v_all || v_one;
  end loop;

  -- The first try of a refused act may have been committed since its key was read: a retry of a success is never refused.
  if v_refused then
    for v_row in
      select v.ord, r.fingerprint = v.fingerprint as same, r.subject
        from unnest(v_all) v
       cross join lateral (select fingerprint, subject from usage_records
                            where tenant_id = p_tenant and operation_key = v.operation_key and meter = p_meter and scope_id = 'tenant' limit 1) r
       where v.verdict = 'exhausted'
    loop
      v_all[v_row.ord].verdict := case when v_row.same then 'replayed' else 'conflict' end;
      v_all[v_row.ord].subject := v_row.subject;
    end loop;
  end if;
  return v_all;
end
$$;

-- As before; drafts are looked for when the ledger is written, and only where there are some they are changed.
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
    if v_crossed is not null then
      perform give_notice(v_counter, v_crossed, p_at);
    end if;
  end if;
end
$$;

-- As before; the numbers are drawn in the statement that writes the tickets.
create or replace function create_tickets(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  set enable_seqscan = off
  set plan_cache_mode = force_generic_plan
  as $$
declare
  v_acts   act_verdict[] := weigh_acts(p_tenant, p_at, 'tickets', p_roles, p_acts);
  v_act    act_verdict;
  v_count  int := 0;
  v_last   bigint;
begin
  for i in 1 .. cardinality(v_acts) loop
    if v_acts[i].verdict = 'admitted' then
      v_count := v_count + 1;
      v_acts[i].number := v_count;
    end if;
  end loop;
  if v_count > 0 then
    with drawn as (
      insert into tenant_sequences as s (tenant_id, name, last) values (p_tenant, 'tickets', v_count)
      on conflict (tenant_id, name) do update set last = s.last + v_count
      returning last - v_count as last
    ), made as (
      insert into tickets (tenant_id, ticket_id, number, title, description, status, priority, requester, assignee, due_on, tags, created_at, updated_at)
      select p_tenant, v.subject, d.last + v.number, a.r ->> 'title', a.r ->> 'description', 'open',
             a.r ->> 'priority', v.actor, (a.r ->> 'assigneeId')::uuid, (a.r ->> 'dueOn')::date,
             array(select jsonb_array_elements_text(a.r -> 'tags')), p_at, p_at
        from drawn d, unnest(v_acts) v, lateral (select p_acts -> (v.ord - 1) -> 'record' as r) a
       where v.verdict = 'admitted'
    )
    select last into v_last from drawn;
    perform book_acts(p_tenant, p_at, 'tickets', v_acts);
  end if;
  foreach v_act in array v_acts loop
    v_act.number := v_last + v_act.number;
    return next v_act;
  end loop;
end
$$;

alter function create_checklists(uuid, timestamptz, text[], jsonb) set plan_cache_mode = force_generic_plan;
alter function create_checklists(uuid, timestamptz, text[], jsonb) set enable_seqscan = off;
alter function submit_checklists(uuid, timestamptz, text[], jsonb) set plan_cache_mode = force_generic_plan;
alter function submit_checklists(uuid, timestamptz, text[], jsonb) set enable_seqscan = off;
alter function create_opportunities(uuid, timestamptz, text[], jsonb) set plan_cache_mode = force_generic_plan;
alter function create_opportunities(uuid, timestamptz, text[], jsonb) set enable_seqscan = off;
