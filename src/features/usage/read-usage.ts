import { localeFor } from '../../contract/common';
import { METERS } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import { meterName } from '../../contract/texts';
import type { Advice, LimitUsage, MeterUsage, Usage } from '../../contract/usage';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { fill } from '../../platform/sentences';
import type { UsageAnchor } from '../entitlements/periods.rules';
import { may } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { DEFAULT_POLICY, type MeterPolicy } from '../plans/quota-policy.rules';
import { findTenant } from '../tenants/tenants';
import { type Ceiling, ceilingsOf, withLargest } from './ceilings';
import { type Counter, figuresOf } from './counter.rules';
import { counterInForceAt } from './counters.store';
import { pendingOf, pendingWords, shownGrants, USAGE_TEXTS } from './explanation.rules';
import { adviceFor, advicePolicy } from './history';
import { inForce } from './in-force.rules';
import { meterFacts } from './meter-facts';
import { overageShown } from './overage.rules';
import { stockMeters } from './refresh-counters';

/** The warning that concerns a person, null for none; asked of whoever knows what was said, to whom, and what they put away. */
export type BannerFor = (
  tx: TxContext,
  actor: Actor,
  meter: string,
  counter: Counter,
  policy: MeterPolicy['notice'],
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
      const read = await readMeter(tx, actor, meter, tenant.anchor, at);
      meters.push({ ...read.shown, meter, ...periodOf(read.counter), ...(await warned(tx, actor, meter, read)) });
    }
    const limits: LimitUsage[] = [];
    const ceilings = await ceilingsOf(tx, actor.tenantId);
    for (const meter of await stockMeters(tx, actor.tenantId)) {
      const read = await readMeter(tx, actor, meter, tenant.anchor, at, ceilings.get(meter));
      limits.push({ ...read.shown, meter, ...(read.shown.counts === 'each' ? { notice: null } : await warned(tx, actor, meter, read)) });
    }
    const advice = may(access.value.role, 'manage_plan') ? await adviceNow(tx, actor, at) : [];
    return ok({ asOf: at.toISOString(), timeZone: tenant.timeZone, meters, limits, advice });

    async function warned(tx: TxContext, actor: Actor, meter: string, { shown, counter, notice }: Reading) {
      return warningFor(shown.state, await bannerFor(tx, actor, meter, counter, notice));
    }
  });
}

async function adviceNow(tx: TxContext, { tenantId, locale: language }: Actor, at: Date): Promise<Advice[]> {
  const given: Advice[] = [];
  const locale = localeFor(language);
  const policy = await advicePolicy(tx, tenantId);
  for (const meter of METERS) {
    const advice = await adviceFor(tx, tenantId, meter, at, policy);
    if (advice)
      given.push({ meter, ...advice, words: fill(USAGE_TEXTS[locale].advice, { ...advice, meterName: meterName(meter, locale) }, locale) });
  }
  return given;
}

/** How one meter stands, in figures. `resetsAt` null: of what is held now. */
export interface MeterStanding extends Pick<LimitUsage, 'used' | 'held' | 'limit' | 'available' | 'entitled'> {
  meter: string;
  resetsAt: string | null;
}

/** Every meter of an organization in figures, as `readUsage` shows them; for callers that have asked who may. */
export async function standingsAt(tx: TxContext, tenantId: string, at: Date): Promise<MeterStanding[]> {
  const tenant = await findTenant(tx.db, tenantId);
  if (!tenant?.anchor) return [];
  const standings: MeterStanding[] = [];
  const ceilings = await ceilingsOf(tx, tenantId);
  for (const meter of [...METERS, ...(await stockMeters(tx, tenantId))]) {
    const { shown, counter } = await readMeter(tx, { tenantId, locale: null }, meter, tenant.anchor, at, ceilings.get(meter));
    const { used, held, limit, available, entitled } = shown;
    const isPeriodic = (METERS as readonly string[]).includes(meter);
    standings.push({ meter, used, held, limit, available, entitled, resetsAt: isPeriodic ? counter.periodEnd.toISOString() : null });
  }
  return standings;
}

/** Those whom a warning does not concern see nothing of it until they are refused (TW-09). */
function warningFor(state: MeterUsage['state'], banner: Awaited<ReturnType<BannerFor>>): Pick<MeterUsage, 'state' | 'notice'> {
  const notice = banner && !banner.isDismissed ? { key: banner.key, kind: banner.kind, threshold: banner.threshold } : null;
  // A forecast warns although the numbers do not.
  if (banner) return { state: state === 'open' && banner.kind !== 'threshold' ? 'warning' : state, notice };
  return { state: state === 'warning' ? 'open' : state, notice };
}

interface Reading {
  counter: Counter;
  notice: MeterPolicy['notice'];
  shown: Omit<LimitUsage, 'meter' | 'notice'>;
}

async function readMeter(
  tx: TxContext,
  { tenantId, locale: language }: Pick<Actor, 'tenantId' | 'locale'>,
  meter: string,
  anchor: UsageAnchor,
  at: Date,
  ceiling?: Ceiling,
): Promise<Reading> {
  const newest = await counterInForceAt(tx.db, tenantId, meter, at);
  const { counter: counted, limit, grants } = inForce(await meterFacts(tx, tenantId, meter, { anchor, newest }, at), at);
  const counter = withLargest(counted, ceiling);
  const pending = pendingOf(limit, grants, at);
  return {
    counter,
    notice: (limit.policy ?? DEFAULT_POLICY).notice,
    shown: {
      ...figuresOf(counter, limit, ceiling ? 'each' : 'all'),
      pendingWords: pending && pendingWords(pending, localeFor(language)),
      ...overageShown(meter, counter, limit, language),
      grants: shownGrants({ counter, grants }, at)
        .filter(({ state }) => state !== 'upcoming' && state !== 'suspended')
        .map(({ grant, state, amount }) => ({ source: grant.source, amount, state, reason: grant.reason })),
    },
  };
}

const periodOf = ({ periodStart, periodEnd }: Counter): Pick<MeterUsage, 'periodStart' | 'resetsAt'> => ({
  periodStart: periodStart.toISOString(),
  resetsAt: periodEnd.toISOString(),
});
