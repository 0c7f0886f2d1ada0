import type { OnEnd } from '../subscriptions/contracts';
import { billCountedUntil } from './bill-terms';
import { endOpenChange } from './plan-changes';
import { findOpenChange } from './plan-changes.store';

/** What follows when a contract ends, whoever ends it: what was counted is billed, and a change that waited for its next term is void. */
export const endOfContract: OnEnd = async (tx, tenant, contract, at) => {
  await billCountedUntil(tx, tenant, contract, at);
  await voidChange(tx, tenant, contract, at);
};

/** Nothing is left of what was ordered for a term that does not come. */
export const voidChange: OnEnd = async (tx, { tenantId }, { subscriptionId }, at) => {
  const change = await findOpenChange(tx.db, tenantId, subscriptionId);
  if (change) await endOpenChange(tx, tenantId, change, 'withdrawn', at);
};
