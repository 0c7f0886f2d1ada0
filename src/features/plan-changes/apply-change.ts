import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { calendarDate } from '../entitlements/periods.rules';
import { archiveItems, detachItem, type Handling, lowerAmount, removeItems } from '../resources/put-away';
import { type Contract, type ContractChanges, changeContract } from '../subscriptions/contracts';
import type { ChangeCause } from '../subscriptions/keep-subscription';
import { restartUsage } from '../usage/restart-usage';
import type { Decision } from './change.rules';
import type { Outcome } from './outcome.rules';
import { type ChangeRow, insertTrim } from './plan-changes.store';
import { snapshotOf } from './present-change';
import { type Situation, termFrom } from './situation';
import { isReversible, type TrimStep } from './trim.rules';

/** What of a decision an already ordered change needs. */
export type Effect = Pick<Decision, 'to' | 'term' | 'quantity' | 'restarts'>;

/**
 * Makes a change of a contract real: plan, grants, counters, use, and what it does to items. The organization and the contract are
 * held. `also`: what else becomes of the contract in the same step.
 */
export async function applyToContract(
  tx: TxContext,
  situation: Situation,
  contract: Contract,
  { to, term, quantity, restarts }: Effect,
  cause: ChangeCause,
  at: Date,
  also: ContractChanges = {},
): Promise<Contract> {
  const { tenant, held } = situation;
  const begun = restarts ? termFrom(situation, at, term, true) : null;
  const fresh = begun && { termUnit: term, termStart: begun.start, termEnd: begun.end, anchorDate: calendarDate(at, tenant.timeZone) };
  const changes = { planId: to.planId, planVersion: to.version, quantity, ...fresh, ...also };
  const changed = await changeContract(tx, tenant.tenantId, contract, changes, cause, at);
  const { usageOnChange, upgrade } = held.plan.policies.change;
  const anchor = restarts && upgrade.anchor === 'reset' ? 'reset' : 'keep';
  await restartUsage(tx, tenant.tenantId, { usage: usageOnChange, anchor, date: changed.anchorDate }, at);
  return changed;
}

/** Does to each item what was foreseen, once for each change and item, and keeps what it was. */
export async function trimItems(tx: TxContext, situation: Situation, change: ChangeRow, outcome: Outcome, at: Date): Promise<void> {
  const { tenantId } = situation.tenant;
  const items = new Map(situation.items.map((item) => [item.id, item]));
  for (const step of outcome.steps) {
    const item = items.get(step.subject)!;
    const { action, meter, subject } = step;
    const amounts = 'before' in step ? { before: step.before, after: step.after } : {};
    const snapshot = { kind: item.kind, name: item.name, ...snapshotOf(item), ...amounts };
    const isNew = await insertTrim(
      tx.db,
      tenantId,
      change.changeId,
      { subject, meter, action, reversible: isReversible(step), snapshot, state: 'applied' },
      at,
    );
    if (isNew) await trimItem(tx, tenantId, change, step, at);
  }
}

async function trimItem(tx: TxContext, tenantId: string, change: ChangeRow, step: TrimStep, at: Date): Promise<void> {
  invariant(change.orderedBy, 'only what somebody ordered takes anything from anybody');
  const by: Handling = { actor: change.orderedBy, act: `trim:${change.changeId}:${step.meter}`, trimmedBy: change.changeId };
  switch (step.action) {
    case 'cut':
      return archiveItems(tx, tenantId, [step.subject], by, at);
    case 'remove':
      return removeItems(tx, tenantId, [step.subject], by, at);
    case 'detach':
      return detachItem(tx, tenantId, step.subject, by, at);
    case 'scale':
    case 'cap':
      return lowerAmount(tx, tenantId, step.subject, { measure: step.meter, to: step.after }, by, at);
  }
}
