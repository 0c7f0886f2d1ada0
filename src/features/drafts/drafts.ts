import { type Draft, DraftContent, type DraftPatch } from '../../contract/drafts';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { type Page, pageOf, readAgeCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { enqueue } from '../outbox/outbox';
import type { ActKey } from '../usage/creation';
import { policyAt } from '../usage/policy-at';
import { ROOM_TOPIC } from '../usage/room';
import {
  closeDraft,
  countOpenDrafts,
  type DraftRow,
  findDraftToSubmit,
  findOpenDraft,
  heldDrafts,
  keepDraftRow,
  openDrafts,
  rewriteDraft,
} from './drafts.store';

const toDraft = (row: DraftRow): Draft =>
  ({
    id: row.draft_id,
    meter: row.meter,
    payload: row.payload,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    revision: row.revision,
    submitsItself: row.submits_itself,
  }) as Draft;

/**
 * Nothing typed is lost: a creation refused for lack of quota becomes its author's draft, under the act's own key.
 * Every other refusal is passed on as it is. Call it after the refused act was rolled back.
 */
export async function keepWhatWasRefused(
  ctx: Context,
  actor: Actor,
  act: ActKey,
  content: DraftContent,
  refusal: Refusal,
): Promise<Result<never, Refusal>> {
  if (refusal.code !== 'quota_exhausted') return refuse(refusal);
  const kept = await inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const { onExhausted } = await policyAt(tx, actor.tenantId, content.meter, at);
    const submitsItself = onExhausted === 'hold';
    const draft = { draftId: tx.newId(), ...act, author: actor.memberId, ...content, submitsItself };
    if (submitsItself) await enqueue(tx, actor.tenantId, ROOM_TOPIC, { meter: content.meter }, new Date(refusal.resetsAt));
    return { ...(await keepDraftRow(tx.db, actor.tenantId, draft, at)), submitsItself };
  });
  // The key names a draft of other content: answering with that one would lose what was typed now.
  if (kept.fingerprint !== act.fingerprint) return refuse({ code: 'idempotency_conflict' });
  return refuse({ ...refusal, draftId: kept.draft_id, ...(kept.submitsItself && { submitsItself: true as const }) });
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
    const rows = await openDrafts(tx.db, actor.tenantId, actor.memberId, readAgeCursor(query.cursor), query.limit + 1);
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

/** A refused act as it can be done again: its own key and digest, and the words its author has now. */
export interface KeptAct {
  draftId: string;
  key: { operationKey: string; fingerprint: string; draftRevision: number };
  content: DraftContent;
}

/** A draft that waits or was submitted; submitting the latter again only repeats its outcome. */
export function keptAct(ctx: Context, actor: Actor, draftId: string): Promise<Result<KeptAct, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const row = await findDraftToSubmit(tx.db, actor.tenantId, actor.memberId, draftId);
    if (!row) return refuse({ code: 'draft_not_found' });
    const { operation_key: operationKey, fingerprint, meter, payload, revision: draftRevision } = row;
    return ok({ draftId, key: { operationKey, fingerprint, draftRevision }, content: DraftContent.parse({ meter, payload }) });
  });
}

/** The draft's act was done: it is no draft any more. Admission says so itself, unless the act was done before the draft was kept. */
export async function markSubmitted(ctx: Context, actor: Actor, draftId: string, subject: string): Promise<void> {
  const end = { state: 'submitted' as const, subject, revision: null };
  await inTenant(ctx, actor.tenantId, (tx) => closeDraft(tx.db, actor.tenantId, draftId, end, tx.now()));
}

/** What waits for room in a meter and is submitted by itself, oldest first, each with its author. */
export const heldActs = (ctx: Context, tenantId: string, meter: string): Promise<{ draftId: string; author: Actor }[]> =>
  inTenant(ctx, tenantId, async ({ db }) =>
    (await heldDrafts(db, tenantId, meter)).map(({ draftId, author: memberId, ...person }) => ({
      draftId,
      author: { tenantId, memberId, ...person, appRoles: [], via: 'tab' as const },
    })),
  );

/** How many drafts of the actor wait. */
export const countDrafts = (ctx: Context, actor: Actor): Promise<number> =>
  inTenant(ctx, actor.tenantId, ({ db }) => countOpenDrafts(db, actor.tenantId, actor.memberId));

async function ownDraft(tx: TxContext, actor: Actor, draftId: string): Promise<Result<DraftRow, Refusal>> {
  const access = await enter(tx, actor, 'read');
  if (!access.ok) return access;
  const row = await findOpenDraft(tx.db, actor.tenantId, actor.memberId, draftId);
  return row ? ok(row) : refuse({ code: 'draft_not_found' });
}
