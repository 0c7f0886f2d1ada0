import { randomUUID } from 'node:crypto';
import type { Plan, PlanItem } from '../../src/features/plans/plans';
import { findPlan } from '../../src/features/plans/plans';
import { PlanPolicies, type PriceItem } from '../../src/features/plans/policies';
import { type Context, inPublisher } from '../../src/platform/context';

export const MONTHLY: PriceItem = { term: 'P1M', currency: 'EUR', minor: 5900, per: 'subscription' };

/** A published plan that is bought here and not from a marketplace; called again with its id, its next version. */
export async function aDirectPlan(
  ctx: Context,
  {
    planId = `direct-${randomUUID()}`,
    offerId = 'kontingent-direct',
    billing = 'direct',
    role = 'base',
    prices = [MONTHLY],
    policies = {},
    items = [{ entitlement: 'tickets', kind: 'metered', amount: 100, policy: {} }],
  }: Partial<Pick<Plan, 'planId' | 'offerId' | 'billing' | 'role' | 'prices'>> & { policies?: object; items?: PlanItem[] } = {},
): Promise<Plan> {
  const words = { en: planId, de: planId, it: planId };
  const document = { billing, description: words, prices, policies: PlanPolicies.parse(policies) };
  return inPublisher(ctx, async ({ db }) => {
    const [row] = await db.query<{ version: number }>(
      `insert into plans (plan_id, version, role, rank, offer_id, name, document, checksum, published_at)
       values ($1, (select coalesce(max(version), 0) + 1 from plans where plan_id = $1), $2, 1, $3, $4, $5, 'x', $6) returning version`,
      [planId, role, offerId, JSON.stringify(words), JSON.stringify(document), ctx.now()],
    );
    for (const item of items)
      await db.query(`insert into plan_items (plan_id, version, entitlement, kind, amount, policy) values ($1, $2, $3, $4, $5, $6)`, [
        planId,
        row!.version,
        item.entitlement,
        item.kind,
        item.amount,
        JSON.stringify(item.policy),
      ]);
    return (await findPlan(db, planId))!;
  });
}

/** The buyer agrees to what is shown. */
export const consentTo = ({ version, prices }: Plan, term = 'P1M'): { version: number; currency: string; minor: number } => {
  const { currency, minor } = prices.find((price) => price.term === term)!;
  return { version, currency, minor };
};
