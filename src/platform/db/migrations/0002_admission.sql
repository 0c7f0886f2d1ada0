-- Admission: weigh the acts, write their records, book the use. One statement, so one short transaction.
-- Concurrent acts of one tenant may share a call; each keeps its own verdict.

-- The best standing among the tenant's subscriptions; null when there has never been one.
create function subscription_standing(p_tenant uuid) returns text
  language sql stable
  as $$
    select status from subscriptions where tenant_id = p_tenant
     order by array_position(array['Subscribed', 'Suspended', 'Unsubscribed', 'PendingFulfillmentStart'], status) limit 1
  $$;

create type act_verdict as (
  ord           int,
  -- admitted | replayed | conflict | exhausted | stale | unknown_member | access_removed | not_allowed | inactive
  verdict       text,
  operation_key text,
  fingerprint   text,
  subject       uuid,
  actor         uuid,
  quantity      bigint,
  used          bigint,
  held          bigint,
  hard_limit    bigint,
  period_start  timestamptz,
  period_end    timestamptz,
  standing      text,
  -- what the tool numbered the record with; null where it does not number
  number        bigint,
  -- which revision of its draft the act submits; a first try submits the words the draft was kept with
  draft_revision int
);

-- Says of each act what would happen, in arrival order until full; changes nothing and takes no lock.
-- p_acts: [{ key, fingerprint, subject, actor, quantity, draftRevision?, record }]
-- Every look-up here is by key: a plan made while a table was small and kept by a session must not scan it when it has grown.
create function weigh_acts(p_tenant uuid, p_at timestamptz, p_meter text, p_roles text[], p_acts jsonb) returns act_verdict[]
  language plpgsql volatile
  set enable_seqscan = off
  as $$
declare
  v_counter   usage_counters;
  v_standing  text;
  v_row       record;
  v_all       act_verdict[] := '{}';
  v_one       act_verdict;
  v_running   bigint := 0;
  v_refused   boolean := false;
begin
  perform set_config('kontingent.tenant_id', p_tenant::text, true);
  v_standing := subscription_standing(p_tenant);
  select * into v_counter from usage_counters
   where tenant_id = p_tenant and scope_id = 'tenant' and meter = p_meter and period_start <= p_at
   order by period_start desc limit 1;

  for v_row in
    select a.ord, a.act ->> 'key' as key, a.act ->> 'fingerprint' as fingerprint, (a.act ->> 'subject')::uuid as subject,
           (a.act ->> 'actor')::uuid as actor, (a.act ->> 'quantity')::bigint as quantity, coalesce((a.act ->> 'draftRevision')::int, 1) as draft_revision,
           m.role, m.state, r.fingerprint as known_fingerprint, r.subject as known_subject, r.used_after
      from jsonb_array_elements(p_acts) with ordinality as a(act, ord)
      -- With a limit these stay look-ups by key: a join could be planned over all the tenant's records.
      left join lateral (select role, state from members
                          where tenant_id = p_tenant and member_id = (a.act ->> 'actor')::uuid limit 1) m on true
      left join lateral (select fingerprint, subject, used_after from usage_records
                          where tenant_id = p_tenant and operation_key = a.act ->> 'key' and meter = p_meter and scope_id = 'tenant' limit 1) r on true
     order by a.ord
  loop
    v_one := row(v_row.ord, null, v_row.key, v_row.fingerprint, v_row.subject, v_row.actor, v_row.quantity,
                 v_counter.used + v_running, v_counter.held, v_counter.hard_limit, v_counter.period_start, v_counter.period_end, v_standing, null, v_row.draft_revision);
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
    elsif v_counter.tenant_id is null or p_at >= v_counter.valid_until then
      v_one.verdict := 'stale';
    elsif v_counter.hard_limit is null or v_counter.used + v_counter.held + v_running + v_row.quantity <= v_counter.hard_limit then
      v_one.verdict := 'admitted';
      v_running := v_running + v_row.quantity;
      v_one.used := v_counter.used + v_running;
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

-- Books what weigh_acts admitted: counter last, so its lock lives only until the commit. Raises KT001 when the
-- counter moved in between (full, or another period): the whole act is then undone and weighed again. Raises KT003
-- when an act's key names a draft of other content.
create function book_acts(p_tenant uuid, p_at timestamptz, p_meter text, p_acts act_verdict[]) returns void
  language plpgsql volatile
  set enable_seqscan = off
  as $$
declare
  v_counter  usage_counters;
  v_act      act_verdict;
  v_total    bigint;
  v_period   timestamptz;
  v_crossed  int[];
  v_other    boolean;
begin
  select sum(quantity), min(period_start) into v_total, v_period from unnest(p_acts) where verdict = 'admitted';
  if v_total is null then return; end if;

  update usage_counters set used = used + v_total
   where tenant_id = p_tenant and scope_id = 'tenant' and meter = p_meter and period_start = v_period
     and valid_until > p_at and (hard_limit is null or used + held + v_total <= hard_limit)
  returning * into v_counter;
  if not found then
    raise exception 'the counter moved' using errcode = 'KT001';
  end if;

  insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
  select p_tenant, operation_key, p_meter, 'tenant', v_period, 'consume', quantity, fingerprint,
         v_counter.used - v_total + sum(quantity) over (order by ord), subject, actor, p_at
    from unnest(p_acts) where verdict = 'admitted';

  -- A late retry that succeeds takes the draft of its refused first try with it, unless its author has other words in it by
  -- now: those stay a draft, under a key of their own.
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

  -- Integers, so that 100 fires at exactly full. Nothing fires without an allowance.
  if v_counter.granted > 0 then
    select array_agg(t order by t) into v_crossed from unnest(v_counter.thresholds) t
     where v_counter.used * 100 >= t * v_counter.granted and (v_counter.used - v_total) * 100 < t * v_counter.granted;
    if v_crossed is not null then
      perform give_notice(v_counter, v_crossed, p_at);
    end if;
  end if;
end
$$;

-- The insert is the decision: who inserts the highest crossed threshold sends it, the lower ones are marked as said.
create function give_notice(p_counter usage_counters, p_thresholds int[], p_at timestamptz) returns void
  language plpgsql volatile
  as $$
declare
  v_said int[];
begin
  with said as (
    insert into notices (tenant_id, scope_id, meter, period_start, limit_epoch, threshold, at)
    select p_counter.tenant_id, p_counter.scope_id, p_counter.meter, p_counter.period_start, p_counter.limit_epoch, t, p_at
      from unnest(p_thresholds) t
    on conflict do nothing
    returning threshold
  )
  select array_agg(threshold) into v_said from said;
  if (select max(t) from unnest(p_thresholds) t) = any (v_said) then
    insert into outbox (outbox_id, tenant_id, topic, payload, not_before)
    values (gen_random_uuid(), p_counter.tenant_id, 'quota.notice',
            jsonb_build_object('meter', p_counter.meter, 'scopeId', p_counter.scope_id, 'limitEpoch', p_counter.limit_epoch,
                               'threshold', (select max(t) from unnest(p_thresholds) t),
                               'periodStart', to_char(p_counter.period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
            p_at);
  end if;
end
$$;

-- Creations that count, one function per tool and one shape: records first, then the booking.
create function create_tickets(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_acts   act_verdict[] := weigh_acts(p_tenant, p_at, 'tickets', p_roles, p_acts);
  v_count  int;
  v_last   bigint;
begin
  select count(*) into v_count from unnest(v_acts) where verdict = 'admitted';
  if v_count > 0 then
    insert into tenant_sequences as s (tenant_id, name, last) values (p_tenant, 'tickets', v_count)
    on conflict (tenant_id, name) do update set last = s.last + v_count
    returning last into v_last;
    v_last := v_last - v_count;
    for i in 1 .. cardinality(v_acts) loop
      if v_acts[i].verdict = 'admitted' then
        v_last := v_last + 1;
        v_acts[i].number := v_last;
      end if;
    end loop;
    insert into tickets (tenant_id, ticket_id, number, title, description, status, priority, requester, assignee, due_on, tags, created_at, updated_at)
    select p_tenant, v.subject, v.number, a.r ->> 'title', a.r ->> 'description', 'open',
           a.r ->> 'priority', v.actor, (a.r ->> 'assigneeId')::uuid, (a.r ->> 'dueOn')::date,
           array(select jsonb_array_elements_text(a.r -> 'tags')), p_at, p_at
      from unnest(v_acts) v, lateral (select p_acts -> (v.ord - 1) -> 'record' as r) a
     where v.verdict = 'admitted';
    perform book_acts(p_tenant, p_at, 'tickets', v_acts);
  end if;
  return query select * from unnest(v_acts);
end
$$;

-- Whoever does an act under this key waits until the transaction that holds it has ended.
create function hold_key(p_tenant uuid, p_key text) returns void
  language sql volatile
  as $$ select pg_advisory_xact_lock(hashtextextended(p_tenant::text || p_key, 0)) $$;

create function create_checklists(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_acts act_verdict[];
begin
  -- The same key may at this moment be making a draft checklist, which is remembered elsewhere: one of the two is first.
  perform hold_key(p_tenant, k.key) from (select a ->> 'key' as key from jsonb_array_elements(p_acts) a order by 1) k;
  v_acts := weigh_acts(p_tenant, p_at, 'checklists', p_roles, p_acts);
  for i in 1 .. cardinality(v_acts) loop
    if v_acts[i].verdict in ('admitted', 'exhausted')
       and exists (select from operations where tenant_id = p_tenant and operation_key = v_acts[i].operation_key) then
      v_acts[i].verdict := 'conflict';
    end if;
  end loop;
  if exists (select from unnest(v_acts) where verdict = 'admitted') then
    insert into checklists (tenant_id, checklist_id, title, state, created_by, created_at, started_at)
    select p_tenant, v.subject, p_acts -> (v.ord - 1) -> 'record' ->> 'title', 'running', v.actor, p_at, p_at
      from unnest(v_acts) v where v.verdict = 'admitted';
    insert into checklist_items (tenant_id, checklist_id, item_id, position, text, assignee)
    select p_tenant, v.subject, gen_random_uuid(), i.position, i.item ->> 'text', (i.item ->> 'assigneeId')::uuid
      from unnest(v_acts) v, jsonb_array_elements(p_acts -> (v.ord - 1) -> 'record' -> 'items') with ordinality as i(item, position)
     where v.verdict = 'admitted';
    perform book_acts(p_tenant, p_at, 'checklists', v_acts);
  end if;
  return query select * from unnest(v_acts);
end
$$;

-- Submitting a checklist that was kept as a draft starts it. KT002: it is no draft any more.
create function submit_checklists(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_acts   act_verdict[] := weigh_acts(p_tenant, p_at, 'checklists', p_roles, p_acts);
  v_count  int;
begin
  select count(*) into v_count from unnest(v_acts) where verdict = 'admitted';
  if v_count > 0 then
    with started as (
      update checklists c set state = 'running', started_at = p_at, revision = revision + 1
        from unnest(v_acts) v
       where v.verdict = 'admitted' and c.tenant_id = p_tenant and c.checklist_id = v.subject and c.state = 'draft'
      returning 1
    )
    select v_count - count(*) into v_count from started;
    if v_count > 0 then
      raise exception 'the checklist is no draft' using errcode = 'KT002';
    end if;
    perform book_acts(p_tenant, p_at, 'checklists', v_acts);
  end if;
  return query select * from unnest(v_acts);
end
$$;

create function create_opportunities(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_acts act_verdict[] := weigh_acts(p_tenant, p_at, 'opportunities', p_roles, p_acts);
begin
  if exists (select from unnest(v_acts) where verdict = 'admitted') then
    insert into opportunities (tenant_id, opportunity_id, title, customer, stage, value_minor, currency, closes_on, owner, created_at, updated_at)
    select p_tenant, v.subject, a.r ->> 'title', a.r ->> 'customer', 'new', (a.r -> 'value' ->> 'minor')::bigint, a.r -> 'value' ->> 'currency',
           (a.r ->> 'closesOn')::date, coalesce((a.r ->> 'ownerId')::uuid, v.actor), p_at, p_at
      from unnest(v_acts) v, lateral (select p_acts -> (v.ord - 1) -> 'record' as r) a
     where v.verdict = 'admitted';
    perform book_acts(p_tenant, p_at, 'opportunities', v_acts);
  end if;
  return query select * from unnest(v_acts);
end
$$;
