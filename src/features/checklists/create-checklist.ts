import type { Checklist, NewChecklist } from '../../contract/checklists';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { keepWhatWasRefused } from '../drafts/drafts';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { mayCreateFor } from '../shares/shares';
import { admit } from '../usage/admit';
import { unitsOf } from '../usage/count-event.rules';
import { type ActKey, actKeyOf, type Created, type CreationKey } from '../usage/creation';
import { once } from '../usage/once';
import { policyAt } from '../usage/policy-at';
import { holdKey, recall } from '../usage/recall';
import { readChecklist } from './checklists';
import { insertDraftChecklist } from './checklists.store';

/**
 * Creates a checklist. `submit: true` starts it and counts it; at the limit the input is kept as its author's draft.
 * `submit: false` keeps it as a draft checklist, which counts nothing and works at the limit.
 */
export async function createChecklist(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: NewChecklist,
): Promise<Result<Created<Checklist>, Refusal>> {
  const act = actKeyOf('create_checklist', actor, key, input);
  const prepared = await inTenant(ctx, actor.tenantId, (tx) => prepare(tx, actor, act, input));
  if (!prepared.ok) return prepared;
  if (prepared.value) return ok({ record: prepared.value, replayed: true });
  return input.submit ? startChecklist(ctx, actor, act, input) : keepDraftChecklist(ctx, actor, act, input);
}

/** What the act created before, null when it is new and everybody named in it is a member. */
async function prepare(tx: TxContext, actor: Actor, act: ActKey, input: NewChecklist): Promise<Result<Checklist | null, Refusal>> {
  const access = await enter(tx, actor, 'read');
  if (!access.ok) return access;
  const known = await recall(tx, actor.tenantId, act);
  if (!known.ok) return known;
  if (known.value) return ok(await readChecklist(tx, actor.tenantId, known.value));

  const assignees = [...new Set(input.items.flatMap((item) => item.assigneeId ?? []))];
  const names = assignees.length > 0 ? await memberNames(tx, actor.tenantId, assignees) : new Map<string, string>();
  return assignees.every((id) => names.has(id)) ? ok(null) : refuse({ code: 'member_not_found' });
}

async function startChecklist(ctx: Context, actor: Actor, act: ActKey, input: NewChecklist): Promise<Result<Created<Checklist>, Refusal>> {
  const share = await mayCreateFor(ctx, actor, act, input.teamId);
  if (!share.ok) return share;
  const policy = await inTenant(ctx, actor.tenantId, (tx) => policyAt(tx, actor.tenantId, 'checklists', tx.now()));
  const admitted = await admit(ctx, actor, {
    ...act,
    creation: 'create_checklists',
    meter: 'checklists',
    subject: ctx.newId(),
    quantity: unitsOf(policy, input.items.length),
    record: input,
    teamId: input.teamId,
  });
  if (!admitted.ok) return keepWhatWasRefused(ctx, actor, act, { meter: 'checklists', payload: input }, admitted.refusal);
  const record = await inTenant(ctx, actor.tenantId, (tx) => readChecklist(tx, actor.tenantId, admitted.value.subject));
  return ok({ record: record!, replayed: admitted.value.outcome === 'replayed' });
}

function keepDraftChecklist(ctx: Context, actor: Actor, act: ActKey, input: NewChecklist): Promise<Result<Created<Checklist>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'create');
    if (!access.ok) return access;
    await holdKey(tx, actor.tenantId, act.key);
    const counted = await recall(tx, actor.tenantId, act);
    if (!counted.ok) return counted;
    const checklistId = tx.newId();
    const first = await once(tx, actor.tenantId, { ...act, subject: checklistId }, at);
    if (first.outcome === 'conflict') return refuse({ code: 'idempotency_conflict' });
    if (first.outcome === 'first') {
      await insertDraftChecklist(tx.db, actor.tenantId, { checklistId, createdBy: actor.memberId, input }, at);
    }
    const record = await readChecklist(tx, actor.tenantId, first.outcome === 'first' ? checklistId : first.subject);
    return ok({ record: record!, replayed: first.outcome === 'replayed' });
  });
}
