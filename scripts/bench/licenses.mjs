// Inviting people to licenses: one transaction and as many statements for a long list as for a short one.
import { built, tenantId } from './product.mjs';

const { inviteToLicenses } = built('features/licenses/invite');
const { LicensePolicy } = built('features/plans/policies');

const SIZES = { small: 50, large: 500 };
const RUNS = 5;

/** An organization with so many places, a hundredth of which are free, and its members. */
async function seed(owner, n, members) {
  const id = tenantId(n);
  const policy = JSON.stringify(LicensePolicy.parse({ scope: 'user', restricted: true }));
  await owner(`
    insert into tenants (tenant_id, name, created_at) values ('${id}', 'bench', now());
    insert into members (tenant_id, member_id, name, role, created_at, last_active_at) values ('${id}', '${id}', 'Sample', 'owner', now(), now());
    insert into members (tenant_id, member_id, name, address, address_key, role, license, created_at, last_active_at)
    select '${id}', gen_random_uuid(), 'Person ' || i, 'person' || i || '@example.com', 'person' || i || '@example.com', 'member', 'full', now(), now()
      from generate_series(1, ${members}) i;
    insert into subscriptions (tenant_id, subscription_id, source, external_id, name, offer_id, plan_id, plan_version, status, purchased_at, snapshot_at)
    values ('${id}', '${id}', 'marketplace', '${id}', 'bench', 'bench', 'bench', 1, 'Subscribed', now(), now());
    insert into license_pools (tenant_id, policy, purchased) values ('${id}', '${policy}', ${members + members / 2});
    analyze members;`);
}

/** A context that counts the statements and transactions of its users. */
function counting(ctx) {
  const count = { statements: 0, transactions: 0 };
  const database = Object.create(ctx.database);
  database.transaction = (tenant, work) => {
    count.transactions += 1;
    return ctx.database.transaction(tenant, (db) =>
      work({
        query: (...given) => {
          count.statements += 1;
          return db.query(...given);
        },
      }),
    );
  };
  return { ctx: { ...ctx, database }, count };
}

/**
 * Milliseconds, statements and transactions of lists of both lengths in turn; half of the invitees are members already.
 * `first`: the number of an unused tenant.
 */
export async function invitationTimes(ctx, owner, first) {
  const id = tenantId(first);
  const actor = { tenantId: id, memberId: id, name: 'Sample', address: null, appRoles: [], locale: 'en', via: 'tab' };
  await seed(owner, first, 2_000);
  const times = { small: [], large: [], statements: {}, transactions: {} };
  for (let run = 0; run <= RUNS; run += 1) {
    for (const [size, length] of Object.entries(SIZES)) {
      const invitees = Array.from({ length }, (_, i) => ({
        address: i % 2 === 0 ? `person${i + 1}@example.com` : `new-${run}-${size}-${i}@example.com`,
      }));
      const counted = counting(ctx);
      const begin = performance.now();
      const invited = await inviteToLicenses(counted.ctx, actor, { clientKey: `bench-${run}-${size}` }, { invitees, teamId: null });
      // The first run is for the database to get to know the statements.
      if (run > 0) times[size].push(performance.now() - begin);
      if (!invited.ok || invited.value.record.results.length !== length)
        throw new Error(`nothing was measured: ${JSON.stringify(invited)}`);
      times.statements[size] = counted.count.statements;
      times.transactions[size] = counted.count.transactions;
    }
  }
  return times;
}
