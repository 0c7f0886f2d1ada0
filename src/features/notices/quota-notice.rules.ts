import { ALWAYS } from '../entitlements/periods.rules';
import type { NoticeKind } from '../usage/counter.rules';

/** What names a notice: said once per recipient, meter, usage period, limit level, cause and mark. */
export interface QuotaNotice {
  meter: string;
  /** ALWAYS.start for what has no periods. */
  periodStart: Date;
  limitEpoch: number;
  /** threshold: percent of the granted amount; remaining: units left; forecast and advice: no mark. */
  kind: NoticeKind;
  threshold: number;
}

/** A period as keys and events name it: its start, or `always`. */
export const periodName = (start: Date): string => (start.getTime() === ALWAYS.start.getTime() ? 'always' : start.toISOString());

export const periodNamed = (name: string): Date => (name === 'always' ? ALWAYS.start : new Date(name));

/** `<meter>/<period>/<limit epoch>/<percent>`, or `…/<kind>:<mark>` */
export function noticeKey({ meter, periodStart, limitEpoch, kind, threshold }: QuotaNotice): string {
  const mark = kind === 'threshold' ? String(threshold) : `${kind}:${threshold}`;
  return `${meter}/${periodName(periodStart)}/${limitEpoch}/${mark}`;
}

/** The notice of a key; null for anything that no notice would be named. */
export function readNoticeKey(key: string): QuotaNotice | null {
  const parts = /([a-z][a-z0-9_]{0,39})\/(.+)\/(\d{1,6})\/(?:(remaining|forecast|advice):)?(\d{1,13})/u.exec(key);
  if (!parts) return null;
  const [, meter, period, epoch, kind = 'threshold', mark] = parts;
  const periodStart = periodNamed(period!);
  if (Number.isNaN(periodStart.getTime())) return null;
  const notice = { meter: meter!, periodStart, limitEpoch: Number(epoch), kind: kind as NoticeKind, threshold: Number(mark) };
  return noticeKey(notice) === key ? notice : null;
}
