-- Money: what an organization was billed, the documents that say so, payments, the mailbox they go to, and the mails sent.
-- Nothing exists before it. Bills, their lines and numbers are never changed; of a document only what became of its payment
-- is added, once.

-- Publisher side: who sells, as documents name it; a new version when the settings change.
create table sellers (
  version       int primary key,
  document      jsonb not null,
  checksum      text not null,
  published_at  timestamptz not null
);

-- The last number given out, by kind of document. The row is taken for the rest of the transaction and given back with it, so
-- that numbers have no gaps.
create table document_numbers (
  kind  text primary key check (kind in ('invoice', 'receipt')),
  last  bigint not null check (last >= 1)
);

-- Tenant side.
create table bills (
  tenant_id        uuid not null,
  bill_id          text not null,
  subscription_id  uuid not null,
  cause            text not null check (cause in ('start', 'renewal', 'change')),
  -- Who takes the money.
  billed_by        text not null check (billed_by in ('marketplace', 'direct')),
  plan_id          text not null,
  plan_version     int not null,
  currency         text not null,
  period_start     timestamptz not null,
  period_end       timestamptz not null,
  at               timestamptz not null,
  primary key (tenant_id, bill_id),
  check (period_start < period_end)
);
create index bills_of_subscription on bills (tenant_id, subscription_id, period_start);

create table bill_lines (
  tenant_id        uuid not null,
  bill_id          text not null,
  position         int not null,
  kind             text not null check (kind in ('charge', 'refund')),
  words            jsonb not null,
  formula          jsonb not null,
  quantity         int not null check (quantity >= 0),
  amount_minor     bigint not null,
  -- What it would have cost, of a line that is not charged yet.
  uncharged_minor  bigint,
  primary key (tenant_id, bill_id, position),
  foreign key (tenant_id, bill_id) references bills,
  check (kind = 'charge' or amount_minor <= 0)
);

create table billing_documents (
  tenant_id    uuid not null,
  document_id  uuid not null,
  bill_id      text not null,
  kind         text not null check (kind in ('statement', 'invoice', 'receipt')),
  number       bigint not null check (number >= 1),
  -- Everything that is printed, as it was when it was issued.
  content      jsonb not null,
  -- What became of its payment first; null: not known yet.
  payment      jsonb,
  issued_at    timestamptz not null,
  primary key (tenant_id, document_id),
  unique (tenant_id, bill_id, kind),
  foreign key (tenant_id, bill_id) references bills
);
create unique index billing_documents_numbers on billing_documents (kind, number) where kind <> 'statement';
create unique index billing_documents_statements on billing_documents (tenant_id, number) where kind = 'statement';
create index billing_documents_by_age on billing_documents (tenant_id, issued_at, document_id);

-- One movement of money for each document that asks for one.
create table payments (
  tenant_id     uuid not null,
  document_id   uuid not null,
  direction     text not null check (direction in ('charge', 'refund')),
  method        text not null check (method in ('provider', 'transfer')),
  amount_minor  bigint not null check (amount_minor > 0),
  -- So much of it was set off against a refund of what had not been paid.
  credited_minor  bigint not null default 0 check (credited_minor between 0 and amount_minor),
  currency      text not null,
  state         text not null default 'open' check (state in ('open', 'pending', 'failed', 'paid', 'credited')),
  attempts      int not null default 0,
  reference     text,
  problem       text,
  created_at    timestamptz not null,
  paid_at       timestamptz,
  primary key (tenant_id, document_id),
  foreign key (tenant_id, document_id) references billing_documents,
  check ((state = 'paid') = (paid_at is not null)),
  check ((state = 'credited') = (credited_minor = amount_minor))
);

create table billing_contacts (
  tenant_id   uuid primary key,
  mailbox     text,
  -- Of whom a bill is asked, as their own books want to see it.
  address     text not null default '',
  tax_id      text,
  -- A member who may see bills besides owners and administrators.
  member_id   uuid,
  updated_at  timestamptz not null,
  revision    int not null
);

-- One row for each mail there is to be: nothing is sent that has none, and nothing twice.
create table mail_deliveries (
  tenant_id   uuid not null,
  mail_key    text not null,
  kind        text not null,
  subject     text not null,
  recipient   text not null,
  locale      text not null,
  state       text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'failed', 'given_up', 'bounced')),
  attempts    int not null default 0,
  problem     text,
  queued_at   timestamptz not null,
  at          timestamptz not null,
  primary key (tenant_id, mail_key)
);
create index mail_deliveries_subject on mail_deliveries (tenant_id, kind, subject);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['bills', 'bill_lines', 'billing_documents', 'payments', 'billing_contacts', 'mail_deliveries'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)
         with check (tenant_id = nullif(current_setting(''kontingent.tenant_id'', true), '''')::uuid)', v_table);
    execute format('grant select, insert on %I to kontingent_app', v_table);
  end loop;
end
$$;
grant update (payment) on billing_documents to kontingent_app;
grant update, delete on payments, billing_contacts, mail_deliveries to kontingent_app;
grant select, insert on sellers to kontingent_app;
grant select, insert, update on document_numbers to kontingent_app;
