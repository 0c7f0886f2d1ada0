-- What a person tells the bot about itself: the language it answers in (null: as Teams says), and whether it may write first.
-- Existing conversations keep Teams' language and are written to.
alter table conversations add column language text check (language in ('en', 'de', 'it'));
alter table conversations add column notices boolean not null default true;

-- When an event that is under way, or that failed, may be taken again. Real time, while not_before is the product's
-- clock, which a sandbox moves.
alter table outbox add column leased_until timestamptz;
