// The product's own modules as they are built, and the tenants the benchmarks run on.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
export const built = (module) => require(`../../dist/server/${module}`);

const { newId } = built('platform/ids');
const { createLogger } = built('platform/logger');
const { createMetrics } = built('platform/metrics');
const { createTicket } = built('features/tickets/create-ticket');
const { NewTicket } = built('contract/tickets');

export const TENANTS = 1000;
export const CALLERS = 32;

/** Tenant n; its only member has the same id. */
export const tenantId = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
/** A tenant of its own with `records` usage records behind it. */
export const HOT = TENANTS + 1;
export const HOT_WITH_HISTORY = TENANTS + 2;

export const contextOn = (database) => ({ database, now: () => new Date(), newId, log: createLogger('silent'), metrics: createMetrics() });

const actorOf = (n) => ({
  tenantId: tenantId(n),
  memberId: tenantId(n),
  name: 'Sample',
  address: null,
  appRoles: [],
  locale: 'en',
  via: 'tab',
});
export const sample = NewTicket.parse({
  title: 'The printer on the second floor does not print',
  description: 'It says “paper jam” and there is none.',
});

/** An active tenant with an allowance that is not reached; the tables' owner writes it. */
export async function seedTenants(owner, from, to) {
  await owner(`
    insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at)
    values ('bench', 1, 'base', 1, 'bench', '{"en":"bench"}', '{}', 'bench', now()) on conflict do nothing;
    insert into tenants (tenant_id, name, usage_started_at, anchor_date, created_at)
    select id, 'bench', now() - interval '1 day', current_date - 1, now() from (select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid as id from generate_series(${from}, ${to}) n) t;
    insert into members (tenant_id, member_id, name, role, created_at, last_active_at)
    select tenant_id, tenant_id, 'Sample', 'owner', now(), now() from tenants t where not exists (select from members m where m.tenant_id = t.tenant_id);
    insert into subscriptions (tenant_id, subscription_id, source, external_id, name, offer_id, plan_id, plan_version, status, purchased_at, snapshot_at)
    select tenant_id, tenant_id, 'marketplace', tenant_id::text, 'bench', 'bench', 'bench', 1, 'Subscribed', now(), now() from tenants t
     where not exists (select from subscriptions s where s.tenant_id = t.tenant_id);
    insert into usage_counters (tenant_id, meter, period_start, period_end, valid_until, granted, hard_limit)
    select tenant_id, 'tickets', now() - interval '1 day', now() + interval '20 days', now() + interval '20 days', 1000000000, 1000000000 from tenants t
     where not exists (select from usage_counters c where c.tenant_id = t.tenant_id);
  `);
}

/** A million uses, spread evenly over 24 past periods as a ledger has them, and a hundred thousand tickets. */
export async function seedHistory(owner, n, { records, tickets }) {
  const id = tenantId(n);
  const each = Math.ceil(records / 24);
  await owner(`
    create temporary table past as
      select k, now() - interval '1 day' - k * interval '30 days' as began, least(${each}, ${records} - (k - 1) * ${each}) as used
        from generate_series(1, 24) k;
    insert into usage_records (tenant_id, operation_key, meter, period_start, kind, quantity, fingerprint, used_after, subject, actor, at)
    select '${id}', 'create_ticket:${id}:' || k || ':' || i, 'tickets', began, 'consume', 1, 'x', i, gen_random_uuid(), '${id}', began + (i - 1) * interval '30 days' / ${each}
      from past, generate_series(1, used) i;
    insert into usage_counters (tenant_id, meter, period_start, period_end, valid_until, granted, hard_limit, used)
    select '${id}', 'tickets', began, began + interval '30 days', began + interval '30 days', 100000, 100000, used from past;
    drop table past;
    insert into tickets (tenant_id, ticket_id, number, title, description, status, priority, requester, created_at, updated_at)
    select '${id}', gen_random_uuid(), i, 'An older ticket ' || i, '', case when i % 10 = 0 then 'open' else 'closed' end, 'normal', '${id}', now(), now()
      from generate_series(1, ${tickets}) i;
    insert into tenant_sequences values ('${id}', 'tickets', ${tickets});
  `);
}

/** Creations per second through the use case. `tenantOf` picks the tenant of each act. */
export async function creationsPerSecond(ctx, { callers, seconds, tenantOf }) {
  const end = performance.now() + seconds * 1000;
  let created = 0;
  const call = async () => {
    while (performance.now() < end) {
      const result = await createTicket(ctx, actorOf(tenantOf()), { clientKey: newId() }, sample);
      if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
      created += 1;
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  return created / ((performance.now() - begin) / 1000);
}

export const anyTenant = () => 1 + Math.floor(Math.random() * TENANTS);
