-- What somebody asks of somebody who may decide it: a license of the administrators, an early unlock or another billing
-- contact of the publisher. One table for all kinds, so that there is one list of what waits. Nothing exists before it.

create table requests (
  tenant_id     uuid not null,
  request_id    uuid not null,
  kind          text not null check (kind in ('license', 'early_unlock', 'billing_contact')),
  -- What it is about: a member, a meter, a subscription.
  subject       text not null,
  state         text not null default 'open' check (state in ('open', 'granted', 'refused', 'expired')),
  requested_by  uuid not null,
  details       jsonb not null default '{}',
  created_at    timestamptz not null,
  -- From here on nobody decides it any more; null: it waits for ever.
  expires_at    timestamptz,
  decided_by    text,
  decided_at    timestamptz,
  note          text,
  primary key (tenant_id, request_id),
  check ((state in ('granted', 'refused')) = (decided_by is not null)),
  check ((decided_by is null) = (decided_at is null))
);
-- Asking again is the same request, as long as it is open.
create unique index requests_open on requests (tenant_id, kind, subject) where state = 'open';
create index requests_by_age on requests (tenant_id, created_at, request_id);

alter table requests enable row level security;
create policy one_tenant on requests using (tenant_id = nullif(current_setting('kontingent.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('kontingent.tenant_id', true), '')::uuid);
grant select, insert, update, delete on requests to kontingent_app;
