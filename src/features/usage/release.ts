import type { TxContext } from '../../platform/context';
import { enqueue } from '../outbox/outbox';
import { isReleased, releaseUnits } from './counters.store';
import { policyAt } from './policy-at';
import { ROOM_TOPIC } from './room';

/** Gives back what creating `subject` used, once only, to the period it was taken from. False: there was nothing to give back. */
export const release = (
  tx: TxContext,
  tenantId: string,
  { meter, subject, actor, at }: { meter: string; subject: string; actor: string; at: Date },
): Promise<boolean> => releaseUnits(tx.db, tenantId, meter, subject, actor, at);

/** What was created is deleted: where the plan says so, its unit comes back to the period it was taken from. */
export async function releaseDeleted(
  tx: TxContext,
  tenantId: string,
  act: { meter: string; subject: string; actor: string; at: Date },
): Promise<void> {
  if ((await policyAt(tx, tenantId, act.meter, act.at)).releaseOn !== 'delete') return;
  if (await release(tx, tenantId, act)) await enqueue(tx, tenantId, ROOM_TOPIC, { meter: act.meter }, act.at);
}

/** Whether this person gave back what creating `subject` used: a retry of an undo is answered as the undo was. */
export const wasReleased = (
  tx: TxContext,
  tenantId: string,
  { meter, subject, actor }: { meter: string; subject: string; actor: string },
): Promise<boolean> => isReleased(tx.db, tenantId, meter, subject, actor);
