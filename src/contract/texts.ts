import type { Locale } from './common';
import de from './locales/de/refusals.json';
import en from './locales/en/refusals.json';
import it from './locales/it/refusals.json';

type RefusalTexts = typeof en;

/** The sentences of every refusal and request problem, in the three languages. */
export const refusalTexts: Record<Locale, RefusalTexts> = { en, de, it };
