import type { Draft, DraftContent, DraftPatch } from '../../contract/drafts';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { type Page, pageOf, readCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { closeDraft, type DraftRow, findOpenDraft, keepDraftRow, openDrafts, rewriteDraft } from './drafts.store';

const toDraft = (row: DraftRow): Draft =>
  ({
    id: row.draft_id,
    meter: row.meter,
    payload: row.payload,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    revision: row.revision,
  }) as Draft;

/**
 * Nothing typed is lost: a creation refused for lack of quota becomes its author's draft, under the act's own key.
 * Every other refusal is passed on as it is. Call it after the refused act was rolled back.
 */
export async function keepWhatWasRefused(
  ctx: Context,
  actor: Actor,
  act: { key: string; fingerprint: string },
  content: DraftContent,
  refusal: Refusal,
): Promise<Result<never, Refusal>> {
  if (refusal.code !== 'quota_exhausted') return refuse(refusal);
  const draftId = await inTenant(ctx, actor.tenantId, ({ db, newId, now }) =>
    keepDraftRow(db, actor.tenantId, { draftId: newId(), ...act, author: actor.memberId, ...content }, now()),
  );
  return refuse({ ...refusal, draftId });
}

/** The actor's own waiting drafts, oldest first. */
export function listDrafts(
  ctx: Context,
  actor: Actor,
  query: { cursor?: string | undefined; limit: number },
): Promise<Result<Page<Draft>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const after = readCursor(query.cursor, ([createdAt, id]) => typeof createdAt === 'string' && typeof id === 'string') as
      | [string, string]
      | null;
    const rows = await openDrafts(tx.db, actor.tenantId, actor.memberId, after && { createdAt: after[0], id: after[1] }, query.limit + 1);
    return ok(pageOf(rows, query.limit, toDraft, (row) => [row.created_at.toISOString(), row.draft_id]));
  });
}

export function getDraft(ctx: Context, actor: Actor, draftId: string): Promise<Result<Draft, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await ownDraft(tx, actor, draftId);
    return found.ok ? ok(toDraft(found.value)) : found;
  });
}

/** Other words for the same act; the meter stays. */
export function editDraft(
  ctx: Context,
  actor: Actor,
  draftId: string,
  patch: DraftPatch,
  revision: number,
): Promise<Result<Draft, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await ownDraft(tx, actor, draftId);
    if (!found.ok) return found;
    if (found.value.meter !== patch.meter) return refuse({ code: 'draft_not_found' });
    const row = await rewriteDraft(tx.db, actor.tenantId, draftId, patch.payload, revision, tx.now());
    return row ? ok(toDraft(row)) : refuse({ code: 'stale_revision', current: toDraft(found.value) });
  });
}

export function discardDraft(ctx: Context, actor: Actor, draftId: string, revision: number): Promise<Result<null, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await ownDraft(tx, actor, draftId);
    if (!found.ok) return found;
    const closed = await closeDraft(tx.db, actor.tenantId, draftId, { state: 'discarded', subject: null, revision }, tx.now());
    return closed ? ok(null) : refuse({ code: 'stale_revision', current: toDraft(found.value) });
  });
}

async function ownDraft(tx: TxContext, actor: Actor, draftId: string): Promise<Result<DraftRow, Refusal>> {
  const access = await enter(tx, actor, 'read');
  if (!access.ok) return access;
  const row = await findOpenDraft(tx.db, actor.tenantId, actor.memberId, draftId);
  return row ? ok(row) : refuse({ code: 'draft_not_found' });
}
