import type {
  CallQuery,
  Drift,
  DriftQuery,
  EventQuery,
  MarketplaceCallView,
  MarketplaceEventDetails,
  MarketplaceEventView,
} from '../../contract/marketplace-log';
import type { Context } from '../../platform/context';
import { type Page, pageOf, readAgeCursor, readWordCursor } from '../../platform/page';
import { type CallOutcome, countCalls, listCalls } from './call-log.store';
import { lastReconciliations, listDrift, openDrift, type ReconciliationRow } from './drift.store';
import { type EventRow, findEvent, listEvents, waitingEvents } from './event-log.store';

/** Webhooks that arrived, newest first. */
export async function searchEvents({ database }: Context, query: EventQuery): Promise<Page<MarketplaceEventView>> {
  const { limit, outcome = null } = query;
  const rows = await listEvents(database, { ...spanOf(query), outcome, after: readWordCursor(query.cursor), limit: limit + 1 });
  return pageOf(rows, limit, showEvent, ({ receivedAt, eventId }) => [receivedAt.toISOString(), eventId]);
}

export async function readEvent({ database }: Context, eventId: string): Promise<MarketplaceEventDetails | null> {
  const row = await findEvent(database, eventId.toLowerCase());
  return row && { ...showEvent(row), payload: row.payload };
}

/** Calls to the marketplace, newest first. */
export async function searchCalls({ database }: Context, query: CallQuery): Promise<Page<MarketplaceCallView>> {
  const { limit, outcome = null, correlationId = null } = query;
  const after = readAgeCursor(query.cursor);
  const rows = await listCalls(database, { ...spanOf(query), outcome, correlationId, after, limit: limit + 1 });
  return pageOf(
    rows,
    limit,
    ({ at, ...call }) => ({ ...call, at: at.toISOString() }),
    ({ at, callId }) => [at.toISOString(), callId],
  );
}

/** Where subscriptions were not what the marketplace says, newest first. */
export async function searchDrift({ database }: Context, { open, subscriptionId, cursor, limit }: DriftQuery): Promise<Page<Drift>> {
  const rows = await listDrift(database, { open, subscriptionId: subscriptionId ?? null, after: readAgeCursor(cursor), limit: limit + 1 });
  return pageOf(
    rows,
    limit,
    ({ seenAt, lastAt, mendedAt, ...drift }) => ({
      ...drift,
      seenAt: seenAt.toISOString(),
      lastAt: lastAt.toISOString(),
      mendedAt: mendedAt?.toISOString() ?? null,
    }),
    ({ seenAt, driftId }) => [seenAt.toISOString(), driftId],
  );
}

const DAY_MS = 86_400_000;

/** How it goes with the marketplace. `now` is real time, by which calls are noted. */
export async function marketplaceHealth(
  { database }: Context,
  now: Date,
): Promise<{
  reconciliation: { last: ReconciliationRow | null; whole: ReconciliationRow | null };
  events: { waiting: number; oldest: Date | null };
  calls: Record<CallOutcome, number>;
  drift: number;
}> {
  return {
    reconciliation: await lastReconciliations(database),
    events: await waitingEvents(database),
    calls: await countCalls(database, new Date(now.getTime() - DAY_MS)),
    drift: (await openDrift(database)).length,
  };
}

const spanOf = ({ subscriptionId, from, to }: Pick<EventQuery, 'subscriptionId' | 'from' | 'to'>) => ({
  subscriptionId: subscriptionId ?? null,
  from: from === undefined ? null : new Date(from),
  to: to === undefined ? null : new Date(to),
});

const showEvent = (row: EventRow): MarketplaceEventView => ({
  eventId: row.eventId,
  subscriptionId: row.subscriptionId,
  action: row.action,
  answer: row.answer,
  receivedAt: row.receivedAt.toISOString(),
  acknowledgedAt: row.acknowledgedAt?.toISOString() ?? null,
  appliedAt: row.appliedAt?.toISOString() ?? null,
  outcome: row.outcome,
  attempts: row.attempts,
  requestId: row.requestId,
  correlationId: row.correlationId,
});
