-- Licenses for persons, where the plan assigns them: a member's row carries the license it holds, because admission reads that
-- row anyway and a second table would be a second truth. Members known so far have none to hold until a plan says so.

-- null: nobody is assigned a license here, everybody may what their role may. none: a place is missing and the plan has no
-- restricted licenses.
alter table members add column license text check (license in ('full', 'restricted', 'none'));
alter table members add column license_since timestamptz;
-- The address as invitations compare it; the application writes it.
alter table members add column address_key text;
update members set address_key = lower(normalize(btrim(address), nfc)) where address is not null;
create index members_by_address on members (tenant_id, address_key) where state = 'present';
create index members_full on members (tenant_id) where license = 'full' and state = 'present';

-- One pool of places for full licenses per organization, as its subscriptions say. Whoever gives places holds the tenant's row, as
-- whoever rearranges its counters does: one order of locks.
create table license_pools (
  tenant_id    uuid primary key,
  -- Places for full licenses; null: unlimited.
  purchased    int check (purchased >= 0),
  -- The license policy of the plan, and what the administrators chose instead.
  policy       jsonb not null,
  settings     jsonb not null default '{}',
  -- Since when more are taken than purchased; null: they are not.
  short_since  timestamptz,
  -- The subscriptions assign no licenses any more.
  ended_at     timestamptz,
  revision     int not null default 1
);

-- Who is to have a license: an address whose person is not known yet, or a known member who waits for a place. An open one to
-- full occupies a place.
create table invitations (
  tenant_id      uuid not null,
  invitation_id  uuid not null,
  address        text,
  member_id      uuid,
  kind           text not null check (kind in ('full', 'restricted', 'waiting')),
  state          text not null default 'open' check (state in ('open', 'accepted', 'withdrawn')),
  -- Joined with the first contact.
  team_id        uuid,
  batch_id       uuid,
  position       int not null default 0,
  invited_by     uuid,
  created_at     timestamptz not null,
  closed_at      timestamptz,
  primary key (tenant_id, invitation_id),
  check (address is not null or member_id is not null)
);
create unique index invitations_open on invitations (tenant_id, address) where state = 'open';
create index invitations_of_member on invitations (tenant_id, member_id) where state = 'open';
create index invitations_waiting on invitations (tenant_id, created_at, position) where state = 'open' and kind = 'waiting';

-- What came of a list of invitees: the answer that a replay gets.
create table license_batches (
  tenant_id  uuid not null,
  batch_id   uuid not null,
  result     jsonb not null,
  at         timestamptz not null,
  primary key (tenant_id, batch_id)
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['license_pools', 'invitations', 'license_batches'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)
         with check (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)', v_table);
    execute format('grant select, insert, update, delete on %I to kontingent_app', v_table);
  end loop;
  revoke update, delete on license_batches from kontingent_app;
end
$$;

-- Places that are taken, besides those of one member.
create function license_places_taken(p_tenant uuid, p_besides uuid default null) returns bigint
  language sql stable
  as $$
    select (select count(*) from members
             where tenant_id = p_tenant and license = 'full' and state = 'present' and member_id is distinct from p_besides)
         + (select count(*) from invitations where tenant_id = p_tenant and state = 'open' and kind = 'full')
  $$;

-- Whoever comes to be a member holds a license in the same instant, whatever way they came in: what they were invited to, else
-- what new members get, else what is left when places are short. An invitation is also found when its address becomes known
-- later; taking over its place needs no lock, because as many are taken as before. Who comes back keeps their license while there
-- is a place.
create function capture_license() returns trigger
  language plpgsql volatile
  as $$
declare
  v_pool     license_pools;
  v_at       timestamptz := case when tg_op = 'INSERT' then new.created_at else coalesce(new.standing_since, new.last_active_at) end;
  v_comes    boolean := tg_op = 'INSERT' or old.state <> 'present';
  v_lacking  text;
  v_invited  text;
  v_team     uuid;
  v_license  text := new.license;
begin
  select * into v_pool from license_pools where tenant_id = new.tenant_id and ended_at is null;
  if not found then
    if v_license is not null then
      update members set license = null, license_since = null where tenant_id = new.tenant_id and member_id = new.member_id;
    end if;
    return null;
  end if;
  v_lacking := case when (v_pool.policy ->> 'restricted')::boolean then 'restricted' else 'none' end;
  if v_comes then
    perform 1 from tenants where tenant_id = new.tenant_id for update;
  end if;

  update invitations set member_id = new.member_id, state = case kind when 'waiting' then 'open' else 'accepted' end,
                         closed_at = case kind when 'waiting' then null else v_at end
   where tenant_id = new.tenant_id and address = new.address_key and state = 'open' and member_id is null
  returning kind, team_id into v_invited, v_team;
  insert into team_members (tenant_id, team_id, member_id, began_at)
  select t.tenant_id, t.team_id, new.member_id, v_at from teams t
   where t.tenant_id = new.tenant_id and t.team_id = v_team and t.archived_at is null
     and not exists (select from team_members m
                      where m.tenant_id = t.tenant_id and m.team_id = t.team_id and m.member_id = new.member_id and m.ended_at is null)
  on conflict (tenant_id, team_id, member_id, began_at) do update set ended_at = null;
  if v_invited = 'full' then
    v_license := 'full';
  elsif v_comes and v_invited is not null then
    v_license := v_lacking;
  elsif v_comes and v_license is null and new.role <> 'owner' and v_pool.policy ->> 'model' = 'flexible'
        and coalesce(v_pool.settings ->> 'defaultForNew', v_pool.policy ->> 'defaultForNew') = 'restricted' then
    v_license := v_lacking;
  elsif v_comes and coalesce(v_license, 'full') = 'full' then
    if v_pool.purchased is null or license_places_taken(new.tenant_id, new.member_id) < v_pool.purchased then
      v_license := 'full';
    else
      v_license := v_lacking;
      if v_pool.policy ->> 'onShortage' = 'waitlist' then
        insert into invitations (tenant_id, invitation_id, member_id, kind, created_at)
        values (new.tenant_id, gen_random_uuid(), new.member_id, 'waiting', v_at);
      end if;
    end if;
  elsif v_comes then
    v_license := v_lacking;
  end if;
  if v_license is distinct from new.license then
    update members set license = v_license, license_since = v_at where tenant_id = new.tenant_id and member_id = new.member_id;
  end if;
  return null;
end
$$;
create trigger capture_license after insert on members for each row execute function capture_license();
create trigger capture_license_again after update of state, address_key on members for each row
  when (new.state = 'present' and (old.state <> 'present' or old.address_key is distinct from new.address_key))
  execute function capture_license();

-- A place that somebody leaves goes to whoever waits for one; carried out after the transaction. Their own waiting ends.
create function leave_license() returns trigger
  language plpgsql volatile
  as $$
declare
  v_at timestamptz := coalesce(new.standing_since, new.last_active_at);
begin
  update invitations set state = 'withdrawn', closed_at = v_at
   where tenant_id = new.tenant_id and member_id = new.member_id and state = 'open';
  if new.license = 'full' then
    insert into outbox (outbox_id, tenant_id, topic, payload, not_before)
    values (gen_random_uuid(), new.tenant_id, 'licenses.due', '{}', v_at);
  end if;
  return null;
end
$$;
create trigger leave_license after update of state on members for each row
  when (old.state = 'present' and new.state <> 'present' and old.license is not null) execute function leave_license();
