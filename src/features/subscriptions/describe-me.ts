import type { Me } from '../../contract/me';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { may } from '../members/access.rules';
import { licenseRequestOf } from '../members/admit-member';
import { meetMember } from '../members/members';
import { findPlan, planName } from '../plans/plans';
import { findTenant } from '../tenants/tenants';
import { currentSubscription } from './current-subscription.store';
import { goesAt } from './retention.rules';
import { findRetention } from './retention.store';

/** Answers for strangers too: an organization that bought nothing gets nulls, the onboarding page's data. */
export function describeMe(
  ctx: Context,
  actor: Actor,
  links: { accountUrl: string; supportContact: string },
): Promise<Result<Me, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const tenant = await findTenant(tx.db, actor.tenantId);
    const row = tenant ? await currentSubscription(tx.db, actor.tenantId) : null;
    const bought = row !== null && row.status !== 'PendingFulfillmentStart';
    const met = tenant && bought ? await meetMember(tx, actor) : null;
    if (met && !met.ok) return met;
    const member = met?.value ?? null;
    const plan = row && (await findPlan(tx.db, row.planId, row.planVersion));
    const writable = row?.status === 'Subscribed';
    const retention = row?.status === 'Unsubscribed' ? await findRetention(tx.db, actor.tenantId) : null;
    return ok({
      tenantId: actor.tenantId,
      organization: tenant?.name ?? null,
      timeZone: tenant?.timeZone ?? 'UTC',
      member,
      license: member?.license ? { kind: member.license, ...(await licenseRequestOf(tx, actor)) } : null,
      subscription: row && {
        id: row.subscriptionId,
        name: row.name,
        planId: row.planId,
        planName: plan ? planName(plan, actor.locale ?? tenant!.locale) : row.planId,
        status: row.status satisfies SubscriptionStatus,
        termUnit: row.termUnit,
        termStart: row.termStart?.toISOString() ?? null,
        termEnd: row.termEnd?.toISOString() ?? null,
        autoRenew: row.autoRenew,
      },
      dataDeletedAt: retention && goesAt(retention).toISOString(),
      may: {
        create: member !== null && writable && may(member.role, 'create', member.license),
        edit: member !== null && writable && may(member.role, 'edit', member.license),
        manageMembers: member !== null && writable && may(member.role, 'manage_members'),
        managePlan: member !== null && may(member.role, 'manage_plan'),
      },
      ...links,
    });
  });
}
