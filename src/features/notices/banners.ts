import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { enter } from '../members/admit-member';
import { findBanner, saveDismissal } from './notices.store';
import { noticeKey, readNoticeKey } from './quota-notice.rules';

/** The warning of a meter that concerns a person: the highest notice of the current period and limit. */
export async function bannerFor(
  tx: TxContext,
  actor: Actor,
  meter: string,
  counter: { periodStart: Date; limitEpoch: number },
): Promise<{ key: string; threshold: number; isDismissed: boolean } | null> {
  const { periodStart, limitEpoch } = counter;
  const found = await findBanner(tx.db, actor.tenantId, actor.memberId, { meter, periodStart, limitEpoch });
  if (!found) return null;
  const key = noticeKey({ meter, periodStart, limitEpoch, threshold: found.threshold });
  return { key, threshold: found.threshold, isDismissed: found.dismissed.includes(key) };
}

/** Puts a banner away, for this person only. What is no key, or was never said, needs no putting away. */
export function dismissBanner(ctx: Context, actor: Actor, key: string): Promise<Result<null, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const notice = readNoticeKey(key);
    if (notice) await saveDismissal(tx.db, actor.tenantId, actor.memberId, notice, tx.now());
    return ok(null);
  });
}
