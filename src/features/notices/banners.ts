import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { enter } from '../members/admit-member';
import type { BannerFor } from '../usage/read-usage';
import { findBanner, saveDismissal } from './notices.store';
import { noticeKey, readNoticeKey } from './quota-notice.rules';

/** The warning of a meter that concerns a person: the strongest notice of the current period and limit, if its policy has banners. */
export const bannerFor: BannerFor = async (tx, actor, meter, { periodStart, limitEpoch }, { recipients, channels }) => {
  if (!channels.includes('banner')) return null;
  const found = await findBanner(tx.db, actor.tenantId, actor.memberId, { meter, periodStart, limitEpoch }, recipients);
  if (!found) return null;
  const { kind, threshold, dismissed } = found;
  const key = noticeKey({ meter, periodStart, limitEpoch, kind, threshold });
  return { key, kind, threshold, isDismissed: dismissed.includes(key) };
};

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
