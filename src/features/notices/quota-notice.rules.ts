import { METERS, type Meter } from '../../contract/meters';

/** What names a notice: said once per recipient, meter, usage period, limit level and threshold. */
export interface QuotaNotice {
  meter: Meter;
  periodStart: Date;
  limitEpoch: number;
  threshold: number;
}

/** `<meter>/<period start>/<limit epoch>/<threshold>` */
export const noticeKey = ({ meter, periodStart, limitEpoch, threshold }: QuotaNotice): string =>
  `${meter}/${periodStart.toISOString()}/${limitEpoch}/${threshold}`;

/** The notice of a key, null for anything that is none. */
export function readNoticeKey(key: string): QuotaNotice | null {
  const [meter, start, epoch, threshold] = key.split('/');
  const periodStart = new Date(start ?? '');
  const notice = { meter: meter as Meter, periodStart, limitEpoch: Number(epoch), threshold: Number(threshold) };
  const isKey =
    METERS.includes(notice.meter) && !Number.isNaN(periodStart.getTime()) && /^\d{1,6}\/\d{1,6}$/u.test(`${epoch}/${threshold}`);
  return isKey && noticeKey(notice) === key ? notice : null;
}
