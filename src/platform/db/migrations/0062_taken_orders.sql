-- What the marketplace takes it may carry out although it names no operation, or forgets the one it named. Without a memory that it was
-- taken, it was asked for again and again, ended as refused although it went through, or waited for ever. When it was taken last, and how
-- often, is kept now; what leaves no trace there for a day ends as lost. Orders that are under way count as taken
-- when they were to be sent.
alter table plan_changes
  add column sent_at timestamptz,
  add column sends int not null default 0,
  drop constraint plan_changes_state_check,
  add constraint plan_changes_state_check check (state in ('scheduled', 'awaiting_marketplace', 'applied', 'withdrawn', 'refused', 'lost'));
alter table cancellations
  add column sent_at timestamptz,
  add column sends int not null default 0,
  drop constraint cancellations_state_check,
  add constraint cancellations_state_check check (state in ('open', 'done', 'refused', 'lost'));
update plan_changes set sent_at = greatest(ordered_at, effective_at), sends = 1 where state = 'awaiting_marketplace' and operation_id is not null;
update cancellations set sent_at = asked_at, sends = 1 where state = 'open' and operation_id is not null;
