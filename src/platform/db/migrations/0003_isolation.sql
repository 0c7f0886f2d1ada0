-- The second lock on tenants: the application's role owns nothing, and row-level security shows it one tenant at a time.
-- Tables without a tenant in the key belong to the publisher; the ledgers can be added to, never changed.

do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'tenants', 'tenant_sequences', 'members', 'subscriptions', 'subscription_log', 'grants', 'usage_counters', 'usage_records', 'operations',
    'notices', 'deliveries', 'drafts', 'conversations', 'audit_log', 'tickets', 'ticket_comments', 'ticket_changes', 'checklists',
    'checklist_items', 'opportunities'
  ] loop
    execute format('alter table %I enable row level security', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)
         with check (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)', v_table);
    execute format('grant select, insert, update, delete on %I to kontingent_app', v_table);
  end loop;
  foreach v_table in array array['usage_records', 'operations', 'subscription_log', 'audit_log', 'notices', 'ticket_changes'] loop
    execute format('revoke update, delete on %I from kontingent_app', v_table);
  end loop;
end
$$;

grant usage on schema public to kontingent_app;
grant select, insert, update, delete on plans, plan_items, subscription_directory, marketplace_events, outbox, web_sessions to kontingent_app;
revoke update, delete on plans, plan_items from kontingent_app;
