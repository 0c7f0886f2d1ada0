-- Teams, who is in them, and since when: bills of a month are judged long after it, so every beginning and end is kept.
-- Members known so far count from their first contact on, in the class they have; nobody had a team.

create table teams (
  tenant_id     uuid not null,
  team_id       uuid not null,
  name          text not null,
  -- who may add people
  invitations   text not null default 'all_members' check (invitations in ('all_members', 'admins')),
  -- whether those who are not in it see it and may join
  discoverable  boolean not null default true,
  created_by    uuid not null,
  created_at    timestamptz not null,
  archived_at   timestamptz,
  revision      int not null default 1,
  primary key (tenant_id, team_id)
);
create index teams_by_name on teams (tenant_id, lower(name), team_id);

-- When a team was not archived. The open span of a team is its present.
create table team_spans (
  tenant_id  uuid not null,
  team_id    uuid not null,
  began_at   timestamptz not null,
  ended_at   timestamptz,
  primary key (tenant_id, team_id, began_at),
  foreign key (tenant_id, team_id) references teams,
  check (began_at <= ended_at)
);
create unique index team_spans_open on team_spans (tenant_id, team_id) where ended_at is null;

-- Who was in a team, and when; without an end: is in it.
create table team_members (
  tenant_id  uuid not null,
  team_id    uuid not null,
  member_id  uuid not null,
  began_at   timestamptz not null,
  ended_at   timestamptz,
  primary key (tenant_id, team_id, member_id, began_at),
  foreign key (tenant_id, team_id) references teams,
  foreign key (tenant_id, member_id) references members,
  check (began_at <= ended_at)
);
create unique index team_members_open on team_members (tenant_id, team_id, member_id) where ended_at is null;
create index team_members_of_one on team_members (tenant_id, member_id);

-- When a member was present, and in which class.
create table member_spans (
  tenant_id  uuid not null,
  member_id  uuid not null,
  class      text not null,
  began_at   timestamptz not null,
  ended_at   timestamptz,
  primary key (tenant_id, member_id, began_at),
  foreign key (tenant_id, member_id) references members,
  check (began_at <= ended_at)
);
create unique index member_spans_open on member_spans (tenant_id, member_id) where ended_at is null;

-- Since when class and state are what they are; whoever changes one says when.
alter table members add column standing_since timestamptz;

-- Wherever a member is written, the spans follow. What began and ended at one instant is written over.
create function follow_member() returns trigger
  language plpgsql volatile
  as $$
declare
  v_at timestamptz := coalesce(new.standing_since, new.created_at);
begin
  if tg_op = 'UPDATE' then
    if new.class = old.class and new.state = old.state then return null; end if;
    update member_spans set ended_at = greatest(began_at, v_at)
     where tenant_id = new.tenant_id and member_id = new.member_id and ended_at is null
    returning ended_at into v_at;
    v_at := coalesce(v_at, new.standing_since, new.created_at);
  end if;
  if new.state = 'present' then
    insert into member_spans (tenant_id, member_id, class, began_at) values (new.tenant_id, new.member_id, new.class, v_at)
    on conflict (tenant_id, member_id, began_at) do update set class = excluded.class, ended_at = null;
  end if;
  return null;
end
$$;
create trigger follow_member after insert or update of class, state on members for each row execute function follow_member();

insert into member_spans (tenant_id, member_id, class, began_at)
select tenant_id, member_id, class, created_at from members where state = 'present';

-- The one query behind every page, list, bill and limit: who counts at some instant of `p_when`, from when to when within it, and
-- through which teams. p_rule class_active: members of class active; in_active_team: those of them who are in a team that is not
-- archived. An instant is the range [t, t]. Asked about one member it looks that one up.
create function active_members(p_tenant uuid, p_rule text, p_when tstzrange)
  returns table (member_id uuid, began_at timestamptz, ended_at timestamptz, team_ids uuid[])
  language sql stable
  as $$
    select a.member_id, min(lower(a.span)), max(upper(a.span)), array_agg(distinct a.team_id) filter (where a.team_id is not null)
      from (select s.member_id, null::uuid as team_id, tstzrange(s.began_at, s.ended_at) * p_when as span
              from member_spans s
             where p_rule = 'class_active' and s.tenant_id = p_tenant and s.class = 'active'
             union all
            select s.member_id, m.team_id,
                   tstzrange(s.began_at, s.ended_at) * tstzrange(m.began_at, m.ended_at) * tstzrange(t.began_at, t.ended_at) * p_when
              from member_spans s
              join team_members m on m.tenant_id = s.tenant_id and m.member_id = s.member_id
              join team_spans t on t.tenant_id = m.tenant_id and t.team_id = m.team_id
             where p_rule = 'in_active_team' and s.tenant_id = p_tenant and s.class = 'active') a
     where not isempty(a.span)
     group by a.member_id
  $$;

-- What has begun and not ended, whichever instance wrote it last: the present, whatever a clock says.
create function at_present() returns tstzrange
  language sql immutable parallel safe
  as $$ select tstzrange('infinity', 'infinity', '[]') $$;

-- The teams that were not archived at some instant of `p_when`, from when to when within it.
create function active_teams(p_tenant uuid, p_when tstzrange) returns table (team_id uuid, began_at timestamptz, ended_at timestamptz)
  language sql stable
  as $$
    select t.team_id, min(lower(t.span)), max(upper(t.span))
      from (select s.team_id, tstzrange(s.began_at, s.ended_at) * p_when as span from team_spans s where s.tenant_id = p_tenant) t
     where not isempty(t.span)
     group by t.team_id
  $$;

-- The base plan in force at an instant: of the best standing, of those the highest, of those bought last. A later change of plan
-- changes nothing about an earlier instant.
create function base_plan_at(p_tenant uuid, p_at timestamptz) returns table (subscription_id uuid, plan_id text, version int)
  language sql stable
  as $$
    select s.subscription_id, p.plan_id, p.version
      from subscriptions s
      left join lateral (select l.after from subscription_log l
                          where l.tenant_id = p_tenant and l.subscription_id = s.subscription_id and l.at <= p_at
                          order by l.revision desc limit 1) l on true
      join plans p on p.plan_id = coalesce(l.after ->> 'planId', s.plan_id) and p.version = coalesce((l.after ->> 'planVersion')::int, s.plan_version)
     where s.tenant_id = p_tenant and p.role = 'base'
       and (l.after is not null
            or not exists (select from subscription_log o where o.tenant_id = p_tenant and o.subscription_id = s.subscription_id))
     order by array_position(array['Subscribed', 'Suspended', 'Unsubscribed', 'PendingFulfillmentStart'], coalesce(l.after ->> 'status', s.status)),
              p.rank desc, s.purchased_at desc
     limit 1
  $$;

-- Whom the plan in force at an instant counts as active; everybody of class active where it says nothing.
create function active_rule(p_tenant uuid, p_at timestamptz) returns text
  language sql stable
  as $$
    select coalesce((select p.document #>> '{policies,people,active}'
                       from base_plan_at(p_tenant, p_at) b join plans p on p.plan_id = b.plan_id and p.version = b.version), 'class_active')
  $$;

-- Brings the counter of active members to what the one query says, by one entry of the ledger; call it last in the act that
-- changed who is active. exhausted: beyond the limit, undo the act; stale: the limit must be refreshed first; done: within it,
-- or the plan limits nothing. Nobody is refused by a stale limit; whoever carries out the event brings it up to date. p_forced: what
-- the limit says is no matter, because nobody acted and the limit itself has changed.
create function settle_active_members(p_tenant uuid, p_at timestamptz, p_subject uuid, p_actor uuid, p_forced boolean default false)
  returns table (verdict text, hard_limit bigint, used bigint, held bigint)
  language plpgsql volatile
  as $$
declare
  v_counter  usage_counters;
  v_rule     text := active_rule(p_tenant, p_at);
  v_count    bigint;
  v_crossed  int[];
begin
  select * into v_counter from usage_counters c
   where c.tenant_id = p_tenant and c.scope_id = 'tenant' and c.meter = 'active_members' and c.period_start = '-infinity' for update;
  if not found then
    return query select 'done', null::bigint, null::bigint, null::bigint;
    return;
  end if;
  -- After the lock: a statement of its own sees what others committed while this one waited.
  select count(*) into v_count from active_members(p_tenant, v_rule, at_present());
  if not p_forced and v_count > v_counter.used and p_at < v_counter.valid_until and v_count + v_counter.held > v_counter.hard_limit then
    return query select 'exhausted', v_counter.hard_limit, v_counter.used, v_counter.held;
    return;
  end if;
  if v_count <> v_counter.used then
    update usage_counters c set used = v_count
     where c.tenant_id = p_tenant and c.scope_id = 'tenant' and c.meter = 'active_members' and c.period_start = '-infinity';
    insert into usage_records (tenant_id, operation_key, meter, scope_id, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
    values (p_tenant, 'active_members:' || gen_random_uuid(), 'active_members', 'tenant', '-infinity',
            case when v_count > v_counter.used then 'consume' else 'release' end, abs(v_count - v_counter.used), '', v_count, p_subject, p_actor, p_at);
    if v_counter.granted > 0 then
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

-- A new team with its first people: counted like every creation. KT006: they would be more active members than the limit; KT007:
-- that limit must be refreshed first.
create function create_teams(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_acts act_verdict[] := weigh_acts(p_tenant, p_at, 'teams', p_roles, p_acts);
begin
  if exists (select from unnest(v_acts) where verdict = 'admitted') then
    insert into teams (tenant_id, team_id, name, invitations, discoverable, created_by, created_at)
    select p_tenant, v.subject, a.r ->> 'name', a.r ->> 'invitations', (a.r ->> 'discoverable')::boolean, v.actor, p_at
      from unnest(v_acts) v, lateral (select p_acts -> (v.ord - 1) -> 'record' as r) a
     where v.verdict = 'admitted';
    insert into team_spans (tenant_id, team_id, began_at)
    select p_tenant, v.subject, p_at from unnest(v_acts) v where v.verdict = 'admitted';
    insert into team_members (tenant_id, team_id, member_id, began_at)
    select p_tenant, v.subject, m.id::uuid, p_at
      from unnest(v_acts) v, jsonb_array_elements_text(p_acts -> (v.ord - 1) -> 'record' -> 'memberIds') as m(id)
     where v.verdict = 'admitted';
    perform book_acts(p_tenant, p_at, 'teams', v_acts);
    perform demand_active_members(p_tenant, p_at, v_acts);
  end if;
  return query select * from unnest(v_acts);
end
$$;

-- An archived team that is brought back takes a place anew. KT002: it is not archived.
create function unarchive_teams(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_acts   act_verdict[] := weigh_acts(p_tenant, p_at, 'teams', p_roles, p_acts);
  v_count  int;
begin
  select count(*) into v_count from unnest(v_acts) where verdict = 'admitted';
  if v_count > 0 then
    with back as (
      update teams t set archived_at = null, revision = revision + 1
        from unnest(v_acts) v
       where v.verdict = 'admitted' and t.tenant_id = p_tenant and t.team_id = v.subject and t.archived_at is not null
      returning t.team_id
    ), begun as (
      insert into team_spans (tenant_id, team_id, began_at) select p_tenant, team_id, p_at from back
      on conflict (tenant_id, team_id, began_at) do update set ended_at = null
      returning 1
    )
    select v_count - count(*) into v_count from begun;
    if v_count > 0 then
      raise exception 'the team is not archived' using errcode = 'KT002';
    end if;
    perform book_acts(p_tenant, p_at, 'teams', v_acts);
    perform demand_active_members(p_tenant, p_at, v_acts);
  end if;
  return query select * from unnest(v_acts);
end
$$;

create function demand_active_members(p_tenant uuid, p_at timestamptz, p_acts act_verdict[]) returns void
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
  elsif v_settled.verdict = 'stale' then
    raise exception 'the limit of active members is out of date' using errcode = 'KT007';
  end if;
end
$$;

-- People removed at once, so that they can be taken back at once.
create table member_removals (
  tenant_id   uuid not null,
  removal_id  uuid not null,
  people      uuid[] not null,
  removed_by  uuid not null,
  at          timestamptz not null,
  undone_at   timestamptz,
  primary key (tenant_id, removal_id)
);

-- Who and what was billed in a month that is over, frozen: the same whenever it is asked for, whatever has changed since.
create table billed_snapshots (
  tenant_id    uuid not null,
  -- YYYY-MM in the organization's zone
  month        text not null check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  time_zone    text not null,
  began_at     timestamptz not null,
  ended_at     timestamptz not null,
  active_rule  text not null check (active_rule in ('class_active', 'in_active_team')),
  count_rule   text not null check (count_rule in ('any_time', 'cut_off')),
  people       int not null,
  teams        int not null,
  taken_at     timestamptz not null,
  primary key (tenant_id, month),
  check (began_at < ended_at and ended_at <= taken_at)
);

create table billed_units (
  tenant_id  uuid not null,
  month      text not null,
  kind       text not null check (kind in ('people', 'teams')),
  -- by name, as names were sorted then
  position   int not null,
  subject    uuid not null,
  name       text not null,
  address    text,
  -- of a person: the names of the teams through which they counted
  teams      text[] not null default '{}',
  -- first and last day in the month, in the snapshot's zone
  from_day   date not null,
  until_day  date not null,
  primary key (tenant_id, month, kind, position)
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['billed_snapshots', 'billed_units', 'member_removals', 'teams', 'team_spans', 'team_members', 'member_spans'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)
         with check (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)', v_table);
    execute format('grant select, insert, update on %I to kontingent_app', v_table);
  end loop;
  revoke update on billed_snapshots, billed_units from kontingent_app;
end
$$;
