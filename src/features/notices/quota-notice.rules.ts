import { ALWAYS } from '../entitlements/periods.rules';

/** What names a notice: said once per recipient, meter, usage period, limit level and threshold. */
export interface QuotaNotice {
  meter: string;
  /** ALWAYS.start for what has no periods. */
  periodStart: Date;
  limitEpoch: number;
  threshold: number;
}

/** A period as keys and events name it: its start, or `always`. */
export const periodName = (start: Date): string => (start.getTime() === ALWAYS.start.getTime() ? 'always' : start.toISOString());

export const periodNamed = (name: string): Date => (name === 'always' ? ALWAYS.start : new Date(name));

/** `<meter>/<period>/<limit epoch>/<threshold>` */
export const noticeKey = ({ meter, periodStart, limitEpoch, threshold }: QuotaNotice): string =>
  `${meter}/${periodName(periodStart)}/${limitEpoch}/${threshold}`;

/** The notice of a key, null for anything that is none. */
export function readNoticeKey(key: string): QuotaNotice | null {
  const [meter = '', period = '', epoch, threshold] = key.split('/');
  const periodStart = periodNamed(period);
  const notice = { meter, periodStart, limitEpoch: Number(epoch), threshold: Number(threshold) };
  const isKey =
    /^[a-z][a-z0-9_]{0,39}$/u.test(meter) && !Number.isNaN(periodStart.getTime()) && /^\d{1,6}\/\d{1,6}$/u.test(`${epoch}/${threshold}`);
  return isKey && noticeKey(notice) === key ? notice : null;
}
