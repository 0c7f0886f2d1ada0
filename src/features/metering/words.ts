import { type Locale, localeFor } from '../../contract/common';
import de from '../../contract/locales/de/metering.json';
import en from '../../contract/locales/en/metering.json';
import it from '../../contract/locales/it/metering.json';
import { meterName } from '../../contract/texts';
import { fill } from '../../platform/sentences';

const TEXTS: Record<Locale, typeof en> = { en, de, it };

/** What whoever agrees to overage agrees to; kept with the agreement. */
export function overageWords(language: string | null, { meter, included }: { meter: string; included: number }): string {
  const locale = localeFor(language);
  return fill(TEXTS[locale].agreement, { included, meterName: meterName(meter, locale) }, locale);
}
