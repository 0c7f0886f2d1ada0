import { type Context, inPublisher } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { type Catalog, type CatalogPlan, PublishedPlan } from './catalog-schema';
import type { PlanItem } from './plans';

/**
 * Publishes what the catalog holds: an unchanged plan stays the version it is, a changed one becomes a new version, one that is
 * gone is withdrawn. Subscriptions keep the version they pin. Several instances starting at once publish once.
 */
export async function publishPlans(ctx: Context, catalog: Catalog): Promise<void> {
  const at = ctx.now();
  await inPublisher(ctx, async ({ db }) => {
    await db.query('select pg_advisory_xact_lock(7051802118)');
    for (const plan of catalog.plans) {
      const document = documentOf(catalog, plan);
      const checksum = fingerprint([catalog.offer, document]);
      const [newest] = await db.query<{ version: number; offer_id: string; document: unknown }>(
        'select version, offer_id, document from plans where plan_id = $1 order by version desc limit 1',
        [plan.id],
      );
      if (newest && checksumOf(newest.offer_id, newest.document) === checksum) continue;
      const version = (newest?.version ?? 0) + 1;
      await db.query(
        `insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [plan.id, version, plan.role, plan.rank, catalog.offer, JSON.stringify(plan.name), JSON.stringify(document), checksum, at],
      );
      for (const item of itemsOf(plan)) {
        await db.query(`insert into plan_items (plan_id, version, entitlement, kind, amount, policy) values ($1, $2, $3, $4, $5, $6)`, [
          plan.id,
          version,
          item.entitlement,
          item.kind,
          item.amount,
          JSON.stringify(item.policy),
        ]);
      }
    }
    const held = catalog.plans.map(({ id }) => id);
    await db.query(
      `insert into plan_withdrawals (plan_id, withdrawn_at)
       select distinct plan_id, $2::timestamptz from plans where plan_id <> all($1::text[])
       on conflict do nothing`,
      [held, at],
    );
    await db.query('delete from plan_withdrawals where plan_id = any($1::text[])', [held]);
  });
}

/** What is published of a plan. */
export const documentOf = ({ billing, resources }: Catalog, plan: CatalogPlan): PublishedPlan => ({ ...plan, billing, resources });

/** Of what was published once, as today's catalogs would say it: a policy that is new since then changes no plan by its default. */
function checksumOf(offerId: string, document: unknown): string | null {
  const read = PublishedPlan.safeParse(document);
  return read.success ? fingerprint([offerId, read.data]) : null;
}

/** What a plan of the catalog grants, one item per entitlement. */
export function itemsOf(plan: CatalogPlan): PlanItem[] {
  const measured = (kind: 'metered' | 'stock', given: CatalogPlan['quotas'] | CatalogPlan['limits']): PlanItem[] =>
    Object.entries(given).map(([entitlement, { amount, ...policy }]) => ({
      entitlement,
      kind,
      amount: amount === 'unlimited' ? null : amount,
      policy,
    }));
  return [
    ...measured('metered', plan.quotas),
    ...measured('stock', plan.limits),
    ...Object.entries(plan.features).map(
      ([entitlement, has]): PlanItem => ({ entitlement, kind: 'boolean', amount: has ? 1 : 0, policy: {} }),
    ),
    ...Object.entries(plan.values).map(([entitlement, amount]): PlanItem => ({ entitlement, kind: 'static', amount, policy: {} })),
  ];
}
