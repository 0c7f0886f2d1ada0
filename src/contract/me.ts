import { z } from 'zod';
import { Id, Instant } from './common';
import { OwnLicense } from './licenses';
import { Member } from './members';
import { SubscriptionSummary } from './subscriptions';

/** Who is asking, what they may do, and what their organization bought. */
export const Me = z.object({
  tenantId: Id,
  organization: z.string().nullable(),
  timeZone: z.string(),
  member: Member.nullable(),
  /** null: no licenses are assigned here, everybody may what their role may. */
  license: OwnLicense.nullable(),
  /** null: nobody of this organization has bought a plan yet (the onboarding page). */
  subscription: SubscriptionSummary.nullable(),
  /** When everything stored here goes, because every subscription has ended; null: nothing goes. */
  dataDeletedAt: Instant.nullable(),
  may: z.object({ create: z.boolean(), edit: z.boolean(), manageMembers: z.boolean(), managePlan: z.boolean() }),
  /** Where a plan is bought and managed, in the browser. Never shown on a phone. */
  accountUrl: z.string(),
  supportContact: z.string(),
});
export type Me = z.infer<typeof Me>;
