import { z } from 'zod';
import { Id, Locale, Revision } from './common';

export const ROLES = ['owner', 'admin', 'agent', 'member', 'viewer'] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

export const LICENSE_KINDS = ['full', 'restricted', 'none'] as const;
/** none: a place is missing, and the plan knows no restricted licenses. */
export const LicenseKind = z.enum(LICENSE_KINDS);
export type LicenseKind = z.infer<typeof LicenseKind>;

export const Member = z.object({
  id: Id,
  name: z.string(),
  role: Role,
  /** null: no licenses are assigned here. */
  license: LicenseKind.nullable(),
  locale: Locale.nullable(),
  revision: Revision,
});
export type Member = z.infer<typeof Member>;

export const MemberPatch = z.strictObject({ role: Role });
export type MemberPatch = z.infer<typeof MemberPatch>;
