-- Ending what Microsoft sold, and what becomes of an organization's data afterwards.
--
-- A cancellation that somebody asked for here is kept with their consent until the marketplace's own word settles it: the request
-- goes out beside the answer, and survives a stop, an outage and a webhook that never comes.
create table cancellations (
  tenant_id       uuid not null,
  cancellation_id uuid not null,
  subscription_id uuid not null,
  state           text not null check (state in ('open', 'done', 'refused')),
  -- What was agreed to; with a refund it is not sent once its window has passed.
  consent         text not null check (consent in ('cancel_with_refund', 'cancel_without_refund')),
  refundable_until timestamptz not null,
  asked_by        text not null,
  asked_via       text not null,
  asked_at        timestamptz not null,
  operation_id    text,
  outcome         text,
  ended_at        timestamptz,
  primary key (tenant_id, cancellation_id),
  foreign key (tenant_id, subscription_id) references subscriptions
);
create unique index one_open_cancellation on cancellations (tenant_id, subscription_id) where state = 'open';
alter table cancellations enable row level security;
create policy one_tenant on cancellations using (tenant_id = nullif(current_setting('kontingent.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('kontingent.tenant_id', true), '')::uuid);
grant select, insert, update on cancellations to kontingent_app;
