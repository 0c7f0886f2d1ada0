import { type Clock, systemClock } from '../../platform/clock';
import { type Context, inPublisher, type TxContext } from '../../platform/context';
import { claimRows, closeRow, deleteDoneRows, insertRow, type OutboxRow, postponeRow, reviveRow } from './outbox.store';

/** Something that was decided in a transaction and is carried out after it. */
export interface OutboxEvent {
  id: string;
  tenantId: string | null;
  topic: string;
  payload: unknown;
}

/** What a handler throws for a delay that is no fault. `afterMs` null: by our own back-off; 0: there is more to do at once. */
export class TryLater extends Error {
  /** It is never given up: it ends by itself, when the handler finds that it is settled or void. */
  readonly isPatient: boolean;
  constructor(
    readonly afterMs: number | null,
    { isPatient = false, cause }: { isPatient?: boolean; cause?: Error } = {},
  ) {
    super(cause?.message ?? 'not now', { cause });
    this.name = 'TryLater';
    this.isPatient = isPatient;
  }
}

export type OutboxHandler = (event: OutboxEvent) => Promise<void>;

/** Has something carried out after the transaction, not before `notBefore` (the product's time). */
export const enqueue = (tx: TxContext, tenantId: string, topic: string, payload: object, notBefore: Date): Promise<void> =>
  insertRow(tx.db, { outboxId: tx.newId(), tenantId, topic, payload, notBefore });

/** Has what was given up tried again; what still waits, and what is done, stays as it is. */
export const enqueueAgain = (tx: TxContext, tenantId: string, topic: string, payload: object): Promise<void> =>
  reviveRow(tx.db, tenantId, topic, payload);

const LEASE_MS = 5 * 60_000;
const MOST_AT_ONCE = 20;
const MOST_ATTEMPTS = 12;
/** Patience counts no further: pauses grow to some minutes, and attempts are left for a fault that comes after it. */
const MOST_PATIENT_ATTEMPTS = 9;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30 * 60_000;

/**
 * Carries out what is due, each event at least once, by one instance at a time; handlers run outside any transaction.
 * A failure is tried again with growing pauses and given up after twelve attempts, with a log line. As many are taken at once as are
 * surely carried out within a lease.
 */
export async function runOutbox(
  ctx: Context,
  handlers: Record<string, OutboxHandler>,
  clock: Clock = systemClock,
  mostAtOnce = MOST_AT_ONCE,
): Promise<number> {
  const now = clock.now();
  const times = { at: ctx.now(), now, leasedUntil: new Date(now.getTime() + LEASE_MS) };
  const rows = await inPublisher(ctx, ({ db }) => claimRows(db, Object.keys(handlers), mostAtOnce, times));
  for (const row of rows) await runOne(ctx, row, handlers[row.topic]!, clock);
  return rows.length;
}

const KEPT_MS = 7 * 86_400_000;

/** Forgets what was carried out a week ago. */
export const forgetDone = (ctx: Context, clock: Clock = systemClock): Promise<void> =>
  deleteDoneRows(ctx.database, new Date(clock.now().getTime() - KEPT_MS));

async function runOne(ctx: Context, row: OutboxRow, handler: OutboxHandler, clock: Clock): Promise<void> {
  try {
    await handler({ id: row.outbox_id, tenantId: row.tenant_id, topic: row.topic, payload: row.payload });
    await inPublisher(ctx, ({ db }) => closeRow(db, row.outbox_id, 'done', null));
  } catch (error) {
    await settleFailure(ctx, row, error as Error, clock);
  }
}

async function settleFailure(ctx: Context, row: OutboxRow, error: Error, clock: Clock): Promise<void> {
  const facts = { outboxId: row.outbox_id, topic: row.topic, attempts: row.attempts };
  const later = error instanceof TryLater ? error : null;
  const afterMs = later?.afterMs ?? null;
  const isPatient = later?.isPatient ?? false;
  if (afterMs !== 0 && !isPatient && row.attempts >= MOST_ATTEMPTS) {
    ctx.log.error({ err: error, ...facts }, 'an event was given up');
    await inPublisher(ctx, ({ db }) => closeRow(db, row.outbox_id, 'given_up', error.message));
    return;
  }
  const fault = later ? later.cause : error;
  if (fault) ctx.log.warn({ err: fault, ...facts }, 'an event failed and is tried again');
  const attempts = isPatient ? Math.min(row.attempts, MOST_PATIENT_ATTEMPTS) : row.attempts;
  const pause = Math.max(afterMs ?? 0, afterMs === 0 ? 0 : pauseAfter(attempts));
  const until = new Date(clock.now().getTime() + pause);
  await inPublisher(ctx, ({ db }) => postponeRow(db, row.outbox_id, until, error.message, afterMs === 0 ? attempts - 1 : attempts));
}

/** Doubles from two seconds to half an hour. */
export const pauseAfter = (attempts: number): number => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
