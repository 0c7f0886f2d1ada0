import type { NewOverride, NewSupportGrant, Override, Standing, SupportGrant } from '../../contract/operator';
import type { Refusal } from '../../contract/refusals';
import type { DecisionWord, Request } from '../../contract/requests';
import type { OperatorActor } from '../../platform/actor';
import type { Context, TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { decideRequest, holdRequest, requestsOf } from '../requests/requests';
import { operate } from '../tenants/operate';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { clearOverride, giveGoodwill, setOverride } from '../usage/deviate';
import { once } from '../usage/once';
import { standingsAt } from '../usage/read-usage';
import { holdKey, recall } from '../usage/recall';
import { unlockGrants } from '../usage/unlock-grants';

/** Unlocks what waits of a meter, for the named organization alone (HO-08, HO-09); an open request for it is granted with it. */
export function unlockFor(
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  { meter, reason }: { meter: string; reason: string },
): Promise<Result<Standing, Refusal>> {
  const act = { operator, needs: 'support', tenantId, action: 'grants.unlock', reason, details: { meter } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const unlocked = await unlockGrants(tx, tenantId, { meter, actor: operator.memberId }, at);
    if (!unlocked.ok) return unlocked;
    const { items } = await requestsOf(tx, tenantId, { kind: 'early_unlock', state: 'open', limit: 100 }, at);
    for (const open of items.filter(({ subject }) => subject === meter))
      await decideRequest(tx, tenantId, open.id, 'granted', operator.memberId, at);
    return ok({ value: await standingOf(tx, tenantId, meter, at), subject: meter });
  });
}

/** Grants or refuses an early unlock that was asked for. What was paid meanwhile is unlocked already: granting it is no mistake. */
export function decideUnlock(
  ctx: Context,
  operator: OperatorActor,
  { tenantId, requestId }: { tenantId: string; requestId: string },
  { decision, note, reason }: { decision: DecisionWord; note: string | null; reason: string },
): Promise<Result<Request, Refusal>> {
  const act = { operator, needs: 'support', tenantId, action: `early_unlock.${decision}`, reason, details: { note } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const request = await holdRequest(tx, tenantId, requestId, at);
    if (request?.kind !== 'early_unlock') return refuse({ code: 'request_not_found' });
    const decided = await decideRequest(tx, tenantId, requestId, decision, operator.memberId, at, note);
    if (!decided.ok) return decided;
    const { replayed } = decided.value;
    if (decision === 'granted' && !replayed) await unlockGrants(tx, tenantId, { meter: request.subject, actor: operator.memberId }, at);
    return ok({ value: decided.value.request, subject: requestId, isNew: !replayed });
  });
}

/** Gives units beside the plan, for a time and with a reason that the organization reads too. */
export function grantSupport(
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  key: CreationKey,
  { reason, effectiveAt, expiresAt, ...given }: NewSupportGrant & { reason: string },
): Promise<Result<Created<SupportGrant>, Refusal>> {
  const details = { ...given, effectiveAt, expiresAt };
  const act = { operator, needs: 'support', tenantId, action: 'grants.give', reason, details } as const;
  return operate<Created<SupportGrant>>(ctx, act, async (tx, _tenant, at) => {
    const remembered = { key: keyOf('grant_support', operator, key), fingerprint: fingerprint([details, reason]) };
    await holdKey(tx, tenantId, remembered.key);
    const known = await recall(tx, tenantId, remembered);
    if (!known.ok) return known;
    if (known.value)
      return ok({ value: { record: { id: known.value, ...details, reason }, replayed: true }, subject: known.value, isNew: false });
    const from = effectiveAt === null ? {} : { effectiveAt: new Date(effectiveAt) };
    const granted = await giveGoodwill(
      tx,
      tenantId,
      { ...given, ...from, expiresAt: new Date(expiresAt), reason, actor: operator.memberId },
      at,
    );
    if (!granted.ok) return granted;
    const id = granted.value.grantId;
    await once(tx, tenantId, { ...remembered, subject: id }, at);
    return ok({ value: { record: { id, ...details, reason }, replayed: false }, subject: id });
  });
}

/** Lets one field of a meter's policy be otherwise than the plan says, for a time. */
export function setOverrideFor(
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  { path, value, expiresAt, reason }: NewOverride & { reason: string },
): Promise<Result<Override, Refusal>> {
  const act = { operator, needs: 'support', tenantId, action: 'override.set', reason, details: { path, value, expiresAt } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const given = { path, value, reason, actor: operator.memberId, expiresAt: new Date(expiresAt) };
    const set = await setOverride(tx, tenantId, given, at);
    return set.ok ? ok({ value: { path, value: set.value.value, expiresAt, reason }, subject: path }) : set;
  });
}

/** Lets the plan's word hold again. */
export function clearOverrideFor(
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  { path, reason }: { path: string; reason: string },
): Promise<Result<null, Refusal>> {
  const act = { operator, needs: 'support', tenantId, action: 'override.clear', reason, details: { path } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const cleared = await clearOverride(tx, tenantId, path, at);
    return cleared.ok ? ok({ value: null, subject: path }) : cleared;
  });
}

async function standingOf(tx: TxContext, tenantId: string, meter: string, at: Date): Promise<Standing> {
  return (await standingsAt(tx, tenantId, at)).find((one) => one.meter === meter)!;
}
