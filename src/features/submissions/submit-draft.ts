import type { SubmittedDraft } from '../../contract/drafts';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import type { Context } from '../../platform/context';
import { never } from '../../platform/invariant';
import { ok, type Result } from '../../platform/result';
import { createChecklist } from '../checklists/create-checklist';
import { createOpportunity } from '../crm/create-opportunity';
import { type KeptAct, keptAct, markSubmitted } from '../drafts/drafts';
import { createTicket } from '../tickets/create-ticket';
import type { Created } from '../usage/creation';

/**
 * Does the refused act again, under its own key: a late retry of the first try cannot create it twice.
 * Refused once more, the draft stays the one it is; submitted before, the outcome is repeated.
 */
export async function submitDraft(ctx: Context, actor: Actor, draftId: string): Promise<Result<Created<SubmittedDraft>, Refusal>> {
  const kept = await keptAct(ctx, actor, draftId);
  if (!kept.ok) return kept;
  const created = await create(ctx, actor, kept.value);
  if (created.ok && created.value.replayed) await markSubmitted(ctx, actor, draftId, created.value.record.record.id);
  return created;
}

async function create(ctx: Context, actor: Actor, { draftId, key, content }: KeptAct): Promise<Result<Created<SubmittedDraft>, Refusal>> {
  switch (content.meter) {
    case 'tickets': {
      const created = await createTicket(ctx, actor, key, content.payload);
      return created.ok ? as(created.value, (record) => ({ draftId, meter: 'tickets', record })) : created;
    }
    case 'checklists': {
      // What the limit refused was a submission; as a draft checklist it would be a draft twice over.
      const created = await createChecklist(ctx, actor, key, { ...content.payload, submit: true });
      return created.ok ? as(created.value, (record) => ({ draftId, meter: 'checklists', record })) : created;
    }
    case 'opportunities': {
      const created = await createOpportunity(ctx, actor, key, content.payload);
      return created.ok ? as(created.value, (record) => ({ draftId, meter: 'opportunities', record })) : created;
    }
    default:
      return never(content);
  }
}

const as = <Record>({ record, replayed }: Created<Record>, toDraft: (record: Record) => SubmittedDraft) =>
  ok({ record: toDraft(record), replayed });
