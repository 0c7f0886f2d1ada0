import type { HolderQuery, Invitation, LicenseHolder, LicenseOverview, LicensePool } from '../../contract/licenses';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { isId, type Page, pageOf, readAgeCursor, readCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { enter } from '../members/admit-member';
import { toSettings } from './license-settings';
import { dueAt, freeOf, overOf } from './licenses.rules';
import { countLicenses, findHolders, findInvitations, findPool, type HolderRow, type PoolRow, withdrawInvitation } from './licenses.store';
import { holdPool, settlePool } from './pool';

/** Where screens about licenses send people who want to know more (MI-20): how their plan says it, in their language. */
const HELP: LicenseOverview['help'] = [
  { topic: 'license_models', path: '/api/v1/help/plans', about: 'license' },
  { topic: 'license_management', path: '/api/v1/help/plans', about: 'license' },
];

/** The pool as allocation sees it at this instant (G10), its settings, and who holds which license, by name. */
export function viewLicenses(ctx: Context, actor: Actor, query: HolderQuery): Promise<Result<LicenseOverview, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const pool = await findPool(tx.db, tenantId);
    const after = readCursor(query.cursor, ([name, id]) => typeof name === 'string' && isId(id)) as [string, string] | null;
    const rows = await findHolders(tx.db, tenantId, {
      license: query.license ?? null,
      after: after && { name: after[0], id: after[1] },
      limit: query.limit + 1,
    });
    return ok({
      pool: pool && (await toPool(tx, tenantId, pool)),
      settings: pool && toSettings(pool),
      holders: pageOf(rows, query.limit, toHolder, (row) => [row.name, row.memberId]),
      help: HELP,
    });
  });
}

async function toPool(tx: TxContext, tenantId: string, pool: PoolRow): Promise<LicensePool> {
  const counts = await countLicenses(tx.db, tenantId);
  return {
    model: pool.policy.model,
    restrictedExist: pool.policy.restricted,
    purchased: pool.purchased,
    full: counts.full,
    restricted: counts.restricted,
    none: counts.none,
    invited: { full: counts.invitedFull, restricted: counts.invitedRestricted },
    waiting: counts.waiting,
    free: freeOf(pool),
    shortage: pool.shortSince && {
      over: overOf(pool),
      since: pool.shortSince.toISOString(),
      dueAt: dueAt(pool.shortSince, pool.policy).toISOString(),
    },
  };
}

export const toHolder = (row: HolderRow): LicenseHolder => ({
  member: { id: row.memberId, name: row.name },
  license: row.license,
  since: row.since?.toISOString() ?? null,
  lastActiveAt: row.lastActiveAt.toISOString(),
  isWaiting: row.isWaiting,
});

/** Open invitations of people who have not been here yet, newest first; for administrators. */
export function listInvitations(
  ctx: Context,
  actor: Actor,
  query: { cursor?: string | undefined; limit: number },
): Promise<Result<Page<Invitation>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const rows = await findInvitations(tx.db, actor.tenantId, readAgeCursor(query.cursor), query.limit + 1);
    return ok(
      pageOf(
        rows,
        query.limit,
        (row): Invitation => ({
          id: row.invitationId,
          address: row.address,
          license: row.kind,
          teamId: row.teamId,
          invitedBy: row.invitedBy ? { id: row.invitedBy, name: row.inviterName ?? '' } : null,
          createdAt: row.createdAt.toISOString(),
        }),
        (row) => [row.createdAt.toISOString(), row.invitationId],
      ),
    );
  });
}

/** Takes an open invitation back; its place is free at once. */
export function takeInvitationBack(ctx: Context, actor: Actor, invitationId: string): Promise<Result<null, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    await holdPool(tx, tenantId);
    if (!(await withdrawInvitation(tx.db, tenantId, invitationId, at))) return refuse({ code: 'invitation_not_found' });
    const entry = { actor: actor.memberId, via: actor.via, action: 'license.invitation_withdrawn', subject: invitationId, details: {} };
    await audit(tx, tenantId, entry, at);
    await settlePool(tx, tenantId, at);
    return ok(null);
  });
}
