import path from 'node:path';
import { loadCatalog } from '../../src/features/plans/catalog';
import { findPlan, type Plan } from '../../src/features/plans/plans';
import { publishPlans } from '../../src/features/plans/publish-plans';
import { type Context, inPublisher } from '../../src/platform/context';

/** Publishes a preset's catalog, in place of any published before; answers its plans by id. */
export async function publishPreset(ctx: Context, name: string): Promise<Record<string, Plan>> {
  const catalog = await loadCatalog(path.resolve('plans/presets', `${name}.yaml`));
  await publishPlans(ctx, catalog);
  return inPublisher(ctx, async ({ db }) => {
    const plans = await Promise.all(catalog.plans.map(({ id }) => findPlan(db, id)));
    return Object.fromEntries(plans.map((plan) => [plan!.planId, plan!]));
  });
}
