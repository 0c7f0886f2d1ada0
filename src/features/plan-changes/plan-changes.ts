import { localeFor } from '../../contract/common';
import type { PlanChange } from '../../contract/plan-changes';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { type Page, pageOf, readAgeCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { enterBilling } from '../billing/enter-billing';
import { unscheduleGrants } from '../entitlements/unschedule-grants';
import { enter } from '../members/admit-member';
import { heldSubscription } from '../subscriptions/held';
import { LOST_AFTER_MS } from '../subscriptions/taken.rules';
import { findTenant, lockTenant } from '../tenants/tenants';
import { refreshCounters } from '../usage/refresh-counters';
import type { Admit } from './admit';
import { billMarketplaceTerm } from './bill-terms';
import { type ChangeRow, dropKept, findChange, findChanges, insertTrim, lockChange, moveChange } from './plan-changes.store';
import { foreseen, presentChange } from './present-change';

/** Newest first. */
export function listChanges(
  ctx: Context,
  actor: Actor,
  subscriptionId: string,
  query: { cursor?: string | undefined; limit: number },
): Promise<Result<Page<PlanChange>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    if (!(await heldSubscription(tx, actor.tenantId, subscriptionId))) return refuse({ code: 'subscription_not_found' });
    const rows = await findChanges(tx.db, actor.tenantId, { subscriptionId, before: readAgeCursor(query.cursor), limit: query.limit + 1 });
    const { items, nextCursor } = pageOf(
      rows,
      query.limit,
      (row) => row,
      (row) => [row.orderedAt, row.changeId],
    );
    const show = await presenterFor(tx, actor, at);
    const shown: PlanChange[] = [];
    for (const row of items) shown.push(await show(row));
    return ok({ items: shown, nextCursor });
  });
}

export function getChange(ctx: Context, actor: Actor, subscriptionId: string, changeId: string): Promise<Result<PlanChange, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const row = await findChange(tx.db, actor.tenantId, changeId);
    if (row?.subscriptionId !== subscriptionId) return refuse({ code: 'change_not_found' });
    return ok(await (await presenterFor(tx, actor, tx.now()))(row));
  });
}

/** Everybody may read what a plan becomes; what it costs only who sees bills (EC-07). */
async function presenterFor(tx: TxContext, actor: Actor, at: Date): Promise<(row: ChangeRow) => Promise<PlanChange>> {
  const seesMoney = (await enterBilling(tx, actor)).ok;
  return async (row) => {
    const shown = await presentChange(tx, actor.tenantId, row, localeFor(actor.locale), at);
    return seesMoney ? shown : { ...shown, money: null };
  };
}

/** Takes back a change that has not taken effect: everything stays as if it had never been ordered. Again, it changes nothing. */
export function withdrawChange(
  ctx: Context,
  actor: Actor,
  subscriptionId: string,
  changeId: string,
  admit: Admit = enter,
): Promise<Result<PlanChange, Refusal>> {
  return openChange(ctx, actor, { subscriptionId, changeId, act: 'withdraw', admit }, async (tx, row, at) => {
    const held = await heldSubscription(tx, actor.tenantId, subscriptionId);
    // The new limits hold already, whoever carries out the rest.
    if (held?.source === 'direct' && row.effectiveAt <= at) return refuse({ code: 'change_closed', state: 'applied' });
    // What the marketplace has taken it may be carrying out, named or not.
    if (row.state === 'awaiting_marketplace' && row.sentAt && at.getTime() - row.sentAt.getTime() < LOST_AFTER_MS)
      return refuse({ code: 'change_closed', state: 'awaiting_marketplace' });
    await endOpenChange(tx, actor.tenantId, row, 'withdrawn', at);
    return ok(true);
  });
}

type ClosedState = 'withdrawn' | 'refused' | 'lost';

/** Ends a change that comes to nothing; the limits that were to come do not. A term that waited for it is stated as it is. */
export async function endOpenChange(tx: TxContext, tenantId: string, row: ChangeRow, to: ClosedState, at: Date): Promise<void> {
  await moveChange(tx.db, tenantId, row.changeId, { from: ['scheduled', 'awaiting_marketplace'], to, endedAt: at });
  const held = (await heldSubscription(tx, tenantId, row.subscriptionId))!;
  if (held.source === 'marketplace' && row.state === 'awaiting_marketplace')
    await billMarketplaceTerm(tx, (await findTenant(tx.db, tenantId))!, held, at);
  if (row.state !== 'scheduled' || held.source !== 'direct') return;
  await unscheduleGrants(tx, tenantId, row.subscriptionId, row.effectiveAt, at);
  await refreshCounters(tx, tenantId, at);
}

/** What the customer would rather keep when the change takes effect, as far as the new limits allow. */
export function chooseKept(
  ctx: Context,
  actor: Actor,
  subscriptionId: string,
  changeId: string,
  ids: readonly string[],
): Promise<Result<PlanChange, Refusal>> {
  return openChange(ctx, actor, { subscriptionId, changeId, act: 'choose', admit: enter }, async (tx, row, at) => {
    const { situation, outcome } = await foreseen(tx, actor.tenantId, row, at);
    const chosen = situation.items.filter(({ id }) => ids.includes(id));
    if (chosen.length < new Set(ids).size) return refuse({ code: 'resource_not_found' });
    for (const { meter, after } of outcome.limits) {
      const count = chosen.filter(({ kind }) => kind === meter).length;
      if (after !== null && count > after) return refuse({ code: 'too_many_kept', kind: meter, limit: after, chosen: count });
    }
    await dropKept(tx.db, actor.tenantId, changeId);
    for (const { id, kind, name } of chosen)
      await insertTrim(
        tx.db,
        actor.tenantId,
        changeId,
        { subject: id, meter: kind, action: 'keep', reversible: true, snapshot: { kind, name }, state: 'kept' },
        at,
      );
    return ok(true);
  });
}

type Act = (tx: TxContext, row: ChangeRow, at: Date) => Promise<Result<true, Refusal>>;

async function openChange(
  ctx: Context,
  actor: Actor,
  { subscriptionId, changeId, act, admit }: { subscriptionId: string; changeId: string; act: 'withdraw' | 'choose'; admit: Admit },
  run: Act,
): Promise<Result<PlanChange, Refusal>> {
  const { tenantId, memberId, via } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await admit(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    await lockTenant(tx.db, tenantId);
    const row = await lockChange(tx.db, tenantId, changeId);
    if (row?.subscriptionId !== subscriptionId) return refuse({ code: 'change_not_found' });
    const present = async () =>
      ok(await presentChange(tx, tenantId, (await findChange(tx.db, tenantId, changeId))!, localeFor(actor.locale), at));
    if (row.endedAt) {
      const isDone = act === 'withdraw' && row.state === 'withdrawn';
      return isDone ? present() : refuse({ code: 'change_closed', state: row.state as 'applied' | ClosedState });
    }
    const done = await run(tx, row, at);
    if (!done.ok) return done;
    await audit(tx, tenantId, { actor: memberId, via, action: `plan_change.${act}`, subject: subscriptionId, details: { changeId } }, at);
    return present();
  });
}
