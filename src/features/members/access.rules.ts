import { type LicenseKind, ROLES, type Role } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import { ok, type Result, refuse } from '../../platform/result';

export type Capability =
  | 'read'
  | 'join_team'
  | 'request_license'
  | 'comment'
  | 'create'
  | 'edit'
  | 'invite'
  | 'manage_members'
  | 'manage_plan'
  | 'manage_settings'
  | 'read_billing';

const READER: readonly Capability[] = ['read', 'join_team', 'request_license'];
const WORKER: readonly Capability[] = [...READER, 'comment', 'create', 'edit', 'invite'];
const MANAGER: readonly Capability[] = [...WORKER, 'manage_members', 'manage_plan', 'manage_settings', 'read_billing'];
const CAPABILITIES: Record<Role, readonly Capability[]> = { owner: MANAGER, admin: MANAGER, agent: WORKER, member: WORKER, viewer: READER };

/**
 * What a license takes from every role, whatever a team or a setting allows. Managing stays: an organization whose only
 * administrator has a restricted license could otherwise never give one.
 */
const DENIED: Record<LicenseKind, readonly Capability[]> = {
  full: [],
  restricted: ['create', 'edit', 'invite'],
  none: ['read', 'join_team', 'comment', 'create', 'edit', 'invite'],
};

/** Whether the license forbids it; null: no licenses are assigned here. */
export const deniedByLicense = (license: LicenseKind | null, capability: Capability): boolean =>
  license !== null && DENIED[license].includes(capability);

/** What outlives the subscription: its records and its bills stay readable. */
const READS: readonly Capability[] = ['read', 'read_billing'];

/** Capabilities are those of the role without those that the license denies. */
export const may = (role: Role, capability: Capability, license: LicenseKind | null = null): boolean =>
  CAPABILITIES[role].includes(capability) && !deniedByLicense(license, capability);

export const rolesThatMay = (capability: Capability): Role[] => ROLES.filter((role) => may(role, capability));

/** Internal notes are the team's own: agents and above. */
export const seesNotes = (role: Role): boolean => role === 'owner' || role === 'admin' || role === 'agent';

/** Whether a present member may do something under the organization's standing. Reading outlives the subscription (G8). */
export function decideAccess(role: Role, standing: SubscriptionStatus | null, capability: Capability): Result<true, Refusal> {
  if (standing === null || standing === 'PendingFulfillmentStart') return refuse({ code: 'no_subscription' });
  if (capability !== 'read' && !may(role, capability)) return refuse({ code: 'not_allowed', needs: capability });
  if (!READS.includes(capability) && standing !== 'Subscribed') return refuse(inactiveRefusal(standing));
  return ok(true);
}

/** Why an organization that is not Subscribed cannot write. */
export function inactiveRefusal(standing: SubscriptionStatus | null): Refusal {
  if (standing === null || standing === 'PendingFulfillmentStart') return { code: 'no_subscription' };
  return { code: 'subscription_inactive', status: standing };
}

/** The role a person starts with: what the directory's app roles say, else member. The purchaser becomes owner elsewhere. */
export function initialRole(appRoles: readonly string[]): Role {
  const wanted: Role[] = ['admin', 'agent', 'viewer'];
  return wanted.find((role) => appRoles.some((name) => name.toLowerCase() === role)) ?? 'member';
}
