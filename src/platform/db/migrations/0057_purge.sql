-- Deletes what an organization left behind, on the day that was promised.
--
-- Takes at most so many rows of an organization that is due; 0: nothing is left. The application may not delete from its ledgers;
-- this may, and looks again itself whether the organization is due. Tables are taken from the catalog, those that refer to others
-- first, so that a new one is not forgotten.
--
-- Bills, their documents, payments and lists of billed people stay, for accounting must keep them; so do the subscriptions, without
-- their persons. What somebody agreed to be charged for stays, as the proof of why there was a charge: agreements to overage, plan
-- changes and cancellations as they were ordered. Disputes come late, and usage is never refunded. Each names who agreed; no other
-- person is kept. The audit log goes: it says nothing of a charge that these do not. Persons also stand in what differed from the
-- marketplace and in purchases nobody activated; they go.
create function purge_tenant(p_tenant uuid, p_at timestamptz, p_told_before timestamptz, p_rows int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
declare
  v_kept  constant text[] := array['tenants', 'subscriptions', 'bills', 'bill_lines', 'billing_documents', 'payments', 'billed_snapshots', 'billed_units',
                                   'metering_consents', 'plan_changes', 'cancellations'];
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
    update subscription_drift f set differences = '[]'
     where f.tenant_id = p_tenant
        or f.external_id in (select d.external_id from subscription_directory d where d.tenant_id = p_tenant and d.source = 'marketplace');
    delete from pending_purchases where tenant_id = p_tenant;
    -- What admitted overage is gone; a later purchase begins without an agreement.
    update metering_consents set ended_at = greatest(p_at, agreed_at), ended_by = 'data deleted' where tenant_id = p_tenant and ended_at is null;
    update subscription_directory set purged_at = p_at where tenant_id = p_tenant;
  end if;
  return p_rows - v_left;
end
$$;
revoke all on function purge_tenant(uuid, timestamptz, timestamptz, int) from public;
grant execute on function purge_tenant(uuid, timestamptz, timestamptz, int) to kontingent_app;
