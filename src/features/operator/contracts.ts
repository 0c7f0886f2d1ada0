import type { ContractStart } from '../../contract/operator';
import type { Refusal } from '../../contract/refusals';
import type { Subscription } from '../../contract/subscriptions';
import type { OperatorActor } from '../../platform/actor';
import type { Context } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { type BillStart, endContract, lockContract, type OnEnd, startContract } from '../subscriptions/contracts';
import { showSubscription, subscriptionsOf } from '../subscriptions/list-subscriptions';
import { operate } from '../tenants/operate';
import { lockTenant } from '../tenants/tenants';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { once } from '../usage/once';
import { holdKey, recall } from '../usage/recall';

const NOBODY = { tenantId: null, objectId: null, address: null };

/** Begins a contract that was agreed elsewhere; its first bill is issued with it. */
export function startContractFor(
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  key: CreationKey,
  { reason, startsAt, ...order }: ContractStart & { reason: string },
  billStart: BillStart,
): Promise<Result<Created<Subscription>, Refusal>> {
  const act = { operator, needs: 'accounting', tenantId, action: 'contract.start', reason, details: { ...order, startsAt } } as const;
  return operate<Created<Subscription>>(ctx, act, async (tx, _tenant, at) => {
    await holdKey(tx, tenantId, 'contracts');
    const tenant = (await lockTenant(tx.db, tenantId))!;
    const locale = operator.locale ?? 'en';
    const remembered = { key: keyOf('start_contract', operator, key), fingerprint: fingerprint([order, startsAt]) };
    const known = await recall(tx, tenantId, remembered);
    if (!known.ok) return known;
    if (known.value) {
      const record = (await subscriptionsOf(tx, tenantId, locale, at)).find(({ id }) => id === known.value)!;
      return ok({ value: { record, replayed: true }, subject: known.value, isNew: false });
    }
    const from = startsAt === null ? null : new Date(startsAt);
    if (from && from > at) return refuse({ code: 'start_in_future', startsAt: from.toISOString(), now: at.toISOString() });
    const by = { name: 'start', actor: operator.memberId, via: 'operator', buyer: NOBODY };
    const started = await startContract(tx, tenant, { ...order, startsAt: from }, by, billStart, at);
    if (!started.ok) return started;
    const { subscriptionId } = started.value;
    await once(tx, tenantId, { ...remembered, subject: subscriptionId }, at);
    return ok({
      value: { record: await showSubscription(tx, tenantId, started.value, locale, at), replayed: false },
      subject: subscriptionId,
    });
  });
}

/** Ends a contract at once, or lets it run out with its term; what has ended stays so. */
export function endContractFor(
  ctx: Context,
  operator: OperatorActor,
  { tenantId, subscriptionId }: { tenantId: string; subscriptionId: string },
  { when, reason }: { when: 'now' | 'term_end'; reason: string },
  onEnd: OnEnd,
): Promise<Result<Subscription, Refusal>> {
  const act = { operator, needs: 'accounting', tenantId, action: 'contract.end', reason, details: { when } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const tenant = (await lockTenant(tx.db, tenantId))!;
    const before = await lockContract(tx, tenantId, subscriptionId);
    const by = { name: 'end', actor: operator.memberId, via: 'operator' };
    const ended = await endContract(tx, tenant, subscriptionId, when, by, onEnd, at);
    if (!ended.ok) return ended;
    const value = await showSubscription(tx, tenantId, ended.value, operator.locale ?? 'en', at);
    return ok({ value, subject: subscriptionId, isNew: before?.revision !== ended.value.revision });
  });
}
