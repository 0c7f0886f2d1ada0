/** Puts values into the places `{{name}}` of a sentence; a place without a value stays empty. Numbers are grouped as the language does. */
export function fill(sentence: string, values: Record<string, unknown>, language: string): string {
  return sentence.replace(/\{\{(\w+)\}\}/gu, (_, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : String(value ?? '');
  });
}

/** The form of a counted sentence: `<key>_one` or `<key>_other`. */
export function counted(
  texts: Record<string, string>,
  key: string,
  count: number,
  language: string,
  values: Record<string, unknown> = {},
): string {
  const form = new Intl.PluralRules(language).select(count) === 'one' ? 'one' : 'other';
  return fill(texts[`${key}_${form}`] ?? '', { ...values, count }, language);
}

/** English dates as most of the world writes them; the month is spelled out, so that nobody takes it for the day. */
const tagOf = (language: string): string => (language === 'en' ? 'en-GB' : language);

/** An instant as a person reads it, with the zone it is meant in: “15 December 2026 at 00:00 (Europe/Berlin)”. */
export function instantInWords(at: Date, language: string, timeZone: string): string {
  const words = new Intl.DateTimeFormat(tagOf(language), {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).format(at);
  return `${words} (${timeZone})`;
}

/** A calendar date YYYY-MM-DD as a person reads it: “15 Dec 2026”. */
export function dateInWords(date: string, language: string): string {
  return new Intl.DateTimeFormat(tagOf(language), { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00:00Z`),
  );
}

/** Minor units of an ISO 4217 currency as a person reads them: “€39.33”, “−39,33 €”. */
export function moneyInWords(minor: number, currency: string, language: string): string {
  const format = new Intl.NumberFormat(tagOf(language), { style: 'currency', currency });
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2)).replace('-', '\u2212');
}
