import { type Locale, localeFor } from '../../contract/common';
import type { ChangeMoney, ChangeQuestion, PlanRef, Preview, Rehearsal, RehearsalQuestion } from '../../contract/plan-changes';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { type BillLine, sumOf } from '../billing/bill-lines.rules';
import { limitsUnder } from '../entitlements/grants';
import { enter } from '../members/admit-member';
import { listPlans, type Plan, planName } from '../plans/plans';
import { checkBecoming } from '../subscriptions/contracts';
import { heldSubscription } from '../subscriptions/held';
import { findTenant } from '../tenants/tenants';
import type { Admit } from './admit';
import { type Decision, decideChange, planThatFits, shortageAfter, type Wanted } from './change.rules';
import type { Money, MoneyQuestion, StoredMoney } from './change-money.rules';
import { type Outcome, outcomeOf } from './outcome.rules';
import { peaksOf } from './peaks';
import { writePreviewId } from './preview-id';
import { type Situation, situationOf, termFrom } from './situation';

/** What a change of a subscription's plan would do, or why it cannot be made. Writes nothing. */
export function previewChange(
  ctx: Context,
  actor: Actor,
  subscriptionId: string,
  wanted: ChangeQuestion,
  admit: Admit = enter,
): Promise<Result<Preview, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await lookAt(tx, actor, subscriptionId, admit);
    if (!found.ok) return found;
    const situation = found.value;
    const fits = await fittingPlan(tx, situation, actor);
    const decided = await decide(tx, situation, wanted);
    if (!decided.ok) return ok({ allowed: false, refusal: { ...decided.refusal }, fits });
    const outcome = foresee(situation, decided.value, { kept: [], mayRemove: true });
    return ok({ allowed: true, ...present(situation, decided.value, outcome, localeFor(actor.locale)), fits });
  });
}

/** The whole result of a change, item by item, before it is ordered; with what the customer would rather keep. */
export function rehearse(
  ctx: Context,
  actor: Actor,
  subscriptionId: string,
  question: RehearsalQuestion,
): Promise<Result<Rehearsal, Refusal>> {
  const { keep, removal, ...wanted } = question;
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await lookAt(tx, actor, subscriptionId, enter);
    if (!found.ok) return found;
    const decided = await decide(tx, found.value, wanted);
    if (!decided.ok) return decided;
    const { direction, effective } = decided.value;
    const outcome = foresee(found.value, decided.value, { kept: keep, mayRemove: removal });
    const heldOf = new Map(found.value.standings.map(({ meter, used }) => [meter, used]));
    return ok({
      direction,
      effective,
      effectiveAt: outcome.effectiveAt.toISOString(),
      items: outcome.items,
      limits: outcome.limits.map((limit) => ({ ...limit, held: heldOf.get(limit.meter) ?? 0 })),
      frozen: outcome.frozen,
    });
  });
}

/** The subscription as whoever manages the plan sees it. */
async function lookAt(tx: TxContext, actor: Actor, subscriptionId: string, admit: Admit): Promise<Result<Situation, Refusal>> {
  const at = tx.now();
  const access = await admit(tx, actor, 'manage_plan');
  if (!access.ok) return access;
  const row = await heldSubscription(tx, actor.tenantId, subscriptionId);
  if (!row) return refuse({ code: 'subscription_not_found' });
  return ok(await situationOf(tx, (await findTenant(tx.db, actor.tenantId))!, row, at));
}

/** Whether the change may be made, by what is on offer now. */
export async function decide(tx: TxContext, { tenant, row, held, open }: Situation, wanted: Wanted): Promise<Result<Decision, Refusal>> {
  const onOffer = (await listPlans(tx.db, null)).find(({ planId }) => planId === wanted.toPlanId) ?? null;
  // Whoever has a plan that is no longer offered may have more or fewer licenses of it.
  const decided = decideChange(held, wanted, onOffer ?? (wanted.toPlanId === held.plan.planId ? held.plan : null), open);
  if (!decided.ok || decided.value.to.planId === held.plan.planId) return decided;
  const becomes = await checkBecoming(tx, tenant.tenantId, row.subscriptionId, decided.value.to);
  return becomes.ok ? decided : becomes;
}

export function foresee(
  situation: Situation,
  decision: Decision,
  { kept, mayRemove }: { kept: readonly string[]; mayRemove: boolean },
): Outcome {
  const { held, otherPlans, row, items, standings, at } = situation;
  const timesOf = (plan: Plan, quantity: number | null) => Array<Plan>(plan.role === 'addon' ? (quantity ?? 1) : 1).fill(plan);
  const before = [...timesOf(held.plan, row.quantity), ...otherPlans];
  const after = [...timesOf(decision.to, decision.quantity), ...otherPlans];
  return outcomeOf({
    decision,
    before,
    after,
    limitsBefore: limitsUnder(before),
    limitsAfter: limitsUnder(after),
    holdings: { items, used: standings.map(({ meter, used, resetsAt }) => ({ meter, used, isPeriodic: resetsAt !== null })) },
    money: moneyQuestion(situation, decision),
    kept: new Set(kept),
    mayRemove,
    at,
  });
}

function moneyQuestion(situation: Situation, decision: Decision): MoneyQuestion | null {
  const { held, row, term, stretches, counts, billedMinor, tenant, at } = situation;
  if (!term) return null;
  // Another term is counted from where it begins: from the old anchor a year would end at the next anniversary.
  const next = termFrom(situation, decision.restarts ? at : term.end, decision.term, decision.restarts || decision.term !== row.termUnit);
  return {
    decision,
    source: held.source,
    stretches,
    heldTerm: row.termUnit,
    term,
    wholeEnd: wholeEndOf(situation, term),
    next,
    billedMinor,
    counts,
    timeZone: tenant.timeZone,
    at,
  };
}

/** An addition's last term is cut where its plan ends; its price is that of a whole one. */
function wholeEndOf(situation: Situation, term: { start: Date; end: Date }): Date | null {
  const { parentId, termUnit } = situation.row;
  if (!parentId || !termUnit) return null;
  const { end } = termFrom(situation, term.start, termUnit, true);
  return end > term.end ? end : null;
}

async function fittingPlan(tx: TxContext, situation: Situation, actor: Actor): Promise<Preview['fits']> {
  const { held, tenant, at } = situation;
  const plan = planThatFits(
    await listPlans(tx.db, held.plan.offerId),
    held.termUnit,
    await peaksOf(tx, tenant.tenantId, situation.standings, at),
  );
  return plan && { planId: plan.planId, name: planName(plan, localeFor(actor.locale)) };
}

type Allowed = Extract<Preview, { allowed: true }>;

function present(situation: Situation, decision: Decision, outcome: Outcome, locale: Locale): Omit<Allowed, 'allowed' | 'fits'> {
  const { held, at } = situation;
  const trim = outcome.items.filter(({ result }) => result !== 'kept' && result !== 'frozen');
  return {
    previewId: writePreviewId(decision, outcome, situation, at),
    direction: decision.direction,
    from: refOf(held.plan, held.quantity, locale),
    to: refOf(decision.to, decision.quantity, locale),
    term: decision.term,
    effective: decision.effective,
    effectiveAt: outcome.effectiveAt.toISOString(),
    money: outcome.money && presentMoney(outcome.money, locale),
    limits: outcome.limits,
    exceeds: outcome.exceeds,
    trim,
    irreversible: trim.filter(({ reversible }) => !reversible),
    frozen: outcome.frozen,
    licenses: shortageAfter(situation, decision),
  };
}

export const refOf = (plan: Plan, quantity: number | null, locale: Locale): PlanRef => ({
  planId: plan.planId,
  version: plan.version,
  name: planName(plan, locale),
  rank: plan.rank,
  quantity,
});

export function presentMoney(money: Money | StoredMoney, locale: Locale): ChangeMoney {
  const { currency, lines, refunds, isEstimate } = money;
  const line = ({ words, formula, quantity, amountMinor }: BillLine) => ({
    words: words[locale],
    formula: formula[locale],
    quantity,
    amountMinor,
  });
  const period =
    'period' in money ? { periodStart: money.period.start.toISOString(), periodEnd: money.period.end.toISOString() } : periodOf(money);
  return { currency, lines: lines.map(line), refunds: refunds.map(line), totalMinor: sumOf([...lines, ...refunds]), ...period, isEstimate };
}

const periodOf = ({ periodStart, periodEnd }: StoredMoney) => ({ periodStart, periodEnd });
