import { type Locale, localeFor } from '../../contract/common';
import de from '../../contract/locales/de/usage.json';
import en from '../../contract/locales/en/usage.json';
import it from '../../contract/locales/it/usage.json';
import { meterName } from '../../contract/texts';
import type { OverageShown } from '../../contract/usage';
import { fill } from '../../platform/sentences';
import type { Limit } from '../entitlements/limits.rules';
import { overageAdmitted } from '../plans/quota-policy.rules';
import type { Counter } from './counter.rules';

const TEXTS: Record<Locale, typeof en.overage> = { en: en.overage, de: de.overage, it: it.overage };

/** What was used beyond the included amount of a period, and who bills it; nothing where an organization has not agreed to it. */
export function overageShown(
  meter: string,
  { granted, used }: Pick<Counter, 'granted' | 'used'>,
  { policy }: Pick<Limit, 'policy'>,
  language: string | null,
): { overage?: OverageShown } {
  const admits = policy === null ? 0 : overageAdmitted(policy);
  if (admits === 0 || granted === null || granted === 0) return {};
  const locale = localeFor(language);
  const units = Math.max(0, used - granted);
  const facts = { units, included: granted, meterName: meterName(meter, locale) };
  return {
    overage: { units, admits, billedBy: 'Microsoft', words: fill(units > 0 ? TEXTS[locale].used : TEXTS[locale].none, facts, locale) },
  };
}
