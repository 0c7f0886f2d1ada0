-- The first form of every table that the main job needs. Nothing exists before it.
-- Tenant-side keys begin with tenant_id; row-level security is the second lock behind the queries (0003).

-- Catalog: global, immutable once published.
create table plans (
  plan_id       text not null,
  version       int not null check (version >= 1),
  role          text not null check (role in ('base', 'addon')),
  rank          int not null,
  offer_id      text not null,
  name          jsonb not null,
  document      jsonb not null,
  checksum      text not null,
  published_at  timestamptz not null,
  primary key (plan_id, version)
);

create table plan_items (
  plan_id      text not null,
  version      int not null,
  entitlement  text not null,
  kind         text not null check (kind in ('boolean', 'static', 'metered', 'stock', 'license')),
  amount       bigint check (amount >= 0),
  policy       jsonb not null,
  primary key (plan_id, version, entitlement),
  foreign key (plan_id, version) references plans
);

-- Publisher side: no tenant in the key.
create table subscription_directory (
  source           text not null check (source in ('marketplace', 'direct')),
  external_id      text not null,
  tenant_id        uuid not null,
  subscription_id  uuid not null,
  primary key (source, external_id)
);

create table marketplace_events (
  event_id         text primary key,
  subscription_id  text not null,
  action           text not null,
  payload          jsonb not null,
  request_id       text,
  correlation_id   text,
  received_at      timestamptz not null,
  answer           text not null check (answer in ('accept', 'refuse', 'note')),
  acknowledged_at  timestamptz,
  applied_at       timestamptz,
  attempts         int not null default 0,
  next_attempt_at  timestamptz not null,
  outcome          text
);
create index marketplace_events_due on marketplace_events (next_attempt_at) where applied_at is null;
create index marketplace_events_subscription on marketplace_events (subscription_id, received_at);

create table outbox (
  outbox_id   uuid primary key,
  tenant_id   uuid,
  topic       text not null,
  payload     jsonb not null,
  not_before  timestamptz not null,
  attempts    int not null default 0,
  state       text not null default 'queued' check (state in ('queued', 'done', 'given_up')),
  last_error  text
);
create index outbox_due on outbox (not_before) where state = 'queued';

create table web_sessions (
  session_hash  text primary key,
  data          jsonb not null,
  expires_at    timestamptz not null
);
create index web_sessions_expiry on web_sessions (expires_at);

-- Tenant side.
create table tenants (
  tenant_id         uuid primary key,
  name              text,
  contact_address   text,
  locale            text not null default 'en',
  time_zone         text not null default 'UTC',
  -- The usage anchor (domain: periods): instant of activation and its calendar date; null until first activated.
  usage_started_at  timestamptz,
  anchor_date       date,
  created_at        timestamptz not null
);

create table tenant_sequences (
  tenant_id  uuid not null,
  name       text not null,
  last       bigint not null default 0,
  primary key (tenant_id, name)
) with (fillfactor = 50);

create table members (
  tenant_id       uuid not null,
  member_id       uuid not null,
  name            text not null,
  address         text,
  locale          text,
  role            text not null check (role in ('owner', 'admin', 'agent', 'member', 'viewer')),
  class           text not null default 'active' check (class in ('active', 'restricted', 'blocked', 'external')),
  state           text not null default 'present' check (state in ('present', 'removed')),
  created_at      timestamptz not null,
  last_active_at  timestamptz not null,
  revision        int not null default 1,
  primary key (tenant_id, member_id)
);
create index members_by_name on members (tenant_id, lower(name), member_id) where state = 'present';

create table subscriptions (
  tenant_id           uuid not null,
  subscription_id     uuid not null,
  parent_id           uuid,
  source              text not null check (source in ('marketplace', 'direct')),
  external_id         text not null,
  name                text not null,
  offer_id            text not null,
  plan_id             text not null,
  plan_version        int not null,
  quantity            int check (quantity >= 0),
  status              text not null check (status in ('PendingFulfillmentStart', 'Subscribed', 'Suspended', 'Unsubscribed')),
  term_unit           text,
  term_start          timestamptz,
  term_end            timestamptz,
  auto_renew          boolean not null default true,
  is_free_trial       boolean not null default false,
  allowed_operations  text[] not null default '{}',
  purchaser           jsonb not null default '{}',
  beneficiary         jsonb not null default '{}',
  purchased_at        timestamptz not null,
  activated_at        timestamptz,
  ended_at            timestamptz,
  snapshot_at         timestamptz not null,
  revision            int not null default 1,
  primary key (tenant_id, subscription_id),
  foreign key (plan_id, plan_version) references plans
);

create table subscription_log (
  tenant_id        uuid not null,
  subscription_id  uuid not null,
  revision         int not null,
  cause            text not null,
  before           jsonb,
  after            jsonb not null,
  at               timestamptz not null,
  actor            text,
  primary key (tenant_id, subscription_id, revision)
);

create table grants (
  tenant_id     uuid not null,
  grant_id      uuid not null,
  meter         text not null,
  scope_id      text not null default 'tenant',
  source        text not null check (source in ('plan', 'addon', 'support', 'trial', 'rollover', 'transition')),
  source_id     text not null,
  amount        bigint check (amount >= 0),
  priority      int not null default 0,
  policy        jsonb not null default '{}',
  effective_at  timestamptz not null,
  expires_at    timestamptz,
  activation    text not null default 'now' check (activation in ('now', 'on_payment', 'manual')),
  state         text not null check (state in ('pending', 'active', 'voided', 'expired')),
  reason        text,
  created_at    timestamptz not null,
  primary key (tenant_id, grant_id)
);
create index grants_live on grants (tenant_id, meter, scope_id) where state in ('pending', 'active');

create table usage_counters (
  tenant_id     uuid not null,
  scope_id      text not null default 'tenant',
  meter         text not null,
  period_start  timestamptz not null,
  period_end    timestamptz not null,
  valid_until   timestamptz not null,
  granted       bigint check (granted >= 0),
  hard_limit    bigint check (hard_limit >= 0),
  used          bigint not null default 0 check (used >= 0),
  held          bigint not null default 0 check (held >= 0),
  -- highest limit of the period so far; null = unlimited
  peak_limit    bigint check (peak_limit >= 0),
  limit_epoch   int not null default 0,
  thresholds    int[] not null default '{80,100}',
  primary key (tenant_id, scope_id, meter, period_start),
  check (period_start < period_end)
) with (fillfactor = 50);

create table usage_records (
  tenant_id      uuid not null,
  operation_key  text not null,
  meter          text not null,
  scope_id       text not null default 'tenant',
  period_start   timestamptz not null,
  kind           text not null check (kind in ('consume', 'release', 'carry', 'reset')),
  quantity       bigint not null,
  fingerprint    text not null,
  used_after     bigint not null check (used_after >= 0),
  subject        uuid not null,
  actor          uuid,
  at             timestamptz not null,
  primary key (tenant_id, operation_key, meter, scope_id)
);
-- Neither begins with the tenant: a look-up by operation key must have one index to choose, whatever the statistics say.
create index usage_records_subject on usage_records (subject, tenant_id);
create index usage_records_period on usage_records (period_start, tenant_id, meter, at);

-- The memory of acts that create something and count nothing.
create table operations (
  tenant_id      uuid not null,
  operation_key  text not null,
  fingerprint    text not null,
  subject        uuid not null,
  at             timestamptz not null,
  primary key (tenant_id, operation_key)
);

create table notices (
  tenant_id     uuid not null,
  scope_id      text not null default 'tenant',
  meter         text not null,
  period_start  timestamptz not null,
  limit_epoch   int not null,
  threshold     int not null,
  at            timestamptz not null,
  primary key (tenant_id, scope_id, meter, period_start, limit_epoch, threshold)
);

create table deliveries (
  tenant_id   uuid not null,
  notice_key  text not null,
  recipient   uuid not null,
  channel     text not null check (channel in ('banner', 'bot', 'mail')),
  state       text not null check (state in ('queued', 'sent', 'failed', 'given_up', 'dismissed')),
  attempts    int not null default 0,
  at          timestamptz not null,
  primary key (tenant_id, notice_key, recipient, channel)
);

create table drafts (
  tenant_id      uuid not null,
  draft_id       uuid not null,
  operation_key  text not null,
  fingerprint    text not null,
  author         uuid not null,
  meter          text not null,
  payload        jsonb not null,
  state          text not null default 'open' check (state in ('open', 'submitted', 'discarded')),
  subject        uuid,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  revision       int not null default 1,
  primary key (tenant_id, draft_id),
  unique (tenant_id, operation_key)
);
create index drafts_open on drafts (tenant_id, author, created_at, draft_id) where state = 'open';

create table conversations (
  tenant_id   uuid not null,
  member_id   uuid not null,
  reference   jsonb not null,
  updated_at  timestamptz not null,
  primary key (tenant_id, member_id)
);

create table audit_log (
  tenant_id  uuid not null,
  audit_id   uuid not null,
  at         timestamptz not null,
  actor      text not null,
  via        text not null,
  action     text not null,
  subject    text,
  details    jsonb not null default '{}',
  primary key (tenant_id, audit_id)
);
create index audit_log_time on audit_log (tenant_id, at desc);

-- The three tools.
-- The tenant is one of the words, so that the index finds its tickets and no others.
create function ticket_words(tenant_id uuid, title text, description text, tags text[]) returns tsvector
  language sql immutable parallel safe
  as $$
    select array_to_tsvector(array[tenant_id::text])
        || to_tsvector('simple'::regconfig, title || ' ' || coalesce(array_to_string(tags, ' '), '') || ' ' || description)
  $$;

create table tickets (
  tenant_id    uuid not null,
  ticket_id    uuid not null,
  number       bigint not null,
  title        text not null,
  description  text not null,
  status       text not null check (status in ('open', 'in_progress', 'waiting', 'closed')),
  priority     text not null check (priority in ('low', 'normal', 'high', 'urgent')),
  requester    uuid not null,
  assignee     uuid,
  due_on       date,
  tags         text[] not null default '{}',
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  closed_at    timestamptz,
  deleted_at   timestamptz,
  revision     int not null default 1,
  words        tsvector generated always as (ticket_words(tenant_id, title, description, tags)) stored,
  primary key (tenant_id, ticket_id),
  unique (tenant_id, number)
);
create index tickets_unclosed on tickets (tenant_id, assignee, number) where status <> 'closed' and deleted_at is null;
create index tickets_by_assignee on tickets (tenant_id, assignee, number) where deleted_at is null;
create index tickets_words on tickets using gin (words);

-- Under row-level security a search may not use the index, because the operator could leak; as the tables' owner it may. The
-- tenant is the transaction's own and nothing a caller says.
create function find_ticket_ids(p_words tsquery) returns setof uuid
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select ticket_id from tickets
     where tenant_id = nullif(current_setting('kontingent.tenant_id', true), '')::uuid and deleted_at is null
       and words @@ (quote_literal(coalesce(nullif(current_setting('kontingent.tenant_id', true), ''), 'none'))::tsquery && p_words)
  $$;

create table ticket_comments (
  tenant_id   uuid not null,
  comment_id  uuid not null,
  ticket_id   uuid not null,
  author      uuid not null,
  kind        text not null check (kind in ('reply', 'note')),
  body        text not null,
  created_at  timestamptz not null,
  primary key (tenant_id, comment_id),
  foreign key (tenant_id, ticket_id) references tickets
);
create index ticket_comments_ticket on ticket_comments (tenant_id, ticket_id, created_at);

create table ticket_changes (
  tenant_id  uuid not null,
  ticket_id  uuid not null,
  revision   int not null,
  actor      uuid not null,
  changes    jsonb not null,
  at         timestamptz not null,
  primary key (tenant_id, ticket_id, revision),
  foreign key (tenant_id, ticket_id) references tickets
);

create table checklists (
  tenant_id     uuid not null,
  checklist_id  uuid not null,
  title         text not null,
  state         text not null check (state in ('draft', 'running', 'completed')),
  created_by    uuid not null,
  created_at    timestamptz not null,
  started_at    timestamptz,
  completed_at  timestamptz,
  revision      int not null default 1,
  primary key (tenant_id, checklist_id)
);
create index checklists_by_age on checklists (tenant_id, created_at, checklist_id);

create table checklist_items (
  tenant_id     uuid not null,
  checklist_id  uuid not null,
  item_id       uuid not null,
  position      int not null,
  text          text not null,
  assignee      uuid,
  done_at       timestamptz,
  done_by       uuid,
  primary key (tenant_id, checklist_id, item_id),
  foreign key (tenant_id, checklist_id) references checklists
);
create index checklist_items_open on checklist_items (tenant_id, assignee) where done_at is null;

create table opportunities (
  tenant_id       uuid not null,
  opportunity_id  uuid not null,
  title           text not null,
  customer        text,
  stage           text not null check (stage in ('new', 'qualified', 'offer', 'won', 'lost')),
  value_minor     bigint check (value_minor >= 0),
  currency        text,
  closes_on       date,
  owner           uuid not null,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  revision        int not null default 1,
  primary key (tenant_id, opportunity_id),
  check ((value_minor is null) = (currency is null))
);
create index opportunities_by_age on opportunities (tenant_id, created_at, opportunity_id);
create index opportunities_open on opportunities (tenant_id, owner) where stage not in ('won', 'lost');
