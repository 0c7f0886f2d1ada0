import type { InvitationBatch, LicensePool } from '../../src/contract/licenses';
import type { LicenseKind } from '../../src/contract/members';
import { inviteToLicenses } from '../../src/features/licenses/invite';
import { refreshLicenses } from '../../src/features/licenses/refresh-licenses';
import { viewLicenses } from '../../src/features/licenses/view-licenses';
import { enter } from '../../src/features/members/admit-member';
import { findPlan, type Plan } from '../../src/features/plans/plans';
import { LicensePolicy, PlanPolicies } from '../../src/features/plans/policies';
import type { Actor } from '../../src/platform/actor';
import { type Context, inPublisher, inTenant } from '../../src/platform/context';
import { key, unwrap } from './acts';
import { anActor, aPlan, aTenant, type TestTenant } from './tenant';

/** A published plan of its own that assigns licenses by this policy. */
export async function aSeatPlan(ctx: Context, policy: Partial<LicensePolicy> = {}, rank = 1): Promise<Plan> {
  const { planId } = await aPlan(ctx, {}, { rank });
  const policies = PlanPolicies.parse({ license: LicensePolicy.parse({ scope: 'user', restricted: true, ...policy }) });
  // The owner of the tables writes: what is published never changes for the application.
  return inPublisher(ctx, async ({ db }) => {
    await db.query('reset role');
    await db.query('update plans set document = $2 where plan_id = $1', [planId, JSON.stringify({ policies })]);
    await db.query('set role kontingent_app');
    return (await findPlan(db, planId))!;
  });
}

export interface SeatTenant extends TestTenant {
  /** Another number of seats from now on, as a webhook of the marketplace brings it. */
  buy(seats: number | null): Promise<void>;
  pool(): Promise<LicensePool>;
  licenseOf(who: Actor): Promise<LicenseKind | null>;
  /** Somebody's first contact. */
  arrive(address?: string | null, more?: Partial<Actor>): Promise<Actor>;
  invite(invitees: (string | InvitationBatch['invitees'][number])[], by?: Actor): ReturnType<typeof inviteToLicenses>;
}

/** An active organization with so many seats; its owner has one of them. */
export async function aSeatTenant(
  ctx: Context,
  { policy = {}, seats = 3 }: { policy?: Partial<LicensePolicy>; seats?: number | null } = {},
): Promise<SeatTenant> {
  const tenant = await aTenant(ctx, { plan: await aSeatPlan(ctx, policy) });
  const { tenantId, subscriptionId } = tenant;
  const seated: SeatTenant = {
    ...tenant,
    buy: (quantity) =>
      inTenant(ctx, tenantId, async (tx) => {
        await tx.db.query('update subscriptions set quantity = $3 where tenant_id = $1 and subscription_id = $2', [
          tenantId,
          subscriptionId,
          quantity,
        ]);
        await refreshLicenses(tx, tenantId, ctx.now());
      }),
    pool: async () => unwrap(await viewLicenses(ctx, tenant.owner, { limit: 1 })).pool!,
    licenseOf: ({ memberId }) =>
      inTenant(ctx, tenantId, async ({ db }) => {
        const [row] = await db.query<{ license: LicenseKind | null }>(
          'select license from members where tenant_id = $1 and member_id = $2',
          [tenantId, memberId],
        );
        return row!.license;
      }),
    arrive: async (address = null, more = {}) => {
      const actor = anActor({ tenantId, address, name: address ?? 'Sample Person', ...more });
      await inTenant(ctx, tenantId, (tx) => enter(tx, actor, 'request_license'));
      return actor;
    },
    invite: (invitees, by = tenant.owner) =>
      inviteToLicenses(ctx, by, key(), {
        invitees: invitees.map((one) => (typeof one === 'string' ? { address: one } : one)),
        teamId: null,
      }),
  };
  await seated.buy(seats);
  return seated;
}
