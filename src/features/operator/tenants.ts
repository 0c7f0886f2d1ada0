import type { TenantView } from '../../contract/operator';
import type { Refusal } from '../../contract/refusals';
import type { OrganizationFacts } from '../../contract/subscriptions';
import type { Explanation } from '../../contract/usage';
import type { OperatorActor } from '../../platform/actor';
import type { Context, TxContext } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { deviationsOf } from '../entitlements/deviations';
import { requestsOf } from '../requests/requests';
import { subscriptionsOf } from '../subscriptions/list-subscriptions';
import { operate, overlook } from '../tenants/operate';
import { describeTenant, findTenant, type Tenant } from '../tenants/tenants';
import { explainTo } from '../usage/explain';
import { standingsAt } from '../usage/read-usage';
import { findContact } from './operator.store';

const MOST_REQUESTS = 50;

/** One organization: what it bought and what it waits for. */
export const viewTenant = (ctx: Context, operator: OperatorActor, tenantId: string): Promise<Result<TenantView, Refusal>> =>
  overlook(ctx, operator, tenantId, 'tenant', async (tx, tenant, at) => ok(await show(tx, tenant, operator.locale ?? 'en', at)));

/** Everything behind the numbers of one meter, as the organization itself sees it (G10). */
export const explainFor = (
  ctx: Context,
  operator: OperatorActor,
  { tenantId, meter }: { tenantId: string; meter: string },
  at: Date | undefined,
): Promise<Result<Explanation, Refusal>> =>
  overlook(ctx, operator, tenantId, meter, (tx) => explainTo(tx, tenantId, operator.locale, { meter, at }));

/** Makes an organization known before anybody of it comes, or corrects what it is called. */
export function registerTenant(
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  facts: OrganizationFacts,
  reason: string,
): Promise<Result<TenantView, Refusal>> {
  const act = { operator, needs: 'accounting', registers: true, tenantId, action: 'operator.describe', reason, details: facts } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    await describeTenant(tx.db, tenantId, facts);
    const described = (await findTenant(tx.db, tenantId))!;
    return ok({ value: await show(tx, described, operator.locale ?? 'en', at), subject: tenantId });
  });
}

async function show(tx: TxContext, tenant: Tenant, locale: string, at: Date): Promise<TenantView> {
  const { tenantId, name, timeZone } = tenant;
  const { contactAddress, createdAt } = await findContact(tx.db, tenantId);
  const { items: requests } = await requestsOf(tx, tenantId, { state: 'open', limit: MOST_REQUESTS }, at);
  return {
    tenantId,
    name,
    contactAddress,
    createdAt: createdAt.toISOString(),
    locale: tenant.locale as TenantView['locale'],
    timeZone,
    subscriptions: await subscriptionsOf(tx, tenantId, locale, at),
    standings: await standingsAt(tx, tenantId, at),
    overrides: (await deviationsOf(tx, tenantId, at)).map(({ path, value, expiresAt, reason }) => ({
      path,
      value,
      expiresAt: expiresAt.toISOString(),
      reason,
    })),
    requests,
  };
}
