import { localeFor } from '../../contract/common';
import type { ChangeOrder, PlanChange } from '../../contract/plan-changes';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { replacePlanGrants } from '../entitlements/grants';
import { enter } from '../members/admit-member';
import { enqueue } from '../outbox/outbox';
import { lockContract } from '../subscriptions/contracts';
import { lockHeld } from '../subscriptions/held';
import { lockTenant } from '../tenants/tenants';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { once } from '../usage/once';
import { holdKey, recall } from '../usage/recall';
import { refreshCounters } from '../usage/refresh-counters';
import type { Admit } from './admit';
import { applyToContract, trimItems } from './apply-change';
import { billChange } from './bill-terms';
import type { Decision } from './change.rules';
import { storedMoney } from './change-money.rules';
import { announceChange } from './change-notices';
import { SEND_CHANGE } from './marketplace-changes';
import type { Outcome } from './outcome.rules';
import { type ChangeRow, findChange, insertChange } from './plan-changes.store';
import { presentChange } from './present-change';
import { decide, foresee } from './preview-change';
import { hashOf, readPreviewId } from './preview-id';
import { type Situation, situationOf } from './situation';

/** How long what a preview said can be agreed to. */
const PREVIEW_HOLDS_MS = 3_600_000;

/**
 * Orders what was previewed: keeps estimate and consent, and applies it at once, schedules it for the end of the period, or asks
 * the marketplace. A preview that would be another one by now is refused, and nothing is written.
 */
export function orderChange(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  subscriptionId: string,
  order: ChangeOrder,
  admit: Admit = enter,
): Promise<Result<Created<PlanChange>, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const act = { key: keyOf('order_change', actor, key), fingerprint: fingerprint([subscriptionId, order]) };
    const reader = await admit(tx, actor, 'read');
    if (!reader.ok) return reader;
    // Of two clicks at once the second waits here, and finds what the first did.
    await holdKey(tx, tenantId, act.key);
    const known = await recall(tx, tenantId, act);
    if (!known.ok) return known;
    if (known.value) return ok({ record: await shown(tx, actor, known.value, at), replayed: true });

    const access = await admit(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    const tenant = (await lockTenant(tx.db, tenantId))!;
    const row = await lockHeld(tx, tenantId, subscriptionId);
    if (!row) return refuse({ code: 'subscription_not_found' });
    const situation = await situationOf(tx, tenant, row, at);
    const agreed = await agree(tx, situation, order);
    if (!agreed.ok) return agreed;

    const change = rowOf(situation, agreed.value, order, actor, tx.newId());
    await once(tx, tenantId, { ...act, subject: change.changeId }, at);
    await insertChange(tx.db, tenantId, change);
    await note(tx, actor, change, at);
    await carryOut(tx, situation, change, agreed.value, actor);
    return ok({ record: await shown(tx, actor, change.changeId, at), replayed: false });
  });
}

const shown = async (tx: TxContext, actor: Actor, changeId: string, at: Date): Promise<PlanChange> =>
  presentChange(tx, actor.tenantId, (await findChange(tx.db, actor.tenantId, changeId))!, localeFor(actor.locale), at);

interface Agreed {
  decision: Decision;
  outcome: Outcome;
  removal: boolean;
}

/** Whether what is ordered is what was shown, may still be done, and was agreed to in all its parts. */
async function agree(tx: TxContext, situation: Situation, { previewId, consent }: ChangeOrder): Promise<Result<Agreed, Refusal>> {
  const name = readPreviewId(previewId);
  if (!name) return refuse({ code: 'preview_outdated', previewedAt: null });
  const decided = await decide(tx, situation, name.wanted);
  if (!decided.ok) return decided;
  const decision = decided.value;
  const whole = foresee(situation, decision, { kept: [], mayRemove: true });
  const age = situation.at.getTime() - name.previewedAt.getTime();
  if (age < 0 || age > PREVIEW_HOLDS_MS || name.hash !== hashOf(decision, whole, situation))
    return refuse({ code: 'preview_outdated', previewedAt: name.previewedAt.toISOString() });
  if (!consent?.change) return refuse({ code: 'consent_missing', of: 'change', items: [] });
  const irreversible = whole.items.filter(({ reversible }) => !reversible).map((item) => item.name);
  if (irreversible.length > 0 && consent.removal === undefined)
    return refuse({ code: 'consent_missing', of: 'removal', items: irreversible });
  const removal = consent.removal ?? false;
  return ok({ decision, outcome: removal ? whole : foresee(situation, decision, { kept: [], mayRemove: false }), removal });
}

function rowOf(
  { row, held, at }: Situation,
  { decision, outcome, removal }: Agreed,
  { previewId }: ChangeOrder,
  actor: Actor,
  changeId: string,
): ChangeRow {
  const { to, term, quantity, direction, effective } = decision;
  const asks = held.source === 'marketplace';
  const state = effective === 'period_end' ? 'scheduled' : asks ? 'awaiting_marketplace' : 'applied';
  return {
    changeId,
    subscriptionId: row.subscriptionId,
    cause: 'ordered',
    direction,
    fromPlan: row.planId,
    fromVersion: row.planVersion,
    fromQuantity: row.quantity,
    toPlan: to.planId,
    toVersion: to.version,
    toQuantity: quantity,
    termUnit: term,
    effectiveAt: outcome.effectiveAt,
    state,
    estimate: { money: outcome.money && storedMoney(outcome.money) },
    consent: { change: true, removal, previewId },
    operationId: null,
    sentAt: null,
    sends: 0,
    orderedBy: actor.memberId,
    orderedAt: at,
    endedAt: state === 'applied' ? at : null,
  };
}

/** The part that differs: at once here, at the marketplace, or when the period ends. */
async function carryOut(
  tx: TxContext,
  situation: Situation,
  change: ChangeRow,
  { decision, outcome }: Agreed,
  actor: Actor,
): Promise<void> {
  const { tenant, row, held, at } = situation;
  const { tenantId } = tenant;
  if (change.state === 'awaiting_marketplace') return enqueue(tx, tenantId, SEND_CHANGE, { changeId: change.changeId }, at);
  if (change.state === 'scheduled') {
    // The limits change by themselves at that instant, whenever anybody looks (CH-11).
    if (held.source === 'direct') {
      const options = { effectiveAt: change.effectiveAt, quantity: decision.quantity };
      await replacePlanGrants(tx, tenantId, row.subscriptionId, decision.to, at, options);
      await refreshCounters(tx, tenantId, at);
    }
    return announceChange(tx, tenantId, change, at);
  }
  const contract = (await lockContract(tx, tenantId, row.subscriptionId))!;
  const cause = { name: 'change', actor: actor.memberId, via: actor.via };
  await applyToContract(tx, situation, contract, decision, cause, at);
  await trimItems(tx, situation, change, outcome, at);
  const { money } = change.estimate;
  if (money && !money.isEstimate) await billChange(tx, tenantId, change, decision.to, money, at);
}

const note = (tx: TxContext, { tenantId, memberId, via }: Actor, change: ChangeRow, at: Date): Promise<void> => {
  const { changeId, fromPlan, toPlan, toQuantity, effectiveAt, consent } = change;
  const details = { changeId, fromPlan, toPlan, toQuantity, effectiveAt: effectiveAt.toISOString(), consent };
  return audit(tx, tenantId, { actor: memberId, via, action: 'plan_change.ordered', subject: change.subscriptionId, details }, at);
};
