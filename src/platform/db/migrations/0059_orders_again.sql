-- What customers ordered at the marketplace is sent until it is settled. Before, an outage of an hour ended the sending for good; what
-- was given up so is taken up again, once. An order that was settled or withdrawn meanwhile ends at the first look.
update outbox set state = 'queued', attempts = 0, leased_until = null
 where state = 'given_up' and topic in ('subscription.cancel', 'plan_change.send');
