import { METERS, type Meter } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { MeterUsage, Usage } from '../../contract/usage';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { grantsOf } from '../entitlements/grants';
import { hasBegun, limitOf } from '../entitlements/limits.rules';
import type { UsageAnchor } from '../entitlements/periods.rules';
import { enter } from '../members/admit-member';
import { findTenant } from '../tenants/tenants';
import { type Counter, counterInForce, remainingOf, standingOf } from './counter.rules';
import { counterInForceAt } from './counters.store';

/** The warning that concerns a person, null for none; asked of whoever knows what was said, to whom, and what they put away. */
export type BannerFor = (
  tx: TxContext,
  actor: Actor,
  meter: Meter,
  counter: Counter,
) => Promise<(NonNullable<MeterUsage['notice']> & { isDismissed: boolean }) | null>;

/** Every meter as admission sees it at this instant (G10); writes no counter. */
export function readUsage(ctx: Context, actor: Actor, bannerFor: BannerFor): Promise<Result<Usage, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const tenant = await findTenant(tx.db, actor.tenantId);
    if (!tenant?.anchor) return refuse({ code: 'no_subscription' });

    const meters: MeterUsage[] = [];
    for (const meter of METERS) {
      const { counter, ...usage } = await readMeter(tx, actor.tenantId, meter, tenant.anchor, at);
      meters.push({ ...usage, ...warningFor(usage.state, await bannerFor(tx, actor, meter, counter)) });
    }
    return ok({ asOf: at.toISOString(), timeZone: tenant.timeZone, meters });
  });
}

/** Those whom a warning does not concern see nothing of it until they are refused (TW-09). */
function warningFor(state: MeterUsage['state'], banner: Awaited<ReturnType<BannerFor>>): Pick<MeterUsage, 'state' | 'notice'> {
  const notice = banner && !banner.isDismissed ? { key: banner.key, threshold: banner.threshold } : null;
  return { state: state === 'warning' && !banner ? 'open' : state, notice };
}

async function readMeter(
  tx: TxContext,
  tenantId: string,
  meter: Meter,
  anchor: UsageAnchor,
  at: Date,
): Promise<Omit<MeterUsage, 'notice'> & { counter: Counter }> {
  const newest = await counterInForceAt(tx.db, tenantId, meter, at);
  const grants = await grantsOf(tx, tenantId, meter);
  const limit = limitOf(grants, at);
  const counter = counterInForce(newest, anchor, limit, at);
  return {
    counter,
    meter,
    entitled: limit.entitled,
    available: counter.granted,
    limit: counter.hardLimit,
    used: counter.used,
    held: counter.held,
    remaining: remainingOf(counter),
    periodStart: counter.periodStart.toISOString(),
    resetsAt: counter.periodEnd.toISOString(),
    state: standingOf(counter),
    grants: grants.filter((grant) => hasBegun(grant, at)).map(({ source, amount, state, reason }) => ({ source, amount, state, reason })),
  };
}
