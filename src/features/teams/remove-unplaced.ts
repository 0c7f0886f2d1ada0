import type { Removal, RemovalPreview } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { enter } from '../members/admit-member';
import { readmitMembers, removeMembers } from '../members/members';
import { lockTenant } from '../tenants/tenants';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { once } from '../usage/once';
import { recall } from '../usage/recall';
import { changingActiveMembers } from './active-members';
import { activeRule, findUnplaced, insertRemoval, lockRemoval, markUndone, type PersonRow, type RemovalRow } from './teams.store';

const SHOWN = 1000;
const UNDO_MS = 24 * 3_600_000;
const NOBODY: Removal = { id: null, removed: 0, undoableUntil: null };

/** Who would be removed: everybody in no active team, but no owner and not the actor (EC-16). */
export function previewRemoval(ctx: Context, actor: Actor): Promise<Result<RemovalPreview, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const people = await unplaced(tx, actor);
    return ok({ hash: hashOf(people), count: people.length, people: people.slice(0, SHOWN) });
  });
}

/**
 * Removes exactly those whom the preview named. Nobody left to remove: nothing happens, so a second click is harmless. Others than
 * the preview said: refused with the new hash. What the removed people wrote stays; their next request is refused (EC-17).
 */
export function removeUnplaced(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  { hash }: { hash: string },
): Promise<Result<Created<Removal>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const act = { key: keyOf('remove_unplaced', actor, key), fingerprint: fingerprint([hash]) };
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    // Whoever removes at the same time comes before or after, and the second finds nobody.
    await lockTenant(tx.db, actor.tenantId);
    const known = await recall(tx, actor.tenantId, act);
    if (!known.ok) return known;
    if (known.value) return ok({ record: toRemoval((await lockRemoval(tx.db, actor.tenantId, known.value))!), replayed: true });

    const people = await unplaced(tx, actor);
    if (people.length === 0) return ok({ record: NOBODY, replayed: false });
    if (hashOf(people) !== hash) return refuse({ code: 'removal_outdated', hash: hashOf(people), count: people.length });
    const removalId = tx.newId();
    return changingActiveMembers(tx, actor.tenantId, { subject: removalId, actor: actor.memberId }, at, async () => {
      await once(tx, actor.tenantId, { ...act, subject: removalId }, at);
      const ids = people.map(({ id }) => id);
      const removed = await removeMembers(tx, actor.tenantId, ids, at);
      await insertRemoval(tx.db, actor.tenantId, { removalId, people: removed, removedBy: actor.memberId }, at);
      await note(tx, actor, 'members.removed', removalId, { count: removed.length }, at);
      return ok({ record: toRemoval({ removal_id: removalId, people: removed, at, undone_at: null }), replayed: false });
    });
  });
}

/** Gives everybody of a removal their access back within a day; again changes nothing. */
export function undoRemoval(ctx: Context, actor: Actor, removalId: string): Promise<Result<{ readmitted: number }, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    const row = await lockRemoval(tx.db, actor.tenantId, removalId);
    if (!row) return refuse({ code: 'removal_not_found' });
    if (row.undone_at) return ok({ readmitted: row.people.length });
    const undoableUntil = undoableUntilOf(row);
    if (at > undoableUntil) return refuse({ code: 'undo_too_late', undoableUntil: undoableUntil.toISOString() });
    return changingActiveMembers(tx, actor.tenantId, { subject: removalId, actor: actor.memberId }, at, async () => {
      await readmitMembers(tx, actor.tenantId, row.people, at);
      await markUndone(tx.db, actor.tenantId, removalId, at);
      await note(tx, actor, 'members.readmitted', removalId, { count: row.people.length }, at);
      return ok({ readmitted: row.people.length });
    });
  });
}

/** Where the plan counts everybody of class active, being in no team says nothing about a person: nobody is removed for it. */
async function unplaced(tx: TxContext, actor: Actor): Promise<PersonRow[]> {
  const rule = await activeRule(tx.db, actor.tenantId, tx.now());
  return rule === 'in_active_team' ? findUnplaced(tx.db, actor.tenantId, actor.memberId) : [];
}

const hashOf = (people: readonly PersonRow[]): string => fingerprint(people.map(({ id }) => id).sort());

const undoableUntilOf = ({ at }: Pick<RemovalRow, 'at'>): Date => new Date(at.getTime() + UNDO_MS);

const toRemoval = (row: RemovalRow): Removal => ({
  id: row.removal_id,
  removed: row.people.length,
  undoableUntil: undoableUntilOf(row).toISOString(),
});

const note = (tx: TxContext, actor: Actor, action: string, subject: string, details: Record<string, unknown>, at: Date) =>
  audit(tx, actor.tenantId, { actor: actor.memberId, via: actor.via, action, subject, details }, at);
