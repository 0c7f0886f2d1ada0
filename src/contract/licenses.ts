import { z } from 'zod';
import { Id, Instant, line, PageQuery, PersonRef, page } from './common';
import { LicenseKind } from './members';

/** A license that can be chosen for a person. */
export const ChosenLicense = z.enum(['full', 'restricted']);
export type ChosenLicense = z.infer<typeof ChosenLicense>;

/** An address as somebody typed it; compared without regard to case, spaces around it and ways to compose its characters. */
export const Address = line(320).regex(/^[^\s@]+@[^\s@]+$/u, 'must be an address');

/** What administrators chose; null: as the plan says. */
export const LicenseSettings = z.object({
  /** What new members get; only in the flexible model. */
  defaultForNew: ChosenLicense.nullable(),
  /** Who is told of requests for a license; automatic: granted while a place is free; off: nobody may ask. */
  requests: z.enum(['admins', 'owner', 'automatic_while_free', 'off']).nullable(),
  /** Who may invite to the organization. Whoever may add people to a team may invite to that team. */
  invitations: z.enum(['admins', 'all_members']).nullable(),
});
export type LicenseSettings = z.infer<typeof LicenseSettings>;

export const LicenseSettingsView = z.object({
  chosen: LicenseSettings,
  /** What holds, of the chosen and the plan's. */
  effective: z.object({
    defaultForNew: ChosenLicense,
    requests: z.enum(['admins', 'owner', 'automatic_while_free', 'off']),
    invitations: z.enum(['admins', 'all_members']),
  }),
});
export type LicenseSettingsView = z.infer<typeof LicenseSettingsView>;

export const LicenseSettingsPatch = LicenseSettings.partial()
  .strict()
  .refine((patch) => Object.keys(patch).length > 0, 'at least one field must be given');
export type LicenseSettingsPatch = z.infer<typeof LicenseSettingsPatch>;

/** The places of an organization: what allocation decides by, at this instant. */
export const LicensePool = z.object({
  /** flexible: administrators give and take; fixed: a restricted license only comes of a shortage. */
  model: z.enum(['flexible', 'fixed']),
  /** Whether the plan has restricted licenses. */
  restrictedExist: z.boolean(),
  /** Places for full licenses; null: unlimited. */
  purchased: z.number().int().nullable(),
  full: z.number().int(),
  restricted: z.number().int(),
  /** Without any license. */
  none: z.number().int(),
  /** Open invitations; those to full occupy a place. */
  invited: z.object({ full: z.number().int(), restricted: z.number().int() }),
  /** Who waits for a place, invited or a member. */
  waiting: z.number().int(),
  /** null: unlimited. */
  free: z.number().int().nullable(),
  /** More places are taken than purchased: administrators choose until `dueAt`; after that the longest inactive become restricted. */
  shortage: z.object({ over: z.number().int(), since: Instant, dueAt: Instant }).nullable(),
});
export type LicensePool = z.infer<typeof LicensePool>;

export const LicenseHolder = z.object({
  member: PersonRef,
  license: LicenseKind,
  since: Instant.nullable(),
  lastActiveAt: Instant,
  /** Waits for a place. */
  isWaiting: z.boolean(),
});
export type LicenseHolder = z.infer<typeof LicenseHolder>;

export const HolderQuery = PageQuery.extend({ license: LicenseKind.optional() });
export type HolderQuery = z.infer<typeof HolderQuery>;

/** Where screens about licenses find further help: a resource of this API, and the section of it that it is about. */
export const HelpLink = z.object({
  topic: z.enum(['license_models', 'license_management']),
  path: z.string(),
  about: z.literal('license'),
});

export const LicenseOverview = z.object({
  /** null: this organization's plan assigns no licenses to persons. */
  pool: LicensePool.nullable(),
  settings: LicenseSettingsView.nullable(),
  holders: page(LicenseHolder),
  help: z.array(HelpLink),
});
export type LicenseOverview = z.infer<typeof LicenseOverview>;

export const Invitation = z.object({
  id: Id,
  address: z.string(),
  license: z.enum(['full', 'restricted', 'waiting']),
  teamId: Id.nullable(),
  invitedBy: PersonRef.nullable(),
  createdAt: Instant,
});
export type Invitation = z.infer<typeof Invitation>;

/** `POST /licenses/invitations`: places are given in the order of this list. */
export const InvitationBatch = z.strictObject({
  invitees: z
    .array(
      z.strictObject({
        address: Address,
        /** Chosen by an administrator; without it new people get what new members get. */
        license: ChosenLicense.optional(),
      }),
    )
    .min(1)
    .max(500),
  /** The team they join. */
  teamId: Id.nullable().default(null),
});
export type InvitationBatch = z.infer<typeof InvitationBatch>;

/** What came of one address. */
export const InvitationResult = z.object({
  /** As it is compared. */
  address: z.string(),
  /** null: nobody with this address has been here yet. */
  member: PersonRef.nullable(),
  /** kept: they had this license already, or were invited to it. */
  outcome: z.enum(['kept', 'full', 'restricted', 'waiting']),
  license: LicenseKind,
  /** Why it is not a full license. */
  because: z.enum(['shortage', 'default', 'chosen']).nullable(),
});
export type InvitationResult = z.infer<typeof InvitationResult>;

export const InvitationBatchResult = z.object({
  batchId: Id,
  /** One per address, in the order of the list. */
  results: z.array(InvitationResult),
  /** Whose access is limited without anybody having chosen so: name, or address where no name is known. */
  limited: z.array(z.string()),
});
export type InvitationBatchResult = z.infer<typeof InvitationBatchResult>;

/** `PATCH /licenses/:memberId` */
export const LicenseChange = z.strictObject({ license: LicenseKind });
export type LicenseChange = z.infer<typeof LicenseChange>;

/** `POST /licenses/requests` */
export const LicenseRequest = z.strictObject({ note: line(500).nullable().default(null) });
export type LicenseRequest = z.infer<typeof LicenseRequest>;

/** What a person reads of their own license in `GET /me`; null: no licenses are assigned here. */
export const OwnLicense = z.object({
  kind: LicenseKind,
  mayRequest: z.boolean(),
  openRequestId: Id.nullable(),
});
export type OwnLicense = z.infer<typeof OwnLicense>;
