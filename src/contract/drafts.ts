import { z } from 'zod';
import { Checklist, NewChecklist } from './checklists';
import { Id, Instant, Revision } from './common';
import { NewOpportunity, Opportunity } from './opportunities';
import { Problem } from './refusals';
import { NewTicket, Ticket } from './tickets';

/** What the limit kept from being created: its author's text, to be submitted in one act. */
const content = {
  tickets: z.object({ meter: z.literal('tickets'), payload: NewTicket }),
  checklists: z.object({ meter: z.literal('checklists'), payload: NewChecklist }),
  opportunities: z.object({ meter: z.literal('opportunities'), payload: NewOpportunity }),
};
export const DraftContent = z.discriminatedUnion('meter', [content.tickets, content.checklists, content.opportunities]);
export type DraftContent = z.infer<typeof DraftContent>;

/** submitsItself: it is submitted as soon as there is room, without anybody acting. */
const meta = z.object({ id: Id, createdAt: Instant, updatedAt: Instant, revision: Revision, submitsItself: z.boolean() });
export const Draft = z.discriminatedUnion('meter', [
  content.tickets.extend(meta.shape),
  content.checklists.extend(meta.shape),
  content.opportunities.extend(meta.shape),
]);
export type Draft = z.infer<typeof Draft>;

/** The same meter with other words; the act's key stays the refused one's. */
export const DraftPatch = DraftContent;
export type DraftPatch = DraftContent;

/** What a submitted draft became. */
export const SubmittedDraft = z.discriminatedUnion('meter', [
  z.object({ draftId: Id, meter: z.literal('tickets'), record: Ticket }),
  z.object({ draftId: Id, meter: z.literal('checklists'), record: Checklist }),
  z.object({ draftId: Id, meter: z.literal('opportunities'), record: Opportunity }),
]);
export type SubmittedDraft = z.infer<typeof SubmittedDraft>;

/** Oldest first; stops at the first refusal of a meter, the rest of that meter stay drafts. */
export const SubmitAllResult = z.object({
  submitted: z.array(SubmittedDraft),
  refused: z.array(z.object({ draftId: Id, problem: Problem })),
  remaining: z.number().int(),
});
export type SubmitAllResult = z.infer<typeof SubmitAllResult>;
