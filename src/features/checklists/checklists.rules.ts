import type { ChecklistState } from '../../contract/checklists';

/** The state of a started checklist: completed with its last open item, running again as soon as one is open. */
export const stateOf = (items: readonly { done_at: Date | null }[]): Exclude<ChecklistState, 'draft'> =>
  items.every((item) => item.done_at !== null) ? 'completed' : 'running';
