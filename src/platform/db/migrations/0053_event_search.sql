-- The publisher's people look events up by a subscription's id in whatever letters: an index for that. Nothing else changes.
create index marketplace_events_by_subscription on marketplace_events (lower(subscription_id), received_at desc, event_id desc);
