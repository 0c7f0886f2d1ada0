import type { Locale } from '../../contract/common';
import type { PlanChange, TrimmedItem } from '../../contract/plan-changes';
import type { TxContext } from '../../platform/context';
import { itemsTrimmedBy } from '../resources/resources';
import { heldSubscription } from '../subscriptions/held';
import { findTenant } from '../tenants/tenants';
import type { NamedItem } from './outcome.rules';
import { type ChangeRow, findTrims, type TrimRow } from './plan-changes.store';
import { foresee, presentMoney, refOf } from './preview-change';
import { publishedPlan, type Situation, situationOf } from './situation';

/** A change as people see it: of an open one what would happen if it took effect now. */
export async function presentChange(tx: TxContext, tenantId: string, row: ChangeRow, locale: Locale, at: Date): Promise<PlanChange> {
  const from = await publishedPlan(tx, row.fromPlan, row.fromVersion);
  const to = await publishedPlan(tx, row.toPlan, row.toVersion);
  const { change, removal } = row.consent;
  return {
    id: row.changeId,
    subscriptionId: row.subscriptionId,
    cause: row.cause,
    direction: row.direction,
    from: refOf(from, row.fromQuantity, locale),
    to: refOf(to, row.toQuantity, locale),
    term: row.termUnit,
    state: row.state,
    effectiveAt: row.effectiveAt.toISOString(),
    orderedAt: row.orderedAt.toISOString(),
    orderedBy: row.orderedBy,
    endedAt: row.endedAt?.toISOString() ?? null,
    money: row.estimate.money ? presentMoney(row.estimate.money, locale) : null,
    consent: change === undefined ? null : { change, removal: removal ?? false },
    items: await itemsOf(tx, tenantId, row, at),
  };
}

async function itemsOf(tx: TxContext, tenantId: string, row: ChangeRow, at: Date): Promise<PlanChange['items']> {
  if (row.state === 'applied') return appliedItems(tx, tenantId, row);
  if (row.endedAt) return [];
  const { outcome, kept } = await foreseen(tx, tenantId, row, at);
  return outcome.items
    .filter(({ id, result }) => result !== 'kept' || kept.includes(id))
    .map((item) => ({ ...item, state: item.result === 'kept' ? ('kept' as const) : ('planned' as const) }));
}

/** What an open change would do to what is there now. */
export async function foreseen(tx: TxContext, tenantId: string, row: ChangeRow, at: Date) {
  const held = (await heldSubscription(tx, tenantId, row.subscriptionId))!;
  const situation = await situationOf(tx, (await findTenant(tx.db, tenantId))!, held, at);
  return { situation, ...(await foreseeChange(tx, tenantId, row, situation)) };
}

/** As foreseen, of a situation that was read already. */
export async function foreseeChange(tx: TxContext, tenantId: string, row: ChangeRow, situation: Situation) {
  const kept = (await findTrims(tx.db, tenantId, row.changeId, 'kept')).map(({ subject }) => subject);
  const decision = {
    to: await publishedPlan(tx, row.toPlan, row.toVersion),
    term: row.termUnit ?? '',
    quantity: row.toQuantity,
    direction: row.direction,
    effective: row.state === 'scheduled' ? ('period_end' as const) : ('now' as const),
    restarts: false,
  };
  const outcome = foresee(situation, decision, { kept, mayRemove: row.consent.removal ?? false });
  return { decision, outcome, kept };
}

const RESULTS = { keep: 'kept', cut: 'cut', scale: 'scaled', cap: 'capped', detach: 'detached', remove: 'removed' } as const;

async function appliedItems(tx: TxContext, tenantId: string, row: ChangeRow): Promise<PlanChange['items']> {
  const items = await itemsTrimmedBy(tx, tenantId, row.changeId);
  return (await findTrims(tx.db, tenantId, row.changeId, 'applied')).map((trim) => ({
    ...tellTrim(trim),
    state: trim.reversible && !items.has(trim.subject) ? ('restored' as const) : ('applied' as const),
  }));
}

const tellTrim = ({ subject, meter, action, reversible, snapshot }: TrimRow): TrimmedItem => ({
  id: subject,
  kind: snapshot.kind,
  name: snapshot.name,
  result: RESULTS[action],
  meter,
  before: snapshot.before ?? null,
  after: snapshot.after ?? null,
  reversible,
});

/** What is kept of an item when something happens to it. */
export const snapshotOf = (item: NamedItem): Record<string, unknown> => ({
  parentId: item.parentId,
  attachedTo: item.attachedTo,
  amounts: item.amounts,
  activatedAt: item.activatedAt.toISOString(),
});
