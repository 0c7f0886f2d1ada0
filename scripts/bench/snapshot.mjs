// Freezing a month's list of billed people: what ten times the members cost.
import { built, tenantId } from './product.mjs';

const { snapshotMonth } = built('features/billed-people/snapshot-month');
const { inTenant } = built('platform/context');

const SIZES = { small: 5_000, large: 50_000 };
const MONTHS = ['2024-01', '2024-02', '2024-03', '2024-04', '2024-05'];
const PEOPLE = { active: 'in_active_team', countRule: 'any_time' };

/** An organization with a team for every ten people, everybody in two of them, and changes in every month. */
async function seed(owner, n, members) {
  const id = tenantId(n);
  const teams = members / 10;
  await owner(`
    insert into tenants (tenant_id, name, created_at) values ('${id}', 'bench', '2024-01-01');
    insert into members (tenant_id, member_id, name, address, role, created_at, last_active_at)
    select '${id}', gen_random_uuid(), 'Person ' || i, 'person' || i || '@example.com', 'member', '2024-01-01', '2024-01-01' from generate_series(1, ${members}) i;
    insert into teams (tenant_id, team_id, name, created_by, created_at)
    select '${id}', gen_random_uuid(), 'Team ' || i, '${id}', '2024-01-01' from generate_series(1, ${teams}) i;
    insert into team_spans (tenant_id, team_id, began_at, ended_at)
    select tenant_id, team_id, '2024-01-01', case when random() < 0.2 then timestamptz '2024-01-01' + random() * interval '150 days' end from teams where tenant_id = '${id}';
    analyze members; analyze teams;
    with m as (select member_id, row_number() over () as i from members where tenant_id = '${id}'),
         t as (select team_id, row_number() over () as i from teams where tenant_id = '${id}')
    insert into team_members (tenant_id, team_id, member_id, began_at, ended_at)
    select '${id}', t.team_id, m.member_id, timestamptz '2024-01-01' + random() * interval '60 days',
           case when random() < 0.3 then timestamptz '2024-03-15' + random() * interval '60 days' end
      from m cross join (values (0), (1)) k(k) join t on t.i = (m.i + k.k * 7) % ${teams} + 1;
    analyze member_spans; analyze team_spans; analyze team_members;`);
}

/** Milliseconds of each month, of both sizes in turn. `first`: the number of an unused tenant; the next one is used as well. */
export async function snapshotTimes(ctx, owner, first) {
  const tenants = { small: first, large: first + 1 };
  for (const [size, n] of Object.entries(tenants)) await seed(owner, n, SIZES[size]);
  const times = { small: [], large: [] };
  for (const month of MONTHS) {
    for (const [size, n] of Object.entries(tenants)) {
      const begin = performance.now();
      const { people } = await inTenant(ctx, tenantId(n), (tx) => snapshotMonth(tx, tenantId(n), month, PEOPLE, ctx.now()));
      times[size].push(performance.now() - begin);
      if (people < SIZES[size] / 2) throw new Error(`only ${people} of ${SIZES[size]} were billed: nothing was measured`);
    }
  }
  return times;
}
