import type { Locale } from '../../contract/common';
import de from '../../contract/locales/de/bot.json';
import en from '../../contract/locales/en/bot.json';
import it from '../../contract/locales/it/bot.json';
import { meterName } from '../../contract/texts';
import type { Announcement, QuotaMessage } from '../../features/notices/messages.port';
import { fill, instantInWords } from '../../platform/sentences';

const TEXTS: Record<Locale, typeof en> = { en, de, it };

/** What stops, when, and what still works; neutral, because a card looks the same on a phone. `fallbackText` is the toast. */
export function noticeCard({ meter, threshold, used, limit, resetsAt, pending, locale, timeZone }: QuotaMessage) {
  const { notice } = TEXTS[locale];
  const isReached = threshold >= 100;
  const say = (sentence: string) => fill(sentence, { used, limit, meterName: meterName(meter, locale) }, locale);
  const title = say(isReached ? notice.reached : notice.warning);
  const text = (words: string, look: Record<string, unknown> = {}) => ({ type: 'TextBlock', text: words, wrap: true, ...look });
  return {
    type: 'AdaptiveCard',
    version: '1.5',
    fallbackText: title,
    body: [
      text(title, { weight: 'Bolder', size: 'Medium', style: 'heading', color: isReached ? 'Attention' : 'Warning' }),
      {
        type: 'ProgressBar',
        value: Math.min(used, limit),
        max: Math.max(1, limit),
        color: isReached ? 'Attention' : 'Warning',
        fallback: 'drop',
      },
      ...(resetsAt === null
        ? [text(say(isReached ? notice.heldStopped : notice.heldWhatStops))]
        : [
            text(say(isReached ? notice.stopped : notice.whatStops)),
            { type: 'FactSet', facts: [{ title: notice.when, value: instantInWords(resetsAt, locale, timeZone) }] },
            text(say(notice.whatWorks)),
          ]),
      ...(pending === null ? [] : [text(`${pending}.`)]),
      text(say(notice.why), { isSubtle: true, size: 'Small' }),
    ],
    actions: [],
  };
}

/** A heading and a sentence or two, which may hold what people typed: text runs know no Markdown. `fallbackText` is the toast. */
export const announcementCard = ({ title, text }: Announcement) => ({
  type: 'AdaptiveCard',
  version: '1.5',
  fallbackText: title,
  body: [
    { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: title, weight: 'Bolder', size: 'Medium' }] },
    { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text }] },
  ],
  actions: [],
});
