-- What an organization stored outlives its subscriptions for a time that was promised, and then goes.
--
-- The directory knows when: for each subscription that has ended, until when data is kept because of it; null: it has not ended.
-- An organization is due when all of its subscriptions have ended and the last of these instants has passed, and not before it was
-- told. A new purchase, whatever becomes of it, is an entry that has not ended, and so stops everything.
alter table subscription_directory add column purge_at timestamptz;
alter table subscription_directory add column purge_told_at timestamptz;
alter table subscription_directory add column purged_at timestamptz;
create index subscription_directory_purge on subscription_directory (purge_at) where purge_at is not null and purged_at is null;
create index subscription_directory_tenant on subscription_directory (tenant_id);

update subscription_directory d set purge_at = coalesce(s.ended_at, s.purchased_at) + interval '30 days'
  from subscriptions s
 where s.tenant_id = d.tenant_id and s.subscription_id = d.subscription_id and s.status = 'Unsubscribed';

-- Takes at most so many rows of an organization that is due; 0: nothing is left. The application may not delete from its ledgers;
-- this may, and looks again itself whether the organization is due. Bills, their documents, payments and lists of billed people stay,
-- for accounting must keep them; so do the subscriptions, without their persons. Tables are taken from the catalog, those that refer to
-- others first, so that a new one is not forgotten.
create function purge_tenant(p_tenant uuid, p_at timestamptz, p_told_before timestamptz, p_rows int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
declare
  v_kept  constant text[] := array['tenants', 'subscriptions', 'bills', 'bill_lines', 'billing_documents', 'payments', 'billed_snapshots', 'billed_units'];
  v_table record;
  v_gone  int;
  v_left  int := p_rows;
begin
  if current_setting('kontingent.tenant_id', true) is distinct from p_tenant::text or not exists (
    select from subscription_directory d where d.tenant_id = p_tenant
    having count(*) > 0 and max(coalesce(d.purge_at, 'infinity')) <= p_at
       and max(coalesce(d.purge_told_at, 'infinity')) <= p_told_before
  ) then
    raise exception 'this organization is not due to be purged';
  end if;
  for v_table in
    with recursive of_tenants as (
      select c.oid, c.relname from pg_class c
        join pg_index i on i.indrelid = c.oid and i.indisprimary
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] and a.attname = 'tenant_id'
       where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> all (v_kept)
    ), depths as (
      select oid, relname, 0 as depth from of_tenants
      union all
      select t.oid, t.relname, d.depth + 1 from depths d
        join pg_constraint f on f.confrelid = d.oid and f.contype = 'f' and f.conrelid <> f.confrelid
        join of_tenants t on t.oid = f.conrelid
    )
    select d.relname as name, max(d.depth) as depth,
           exists (select from pg_constraint f where f.conrelid = d.oid and f.confrelid = d.oid and f.contype = 'f') as refers_to_itself
      from depths d group by d.oid, d.relname order by max(d.depth) desc, d.relname
  loop
    -- Rows of a table that refers to itself can only go together.
    execute format('delete from %I where ctid = any (array(select ctid from %I where tenant_id = $1 limit $2))', v_table.name, v_table.name)
      using p_tenant, case when v_table.refers_to_itself then null else v_left end;
    get diagnostics v_gone = row_count;
    v_left := v_left - v_gone;
    if v_left <= 0 then
      return p_rows - v_left;
    end if;
  end loop;
  if v_left = p_rows then
    delete from outbox where tenant_id = p_tenant;
    update tenants set contact_address = null where tenant_id = p_tenant;
    update subscriptions set name = '', purchaser = '{}', beneficiary = '{}' where tenant_id = p_tenant;
    update marketplace_events e set payload = '{}' from subscription_directory d
     where d.tenant_id = p_tenant and d.source = 'marketplace' and lower(e.subscription_id) = d.external_id;
    update subscription_directory set purged_at = p_at where tenant_id = p_tenant;
  end if;
  return p_rows - v_left;
end
$$;
revoke all on function purge_tenant(uuid, timestamptz, timestamptz, int) from public;
grant execute on function purge_tenant(uuid, timestamptz, timestamptz, int) to kontingent_app;
