import type { Context } from '../../platform/context';
import { readAndAdopt } from './adopt-snapshot';
import { MarketplaceUnavailable, type Selling } from './marketplace.port';
import { claimRereads, settleReread } from './reread.store';

const LEASE_MS = 60_000;
const PAUSES_MS = [60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];

/** Looks again at activations whose outcome nobody has seen yet. Answers how many it looked at. */
export async function rereadSubscriptions(ctx: Context, selling: Selling, limit = 20): Promise<number> {
  const now = selling.realTime.now();
  const due = await claimRereads(ctx.database, now, new Date(now.getTime() + LEASE_MS), limit);
  for (const { outboxId, subscriptionId, attempts } of due) {
    const { isDone, error } = await look(ctx, selling, subscriptionId);
    const pause = PAUSES_MS[attempts - 1];
    const again = isDone || pause === undefined ? null : new Date(selling.realTime.now().getTime() + pause);
    await settleReread(ctx.database, outboxId, again, error);
  }
  return due.length;
}

async function look(ctx: Context, selling: Selling, subscriptionId: string): Promise<{ isDone: boolean; error: string | null }> {
  try {
    const read = await readAndAdopt(ctx, selling, subscriptionId, { name: 'reread', actor: null });
    return { isDone: read !== null && read.truth.status !== 'PendingFulfillmentStart', error: null };
  } catch (error) {
    if (!(error instanceof MarketplaceUnavailable)) throw error;
    return { isDone: false, error: error.message };
  }
}
