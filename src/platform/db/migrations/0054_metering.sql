-- Metered overage: what is used beyond a plan's amount is billed by Microsoft, hour by hour, for organizations that agreed to it.
-- Nothing existed before; no existing row changes.

-- Who agreed to what, and until when. Kept for ever: it is why there was a charge.
create table metering_consents (
  tenant_id        uuid not null,
  consent_id       uuid not null,
  subscription_id  uuid not null,
  meter            text not null,
  -- Units beyond the included ones that are admitted in a usage period; null = as many as are used.
  cap              bigint check (cap >= 1),
  -- What the person was shown: the plan, its dimension at the marketplace, and the sentence.
  plan_id          text not null,
  dimension        text not null,
  words            text not null,
  agreed_at        timestamptz not null,
  agreed_by        uuid not null,
  agreed_name      text not null,
  ended_at         timestamptz,
  ended_by         text,
  primary key (tenant_id, consent_id)
);
create unique index metering_consents_open on metering_consents (tenant_id, meter) where ended_at is null;

-- How far the ledger has been turned into reports, of each subscription and meter: the watermark, and the marketplace's window it is in.
create table metering_marks (
  tenant_id        uuid not null,
  subscription_id  uuid not null,
  meter            text not null,
  window_start     timestamptz not null,
  window_end       timestamptz not null,
  -- Overage of the windows that are over.
  owed             numeric(24, 6) not null default 0,
  closed_until     timestamptz not null,
  -- The marketplace refused what no repetition can mend: nothing more is written until the publisher says so.
  stopped_at       timestamptz,
  stopped_why      text,
  primary key (tenant_id, subscription_id, meter),
  check (window_start < window_end)
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['metering_consents', 'metering_marks'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)
         with check (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)', v_table);
    execute format('grant select, insert, update on %I to kontingent_app', v_table);
  end loop;
end
$$;

-- The directory knows when the hours of a metered subscription are looked at next; null: it is not metered.
alter table subscription_directory add column meter_at timestamptz;
create index subscription_directory_metered on subscription_directory (meter_at) where meter_at is not null;

-- What the publisher told Microsoft, and what it said to that. The publisher's own books: batches are sent for all organizations.
create table usage_reports (
  report_id          uuid primary key,
  tenant_id          uuid not null,
  subscription_id    uuid not null,
  meter              text not null,
  -- The marketplace's names of subscription, dimension and plan.
  resource_id        text not null,
  dimension          text not null,
  plan_id            text not null,
  hour               timestamptz not null,
  -- Within the hour, and the same in every repetition.
  effective_at       timestamptz not null,
  quantity           numeric(24, 6) not null check (quantity > 0),
  -- queued → in_flight → accepted | expired | refused; unsure: sent, never answered, and too old to ask again; lost: nobody takes it any more.
  state              text not null check (state in ('queued', 'in_flight', 'unsure', 'accepted', 'expired', 'refused', 'lost')),
  accepted_quantity  numeric(24, 6),
  -- carried: holds units of hours that could not be reported; differs: another quantity than ours was accepted.
  flags              text[] not null default '{}',
  -- The marketplace's last word.
  outcome            text,
  message            text,
  usage_event_id     text,
  correlation_id     text,
  attempts           int not null default 0,
  next_attempt_at    timestamptz not null,
  created_at         timestamptz not null,
  settled_at         timestamptz
);
-- The marketplace takes one of each; what is lost was never sent.
create unique index usage_reports_hour on usage_reports (resource_id, dimension, plan_id, hour) where state <> 'lost';
create index usage_reports_due on usage_reports (next_attempt_at) where state in ('queued', 'in_flight');
create index usage_reports_subscription on usage_reports (subscription_id, meter);
create index usage_reports_day on usage_reports (effective_at);

-- What the marketplace says of a day when it is asked later, beside what we hold it accepted.
create table usage_read_backs (
  day           date not null,
  resource_id   text not null,
  dimension     text not null,
  plan_id       text not null,
  submitted     numeric(24, 6) not null,
  processed     numeric(24, 6) not null,
  ours          numeric(24, 6) not null,
  recon_status  text,
  compared_at   timestamptz not null,
  primary key (day, resource_id, dimension, plan_id)
);

-- Days that were asked for.
create table usage_read_days (
  day      date primary key,
  read_at  timestamptz not null
);

grant select, insert, update on usage_reports, usage_read_backs, usage_read_days to kontingent_app;
