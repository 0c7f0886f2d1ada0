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
