import { z } from 'zod';
import { Id, Instant, line, PageQuery, Revision } from './common';

/** Who may add people to a team: everybody in it, or owners and admins only. */
export const Invitations = z.enum(['all_members', 'admins']);
export type Invitations = z.infer<typeof Invitations>;

/** People named at once. */
const People = z.array(Id).max(500);

const fields = { name: line(100), invitations: Invitations, discoverable: z.boolean() };

export const NewTeam = z.strictObject({
  name: fields.name,
  invitations: fields.invitations.default('all_members'),
  /** Whether those who are not in it see it and may join. */
  discoverable: fields.discoverable.default(true),
  /** Who is in it from the start; by default whoever creates it. */
  memberIds: People.optional(),
});
export type NewTeam = z.infer<typeof NewTeam>;

export const TeamPatch = z
  .strictObject(fields)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'at least one field must be given');
export type TeamPatch = z.infer<typeof TeamPatch>;

export const Team = z.object({
  id: Id,
  ...fields,
  name: z.string(),
  /** An archived team is read-only and is not billed; null: it is active. */
  archivedAt: Instant.nullable(),
  /** Members who are present. */
  memberCount: z.number().int(),
  /** Whether the person who asks is in it. */
  isMember: z.boolean(),
  createdAt: Instant,
  revision: Revision,
});
export type Team = z.infer<typeof Team>;

export const TeamQuery = PageQuery.extend({
  state: z.enum(['active', 'archived', 'any']).default('active'),
  /** true: only those the person who asks is in. */
  mine: z.enum(['true', 'false']).default('false'),
});
export type TeamQuery = z.infer<typeof TeamQuery>;

export const TeamPeople = z.strictObject({ memberIds: People.min(1) });
