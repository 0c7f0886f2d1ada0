-- Creations of several tenants share a transaction: what a commit, an answer and a wake-up cost is paid once for all that wait. Each
-- tenant's acts run in the function they always ran in, which shows it that tenant's rows only, and in a part of the transaction of
-- their own: what fails there, or waits for a lock, is undone and named, and the others go on.

-- p_calls: [{ tenant, at, acts }], no tenant twice; in order of tenant, so that two of these never wait for each other in a circle.
create function create_for_many(p_creation text, p_roles text[], p_calls jsonb) returns table (call int, failed text, act act_verdict)
  language plpgsql volatile
  set lock_timeout = '100ms'
  as $$
declare
  v_call    jsonb;
  v_tenant  uuid;
  v_at      timestamptz;
begin
  call := 0;
  for v_call in select c.value from jsonb_array_elements(p_calls) c loop
    v_tenant := v_call ->> 'tenant';
    v_at := v_call ->> 'at';
    failed := null;
    begin
      case p_creation
        when 'create_tickets' then
          return query select call, failed, a from create_tickets(v_tenant, v_at, p_roles, v_call -> 'acts') a;
        when 'create_checklists' then
          return query select call, failed, a from create_checklists(v_tenant, v_at, p_roles, v_call -> 'acts') a;
        when 'submit_checklists' then
          return query select call, failed, a from submit_checklists(v_tenant, v_at, p_roles, v_call -> 'acts') a;
        when 'create_opportunities' then
          return query select call, failed, a from create_opportunities(v_tenant, v_at, p_roles, v_call -> 'acts') a;
      end case;
    exception when others then
      failed := sqlstate;
      act := null;
      return next;
    end;
    call := call + 1;
  end loop;
  -- Whatever follows in this transaction sees no tenant's rows.
  perform set_config('kontingent.tenant_id', '', true);
end
$$;
