import type { Queryable } from '../../platform/db/database';
import type { QuotaPolicy } from './quota-policy.rules';

export interface PlanItem {
  entitlement: string;
  kind: 'boolean' | 'static' | 'metered' | 'stock' | 'license';
  /** null = unlimited. */
  amount: number | null;
  policy: Partial<QuotaPolicy>;
}

/** A published plan version; it never changes, a subscription pins one. */
export interface Plan {
  planId: string;
  version: number;
  offerId: string;
  rank: number;
  name: Record<string, string>;
  items: PlanItem[];
}

interface Row {
  plan_id: string;
  version: number;
  offer_id: string;
  rank: number;
  name: Record<string, string>;
  items: PlanItem[];
}

/** The version a subscription pins, or the newest when `version` is null. */
export async function findPlan(db: Queryable, planId: string, version: number | null = null): Promise<Plan | null> {
  const [row] = await db.query<Row>(
    `select p.plan_id, p.version, p.offer_id, p.rank, p.name,
            (select coalesce(jsonb_agg(jsonb_build_object('entitlement', i.entitlement, 'kind', i.kind, 'amount', i.amount, 'policy', i.policy)
                             order by i.entitlement), '[]')
               from plan_items i where i.plan_id = p.plan_id and i.version = p.version) as items
       from plans p
      where p.plan_id = $1 and ($2::int is null or p.version = $2)
      order by p.version desc limit 1`,
    [planId, version],
  );
  return row
    ? { planId: row.plan_id, version: row.version, offerId: row.offer_id, rank: row.rank, name: row.name, items: row.items }
    : null;
}

/** A plan's name for a reader; English where their language has none. */
export const planName = (plan: Plan, locale: string): string => plan.name[locale] ?? plan.name.en ?? plan.planId;
