import { z } from 'zod';
import { Id } from '../../contract/common';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { audit } from '../audit/audit';
import { enqueue, type OutboxEvent } from '../outbox/outbox';
import { readAndAdopt } from '../subscriptions/adopt-snapshot';
import { heldSubscription, type SubscriptionRow } from '../subscriptions/held';
import { actionOf, hasFailed, isUnderWay } from '../subscriptions/lifecycle.rules';
import type { MarketplaceOperation, MarketplaceSubscription, Selling } from '../subscriptions/marketplace.port';
import { SubscriptionChanged } from '../subscriptions/subscription-changed';
import { stepFor, type Taken } from '../subscriptions/taken.rules';
import { lookAgain, traceOf, waitOut } from '../subscriptions/wait-out';
import { lockTenant } from '../tenants/tenants';
import { once } from '../usage/once';
import { restartUsage } from '../usage/restart-usage';
import { trimItems } from './apply-change';
import { billChange, billMarketplaceTerm } from './bill-terms';
import { endOpenChange } from './plan-changes';
import { type ChangeRow, findChange, findOpenChange, insertChange, lockChange, moveChange, stampTaken } from './plan-changes.store';
import { foreseeChange } from './present-change';
import { publishedPlan, situationOf } from './situation';

/** Sends a change that waits for the marketplace, and sees what becomes of it. */
export const SEND_CHANGE = 'plan_change.send';

const Payload = z.object({ changeId: Id });

/**
 * Asks the marketplace for a change, once, and follows it until the marketplace's own word shows it or refuses it. Asked again only
 * after its state was read: what is there already is adopted. What was taken and leaves no trace is neither refused nor asked for again
 * within the hour, and after a day it is lost. @throws TryLater until it is settled
 */
export const sendChange = (ctx: Context, selling: Selling, event: OutboxEvent): Promise<void> => waitOut(sendWaiting(ctx, selling, event));

async function sendWaiting(ctx: Context, selling: Selling, event: OutboxEvent): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a plan change belongs to a tenant');
  const { changeId } = Payload.parse(event.payload);
  const at = ctx.now();
  const waiting = await inTenant(ctx, tenantId, async (tx) => {
    const change = await findChange(tx.db, tenantId, changeId);
    return change?.state === 'awaiting_marketplace'
      ? { change, row: (await heldSubscription(tx, tenantId, change.subscriptionId))! }
      : null;
  });
  if (!waiting) return;
  const { change, row } = waiting;
  const act = { ...selling, marketplace: selling.marketplace.correlated(changeId) };
  const truth = await act.marketplace.getSubscription(row.externalId);
  if (truth && shows(truth, change)) return adopt(ctx, act, row);

  const operation = await traceOf(ctx, act.marketplace, row.externalId, change, (one) => wants(one, change));
  if (operation && hasFailed(operation)) return end(ctx, tenantId, change, 'refused');
  if (operation?.status === 'Succeeded') await adopt(ctx, act, row);
  if (operation && operation.id !== change.operationId)
    await noteTaken(ctx, tenantId, changeId, { operationId: operation.id, sentAt: change.sentAt ?? at, sends: Math.max(change.sends, 1) });
  if (operation && isUnderWay(operation)) throw lookAgain();

  const step = stepFor(change, at);
  if (step === 'lost') return end(ctx, tenantId, change, 'lost');
  if (step === 'ask' && !operation) {
    const asked = truth ? await act.marketplace.change(row.externalId, wantedBy(change)) : 'refused';
    const wasTaken = change.sends > 0;
    // Once taken, a no says nothing: it may be under way, or be there already.
    if (asked === 'refused' && !wasTaken) return end(ctx, tenantId, change, 'refused');
    const operationId = typeof asked === 'object' ? asked.operationId : null;
    if (typeof asked === 'object' || wasTaken)
      await noteTaken(ctx, tenantId, changeId, { operationId, sentAt: at, sends: change.sends + 1 });
  }
  throw lookAgain();
}

const noteTaken = (ctx: Context, tenantId: string, changeId: string, taken: Taken & { operationId: string | null }): Promise<void> =>
  inTenant(ctx, tenantId, ({ db }) => stampTaken(db, tenantId, changeId, taken));

async function adopt(ctx: Context, selling: Selling, row: SubscriptionRow): Promise<void> {
  await readAndAdopt(ctx, selling, row.externalId, { name: 'change', actor: null });
}

const isPlanChange = ({ fromPlan, toPlan }: ChangeRow): boolean => fromPlan !== toPlan;
const wantedBy = (change: ChangeRow) => (isPlanChange(change) ? { planId: change.toPlan } : { quantity: change.toQuantity ?? 1 });
const wants = ({ action, planId, quantity }: Pick<MarketplaceOperation, 'action' | 'planId' | 'quantity'>, change: ChangeRow): boolean =>
  isPlanChange(change)
    ? actionOf(action) === 'ChangePlan' && planId === change.toPlan
    : actionOf(action) === 'ChangeQuantity' && quantity === change.toQuantity;
const shows = ({ planId, quantity }: Pick<MarketplaceSubscription, 'planId' | 'quantity'>, change: ChangeRow): boolean =>
  planId === change.toPlan && (isPlanChange(change) || quantity === change.toQuantity);

function end(ctx: Context, tenantId: string, { changeId, subscriptionId }: ChangeRow, as: 'refused' | 'lost'): Promise<void> {
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const change = await lockChange(tx.db, tenantId, changeId);
    if (change?.state !== 'awaiting_marketplace') return;
    await endOpenChange(tx, tenantId, change, as, at);
    if (as === 'lost') tx.log.error({ subscriptionId, changeId }, 'a change that the marketplace has taken left no trace there');
    const entry = {
      actor: 'marketplace',
      via: 'marketplace',
      action: `plan_change.${as}`,
      subject: subscriptionId,
      details: { changeId },
    };
    await audit(tx, tenantId, entry, at);
  });
}

/**
 * Follows what the marketplace made of a subscription: a change that was asked for there has taken effect, one that nobody ordered
 * here is noted, and one that waited for the renewal is sent now that the renewal is seen: of the new term there is one statement, by
 * what comes of it, however often it is told.
 */
export async function followMarketplace(ctx: Context, event: OutboxEvent): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'a subscription belongs to a tenant');
  const seen = SubscriptionChanged.parse(event.payload);
  await inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const tenant = (await lockTenant(tx.db, tenantId))!;
    const act = { key: `${event.topic}:${event.id}`, fingerprint: '', subject: seen.subscriptionId };
    // Told again, it was followed before: what has become of it since is no second reason for a statement.
    if ((await once(tx, tenantId, act, at)).outcome !== 'first') return;
    const row = (await heldSubscription(tx, tenantId, seen.subscriptionId))!;
    const open = await findOpenChange(tx.db, tenantId, seen.subscriptionId);
    if (seen.isOtherPlan && seen.before)
      await notePlan(tx, tenant.tenantId, { eventId: event.id, ...seen.before }, seen.after, row, open, at);
    const current = await findOpenChange(tx.db, tenantId, seen.subscriptionId);
    if (row.status === 'Unsubscribed' && current) await endOpenChange(tx, tenantId, current, 'withdrawn', at);
    else if (current?.state === 'scheduled' && seen.isNewTerm) return send(tx, tenantId, current, at);
    if (seen.isNewTerm) await billMarketplaceTerm(tx, tenant, row, at);
  });
}

async function send(tx: TxContext, tenantId: string, { changeId }: ChangeRow, at: Date): Promise<void> {
  await moveChange(tx.db, tenantId, changeId, { from: ['scheduled'], to: 'awaiting_marketplace', endedAt: null });
  await enqueue(tx, tenantId, SEND_CHANGE, { changeId }, at);
}

type Pinned = { planId: string; planVersion: number; quantity: number | null };

async function notePlan(
  tx: TxContext,
  tenantId: string,
  before: Pinned & { eventId: string },
  after: Pinned,
  row: SubscriptionRow,
  open: ChangeRow | null,
  at: Date,
): Promise<void> {
  if (open?.state === 'awaiting_marketplace' && shows(after, open)) return takeEffect(tx, tenantId, row, open, at);
  // Somebody decided otherwise at the marketplace: what was planned here is void, and nothing is taken from anybody (CH-23).
  if (open) await endOpenChange(tx, tenantId, open, 'withdrawn', at);
  if (await findChange(tx.db, tenantId, before.eventId)) return;
  const from = await publishedPlan(tx, before.planId, before.planVersion);
  const to = await publishedPlan(tx, after.planId, after.planVersion);
  await insertChange(tx.db, tenantId, {
    changeId: before.eventId,
    subscriptionId: row.subscriptionId,
    cause: 'forced',
    direction: to.rank > from.rank || (to.rank === from.rank && (after.quantity ?? 0) > (before.quantity ?? 0)) ? 'upgrade' : 'downgrade',
    fromPlan: from.planId,
    fromVersion: from.version,
    fromQuantity: before.quantity,
    toPlan: to.planId,
    toVersion: to.version,
    toQuantity: after.quantity,
    termUnit: row.termUnit,
    effectiveAt: at,
    state: 'applied',
    estimate: {},
    consent: {},
    operationId: null,
    orderedBy: null,
    orderedAt: at,
    endedAt: at,
  });
}

/** The marketplace has done what was ordered here: now the items follow, as they were agreed to. */
async function takeEffect(tx: TxContext, tenantId: string, row: SubscriptionRow, open: ChangeRow, at: Date): Promise<void> {
  const change = (await lockChange(tx.db, tenantId, open.changeId))!;
  const tenant = (await lockTenant(tx.db, tenantId))!;
  const situation = await situationOf(tx, tenant, row, at);
  const { outcome } = await foreseeChange(tx, tenantId, change, situation);
  await trimItems(tx, situation, change, outcome, at);
  const from = await publishedPlan(tx, change.fromPlan, change.fromVersion);
  await restartUsage(tx, tenantId, { usage: from.policies.change.usageOnChange, anchor: 'keep' }, at);
  const { money } = change.estimate;
  if (money) await billChange(tx, tenantId, change, situation.held.plan, money, at);
  await moveChange(tx.db, tenantId, change.changeId, { from: ['awaiting_marketplace'], to: 'applied', effectiveAt: at, endedAt: at });
}
