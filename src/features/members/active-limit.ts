import type { Refusal } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { settleActiveMembers } from './members.store';

/**
 * Counts the active members anew, after whatever may have changed who is active; the act must be undone when it is refused. Counted
 * by the query that bills and shows them. 'stale': the limit has to be refreshed before it can refuse anybody; a refresh is under way.
 */
export async function keepActiveLimit(
  tx: TxContext,
  tenantId: string,
  act: { subject: string; actor: string },
  at: Date,
): Promise<Result<'kept' | 'stale', Refusal>> {
  const { verdict, limit, used, held } = await settleActiveMembers(tx.db, tenantId, act, at);
  if (verdict === 'exhausted') return refuse({ code: 'limit_reached', meter: 'active_members', limit, used, held });
  return ok(verdict === 'stale' ? 'stale' : 'kept');
}
