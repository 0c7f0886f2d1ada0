import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Context } from '../../platform/context';
import { readAndAdopt } from './adopt-snapshot';
import { actionOf, awaitsAnswer, isCourtesy, isLeftToRepair, isSettled, type MarketplaceAction } from './lifecycle.rules';
import { isStop, type MarketplaceOperation, MarketplaceUnavailable, type Selling } from './marketplace.port';
import {
  type ClaimedEvent,
  claimDueEvents,
  claimEvent,
  postponeEvent,
  renewLease,
  stampAcknowledged,
  stampApplied,
} from './marketplace-events.store';
import { whyRefused } from './why-refused';

/** Renewed while a take-up lasts. A customer waits this long for a change whose take-up a crash ended. */
const LEASE_MS = 10_000;
const RENEWAL_MS = 3_000;
/** Looks within one take-up: the marketplace's own state follows an answer within seconds. Together 15 s. */
const WAITS = [0, 150, 300, 600, 1200, 2500, 4000, 6000];
const LOOKING_MS = 30_000;
const FIRST_RETRY_MS = 15_000;
const LONGEST_RETRY_MS = 600_000;

/** Applies one event now, unless somebody does already or has; what is not done by then the sweep takes up. */
export async function applyMarketplaceEvent(ctx: Context, selling: Selling, eventId: string): Promise<void> {
  const now = selling.realTime.now();
  const event = await claimEvent(ctx.database, eventId, now, after(now, LEASE_MS));
  if (event) await takeUp(ctx, selling, event);
}

/** The sweep: events whose application was interrupted, failed or must wait. Answers how many it took up. */
export async function applyPendingMarketplaceEvents(ctx: Context, selling: Selling, limit = 20): Promise<number> {
  const now = selling.realTime.now();
  const events = await claimDueEvents(ctx.database, now, after(now, LEASE_MS), limit);
  await Promise.all(events.map((event) => takeUp(ctx, selling, event)));
  return events.length;
}

/** What a look came to; not done: somebody has to do something first, later looks may find it done. */
interface Outcome {
  isDone: boolean;
  outcome: string;
}

async function takeUp(ctx: Context, selling: Selling, event: ClaimedEvent): Promise<void> {
  const renewal = setInterval(() => {
    renewLease(ctx.database, event.eventId, after(selling.realTime.now(), LEASE_MS)).catch((error: unknown) =>
      ctx.log.warn({ err: error, eventId: event.eventId }, 'a lease could not be renewed'),
    );
  }, RENEWAL_MS);
  try {
    await settle(ctx, selling, event);
  } finally {
    clearInterval(renewal);
  }
}

async function settle(ctx: Context, selling: Selling, event: ClaimedEvent): Promise<void> {
  const act = event.correlationId ? { ...selling, marketplace: selling.marketplace.correlated(event.correlationId) } : selling;
  const { isDone, outcome } = await lookUntilSettled(ctx, act, event).catch((error: unknown): Outcome => {
    // The program stops while we wait: the next one goes on.
    if (isStop(error)) return { isDone: false, outcome: 'interrupted' };
    ctx.log.error({ err: error, eventId: event.eventId, attempts: event.attempts }, 'a marketplace event could not be applied');
    return { isDone: false, outcome: error instanceof MarketplaceUnavailable ? 'marketplace_unavailable' : 'failed' };
  });
  if (isDone) return stampApplied(ctx.database, event.eventId, outcome, ctx.now());
  const patience = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(event.attempts - 1, 10));
  const retryMs = outcome === 'interrupted' ? 0 : patience;
  await postponeEvent(ctx.database, event.eventId, outcome, after(selling.realTime.now(), retryMs));
}

async function lookUntilSettled(ctx: Context, selling: Selling, event: ClaimedEvent): Promise<Outcome> {
  const progress: Progress = { isAcknowledged: event.acknowledgedAt !== null, before: null };
  const enough = after(selling.realTime.now(), LOOKING_MS);
  let failure: MarketplaceUnavailable | null = null;
  for (const wait of WAITS) {
    if ((failure?.retryAfterMs ?? 0) > LOOKING_MS) break;
    await selling.pause(Math.max(wait, failure?.retryAfterMs ?? 0));
    if (selling.realTime.now() > enough) break;
    try {
      const outcome = await look(ctx, selling, event, progress);
      if (outcome) return outcome;
      failure = null;
    } catch (error) {
      if (!(error instanceof MarketplaceUnavailable)) throw error;
      failure = error;
    }
  }
  if (failure) throw failure;
  return { isDone: false, outcome: 'waiting' };
}

/** What earlier looks of the same take-up left. */
interface Progress {
  isAcknowledged: boolean;
  /** The status held before the first look; null: not known here. */
  before: SubscriptionStatus | null;
}

/** Confirms the event with the marketplace, answers it and adopts the marketplace's word; null: look again shortly. */
async function look(ctx: Context, selling: Selling, event: ClaimedEvent, progress: Progress): Promise<Outcome | null> {
  const operation = await confirm(ctx, selling, event);
  if (operation === 'foreign') return { isDone: true, outcome: 'not_this_operation' };
  // A word of tomorrow may be one that the operation says as of old.
  const action = actionOf(event.action) ?? (operation && actionOf(operation.action));
  if (operation && (await acknowledge(ctx, selling, event, action, operation, progress))) return null;

  const renewedAt = action === 'Renew' ? event.receivedAt : null;
  const read = await readAndAdopt(ctx, selling, event.subscriptionId, { name: event.action, actor: null, renewedAt });
  const adoption = read?.adoption ?? null;
  if (adoption && !('row' in adoption)) return { isDone: isLeftToRepair(event.attempts), outcome: adoption.outcome };
  if (adoption) progress.before ??= adoption.before;
  const { isAcknowledged: isAnswered, before } = progress;
  const { attempts, receivedAt } = event;
  const seen = { action, before, operation, isAnswered, truth: read?.truth ?? null, attempts, receivedAt };
  if (!isSettled(seen)) return null;
  // Published later, the plan is taken up by a later look, or by the repair.
  if (adoption && !adoption.isPlanKnown) return { isDone: isLeftToRepair(event.attempts), outcome: 'plan_unknown' };
  return { isDone: true, outcome: outcomeOf(action, operation, read !== null) };
}

/** What the marketplace says about the operation; `foreign`: it is another one than the event claims. */
async function confirm(ctx: Context, { marketplace }: Selling, event: ClaimedEvent): Promise<MarketplaceOperation | 'foreign' | null> {
  const operation = await marketplace.getOperation(event.subscriptionId, operationOf(event));
  if (!operation) return null;
  const [announced, begun] = [actionOf(event.action), actionOf(operation.action)];
  const isSame =
    operation.subscriptionId.toLowerCase() === event.subscriptionId.toLowerCase() &&
    (announced === null || begun === null || announced === begun);
  if (isSame) return operation;
  ctx.log.error(
    { eventId: event.eventId, subscriptionId: event.subscriptionId, action: operation.action },
    'an event does not match its operation',
  );
  return 'foreign';
}

/**
 * Says yes or no to an operation that waits for it, once; true when it was said now, or is to be said again at the next look: the
 * marketplace may not know yet what it has just shown. A change is decided by what the operation wants, whatever the event said. A
 * courtesy is tried once.
 */
async function acknowledge(
  ctx: Context,
  { marketplace }: Selling,
  event: ClaimedEvent,
  action: MarketplaceAction | null,
  operation: MarketplaceOperation,
  progress: Progress,
): Promise<boolean> {
  if (progress.isAcknowledged || !awaitsAnswer(action)) return false;
  if (operation.status !== 'InProgress' && operation.status !== 'NotStarted') return false;
  const { subscriptionId, planId, quantity } = operation;
  const { payload } = event;
  const isRefused = event.answer === 'refuse' || (await whyRefused(ctx, { subscriptionId, action, planId, quantity, payload })) !== null;
  const outcome = isRefused ? 'Failure' : 'Success';
  try {
    const taken = await marketplace.acknowledge(operation.subscriptionId, operation.id, outcome);
    if (taken === 'unknown' && !isCourtesy(action, operation.source) && !isLeftToRepair(event.attempts)) return true;
  } catch (error) {
    if (!isCourtesy(action, operation.source) || !(error instanceof MarketplaceUnavailable)) throw error;
    ctx.log.info({ eventId: event.eventId }, 'an acknowledgement that nobody waits for was not taken');
  }
  progress.isAcknowledged = true;
  await stampAcknowledged(ctx.database, event.eventId, ctx.now());
  return true;
}

function outcomeOf(action: MarketplaceAction | null, operation: MarketplaceOperation | null, isKnown: boolean): string {
  if (!isKnown) return 'subscription_unknown';
  if (action === null) return 'noted';
  return operation ? operation.status.toLowerCase() : 'adopted';
}

/** The id as it came, for the marketplace; ours is lower case. */
const operationOf = ({ payload, eventId }: ClaimedEvent): string => (typeof payload.id === 'string' ? payload.id.trim() : eventId);

const after = (at: Date, ms: number): Date => new Date(at.getTime() + ms);
