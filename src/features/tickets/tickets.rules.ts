import type { TicketPatch } from '../../contract/tickets';

/** A new ticket can be undone, and its unit comes back, for this long. */
export const UNDO_WINDOW_MS = 60_000;

export const undoableUntil = (createdAt: Date): Date => new Date(createdAt.getTime() + UNDO_WINDOW_MS);

/** What was typed into a search box: words by prefix for the index, and a ticket's number when it looks like one. */
export function readSearch(q: string | undefined): { words: string | null; number: number | null } {
  const words = (q ?? '').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const number = /^\s*#?(?:t-?)?(\d{1,9})\s*$/iu.exec(q ?? '')?.[1];
  return { words: words.length > 0 ? words.map((word) => `${word}:*`).join(' & ') : null, number: number ? Number(number) : null };
}

type Fields = Required<{ [Field in keyof TicketPatch]: Exclude<TicketPatch[Field], undefined> }>;

/** Field → [before, after] of what a patch really changes; people by name. */
export function changesOf(
  before: Fields,
  patch: TicketPatch,
  nameOf: (memberId: string) => string | null,
): Record<string, [string | null, string | null]> {
  const changes: Record<string, [string | null, string | null]> = {};
  for (const field of Object.keys(patch) as (keyof TicketPatch)[]) {
    const [old, next] = [asText(field, before[field], nameOf), asText(field, patch[field], nameOf)];
    if (JSON.stringify(before[field]) !== JSON.stringify(patch[field])) changes[field === 'assigneeId' ? 'assignee' : field] = [old, next];
  }
  return changes;
}

function asText(
  field: keyof TicketPatch,
  value: TicketPatch[keyof TicketPatch],
  nameOf: (memberId: string) => string | null,
): string | null {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.join(', ');
  return field === 'assigneeId' ? nameOf(value) : value;
}
