import { randomUUID } from 'node:crypto';
import type { Role } from '../../src/contract/members';
import type { Meter } from '../../src/contract/meters';
import type { SubscriptionStatus } from '../../src/contract/subscriptions';
import { replacePlanGrants } from '../../src/features/entitlements/grants';
import { findPlan, type Plan } from '../../src/features/plans/plans';
import { anchorUsage, ensureTenant } from '../../src/features/tenants/tenants';
import { refreshCounters } from '../../src/features/usage/refresh-counters';
import type { Actor } from '../../src/platform/actor';
import { type Context, inPublisher, inTenant } from '../../src/platform/context';

export const anActor = (given: Partial<Actor> = {}): Actor => ({
  tenantId: randomUUID(),
  memberId: randomUUID(),
  name: 'Sample Person',
  address: null,
  appRoles: [],
  locale: 'en',
  via: 'tab',
  ...given,
});

/** A published plan of its own with these limits (null = unlimited). */
export async function aPlan(
  ctx: Context,
  limits: Partial<Record<Meter, number | null>> = {},
  { thresholds = [80, 100], rank = 1 }: { thresholds?: number[]; rank?: number } = {},
): Promise<Plan> {
  const planId = `plan-${randomUUID()}`;
  return inPublisher(ctx, async ({ db }) => {
    await db.query(
      `insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at) values ($1, 1, 'base', $2, 'kontingent', $3, '{}', 'x', $4)`,
      [planId, rank, JSON.stringify({ en: planId, de: planId, it: planId }), ctx.now()],
    );
    for (const meter of ['tickets', 'checklists', 'opportunities'] as const) {
      await db.query(`insert into plan_items (plan_id, version, entitlement, kind, amount, policy) values ($1, 1, $2, 'metered', $3, $4)`, [
        planId,
        meter,
        limits[meter] === undefined ? 100 : limits[meter],
        JSON.stringify({ thresholds }),
      ]);
    }
    return (await findPlan(db, planId))!;
  });
}

export interface TestTenant {
  tenantId: string;
  subscriptionId: string;
  plan: Plan;
  owner: Actor;
  /** A present member of this role. */
  member(role?: Role, name?: string): Promise<Actor>;
  /** Another plan from now on, as an applied plan change. */
  changePlan(plan: Plan): Promise<void>;
  setStatus(status: SubscriptionStatus): Promise<void>;
  /** Lets `used` acts have happened: the counter and the ledger both say so. */
  use(meter: Meter, used: number): Promise<void>;
}

/** An active organization with an owner. Its periods begin now. */
export async function aTenant(
  ctx: Context,
  {
    limits = {},
    plan,
    timeZone = 'UTC',
    status = 'Subscribed',
  }: { limits?: Partial<Record<Meter, number | null>>; plan?: Plan; timeZone?: string; status?: SubscriptionStatus } = {},
): Promise<TestTenant> {
  const tenantId = randomUUID();
  const subscriptionId = randomUUID();
  const bought = plan ?? (await aPlan(ctx, limits));
  const at = ctx.now();
  const member = async (role: Role = 'member', name = `Sample ${role}`): Promise<Actor> => {
    const actor = anActor({ tenantId, name });
    await inTenant(ctx, tenantId, ({ db }) =>
      db.query(`insert into members (tenant_id, member_id, name, role, created_at, last_active_at) values ($1, $2, $3, $4, $5, $5)`, [
        tenantId,
        actor.memberId,
        name,
        role,
        at,
      ]),
    );
    return actor;
  };
  await inTenant(ctx, tenantId, async (tx) => {
    await ensureTenant(tx.db, tenantId, at);
    await tx.db.query('update tenants set name = $2, time_zone = $3 where tenant_id = $1', [tenantId, 'Sample Organization', timeZone]);
    await tx.db.query(
      `insert into subscriptions (tenant_id, subscription_id, source, external_id, name, offer_id, plan_id, plan_version, status, term_unit,
                                  term_start, purchased_at, activated_at, snapshot_at)
       values ($1, $2::uuid, 'marketplace', $2::text, 'Sample subscription', 'kontingent', $3, $4, $5, 'P1M', $6, $6, $6, $6)`,
      [tenantId, subscriptionId, bought.planId, bought.version, status, at],
    );
    if (status !== 'PendingFulfillmentStart') {
      await anchorUsage(tx.db, tenantId, at, at.toISOString().slice(0, 10));
      await replacePlanGrants(tx, tenantId, subscriptionId, bought, at);
      await refreshCounters(tx, tenantId, at);
    }
  });
  const tenant: TestTenant = {
    tenantId,
    subscriptionId,
    plan: bought,
    owner: await member('owner', 'Sample Owner'),
    member,
    changePlan: (next) =>
      inTenant(ctx, tenantId, async (tx) => {
        await tx.db.query('update subscriptions set plan_id = $3, plan_version = $4 where tenant_id = $1 and subscription_id = $2', [
          tenantId,
          subscriptionId,
          next.planId,
          next.version,
        ]);
        await replacePlanGrants(tx, tenantId, subscriptionId, next, ctx.now());
        await refreshCounters(tx, tenantId, ctx.now());
        tenant.plan = next;
      }),
    setStatus: (next) =>
      inTenant(ctx, tenantId, async (tx) => {
        await tx.db.query('update subscriptions set status = $3 where tenant_id = $1 and subscription_id = $2', [
          tenantId,
          subscriptionId,
          next,
        ]);
        await refreshCounters(tx, tenantId, ctx.now());
      }),
    use: (meter, used) =>
      inTenant(ctx, tenantId, async ({ db }) => {
        await db.query(
          `with counter as (
             update usage_counters set used = used + $3 where tenant_id = $1 and meter = $2 and period_start <= $4 and period_end > $4
             returning period_start, used)
           insert into usage_records (tenant_id, operation_key, meter, period_start, kind, quantity, fingerprint, used_after, subject, at)
           select $1, 'carry:' || gen_random_uuid(), $2, period_start, 'carry', $3, 'builder', used, gen_random_uuid(), $4 from counter`,
          [tenantId, meter, used, ctx.now()],
        );
      }),
  };
  return tenant;
}
