-- Whoever leaves takes along what they asked for: a license asked for by somebody who has gone was counted among those to be given and
-- closed as granted. And a contract that ends takes along the change that waited for its next term; the application does so from now
-- on. What is open of people who are gone, and of contracts that have ended, is closed here.
create or replace function leave_license() returns trigger
  language plpgsql volatile
  as $$
declare
  v_at timestamptz := coalesce(new.standing_since, new.last_active_at);
begin
  update invitations set state = 'withdrawn', closed_at = v_at
   where tenant_id = new.tenant_id and member_id = new.member_id and state = 'open';
  update requests set state = 'expired', expires_at = v_at
   where tenant_id = new.tenant_id and kind = 'license' and subject = new.member_id::text and state = 'open';
  if new.license = 'full' then
    insert into outbox (outbox_id, tenant_id, topic, payload, not_before)
    values (gen_random_uuid(), new.tenant_id, 'licenses.due', '{}', v_at);
  end if;
  return null;
end
$$;

-- The time of a row is that of its last fact: nothing says when they were noticed to be void.
update requests r set state = 'expired', expires_at = greatest(r.created_at, coalesce(m.standing_since, m.last_active_at))
  from members m
 where m.tenant_id = r.tenant_id and m.member_id::text = r.subject and m.state <> 'present' and r.kind = 'license' and r.state = 'open';

update plan_changes c set state = 'withdrawn', ended_at = coalesce(s.ended_at, s.snapshot_at)
  from subscriptions s
 where s.tenant_id = c.tenant_id and s.subscription_id = c.subscription_id and s.source = 'direct' and s.status = 'Unsubscribed'
   and c.state in ('scheduled', 'awaiting_marketplace');
