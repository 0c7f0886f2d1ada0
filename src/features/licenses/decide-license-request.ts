import type { Refusal } from '../../contract/refusals';
import type { Decision, Request } from '../../contract/requests';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { decideRequest, holdRequest } from '../requests/requests';

/** Administrators decide requests for a license; those of other kinds are the publisher's and are not there for them to decide. */
export function decideLicenseRequest(ctx: Context, actor: Actor, requestId: string, input: Decision): Promise<Result<Request, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const request = await holdRequest(tx, actor.tenantId, requestId, at);
    if (request?.kind !== 'license') return refuse({ code: 'request_not_found' });
    const decided = await decideRequest(tx, actor.tenantId, requestId, input.decision, actor.memberId, at, input.note);
    return decided.ok ? ok(decided.value.request) : decided;
  });
}
