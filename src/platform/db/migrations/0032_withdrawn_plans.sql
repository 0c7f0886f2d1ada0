-- A plan that its catalog no longer holds stays what it is for those who bought it, and is offered to nobody else.
-- What was published before is offered until the next start compares it with the catalog.

create table plan_withdrawals (
  plan_id       text primary key,
  withdrawn_at  timestamptz not null
);
grant select, insert, delete on plan_withdrawals to kontingent_app;
