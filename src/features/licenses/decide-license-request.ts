import type { Refusal } from '../../contract/refusals';
import type { Decision, Request } from '../../contract/requests';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { enqueue } from '../outbox/outbox';
import { decideRequest, holdRequest } from '../requests/requests';
import { decideSwitch } from './licenses.rules';
import { findHolder } from './licenses.store';
import { giveLicenses, holdPool, TOPICS } from './pool';

/**
 * Administrators decide requests for a license; those of other kinds are the publisher's and are not there for them to decide.
 * Granting needs a free place: without one the request stays open, and the refusal says how many are taken.
 */
export function decideLicenseRequest(ctx: Context, actor: Actor, requestId: string, input: Decision): Promise<Result<Request, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const pool = await holdPool(tx, tenantId);
    const request = await holdRequest(tx, tenantId, requestId, at);
    if (request?.kind !== 'license') return refuse({ code: 'request_not_found' });
    const { decision, note } = input;
    const memberId = request.subject;
    if (decision === 'granted' && request.state === 'open') {
      const possible = await mayBeGiven(tx, tenantId, pool, memberId);
      if (!possible.ok) return possible;
    }
    const decided = await decideRequest(tx, tenantId, requestId, decision, actor.memberId, at, note);
    if (!decided.ok) return decided;
    if (!decided.value.replayed) {
      const because = decision;
      if (decision === 'granted')
        await giveLicenses(tx, tenantId, [memberId], 'full', { actor: actor.memberId, via: actor.via, because }, at);
      else await enqueue(tx, tenantId, TOPICS.told, { memberIds: [memberId], license: null, because }, at);
    }
    return ok(decided.value.request);
  });
}

async function mayBeGiven(
  tx: TxContext,
  tenantId: string,
  pool: Awaited<ReturnType<typeof holdPool>>,
  memberId: string,
): Promise<Result<unknown, Refusal>> {
  if (!pool) return refuse({ code: 'licenses_not_assigned' });
  const holder = await findHolder(tx.db, tenantId, memberId);
  return holder ? decideSwitch(pool, holder.license, 'full') : refuse({ code: 'member_not_found' });
}
