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
    return Array.isArray(values) && accepts(values) ? values : null;
  } catch {
    return null;
  }
}
