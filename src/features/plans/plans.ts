import type { Queryable } from '../../platform/db/database';
import { type ItemPolicy, PlanPolicies, PriceItem, type ResourceKind } from './policies';

export interface PlanItem {
  /** The meter, feature or value it is about. */
  entitlement: string;
  kind: 'boolean' | 'static' | 'metered' | 'stock' | 'license';
  /** null = unlimited; of a boolean 0 or 1. */
  amount: number | null;
  policy: ItemPolicy;
}

/** A published plan version; it never changes, a subscription pins one. */
export interface Plan {
  planId: string;
  version: number;
  role: 'base' | 'addon';
  offerId: string;
  billing: 'marketplace' | 'direct';
  rank: number;
  name: Record<string, string>;
  description: Record<string, string>;
  prices: PriceItem[];
  items: PlanItem[];
  policies: PlanPolicies;
  /** The kinds of resources that its catalog speaks of, by name. */
  resources: Record<string, ResourceKind>;
}

/** What `plans.document` holds; the first catalogs had neither policies nor resources, later ones fewer policies than today's. */
export interface PlanDocument {
  description?: Record<string, string>;
  prices?: (Omit<PriceItem, 'per'> & Partial<PriceItem>)[];
  billing?: Plan['billing'];
  policies?: Partial<PlanPolicies>;
  resources?: Plan['resources'];
}

interface Row {
  plan_id: string;
  version: number;
  role: Plan['role'];
  offer_id: string;
  rank: number;
  name: Record<string, string>;
  document: PlanDocument;
  items: PlanItem[];
}

const PLAN = `
  select p.plan_id, p.version, p.role, p.offer_id, p.rank, p.name, p.document,
         (select coalesce(jsonb_agg(jsonb_build_object('entitlement', i.entitlement, 'kind', i.kind, 'amount', i.amount, 'policy', i.policy)
                          order by i.entitlement), '[]')
            from plan_items i where i.plan_id = p.plan_id and i.version = p.version) as items
    from plans p`;

/** The version a subscription pins, or the newest when `version` is null. */
export async function findPlan(db: Queryable, planId: string, version: number | null = null): Promise<Plan | null> {
  const [row] = await db.query<Row>(
    `${PLAN} where p.plan_id = $1 and ($2::int is null or p.version = $2) order by p.version desc limit 1`,
    [planId, version],
  );
  return row ? toPlan(row) : null;
}

/** What is sold now: the newest version of every plan of an offer, or of all offers when `offerId` is null; lowest rank first. */
export async function listPlans(db: Queryable, offerId: string | null): Promise<Plan[]> {
  const rows = await db.query<Row>(
    `${PLAN} where ($1::text is null or p.offer_id = $1)
        and not exists (select from plans q where q.plan_id = p.plan_id and q.version > p.version)
        and not exists (select from plan_withdrawals w where w.plan_id = p.plan_id)
      order by p.role = 'addon', p.rank, p.plan_id`,
    [offerId],
  );
  return rows.map(toPlan);
}

const toPlan = ({ document, ...row }: Row): Plan => ({
  planId: row.plan_id,
  version: row.version,
  role: row.role,
  offerId: row.offer_id,
  billing: document.billing ?? 'marketplace',
  rank: row.rank,
  name: row.name,
  description: document.description ?? row.name,
  prices: (document.prices ?? []).map((price) => PriceItem.parse(price)),
  items: row.items,
  policies: PlanPolicies.parse(document.policies ?? {}),
  resources: document.resources ?? {},
});

/** A plan's name for a reader; English where their language has none. */
export const planName = (plan: Plan, locale: string): string => plan.name[locale] ?? plan.name.en ?? plan.planId;
