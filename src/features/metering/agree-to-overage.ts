import type { Overage } from '../../contract/metering';
import { METERS } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { endDeviation, insertDeviation } from '../entitlements/deviations';
import { enter } from '../members/admit-member';
import { findPlan } from '../plans/plans';
import { type Purchase, purchasesOf } from '../subscriptions/purchases';
import { lockTenant } from '../tenants/tenants';
import { refreshCounter } from '../usage/refresh-counters';
import { type Consent, endConsent, insertConsent, insertMark, listConsents, scheduleMeter, toldOf } from './metering.store';
import { type Billed, hourOf, nextClosing } from './overage.rules';
import { numeral } from './quantity.rules';
import { windowAt } from './window.rules';
import { overageWords } from './words';

/** A meter whose plan has overage billed, and the subscription that is charged. */
interface Possible extends Billed {
  meter: (typeof METERS)[number];
  purchase: Purchase;
  included: number;
  months: number;
}

/** What an organization can agree to, and has agreed to; whoever belongs to it may know. */
export function viewOverage(ctx: Context, actor: Actor): Promise<Result<{ items: Overage[] }, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const items: Overage[] = [];
    for (const possible of await possibleIn(tx, actor.tenantId)) items.push(await show(tx, actor, possible));
    return ok({ items });
  });
}

/**
 * An owner or admin agrees, for the organization, to be billed by Microsoft for what is used beyond the included amount; at most
 * `cap` units of a usage period. Agreeing again changes the cap. Refused in a free trial and where the plan has no overage.
 */
export function agreeToOverage(
  ctx: Context,
  actor: Actor,
  { meter, cap }: { meter: string; cap: number | null },
): Promise<Result<Overage, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const { tenantId, memberId, name } = actor;
    const access = await enter(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    await lockTenant(tx.db, tenantId);
    const possible = (await possibleIn(tx, tenantId)).find((one) => one.meter === meter);
    if (!possible) return refuse({ code: 'overage_not_possible', meter, reason: 'not_in_plan' });
    const { purchase, planId, dimension, months } = possible;
    const { subscriptionId } = purchase;
    if (purchase.isFreeTrial) return refuse({ code: 'overage_not_possible', meter, reason: 'free_trial' });
    if (purchase.status !== 'Subscribed') return refuse({ code: 'overage_not_possible', meter, reason: 'not_subscribed' });

    const before = await openConsent(tx, tenantId, meter);
    if (before?.cap === cap && before.subscriptionId === subscriptionId) return ok(await show(tx, actor, possible));
    if (before) await endConsent(tx.db, tenantId, before.consentId, memberId, at);
    const { words } = await show(tx, actor, possible);
    const consent = {
      consentId: tx.newId(),
      subscriptionId,
      meter,
      cap,
      planId,
      dimension,
      words,
      agreedAt: at,
      agreedBy: memberId,
      agreedName: name,
    };
    await insertConsent(tx.db, tenantId, consent);
    const window = windowAt({ termStart: purchase.termStart ?? purchase.activatedAt ?? at, months }, at);
    await insertMark(tx.db, tenantId, { subscriptionId, meter, window, closedUntil: hourOf(at) });
    await scheduleMeter(tx.db, subscriptionId, nextClosing(at));
    await insertDeviation(tx, tenantId, {
      path: pathOf(meter),
      value: cap ?? 'unlimited',
      reason: `overage: ${consent.consentId}`,
      actor: memberId,
      setAt: at,
      expiresAt: NEVER,
    });
    await refreshCounter(tx, tenantId, meter, at);
    await write(tx, tenantId, { actor: memberId, via: actor.via, action: 'overage.agreed' }, { ...consent, from: before?.cap }, at);
    return ok(await show(tx, actor, possible));
  });
}

/** Beyond the included amount the limit refuses again; what was used until now is billed. Ending it twice is ending it once. */
export function endOverage(ctx: Context, actor: Actor, meter: string): Promise<Result<{ items: Overage[] }, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    await lockTenant(tx.db, actor.tenantId);
    const open = await openConsent(tx, actor.tenantId, meter);
    if (open) await stopOverage(tx, actor.tenantId, open, { by: actor.memberId, until: at, via: actor.via }, at);
    const items: Overage[] = [];
    for (const possible of await possibleIn(tx, actor.tenantId)) items.push(await show(tx, actor, possible));
    return ok({ items });
  });
}

/** Ends an agreement as of `until`: what was used later is not billed. */
export async function stopOverage(
  tx: TxContext,
  tenantId: string,
  consent: Consent,
  { by, until, via = 'metering' }: { by: string; until: Date; via?: string },
  at: Date,
): Promise<void> {
  await endConsent(tx.db, tenantId, consent.consentId, by, until);
  await endDeviation(tx, tenantId, pathOf(consent.meter), at);
  await refreshCounter(tx, tenantId, consent.meter, at);
  await write(tx, tenantId, { actor: by, via, action: 'overage.ended' }, consent, at);
}

/** Where admission finds what was agreed to: a field of the meter's policy that is otherwise for this organization. */
const pathOf = (meter: string): string => `${meter}.overage.admits`;
const NEVER = new Date('9999-12-31T00:00:00.000Z');

async function write(
  tx: TxContext,
  tenantId: string,
  who: { actor: string; via: string; action: string },
  {
    consentId,
    subscriptionId,
    meter,
    cap,
    planId,
    dimension,
    from,
  }: Pick<Consent, 'consentId' | 'subscriptionId' | 'meter' | 'cap' | 'planId' | 'dimension'> & { from?: number | null },
  at: Date,
): Promise<void> {
  await audit(tx, tenantId, { ...who, subject: subscriptionId, details: { consentId, meter, cap, from, planId, dimension } }, at);
}

const openConsent = async (tx: TxContext, tenantId: string, meter: string): Promise<Consent | undefined> =>
  (await listConsents(tx.db, tenantId)).find((one) => one.meter === meter && one.endedAt === null);

/** The best standing subscription of those whose plan bills a meter's overage; one charges it, whatever else adds to the amount. */
async function possibleIn(tx: TxContext, tenantId: string): Promise<Possible[]> {
  const found = new Map<string, Possible>();
  for (const purchase of await purchasesOf(tx, tenantId)) {
    if (purchase.status === 'Unsubscribed') continue;
    const plan = await findPlan(tx.db, purchase.planId, purchase.planVersion);
    for (const { entitlement, amount, policy } of plan?.items ?? []) {
      const meter = METERS.find((one) => one === entitlement);
      const { mode, dimension } = policy.overage ?? {};
      if (!meter || found.has(meter) || mode !== 'metered' || !dimension || amount === null) continue;
      found.set(meter, {
        meter,
        purchase,
        planId: purchase.planId,
        dimension,
        included: amount,
        months: policy.period === 'year' ? 12 : 1,
      });
    }
  }
  return METERS.flatMap((meter) => found.get(meter) ?? []);
}

async function show(
  tx: TxContext,
  { tenantId, locale }: Actor,
  { meter, purchase, planId, dimension, included }: Possible,
): Promise<Overage> {
  const { subscriptionId } = purchase;
  const open = await openConsent(tx, tenantId, meter);
  const { sum, accepted } = await toldOf(tx.db, tenantId, { subscriptionId, meter }, NEVER);
  return {
    meter,
    subscriptionId,
    planId,
    dimension,
    included,
    agreement: open ? { cap: open.cap, agreedAt: open.agreedAt.toISOString(), agreedBy: open.agreedName } : null,
    accepted: numeral(accepted),
    pending: numeral(sum - accepted),
    words: overageWords(locale, { meter, included }),
  };
}
