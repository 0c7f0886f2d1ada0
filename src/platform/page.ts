export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** Cuts a list that was asked for one more than `limit`; the cursor names the last one shown. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  cursorOf: (row: Row) => unknown[],
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    nextCursor: rows.length > limit && last !== undefined ? Buffer.from(JSON.stringify(cursorOf(last))).toString('base64url') : null,
  };
}

/** The values of a cursor we gave out; null for none and for anything that is not one of ours. */
export function readCursor(cursor: string | undefined, accepts: (values: unknown[]) => boolean): unknown[] | null {
  if (!cursor) return null;
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(values) && values.every(isStorable) && accepts(values) ? values : null;
  } catch {
    return null;
  }
}

/** The cursor of a list ordered by age and id; null for anything that is not one of ours. */
export function readAgeCursor(cursor: string | undefined): { at: string; id: string } | null {
  const values = readCursor(cursor, ([at, id]) => isInstant(at) && isId(id)) as [string, string] | null;
  return values && { at: values[0], id: values[1] };
}

/** As readAgeCursor, of a list whose ids are words and no GUIDs. */
export function readWordCursor(cursor: string | undefined): { at: string; id: string } | null {
  const values = readCursor(cursor, ([at, id]) => isInstant(at) && typeof id === 'string') as [string, string] | null;
  return values && { at: values[0], id: values[1] };
}

/** PostgreSQL takes no text with NUL, not even to compare with. */
const isStorable = (value: unknown): boolean => typeof value !== 'string' || !value.includes('\0');

/** Whether a value of a cursor is an instant as we write them; PostgreSQL knows no year 0. */
const isInstant = (value: unknown): boolean => {
  if (typeof value !== 'string' || value < '0001' || Number.isNaN(Date.parse(value))) return false;
  return new Date(value).toISOString() === value;
};

export const isId = (value: unknown): boolean =>
  typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu.test(value);
