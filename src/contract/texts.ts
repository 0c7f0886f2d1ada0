import type { Locale } from './common';
import de from './locales/de/refusals.json';
import en from './locales/en/refusals.json';
import it from './locales/it/refusals.json';

type RefusalTexts = typeof en;

/** The sentences of every refusal and request problem, in the three languages. */
export const refusalTexts: Record<Locale, RefusalTexts> = { en, de, it };

/** What a reader calls a meter; one that only a catalog knows is called by its own name. */
export const meterName = (meter: string, locale: Locale): string =>
  (refusalTexts[locale].meters as Record<string, string>)[meter] ?? meter.replaceAll('_', ' ');
