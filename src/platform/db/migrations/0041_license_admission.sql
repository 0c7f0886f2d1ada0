-- Admission looks at the license of whoever acts, and at blocked people, in the look-up of the member that it makes anyway: a
-- restricted member creates nothing, whatever their role. Retries of what was admitted before are answered as ever.

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
           m.role, m.state, m.class, m.license, r.fingerprint as known_fingerprint, r.subject as known_subject,
           c.used, c.held, c.hard_limit, c.period_start, c.period_end, c.valid_until
      from rows from (jsonb_to_recordset(p_acts)
                        as (key text, fingerprint text, subject uuid, actor uuid, quantity bigint, "draftRevision" int))
             with ordinality as a(key, fingerprint, subject, actor, quantity, draft_revision, ord)
      -- With a limit these stay look-ups by key: a join could be planned over all the tenant's records.
      left join (select used, held, hard_limit, period_start, period_end, valid_until from usage_counters
                  where tenant_id = p_tenant and scope_id = 'tenant' and meter = p_meter and period_start <= p_at
                  order by period_start desc limit 1) c on true
      left join lateral (select role, state, class, license from members
                          where tenant_id = p_tenant and member_id = a.actor limit 1) m on true
      left join lateral (select fingerprint, subject from usage_records
                          where tenant_id = p_tenant and operation_key = a.key and meter = p_meter and scope_id = 'tenant' limit 1) r on true
     order by a.ord
  loop
    v_one := row(v_row.ord, null, v_row.key, v_row.fingerprint, v_row.subject, v_row.actor, v_row.quantity,
                 v_row.used + v_running, v_row.held, v_row.hard_limit, v_row.period_start, v_row.period_end, v_standing, null, v_row.draft_revision);
    if v_row.state is null then
      v_one.verdict := 'unknown_member';
    elsif v_row.state = 'removed' or v_row.class = 'blocked' then
      v_one.verdict := 'access_removed';
    elsif v_row.known_fingerprint is not null then
      v_one.verdict := case when v_row.known_fingerprint = v_row.fingerprint then 'replayed' else 'conflict' end;
      v_one.subject := v_row.known_subject;
    elsif v_row.role <> all (p_roles) then
      v_one.verdict := 'not_allowed';
    elsif v_standing is distinct from 'Subscribed' then
      v_one.verdict := 'inactive';
    elsif v_row.license <> 'full' then
      v_one.verdict := 'license_restricted';
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
