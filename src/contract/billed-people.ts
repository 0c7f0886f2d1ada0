import { z } from 'zod';
import { CalendarDate, Id, Instant, PageQuery } from './common';

/** A calendar month of the organization's zone, YYYY-MM. */
export const Month = z.string().regex(/^(?!0000)\d{4}-(0[1-9]|1[0-2])$/u, 'must be a month, YYYY-MM');
export type Month = z.infer<typeof Month>;

/** What a plan can be billed by. */
export const BILLED_KINDS = ['people', 'teams'] as const;
export const BilledKind = z.enum(BILLED_KINDS);
export type BilledKind = z.infer<typeof BilledKind>;

const Rule = z.object({
  /** class_active: everybody of class active; in_active_team: of those, who is in at least one team that is not archived. */
  active: z.enum(['class_active', 'in_active_team']),
  /** any_time: billed if active at any instant of the month; cut_off: if active when it begins. */
  countRule: z.enum(['any_time', 'cut_off']),
});

/** A person or a team that a month's bill counts. */
export const BilledUnit = z.object({
  id: Id,
  name: z.string(),
  address: z.string().nullable(),
  /** Of a person: the teams through which they counted. */
  teams: z.array(z.string()),
  /** First and last day in the month on which they counted. */
  from: CalendarDate,
  until: CalendarDate,
});
export type BilledUnit = z.infer<typeof BilledUnit>;

/** `GET /billing/people/:month`, `GET /billing/teams/:month` */
export const BilledMonth = z.object({
  month: Month,
  timeZone: z.string(),
  rule: Rule,
  /** false: the month is not over, this is what would be billed if it ended now. */
  isFinal: z.boolean(),
  /** All of them, on whatever page. */
  count: z.number().int(),
  items: z.array(BilledUnit),
  nextCursor: z.string().nullable(),
});
export type BilledMonth = z.infer<typeof BilledMonth>;

export const BilledQuery = PageQuery;

/** `GET /billing/months`, newest first. */
export const BilledMonths = z.object({ items: z.array(z.object({ month: Month, isFinal: z.boolean() })) });
export type BilledMonths = z.infer<typeof BilledMonths>;

/** `GET /billing/units`: what the plan counts, as of now. */
export const BilledUnits = z.object({
  asOf: Instant,
  timeZone: z.string(),
  rule: Rule,
  teams: z.object({ active: z.number().int(), archived: z.number().int() }),
  members: z.object({
    /** Everybody with a place in the organization, blocked people too. */
    present: z.number().int(),
    /** Whom the plan counts: the figure on every page, bill and export. */
    active: z.number().int(),
    byClass: z.object({
      active: z.number().int(),
      restricted: z.number().int(),
      blocked: z.number().int(),
      external: z.number().int(),
    }),
  }),
});
export type BilledUnits = z.infer<typeof BilledUnits>;
