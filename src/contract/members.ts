import { z } from 'zod';
import { Id, Instant, Locale, line, PageQuery, PersonRef, Revision } from './common';

export const ROLES = ['owner', 'admin', 'agent', 'member', 'viewer'] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

export const MEMBER_CLASSES = ['active', 'restricted', 'blocked', 'external'] as const;
/** Only those of class active are counted; blocked people have no access. What the others may do is not touched by it. */
export const MemberClass = z.enum(MEMBER_CLASSES);
export type MemberClass = z.infer<typeof MemberClass>;

export const LICENSE_KINDS = ['full', 'restricted', 'none'] as const;
/** none: a place is missing, and the plan knows no restricted licenses. */
export const LicenseKind = z.enum(LICENSE_KINDS);
export type LicenseKind = z.infer<typeof LicenseKind>;

export const Member = z.object({
  id: Id,
  name: z.string(),
  role: Role,
  class: MemberClass,
  /** null: no licenses are assigned here. */
  license: LicenseKind.nullable(),
  /** removed: has no access any more; what they wrote stays. */
  state: z.enum(['present', 'removed']),
  locale: Locale.nullable(),
  lastActiveAt: Instant,
  /** Whether the plan counts this person now: by class, or by class and a team that is not archived. */
  isActive: z.boolean(),
  revision: Revision,
});
export type Member = z.infer<typeof Member>;

export const MemberPatch = z
  .strictObject({ role: Role, class: MemberClass })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'at least one field must be given');
export type MemberPatch = z.infer<typeof MemberPatch>;

const Search = z
  .string()
  .trim()
  .max(200)
  .regex(/^\P{Cc}*$/u, 'must not hold control characters')
  .default('');

export const MemberQuery = PageQuery.extend({
  /** A part of the name. */
  q: Search,
  class: MemberClass.optional(),
  /** Whether the plan counts them. */
  active: z.enum(['true', 'false']).optional(),
  state: z.enum(['present', 'removed']).default('present'),
});
export type MemberQuery = z.infer<typeof MemberQuery>;

/** People of class active whom nobody has seen for so many days. */
export const QuietQuery = PageQuery.extend({ days: z.coerce.number().int().min(1).max(3650).default(90) });
export type QuietQuery = z.infer<typeof QuietQuery>;

export const ClassChange = z.strictObject({ memberIds: z.array(Id).min(1).max(500), class: MemberClass });
export type ClassChange = z.infer<typeof ClassChange>;
export const ChangedClasses = z.object({ changed: z.number().int(), members: z.array(Member) });

/** Who is in no team that is not archived. */
export const RemovalPreview = z.object({
  /** Names exactly these people; the removal is confirmed with it. */
  hash: z.string(),
  count: z.number().int(),
  /** By name; the first thousand. */
  people: z.array(PersonRef),
});
export type RemovalPreview = z.infer<typeof RemovalPreview>;

export const RemovalOrder = z.strictObject({ hash: line(100) });

export const Removal = z.object({
  /** null: there was nobody to remove. */
  id: Id.nullable(),
  removed: z.number().int(),
  /** Until then all of them can be taken back at once. */
  undoableUntil: Instant.nullable(),
});
export type Removal = z.infer<typeof Removal>;

export const RemovalUndone = z.object({ readmitted: z.number().int() });
