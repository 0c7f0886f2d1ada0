import { z } from 'zod';
import { Id, Instant, line, PageQuery, PersonRef, Revision } from './common';

export const CHECKLIST_STATES = ['draft', 'running', 'completed'] as const;
export const ChecklistState = z.enum(CHECKLIST_STATES);
export type ChecklistState = z.infer<typeof ChecklistState>;

export const NewChecklist = z.strictObject({
  title: line(200),
  items: z
    .array(z.strictObject({ text: line(500), assigneeId: Id.nullable().default(null) }))
    .min(1)
    .max(200),
  /** true: submitted at once, which starts it and counts; false: kept as a draft checklist, which counts nothing. */
  submit: z.boolean().default(true),
  /** Counts against this team's share, too, should it have one. */
  teamId: Id.optional(),
});
export type NewChecklist = z.infer<typeof NewChecklist>;

export const ChecklistItem = z.object({
  id: Id,
  text: z.string(),
  assignee: PersonRef.nullable(),
  doneAt: Instant.nullable(),
  doneBy: PersonRef.nullable(),
});
export type ChecklistItem = z.infer<typeof ChecklistItem>;

export const Checklist = z.object({
  id: Id,
  title: z.string(),
  state: ChecklistState,
  items: z.array(ChecklistItem),
  createdBy: PersonRef,
  createdAt: Instant,
  startedAt: Instant.nullable(),
  completedAt: Instant.nullable(),
  revision: Revision,
});
export type Checklist = z.infer<typeof Checklist>;

export const ChecklistItemPatch = z.strictObject({ done: z.boolean() });
export type ChecklistItemPatch = z.infer<typeof ChecklistItemPatch>;

export const ChecklistQuery = PageQuery.extend({ state: z.enum([...CHECKLIST_STATES, 'any']).default('any') });
export type ChecklistQuery = z.infer<typeof ChecklistQuery>;
