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
