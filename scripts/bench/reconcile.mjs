// What the repair of 5,000 subscriptions asks of the marketplace: calls by kind and the time each run takes. The first run meets all of
// them for the first time, the second is that of a start right after it, the third finds seven that differ.
// node scripts/bench/reconcile.mjs measures this (DATABASE_URL, or PostgreSQL's programs).
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { onServer } from './postgres.mjs';
import { built, contextOn } from './product.mjs';

const { MarketplaceClient } = built('clients/marketplace/marketplace-client');
const { loadCatalog } = built('features/plans/catalog');
const { publishPlans } = built('features/plans/publish-plans');
const { createReconciliation } = built('features/subscriptions/reconcile');
const { systemClock } = built('platform/clock');
const { openServerDatabase } = built('platform/db/server');
const { newId } = built('platform/ids');
const { createLogger } = built('platform/logger');

const SUBSCRIPTIONS = 5_000;
const OF_EACH = 5;
const DIFFERING = 7;
const PAGE = 100;

/** Each run's calls by kind, and its seconds. */
export async function reconciliationCalls(databaseUrl) {
  const quiet = createLogger('silent');
  const database = await openServerDatabase(databaseUrl, quiet);
  const ctx = contextOn(database);
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
  const held = sold();
  const { port, calls, close } = await marketplaceOf(held);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const settings = { apiUrl: `http://127.0.0.1:${port}/api`, apiHosts: [`127.0.0.1:${port}`] };
  const marketplace = new MarketplaceClient(settings, { token: async () => 'bench', log: quiet, pause });
  const run = async (pace) => {
    for (const kind of Object.keys(calls)) calls[kind] = 0;
    const begin = performance.now();
    await createReconciliation({ marketplace, realTime: systemClock, pause: pace })(ctx);
    return { ...calls, seconds: Math.round((performance.now() - begin) / 100) / 10 };
  };
  try {
    // Nobody ran before: operations are looked for without the pace that a real marketplace is given.
    const first = await run(async () => {});
    const start = await run(pause);
    for (const one of held.slice(0, DIFFERING)) one.planId = 'standard';
    return { first, start, differing: await run(pause) };
  } finally {
    close();
    await database.close();
  }
}

function sold() {
  let tenant;
  return Array.from({ length: SUBSCRIPTIONS }, (_, index) => {
    if (index % OF_EACH === 0) tenant = newId();
    const person = { tenantId: tenant, objectId: tenant, emailId: 'buyer@sample.example' };
    return {
      id: newId(),
      name: `Purchase ${index}`,
      offerId: 'kontingent',
      planId: 'free',
      saasSubscriptionStatus: 'Subscribed',
      beneficiary: person,
      purchaser: person,
      term: { termUnit: 'P1M', startDate: '2026-03-10T00:00:00Z', endDate: '2026-04-09T00:00:00Z' },
      autoRenew: true,
      isFreeTrial: false,
      allowedCustomerOperations: ['Read', 'Update', 'Delete'],
      created: '2026-03-10T00:00:00Z',
    };
  });
}

/** Reads only: lists, subscriptions, and that nothing is under way. */
async function marketplaceOf(held) {
  const calls = { pages: 0, subscriptions: 0, operations: 0, others: 0 };
  const byId = new Map(held.map((one) => [one.id, one]));
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'http://bench');
    const [id, rest] = pathname.replace('/api/saas/subscriptions', '').split('/').slice(1);
    const kind =
      req.method !== 'GET' ? 'others' : !id ? 'pages' : !rest ? 'subscriptions' : rest === 'operations' ? 'operations' : 'others';
    calls[kind] += 1;
    const from = Number(searchParams.get('continuationToken') ?? 0);
    const page = () => {
      const next = from + PAGE < held.length ? { '@nextLink': `http://bench${pathname}?continuationToken=${from + PAGE}` } : {};
      return { subscriptions: held.slice(from, from + PAGE), ...next };
    };
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(kind === 'pages' ? page() : kind === 'subscriptions' ? byId.get(id) : {}));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: server.address().port, calls, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await onServer(reconciliationCalls));
