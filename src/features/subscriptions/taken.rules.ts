/** What the marketplace has taken of an order: when the last time (null: never), and how often. */
export interface Taken {
  sentAt: Date | null;
  sends: number;
}

const HOUR = 3_600_000;
/** What was taken shows within minutes; without any trace it was hardly begun. */
const ASK_AGAIN_MS = HOUR;
const MOST_SENDS = 3;
/** What left no trace for so long is not waited for any more. */
export const LOST_AFTER_MS = 24 * HOUR;

/** What to do about an order of which the marketplace shows nothing: what it has taken it may still be carrying out. */
export function stepFor({ sentAt, sends }: Taken, at: Date): 'ask' | 'wait' | 'lost' {
  if (sentAt === null) return 'ask';
  const since = at.getTime() - sentAt.getTime();
  if (since >= LOST_AFTER_MS) return 'lost';
  return since >= ASK_AGAIN_MS && sends < MOST_SENDS ? 'ask' : 'wait';
}
