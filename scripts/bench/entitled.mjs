// What history costs an organization: admission and explaining with 200 grants, 24 past periods and a million uses behind them.
import { built, CALLERS, creationsPerSecond, seedHistory, seedTenants, tenantId } from './product.mjs';

const { explainTo } = built('features/usage/explain');
const { inTenant } = built('platform/context');

const GRANTS = 200;
const EXPLANATIONS = 40;

/** Grants of support beside each other, all in force; together more than is used here. */
const seedGrants = (owner, n) =>
  owner(`
    insert into grants (tenant_id, grant_id, meter, source, source_id, amount, effective_at, expires_at, activated_at, state, reason, created_at)
    select '${tenantId(n)}', gen_random_uuid(), 'tickets', 'support', 'bench', 5000000, now() - interval '1 day', now() + interval '5 years', now() - interval '1 day', 'active', 'bench', now() - interval '1 day'
      from generate_series(1, ${GRANTS}) i`);

/** Creations per second and the milliseconds of one explanation: fresh, with the grants alone, and with the grants and a history. */
export async function entitledTimes(ctx, owner, first, { seconds, runs }) {
  const [fresh, granted, old] = [first, first + 1, first + 2];
  await seedTenants(owner, first, old);
  for (const n of [granted, old]) await seedGrants(owner, n);
  await seedHistory(owner, old, { records: 1_000_000, tickets: 0 });
  await owner('vacuum analyze');

  const create = (n) => creationsPerSecond(ctx, { callers: CALLERS, seconds, tenantOf: () => n });
  const explain = async (n) => {
    const begin = performance.now();
    for (let count = 0; count < EXPLANATIONS; count += 1) {
      const found = await inTenant(ctx, tenantId(n), (tx) => explainTo(tx, tenantId(n), 'en', { meter: 'tickets' }));
      if (!found.ok) throw new Error(`refused: ${JSON.stringify(found.refusal)}`);
    }
    return (performance.now() - begin) / EXPLANATIONS;
  };
  const figures = { fresh: [], old: [], explainGranted: [], explainOld: [] };
  await create(fresh);
  for (let run = 0; run < runs; run += 1) {
    figures.fresh.push(await create(fresh));
    figures.old.push(await create(old));
    figures.explainGranted.push(await explain(granted));
    figures.explainOld.push(await explain(old));
  }
  return figures;
}
