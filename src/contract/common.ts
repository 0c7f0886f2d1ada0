import { z } from 'zod';

/** Text a person typed: trimmed, one line, no control characters and no halves of characters (PostgreSQL stores neither NUL nor those). */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line without control characters');

/** Longer text: line breaks and tabs are kept. */
export const prose = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u, 'must not hold control characters');

/** A GUID as directories give them out, which are not all RFC 9562 UUIDs; small letters, as the database answers. */
export const Id = z.guid().toLowerCase();
/** An instant, ISO 8601 in UTC with milliseconds. */
export const Instant = z.iso.datetime();
/** A calendar date, YYYY-MM-DD, without a zone. PostgreSQL knows no year 0. */
export const CalendarDate = z.iso.date().refine((date) => date >= '0001', 'must be a date of this era');
/** Grows by one with every change; the ETag of a record is this number in quotes. */
export const Revision = z.number().int().min(1);

export const LOCALES = ['en', 'de', 'it'] as const;
export const Locale = z.enum(LOCALES);
export type Locale = z.infer<typeof Locale>;

/** The language of ours that a tag such as de-AT asks for. */
export const localeFor = (tag: string | null, fallback: Locale = 'en'): Locale =>
  LOCALES.find((locale) => locale === tag?.slice(0, 2)) ?? fallback;

/** An IANA zone that this machine knows. */
export const TimeZone = z
  .string()
  .min(1)
  .max(100)
  .refine(
    (name) => {
      try {
        return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
      } catch {
        return false;
      }
    },
    { message: 'is not a known time zone' },
  );

/** A page of a list. `nextCursor` is opaque; null on the last page. */
export const page = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export const PageQuery = z.object({
  cursor: z.string().max(2000).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

/** A person as other records name them. */
export const PersonRef = z.object({ id: Id, name: z.string() });
export type PersonRef = z.infer<typeof PersonRef>;
