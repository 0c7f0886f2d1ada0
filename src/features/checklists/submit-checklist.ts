import type { Checklist } from '../../contract/checklists';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { sqlState } from '../../platform/db/database';
import { ok, type Result, refuse } from '../../platform/result';
import { type Admission, admit } from '../usage/admit';
import { unitsOf } from '../usage/count-event.rules';
import { actKeyOf, type Created, type CreationKey } from '../usage/creation';
import { policyAt } from '../usage/policy-at';
import { getChecklist, readChecklist } from './checklists';

/** Starts a draft checklist and counts it; at the limit it stays the draft checklist it is. */
export async function submitChecklist(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  checklistId: string,
): Promise<Result<Created<Checklist>, Refusal>> {
  const found = await getChecklist(ctx, actor, checklistId);
  if (!found.ok) return found;
  const policy = await inTenant(ctx, actor.tenantId, (tx) => policyAt(tx, actor.tenantId, 'checklists', tx.now()));
  const submitted = await start(ctx, actor, key, { checklistId, quantity: unitsOf(policy, found.value.items.length) });
  const record = (await inTenant(ctx, actor.tenantId, (tx) => readChecklist(tx, actor.tenantId, checklistId)))!;
  if (submitted.ok) return ok({ record, replayed: submitted.value.outcome === 'replayed' });
  const started = submitted.refusal.code === 'quota_exhausted' && record.state !== 'draft';
  return started ? refuse({ code: 'checklist_already_submitted' }) : submitted;
}

/** What a database function raises when the checklist is no draft any more. */
const NO_DRAFT = 'KT002';

/**
 * When the checklist has just been started, maybe by the first try of this very act, it is asked once more:
 * by then that try is committed, and is replayed; anybody else's start is a refusal.
 */
async function start(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  { checklistId, quantity }: { checklistId: string; quantity: number },
  attempt: 1 | 2 = 1,
): Promise<Result<Admission, Refusal>> {
  try {
    return await admit(ctx, actor, {
      creation: 'submit_checklists',
      meter: 'checklists',
      ...actKeyOf('submit_checklist', actor, key, [checklistId]),
      subject: checklistId,
      quantity,
      record: null,
    });
  } catch (error) {
    if (sqlState(error) !== NO_DRAFT) throw error;
    return attempt === 1 ? start(ctx, actor, key, { checklistId, quantity }, 2) : refuse({ code: 'checklist_already_submitted' });
  }
}
