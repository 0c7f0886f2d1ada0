import type { Draft, SubmittedDraft } from '../../contract/drafts';
import type { Meter } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { countDrafts, listDrafts } from '../drafts/drafts';
import { enter } from '../members/admit-member';
import { submitDraft } from './submit-draft';

export interface SubmittedAll {
  submitted: SubmittedDraft[];
  /** At most one per meter: the first refusal of a meter ends it. */
  refused: { draftId: string; refusal: Refusal }[];
  /** Drafts of the actor that still wait. */
  remaining: number;
}

/** Submits the actor's drafts, oldest first. The first refusal of a meter leaves the rest of that meter where they are. */
export async function submitAllDrafts(ctx: Context, actor: Actor): Promise<Result<SubmittedAll, Refusal>> {
  const access = await inTenant(ctx, actor.tenantId, (tx) => enter(tx, actor, 'create'));
  if (!access.ok) return access;

  const submitted: SubmittedDraft[] = [];
  const refused: SubmittedAll['refused'] = [];
  const stopped = new Set<Meter>();
  for await (const draft of allDrafts(ctx, actor)) {
    if (stopped.has(draft.meter)) continue;
    const result = await submitDraft(ctx, actor, draft.id);
    if (result.ok) submitted.push(result.value.record);
    // Discarded in another window since the list was read: nobody's loss.
    else if (result.refusal.code !== 'draft_not_found') {
      refused.push({ draftId: draft.id, refusal: result.refusal });
      stopped.add(draft.meter);
    }
  }
  return ok({ submitted, refused, remaining: await countDrafts(ctx, actor) });
}

const PAGE = 100;

async function* allDrafts(ctx: Context, actor: Actor): AsyncGenerator<Draft> {
  let cursor: string | undefined;
  do {
    const page = await listDrafts(ctx, actor, { cursor, limit: PAGE });
    if (!page.ok) return;
    yield* page.value.items;
    cursor = page.value.nextCursor ?? undefined;
  } while (cursor);
}
