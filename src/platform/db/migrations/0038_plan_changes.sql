-- Settings-like items that plans limit, changes of a plan from preview to effect, and what a change does to each item.
-- Nothing of these exists before.

create table resources (
  tenant_id      uuid not null,
  resource_id    uuid not null,
  -- One of the kinds that the plan's catalog names; its name is the meter that limits it.
  kind           text not null,
  name           text not null,
  parent_id      uuid,
  attached_to    uuid,
  -- What it hung on last: where it can be attached again.
  detached_from  uuid,
  -- By the name of the measure; above 0.
  amounts        jsonb not null default '{}',
  created_by     uuid not null,
  created_at     timestamptz not null,
  activated_at   timestamptz not null,
  archived_at    timestamptz,
  -- The plan change that took it out of use or lowered an amount; null again when somebody took it back.
  trimmed_by     uuid,
  updated_at     timestamptz not null,
  revision       int not null default 1,
  primary key (tenant_id, resource_id),
  foreign key (tenant_id, parent_id) references resources,
  foreign key (tenant_id, attached_to) references resources
);
create index resources_by_age on resources (tenant_id, kind, created_at, resource_id);
create index resources_below on resources (tenant_id, parent_id) where parent_id is not null;
create index resources_attached on resources (tenant_id, attached_to) where attached_to is not null;

-- Gives what an item holds of a total another amount, counter and ledger both; false: there is no room for it.
create function set_amount(p_tenant uuid, p_at timestamptz, p_measure text, p_subject uuid, p_before bigint, p_after bigint, p_key text, p_actor uuid)
  returns boolean
  language plpgsql volatile
  as $$
declare
  v_used bigint;
begin
  if p_before = p_after then return true; end if;
  update usage_counters set used = used + p_after - p_before
   where tenant_id = p_tenant and scope_id = 'tenant' and meter = p_measure and period_start = '-infinity'
     and (p_after < p_before or valid_until > p_at and (hard_limit is null or used + held + p_after - p_before <= hard_limit))
  returning used into v_used;
  if not found then return false; end if;
  insert into usage_records (tenant_id, operation_key, meter, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
  values (p_tenant, p_key, p_measure, '-infinity', case when p_after > p_before then 'consume' else 'release' end, abs(p_after - p_before), '', v_used,
          p_subject, p_actor, p_at);
  return true;
end
$$;

-- Writes new items, or takes archived ones back into use. One kind per call: the record of the first act names it.
-- KT004: what an item would stand below, or the archived item itself, is not as it was. KT005: an amount does not fit.
create function create_resources(p_tenant uuid, p_at timestamptz, p_roles text[], p_acts jsonb) returns setof act_verdict
  language plpgsql volatile
  as $$
declare
  v_kind   text := p_acts #>> '{0,record,kind}';
  v_acts   act_verdict[] := weigh_acts(p_tenant, p_at, v_kind, p_roles, p_acts);
  v_row    record;
  v_count  int;
  v_found  int;
begin
  select count(*) into v_count from unnest(v_acts) where verdict = 'admitted';
  if v_count > 0 then
    -- Whoever archives a parent waits until its new child is there, or the child sees that the parent is gone.
    for v_row in
      select distinct (p_acts -> (v.ord - 1) -> 'record' ->> 'parentId')::uuid as parent_id from unnest(v_acts) v
       where v.verdict = 'admitted' and p_acts -> (v.ord - 1) -> 'record' ->> 'parentId' is not null order by 1
    loop
      perform 1 from resources where tenant_id = p_tenant and resource_id = v_row.parent_id and archived_at is null for share;
      if not found then raise exception 'the parent is not in use' using errcode = 'KT004'; end if;
    end loop;

    insert into resources as r (tenant_id, resource_id, kind, name, parent_id, amounts, created_by, created_at, activated_at, updated_at)
    select p_tenant, v.subject, v_kind, a.r ->> 'name', (a.r ->> 'parentId')::uuid, a.r -> 'amounts', v.actor, p_at, p_at, p_at
      from unnest(v_acts) v, lateral (select p_acts -> (v.ord - 1) -> 'record' as r) a
     where v.verdict = 'admitted'
    on conflict (tenant_id, resource_id) do update
       set archived_at = null, trimmed_by = null, activated_at = p_at, updated_at = p_at, revision = r.revision + 1
     where r.archived_at is not null;
    get diagnostics v_found = row_count;
    if v_found < v_count then raise exception 'the item is not archived' using errcode = 'KT004'; end if;

    for v_row in
      select v.operation_key, v.subject, v.actor, t.measure, t.amount::bigint as amount
        from unnest(v_acts) v, jsonb_each_text(p_acts -> (v.ord - 1) -> 'record' -> 'totals') as t(measure, amount)
       where v.verdict = 'admitted' order by t.measure, v.ord
    loop
      if not set_amount(p_tenant, p_at, v_row.measure, v_row.subject, 0, v_row.amount, v_row.operation_key, v_row.actor) then
        raise exception 'the amount does not fit' using errcode = 'KT005';
      end if;
    end loop;
    perform book_acts(p_tenant, p_at, v_kind, v_acts);
  end if;
  return query select * from unnest(v_acts);
end
$$;

create table plan_changes (
  tenant_id        uuid not null,
  change_id        uuid not null,
  subscription_id  uuid not null,
  -- ordered: by the customer; forced: somebody changed the plan at the marketplace; tier: the bill date put another package there.
  cause            text not null check (cause in ('ordered', 'forced', 'tier')),
  direction        text not null check (direction in ('upgrade', 'downgrade')),
  from_plan        text not null,
  from_version     int not null,
  from_quantity    int,
  to_plan          text not null,
  to_version       int not null,
  to_quantity      int,
  term_unit        text,
  effective_at     timestamptz not null,
  state            text not null check (state in ('scheduled', 'awaiting_marketplace', 'applied', 'withdrawn', 'refused')),
  -- The preview as it was agreed to, and who agreed to what, when.
  estimate         jsonb not null default '{}',
  consent          jsonb not null default '{}',
  -- The marketplace's operation.
  operation_id     text,
  ordered_by       uuid,
  ordered_at       timestamptz not null,
  ended_at         timestamptz,
  primary key (tenant_id, change_id),
  foreign key (tenant_id, subscription_id) references subscriptions,
  foreign key (from_plan, from_version) references plans,
  foreign key (to_plan, to_version) references plans,
  check ((state in ('scheduled', 'awaiting_marketplace')) = (ended_at is null))
);
-- One at a time.
create unique index plan_changes_open on plan_changes (tenant_id, subscription_id) where state in ('scheduled', 'awaiting_marketplace');
create index plan_changes_by_age on plan_changes (tenant_id, subscription_id, ordered_at, change_id);

-- What a change did to an item, with what is needed to understand it later; or that the customer wants to keep it.
create table trim_items (
  tenant_id   uuid not null,
  change_id   uuid not null,
  subject     uuid not null,
  meter       text not null,
  action      text not null check (action in ('keep', 'cut', 'scale', 'cap', 'detach', 'remove')),
  reversible  boolean not null,
  snapshot    jsonb not null default '{}',
  state       text not null check (state in ('kept', 'applied')),
  at          timestamptz not null,
  primary key (tenant_id, change_id, subject, meter, action),
  foreign key (tenant_id, change_id) references plan_changes
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['resources', 'plan_changes', 'trim_items'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)
         with check (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)', v_table);
    execute format('grant select, insert, update, delete on %I to kontingent_app', v_table);
  end loop;
end
$$;
