import type { Refusal } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { ok, type Result, refuse } from '../../platform/result';
import { type ClosedState, closeHold, findHold, type HoldRow, insertHold, reserve } from './holds.store';
import { noteRefusal } from './note-refusal';
import { refreshCounter } from './refresh-counters';

/** Keeps units for an act longer than one request: they count against the limit, in the period the hold was opened in. */
export interface NewHold {
  meter: string;
  quantity: number;
  /** Names the act for ever, as an operation key does. */
  key: string;
  fingerprint: string;
  actor: string | null;
  expiresAt: Date;
}

/** The same key again is the same hold. Refused when there is no room for it; a hold whose time has run out keeps nothing. */
export async function openHold(tx: TxContext, tenantId: string, hold: NewHold, at: Date): Promise<Result<{ holdId: string }, Refusal>> {
  const known = await findHold(tx.db, tenantId, { key: hold.key });
  if (known) return known.fingerprint === hold.fingerprint ? ok({ holdId: known.holdId }) : refuse({ code: 'idempotency_conflict' });
  invariant(hold.expiresAt > at, 'a hold ends after it begins');
  await refreshCounter(tx, tenantId, hold.meter, at);
  const row = await reserve(tx.db, tenantId, hold.meter, hold.quantity, hold.expiresAt, at);
  invariant(row, 'a counter that was refreshed is there');
  if (!row.isReserved) {
    await noteRefusal(tx, tenantId, hold.meter, at);
    return refuse({ code: 'limit_reached', meter: hold.meter, limit: row.hardLimit ?? 0, used: row.used, held: row.held });
  }
  const holdId = tx.newId();
  await insertHold(tx.db, tenantId, { ...hold, holdId, periodStart: row.periodStart, openedAt: at });
  return ok({ holdId });
}

/** The act happened: what was held is used, in the period it was held in, by this subject. Confirmed twice it is used once. */
export const confirmHold = (tx: TxContext, tenantId: string, holdId: string, subject: string, at: Date): Promise<Result<null, Refusal>> =>
  close(tx, tenantId, holdId, { state: 'confirmed', subject }, at);

/** The act will not happen: the units are free again. */
export const releaseHold = (tx: TxContext, tenantId: string, holdId: string, at: Date): Promise<Result<null, Refusal>> =>
  close(tx, tenantId, holdId, { state: 'released', subject: null }, at);

/** One conditional update wins; who comes later finds the hold closed. */
async function close(
  tx: TxContext,
  tenantId: string,
  holdId: string,
  end: { state: 'confirmed' | 'released'; subject: string | null },
  at: Date,
): Promise<Result<null, Refusal>> {
  if (await closeHold(tx.db, tenantId, holdId, end, at)) return ok(null);
  const hold: HoldRow | null = await findHold(tx.db, tenantId, { holdId });
  if (!hold) return refuse({ code: 'hold_not_found' });
  const state: ClosedState = hold.state === 'open' ? 'expired' : hold.state;
  return state === end.state ? ok(null) : refuse({ code: 'hold_closed', state });
}
