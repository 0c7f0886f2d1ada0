import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import type { Database } from '../../platform/db/database';
import { seeMember } from './members.store';

const HOUR_MS = 3_600_000;

/** Who was noted in this hour, so that a database is asked once. */
const noted = new WeakMap<Database, { hour: number; visitors: Set<string> }>();

function visitorsOf(database: Database, hour: number): Set<string> {
  const known = noted.get(database);
  if (known?.hour === hour) return known.visitors;
  const visitors = new Set<string>();
  noted.set(database, { hour, visitors });
  return visitors;
}

/**
 * Notes that a member is here, to the hour, whatever they came for (HO-11). In a transaction of its own: acts may hold other members'
 * rows, and two of them that each wanted the other's would wait for ever. That it fails is nothing the visitor need know.
 */
export async function noteVisit(ctx: Context, { tenantId, memberId }: Pick<Actor, 'tenantId' | 'memberId'>): Promise<void> {
  const at = ctx.now();
  const visitors = visitorsOf(ctx.database, Math.floor(at.getTime() / HOUR_MS));
  const visitor = `${tenantId}/${memberId}`;
  if (visitors.has(visitor)) return;
  visitors.add(visitor);
  try {
    await inTenant(ctx, tenantId, ({ db }) => seeMember(db, tenantId, memberId, at));
  } catch (error) {
    visitors.delete(visitor);
    ctx.log.warn({ err: error, tenantId, memberId }, 'a visit could not be noted');
  }
}
