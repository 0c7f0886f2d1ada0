import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Queryable } from '../../platform/db/database';

export interface CurrentSubscription {
  subscriptionId: string;
  name: string;
  planId: string;
  planVersion: number;
  status: SubscriptionStatus;
  termUnit: string | null;
  termStart: Date | null;
  termEnd: Date | null;
  autoRenew: boolean;
}

/** The subscription a person is told about: the best standing, of those the highest plan, of those the newest. */
export async function currentSubscription(db: Queryable, tenantId: string): Promise<CurrentSubscription | null> {
  const [row] = await db.query<CurrentSubscription>(
    `select s.subscription_id as "subscriptionId", s.name, s.plan_id as "planId", s.plan_version as "planVersion", s.status,
            s.term_unit as "termUnit", s.term_start as "termStart", s.term_end as "termEnd", s.auto_renew as "autoRenew"
       from subscriptions s join plans p on p.plan_id = s.plan_id and p.version = s.plan_version
      where s.tenant_id = $1
      order by array_position(array['Subscribed', 'Suspended', 'Unsubscribed', 'PendingFulfillmentStart'], s.status), p.rank desc, s.purchased_at desc
      limit 1`,
    [tenantId],
  );
  return row ?? null;
}
