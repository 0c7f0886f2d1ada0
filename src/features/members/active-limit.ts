import type { Refusal } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { settleActiveMembers } from './members.store';

/**
 * Counts the active members anew, after whatever may have changed who is active; the act must be undone when it is refused. Counted
 * by the query that bills and shows them, and weighed by the limit that holds at this instant.
 */
export async function keepActiveLimit(
  tx: TxContext,
  tenantId: string,
  act: { subject: string; actor: string },
  at: Date,
): Promise<Result<null, Refusal>> {
  const { verdict, limit, used, held } = await settleActiveMembers(tx.db, tenantId, act, at);
  return verdict === 'exhausted' ? refuse({ code: 'limit_reached', meter: 'active_members', limit, used, held }) : ok(null);
}
