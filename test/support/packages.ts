import { randomUUID } from 'node:crypto';
import { findPlan, type Plan } from '../../src/features/plans/plans';
import { type ItemPolicy, PlanPolicies } from '../../src/features/plans/policies';
import { keepSubscription } from '../../src/features/subscriptions/keep-subscription';
import { findSubscription, type SubscriptionRow } from '../../src/features/subscriptions/subscriptions.store';
import { lockTenant } from '../../src/features/tenants/tenants';
import { type Context, inPublisher, inTenant } from '../../src/platform/context';

type Item = number | null | ({ amount: number | null } & ItemPolicy);

/** A published plan with these quotas and limits; null = unlimited. */
export async function aPlanOf(
  ctx: Context,
  {
    quotas = {},
    limits = {},
    role = 'base',
    rank = 1,
    policies = {},
    planId = `plan-${randomUUID()}`,
  }: {
    quotas?: Record<string, Item>;
    limits?: Record<string, Item>;
    role?: Plan['role'];
    rank?: number;
    policies?: Partial<PlanPolicies>;
    planId?: string;
  },
): Promise<Plan> {
  const items = [
    ...Object.entries(quotas).map(([name, item]) => ({ name, kind: 'metered', item })),
    ...Object.entries(limits).map(([name, item]) => ({ name, kind: 'stock', item })),
  ];
  return inPublisher(ctx, async ({ db }) => {
    await db.query(
      `insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at)
       values ($1, 1, $2, $3, 'kontingent', $4, $5, 'x', $6)`,
      [
        planId,
        role,
        rank,
        JSON.stringify({ en: planId, de: planId, it: planId }),
        JSON.stringify({ description: {}, prices: [], policies: { ...PlanPolicies.parse({}), ...policies } }),
        ctx.now(),
      ],
    );
    for (const { name, kind, item } of items) {
      const { amount, ...policy } = item !== null && typeof item === 'object' ? item : { amount: item };
      await db.query('insert into plan_items (plan_id, version, entitlement, kind, amount, policy) values ($1, 1, $2, $3, $4, $5)', [
        planId,
        name,
        kind,
        amount,
        JSON.stringify(policy),
      ]);
    }
    return (await findPlan(db, planId))!;
  });
}

/** Buys a plan for a tenant as a purchase of its own, on the way every purchase takes. Answers the subscription's id. */
export async function buys(
  ctx: Context,
  tenantId: string,
  plan: Plan,
  { source = 'marketplace', quantity = null }: { source?: SubscriptionRow['source']; quantity?: number | null } = {},
): Promise<string> {
  const at = ctx.now();
  const subscriptionId = randomUUID();
  const person = { tenantId, objectId: null, address: null };
  const row: SubscriptionRow = {
    subscriptionId,
    parentId: null,
    source,
    externalId: subscriptionId,
    name: plan.planId,
    offerId: plan.offerId,
    planId: plan.planId,
    planVersion: plan.version,
    quantity,
    status: 'Subscribed',
    termUnit: 'P1M',
    termStart: at,
    termEnd: new Date(at.getTime() + 30 * 86_400_000),
    anchorDate: null,
    autoRenew: true,
    isFreeTrial: false,
    allowedOperations: [],
    purchaser: person as never,
    beneficiary: person as never,
    purchasedAt: at,
    activatedAt: at,
    endedAt: null,
    snapshotAt: at,
    revision: 1,
  };
  await inTenant(ctx, tenantId, async (tx) => {
    await lockTenant(tx.db, tenantId);
    await keepSubscription(tx, tenantId, null, row, plan, { name: 'activate', actor: 'test', via: 'test' }, at);
  });
  return subscriptionId;
}

/** Lets the marketplace have said something else of a subscription. */
export async function becomes(
  ctx: Context,
  tenantId: string,
  subscriptionId: string,
  change: Partial<Pick<SubscriptionRow, 'status' | 'termEnd' | 'quantity'>> & { plan?: Plan },
): Promise<void> {
  const { plan: given, ...fields } = change;
  await inTenant(ctx, tenantId, async (tx) => {
    await lockTenant(tx.db, tenantId);
    const before = (await findSubscription(tx.db, tenantId, subscriptionId))!;
    const plan = given ?? (await findPlan(tx.db, before.planId, before.planVersion))!;
    const row = { ...before, ...fields, planId: plan.planId, planVersion: plan.version, revision: before.revision + 1 };
    await keepSubscription(tx, tenantId, before, row, plan, { name: 'test', actor: 'test', via: 'test' }, ctx.now());
  });
}
