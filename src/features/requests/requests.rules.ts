import type { Refusal } from '../../contract/refusals';
import type { DecisionWord, RequestState } from '../../contract/requests';
import { ok, type Result, refuse } from '../../platform/result';

interface Standing {
  state: RequestState;
  expiresAt: Date | null;
  decidedAt: Date | null;
}

/** A request that nobody decided in time has expired, whether or not anybody has noted it yet. */
export const stateAt = ({ state, expiresAt }: Standing, at: Date): RequestState =>
  state === 'open' && expiresAt !== null && expiresAt <= at ? 'expired' : state;

/** open → granted | refused; the same decision again changes nothing, another one is refused. */
export function decide(request: Standing, decision: DecisionWord, at: Date): Result<'apply' | 'replay', Refusal> {
  const state = stateAt(request, at);
  if (state === 'open') return ok('apply');
  if (state === decision) return ok('replay');
  return refuse({ code: 'request_closed', state, closedAt: (request.decidedAt ?? request.expiresAt)!.toISOString() });
}
