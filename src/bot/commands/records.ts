import { z } from 'zod';
import { NewChecklist } from '../../contract/checklists';
import type { SubmittedDraft } from '../../contract/drafts';
import { NewOpportunity } from '../../contract/opportunities';
import { createChecklist } from '../../features/checklists/create-checklist';
import { createOpportunity } from '../../features/crm/create-opportunity';
import { submitDraft } from '../../features/submissions/submit-draft';
import { never } from '../../platform/invariant';
import { checklistForm, opportunityForm } from '../cards/forms';
import { checklistCard, opportunityCard } from '../cards/records';
import { type Answer, formKey, refused, refusedCreation, show, type Turn } from '../turn';
import { showTicket } from './tickets';
import { itemsFromText, oneLine } from './typed-text.rules';

const titleOf = (rest: string) => ({ title: oneLine(rest).slice(0, 200) });

/** `start checklist`: a form, because a checklist needs its items. */
export const newChecklist = async (turn: Turn, rest: string): Promise<Answer> =>
  show(checklistForm(turn.speech, turn.ctx.newId(), titleOf(rest)));

export const ChecklistSubmission = z.object({ key: z.string().max(200), title: z.string(), items: z.string() });

export async function submitChecklist(turn: Turn, { key, title, items }: z.output<typeof ChecklistSubmission>): Promise<Answer> {
  const input = NewChecklist.safeParse({ title: oneLine(title), items: itemsFromText(items).map((text) => ({ text })) });
  if (!input.success) return { text: turn.speech.texts.forms.invalid };
  const created = await createChecklist(turn.ctx, turn.actor, { clientKey: formKey(turn, key) }, input.data);
  if (!created.ok) return refusedCreation(turn, created.refusal, input.data.title, true);
  const { record } = created.value;
  return show(checklistCard(turn.speech, record, turn.linkTo(`c/${record.id}`)), { inPlace: true });
}

/** `new deal`: a form. */
export const newOpportunity = async (turn: Turn, rest: string): Promise<Answer> =>
  show(opportunityForm(turn.speech, turn.ctx.newId(), titleOf(rest)));

export const OpportunitySubmission = z.object({ key: z.string().max(200), title: z.string(), customer: z.string().default('') });

export async function submitOpportunity(turn: Turn, { key, title, customer }: z.output<typeof OpportunitySubmission>): Promise<Answer> {
  const input = NewOpportunity.safeParse({ title: oneLine(title), customer: oneLine(customer) || null });
  if (!input.success) return { text: turn.speech.texts.forms.invalid };
  const created = await createOpportunity(turn.ctx, turn.actor, { clientKey: formKey(turn, key) }, input.data);
  if (!created.ok) return refusedCreation(turn, created.refusal, input.data.title, true);
  const { record } = created.value;
  return show(opportunityCard(turn.speech, record, turn.linkTo(`o/${record.id}`)), { inPlace: true });
}

export const DraftPress = z.object({ draftId: z.uuid() });

/** The refused act again, under its own key. */
export async function submitKeptDraft(turn: Turn, { draftId }: z.output<typeof DraftPress>): Promise<Answer> {
  const submitted = await submitDraft(turn.ctx, turn.actor, draftId);
  return submitted.ok ? showSubmitted(turn, submitted.value.record) : refused(turn, submitted.refusal);
}

async function showSubmitted(turn: Turn, draft: SubmittedDraft): Promise<Answer> {
  switch (draft.meter) {
    case 'tickets':
      return showTicket(turn, draft.record, turn.speech.texts.ticket.created, true);
    case 'checklists':
      return show(checklistCard(turn.speech, draft.record, turn.linkTo(`c/${draft.record.id}`)), { inPlace: true });
    case 'opportunities':
      return show(opportunityCard(turn.speech, draft.record, turn.linkTo(`o/${draft.record.id}`)), { inPlace: true });
    default:
      return never(draft);
  }
}
