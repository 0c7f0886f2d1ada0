import type { Context } from '../../platform/context';
import { DatabaseAway } from '../../platform/db/database';
import { type CallOutcome, type CallRow, forgetCalls, insertCalls } from './call-log.store';
import { forgetMendedDrift, forgetReconciliations } from './drift.store';
import { forgetEvents, forgetPersonsInEvents } from './event-log.store';
import type { CallLog, NotedCall } from './marketplace.port';

/** Calls that wait to be written; what comes beyond is dropped, and how much is said. */
const MOST_WAITING = 5_000;
const MOST_AT_ONCE = 500;

export interface KeptCallLog extends CallLog {
  /** Writes what waits. A fault is logged and never thrown. */
  flush(ctx: Context): Promise<void>;
}

/** Notes every call to the marketplace beside it: a call neither waits for the database nor fails with it. */
export function createCallLog(newId: () => string): KeptCallLog {
  const waiting: CallRow[] = [];
  let dropped = 0;
  return {
    noteCall({ startedAt, ...call }) {
      if (waiting.length >= MOST_WAITING) dropped += 1;
      else waiting.push({ callId: newId(), at: startedAt, outcome: outcomeOf(call), ...call, error: call.error && storable(call.error) });
    },
    async flush({ database, log }) {
      if (dropped > 0) log.warn({ dropped }, 'calls to the marketplace were not noted: the database took none for too long');
      dropped = 0;
      while (waiting.length > 0) {
        const batch = waiting.splice(0, MOST_AT_ONCE);
        try {
          await insertCalls(database, batch);
        } catch (error) {
          // Only a database that is away takes them later.
          const isAway = error instanceof DatabaseAway;
          if (isAway) waiting.unshift(...batch);
          log.warn({ err: error, calls: batch.length, isAway }, 'calls to the marketplace could not be noted');
          if (isAway) return;
        }
      }
    },
  };
}

/** PostgreSQL takes neither NUL nor halves of characters. */
const storable = (text: string): string => text.replace(/[\p{Cc}\p{Cs}]/gu, ' ');

function outcomeOf({ status }: Pick<NotedCall, 'status'>): CallOutcome {
  if (status === null || status >= 500 || status === 429 || status === 408) return 'failed';
  return status < 300 ? 'done' : 'refused';
}

const DAY_MS = 86_400_000;
const CALLS_KEPT_MS = 90 * DAY_MS;
const DRIFT_KEPT_MS = 365 * DAY_MS;
const EVENTS_KEPT_MS = 365 * DAY_MS;
const MOST_FORGOTTEN = 1_000;

/**
 * Forgets calls and runs of the repair after 90 days, drift a year after it was mended, and events a year after they came. Calls and
 * events go a batch at a time, so that no statement holds much. `now` is real time, by which calls are noted.
 */
export async function forgetOldNotes({ database, now: productNow }: Context, now: Date): Promise<void> {
  const before = (at: Date, ms: number) => new Date(at.getTime() - ms);
  const at = productNow();
  await forgetReconciliations(database, before(at, CALLS_KEPT_MS));
  await forgetMendedDrift(database, before(at, DRIFT_KEPT_MS));
  await forgetPersonsInEvents(database, before(at, EVENTS_KEPT_MS));
  while ((await forgetEvents(database, before(at, EVENTS_KEPT_MS), MOST_FORGOTTEN)) === MOST_FORGOTTEN);
  while ((await forgetCalls(database, before(now, CALLS_KEPT_MS), MOST_FORGOTTEN)) === MOST_FORGOTTEN);
}
