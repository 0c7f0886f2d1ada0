-- What the publisher looks at to sleep well: each call to the marketplace, each run of the repair, what differed from the
-- marketplace and since when, purchases nobody activated, and what was said once. All of it is the publisher's own; of
-- organizations only ids stand here. Nothing that exists changes.

create table marketplace_calls (
  call_id          uuid primary key,
  -- Real time.
  at               timestamptz not null,
  method           text not null,
  path             text not null,
  subscription_id  text,
  -- null: no answer came.
  status           int,
  outcome          text not null check (outcome in ('done', 'refused', 'failed')),
  request_id       text not null,
  correlation_id   text not null,
  duration_ms      int not null,
  error            text
);
create index marketplace_calls_age on marketplace_calls (at desc, call_id desc);
create index marketplace_calls_subscription on marketplace_calls (subscription_id, at desc, call_id desc);

create index marketplace_events_age on marketplace_events (received_at desc, event_id desc);

create table reconciliations (
  reconciliation_id  uuid primary key,
  started_at         timestamptz not null,
  ended_at           timestamptz not null,
  seen               int not null,
  repaired           int not null,
  -- null: the whole list was seen.
  error              text
);
create index reconciliations_age on reconciliations (started_at desc);

create table subscription_drift (
  drift_id     uuid primary key,
  external_id  text not null,
  tenant_id    uuid,
  why          text not null,
  differences  jsonb not null,
  seen_at      timestamptz not null,
  last_at      timestamptz not null,
  mended_at    timestamptz
);
create unique index subscription_drift_open on subscription_drift (external_id) where mended_at is null;
create index subscription_drift_age on subscription_drift (seen_at desc, drift_id desc);

create table pending_purchases (
  external_id   text primary key,
  tenant_id     uuid not null,
  name          text not null,
  offer_id      text not null,
  plan_id       text not null,
  purchaser     text,
  purchased_at  timestamptz not null,
  last_at       timestamptz not null
);

create table said_once (
  key  text primary key,
  at   timestamptz not null
);

-- What the publisher's people did that concerns no organization.
create table publisher_audit (
  audit_id  uuid primary key,
  at        timestamptz not null,
  actor     text not null,
  action    text not null,
  subject   text,
  details   jsonb not null
);

grant select, insert, update, delete on marketplace_calls, reconciliations, subscription_drift, pending_purchases to kontingent_app;
grant select, insert on said_once, publisher_audit to kontingent_app;
