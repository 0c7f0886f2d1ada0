import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { seeMember } from './members.store';

const HOUR_MS = 3_600_000;

/** Who was noted in this hour, so that the database is asked once. */
const noted = new Set<string>();
let hour = 0;

/**
 * Notes that a member is here, to the hour, whatever they came for (HO-11). In a transaction of its own: acts may hold other members'
 * rows, and two of them that each wanted the other's would wait for ever. That it fails is nothing the visitor need know.
 */
export async function noteVisit(ctx: Context, { tenantId, memberId }: Pick<Actor, 'tenantId' | 'memberId'>): Promise<void> {
  const at = ctx.now();
  const present = Math.floor(at.getTime() / HOUR_MS);
  if (present !== hour) noted.clear();
  hour = present;
  const visitor = `${tenantId}/${memberId}`;
  if (noted.has(visitor)) return;
  noted.add(visitor);
  try {
    await inTenant(ctx, tenantId, ({ db }) => seeMember(db, tenantId, memberId, at));
  } catch (error) {
    noted.delete(visitor);
    ctx.log.warn({ err: error, tenantId, memberId }, 'a visit could not be noted');
  }
}
