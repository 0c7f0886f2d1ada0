import { z } from 'zod';
import { Id, Instant, prose } from './common';

export const SUPPORT_TOPICS = ['subscription', 'quota', 'billing', 'other'] as const;

/** `POST /support` */
export const NewSupportMessage = z.strictObject({
  topic: z.enum(SUPPORT_TOPICS).default('other'),
  message: prose(4000).trim().min(1),
  /** What it is about: a meter or a limit. */
  meter: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/u)
    .nullable()
    .default(null),
});
export type NewSupportMessage = z.infer<typeof NewSupportMessage>;

export const SupportMessage = z.object({
  id: Id,
  topic: z.enum([...SUPPORT_TOPICS, 'early_unlock']),
  message: z.string(),
  meter: z.string().nullable(),
  createdAt: Instant,
  /** Whom to ask besides; a link or an address. */
  contact: z.string(),
  /** Whether it also goes there as a mail; recorded: the contact is no address. */
  delivery: z.enum(['mail', 'recorded']),
});
export type SupportMessage = z.infer<typeof SupportMessage>;

/** `POST /unlock-requests` */
export const NewUnlockRequest = z.strictObject({ meter: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/u) });
