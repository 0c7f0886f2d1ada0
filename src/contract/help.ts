import { z } from 'zod';
import { Id, Instant } from './common';
import { PLAN_RULES } from './plans';

export const HELP_TOPICS = ['billing', 'counting', 'reset', ...PLAN_RULES] as const;

/** `meter`: only what concerns this meter or limit. */
export const HelpQuery = z.object({
  meter: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/u)
    .optional(),
});

const HelpSection = z.object({ about: z.enum(HELP_TOPICS), title: z.string(), words: z.array(z.string()) });

/** How a subscription works, in the reader's language, from its plan's own policies. */
export const PlanHelp = z.object({
  subscriptionId: Id,
  planId: z.string(),
  planName: z.string(),
  /** What is paid for and since when, told first. */
  headline: z.string(),
  since: Instant,
  sections: z.array(HelpSection),
});
export type PlanHelp = z.infer<typeof PlanHelp>;

/** A warning as it will be shown, of the numbers of one's own plan. */
export const WarningPreview = z.object({ meter: z.string(), percent: z.number().int(), title: z.string(), words: z.array(z.string()) });

export const Help = z.object({
  /** Which mode of billing applies and since when; several when several are held. */
  headline: z.string(),
  plans: z.array(PlanHelp),
  warnings: z.array(WarningPreview),
  contact: z.object({ contact: z.string(), href: z.string(), words: z.string() }),
});
export type Help = z.infer<typeof Help>;
