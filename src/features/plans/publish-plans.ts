import { METERS } from '../../contract/meters';
import { type Context, inPublisher } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import type { Catalog, CatalogPlan } from './catalog';

/**
 * Publishes what the catalog holds: an unchanged plan stays the version it is, a changed one becomes a new version.
 * Subscriptions keep the version they pin. Several instances starting at once publish once.
 */
export async function publishPlans(ctx: Context, catalog: Catalog): Promise<void> {
  const at = ctx.now();
  await inPublisher(ctx, async ({ db }) => {
    await db.query('select pg_advisory_xact_lock(7051802118)');
    for (const plan of catalog.plans) {
      const checksum = fingerprint([catalog.offer, plan]);
      const [newest] = await db.query<{ version: number; checksum: string }>(
        'select version, checksum from plans where plan_id = $1 order by version desc limit 1',
        [plan.id],
      );
      if (newest?.checksum === checksum) continue;
      const version = (newest?.version ?? 0) + 1;
      await db.query(
        `insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at)
         values ($1, $2, 'base', $3, $4, $5, $6, $7, $8)`,
        [plan.id, version, plan.rank, catalog.offer, JSON.stringify(plan.name), JSON.stringify(plan), checksum, at],
      );
      for (const meter of METERS) {
        await db.query(
          `insert into plan_items (plan_id, version, entitlement, kind, amount, policy) values ($1, $2, $3, 'metered', $4, $5)`,
          [
            plan.id,
            version,
            meter,
            amountOf(plan, meter),
            JSON.stringify({ thresholds: [...plan.notice.thresholds].sort((a, b) => a - b) }),
          ],
        );
      }
    }
  });
}

function amountOf(plan: CatalogPlan, meter: (typeof METERS)[number]): number | null {
  const quota = plan.quotas[meter];
  return quota === 'unlimited' ? null : quota;
}
