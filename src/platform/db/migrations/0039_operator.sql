-- The publisher's own way in, and contracts without a marketplace.
--
-- The publisher's people look an organization up by what a customer writes to them: a name, its id, the id of a subscription.
-- Row-level security shows one organization at a time; this function names all of them, and only in a transaction of no
-- organization: whoever acts within one learns of no other. Existing rows stay as they are.
create function find_tenants(p_q text, p_limit int) returns table (tenant_id uuid, name text, contact_address text, created_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select t.tenant_id, t.name, t.contact_address, t.created_at
      from tenants t
     where nullif(current_setting('kontingent.tenant_id', true), '') is null
       and (t.tenant_id::text = lower(p_q) or position(lower(p_q) in lower(t.name)) > 0
            or exists (select from subscription_directory d
                        where d.tenant_id = t.tenant_id and lower(p_q) in (d.external_id, d.subscription_id::text)))
     order by lower(t.name) nulls last, t.tenant_id
     limit p_limit
  $$;

-- What waits for the publisher's decision, of all organizations: the queue of its people, under the same guard.
create function find_waiting_requests(p_at timestamptz, p_limit int) returns table (
    tenant_id uuid, tenant_name text, request_id uuid, kind text, subject text, created_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select r.tenant_id, t.name, r.request_id, r.kind, r.subject, r.created_at
      from requests r join tenants t on t.tenant_id = r.tenant_id
     where nullif(current_setting('kontingent.tenant_id', true), '') is null
       and r.state = 'open' and r.kind in ('early_unlock', 'billing_contact') and (r.expires_at is null or r.expires_at > p_at)
     order by r.created_at, r.request_id
     limit p_limit
  $$;

-- What customers wrote to the publisher, as they wrote it, with what held at that instant.
create table support_messages (
  tenant_id   uuid not null,
  message_id  uuid not null,
  author      uuid not null,
  topic       text not null check (topic in ('subscription', 'quota', 'billing', 'early_unlock', 'other')),
  message     text not null,
  meter       text,
  standings   jsonb not null,
  created_at  timestamptz not null,
  primary key (tenant_id, message_id)
);
create index support_messages_by_author on support_messages (tenant_id, author, created_at);
alter table support_messages enable row level security;
create policy one_tenant on support_messages using (tenant_id = nullif(current_setting('kontingent.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('kontingent.tenant_id', true), '')::uuid);
grant select, insert on support_messages to kontingent_app;

-- Contracts: what is bought without a marketplace. Their terms are counted from a calendar date of their own; purchases have none.
-- The directory knows when each is to be looked at next, because it alone knows every organization.
alter table subscriptions add column anchor_date date;
alter table subscription_directory add column due_at timestamptz;
create index subscription_directory_due on subscription_directory (due_at) where due_at is not null;
