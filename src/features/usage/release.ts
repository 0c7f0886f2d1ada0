import type { TxContext } from '../../platform/context';
import { isReleased, releaseUnits } from './counters.store';

/** Gives back what creating `subject` used, once only, to the period it was taken from. False: there was nothing to give back. */
export const release = (
  tx: TxContext,
  tenantId: string,
  { meter, subject, actor, at }: { meter: string; subject: string; actor: string; at: Date },
): Promise<boolean> => releaseUnits(tx.db, tenantId, meter, subject, actor, at);

/** Whether this person gave back what creating `subject` used: a retry of an undo is answered as the undo was. */
export const wasReleased = (
  tx: TxContext,
  tenantId: string,
  { meter, subject, actor }: { meter: string; subject: string; actor: string },
): Promise<boolean> => isReleased(tx.db, tenantId, meter, subject, actor);
