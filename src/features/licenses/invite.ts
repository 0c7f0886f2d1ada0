import type { InvitationBatch, InvitationBatchResult, InvitationResult } from '../../contract/licenses';
import type { Role } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, orUndone, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { invariant } from '../../platform/invariant';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { may } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { bringIntoTeam } from '../teams/teams';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { once } from '../usage/once';
import { recall } from '../usage/recall';
import { type Allocation, allocateLicenses, decideChoice, effectiveSettings, lackingOf, limitedOf, readInvitees } from './licenses.rules';
import { findBatch, findKnown, insertBatch, type Known, type PoolRow, saveInvitations, setLicenses, stopWaiting } from './licenses.store';
import { giveLicenses, holdPool } from './pool';

/**
 * Invites people by their addresses: licenses are given in the order of the list, in one transaction, each address has one result,
 * and the same key gets the same answer for ever. Who invited is told whose access is limited.
 */
export function inviteToLicenses(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: InvitationBatch,
): Promise<Result<Created<InvitationBatchResult>, Refusal>> {
  const { tenantId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const act = { key: keyOf('invite', actor, key), fingerprint: fingerprint(input) };
    const before = await invitedBefore(tx, actor, act);
    if (!before.ok) return before;
    if (before.value) return ok(before.value);
    const access = await enter(tx, actor, 'invite');
    if (!access.ok) return access;
    const team = input.teamId === null ? ok(null) : await bringIntoTeam(tx, actor, input.teamId, []);
    if (!team.ok) return team;
    const pool = await holdPool(tx, tenantId);
    if (!pool) return refuse({ code: 'licenses_not_assigned' });
    // Another try of the same act may have ended while this one waited for the pool.
    const meanwhile = await invitedBefore(tx, actor, act);
    if (!meanwhile.ok) return meanwhile;
    if (meanwhile.value) return ok(meanwhile.value);
    const allowed = decideInviting(pool, access.value.role, input);
    if (!allowed.ok) return allowed;

    const known = await knownInvitees(tx, tenantId, pool, input);
    const allocated = allocateLicenses(pool, known.applicants, may(access.value.role, 'manage_members'));
    if (!allocated.ok) return allocated;
    const result = resultOf(tx.newId(), allocated.value, known.byAddress);
    return orUndone(tx, async () => {
      const first = await once(tx, tenantId, { ...act, subject: result.batchId }, at);
      invariant(first.outcome === 'first', 'whoever holds the pool has seen every batch before');
      await save(tx, actor, result, known.byAddress, input.teamId, at);
      const joined = input.teamId === null ? ok(null) : await bringIntoTeam(tx, actor, input.teamId, hereAlready(result));
      return joined.ok ? ok({ record: result, replayed: false }) : joined;
    });
  });
}

/** What the act came to when it was done before; null: it never was. */
async function invitedBefore(
  tx: TxContext,
  actor: Actor,
  act: { key: string; fingerprint: string },
): Promise<Result<Created<InvitationBatchResult> | null, Refusal>> {
  const access = await enter(tx, actor, 'read');
  if (!access.ok) return access;
  const known = await recall(tx, actor.tenantId, act);
  if (!known.ok || known.value === null) return known.ok ? ok(null) : known;
  return ok({ record: (await findBatch(tx.db, actor.tenantId, known.value))!, replayed: true });
}

const hereAlready = ({ results }: InvitationBatchResult): string[] => results.flatMap(({ member }) => member?.id ?? []);

/** Administrators invite and choose; others invite where a setting or their team opens it, and choose nothing (MI-04). */
function decideInviting(pool: PoolRow, role: Role, { invitees, teamId }: InvitationBatch): Result<true, Refusal> {
  const manages = may(role, 'manage_members');
  const isOpen = teamId !== null || effectiveSettings(pool).invitations === 'all_members';
  if (!manages && !isOpen) return refuse({ code: 'not_allowed', needs: 'invite' });
  for (const { license } of invitees) {
    if (license === undefined) continue;
    if (!manages) return refuse({ code: 'not_allowed', needs: 'manage_members' });
    const choice = decideChoice(pool, license);
    if (!choice.ok) return choice;
  }
  return ok(true);
}

async function knownInvitees(tx: TxContext, tenantId: string, pool: PoolRow, { invitees }: InvitationBatch) {
  const wanted = readInvitees(invitees);
  const rows = await findKnown(tx.db, tenantId, [...new Set(wanted.map(({ address }) => address))]);
  const byAddress = new Map(rows.map((row) => [row.address, row]));
  const applicants = wanted.map(({ address, chosen }) => {
    const { license, invited } = byAddress.get(address)!;
    const waits = invited === 'waiting';
    return { id: address, chosen, held: license ?? (waits ? lackingOf(pool.policy) : invited), waits };
  });
  return { byAddress, applicants };
}

function resultOf(batchId: string, allocated: readonly Allocation<string>[], byAddress: ReadonlyMap<string, Known>): InvitationBatchResult {
  const results = allocated.map(({ id: address, ...given }): InvitationResult => {
    const { memberId, name } = byAddress.get(address)!;
    return { address, member: memberId ? { id: memberId, name: name ?? '' } : null, ...given };
  });
  return { batchId, results, limited: limitedOf(results) };
}

async function save(
  tx: TxContext,
  actor: Actor,
  result: InvitationBatchResult,
  byAddress: ReadonlyMap<string, Known>,
  teamId: string | null,
  at: Date,
): Promise<void> {
  const { tenantId } = actor;
  const here = result.results.flatMap((one) => (one.member ? { ...one, memberId: one.member.id } : []));
  const raised = here.flatMap(({ memberId, outcome }) => (outcome === 'full' ? memberId : []));
  await giveLicenses(tx, tenantId, raised, 'full', { actor: actor.memberId, via: actor.via, because: 'given' }, at);
  await setLicenses(
    tx.db,
    tenantId,
    here.filter(({ outcome }) => outcome === 'restricted'),
    at,
  );
  const settled = here.filter(({ address, outcome }) => outcome === 'restricted' && byAddress.get(address)!.invited === 'waiting');
  await stopWaiting(
    tx.db,
    tenantId,
    settled.map(({ memberId }) => memberId),
    at,
  );
  const invitations = result.results.flatMap(({ address, member, outcome, license }, position) => {
    if (member ? outcome !== 'waiting' : outcome === 'kept' && teamId === null) return [];
    const kind = outcome === 'kept' ? (byAddress.get(address)!.invited ?? 'restricted') : outcome;
    return { invitationId: tx.newId(), address: member ? null : address, memberId: member?.id ?? null, kind, license, position };
  });
  await saveInvitations(tx.db, tenantId, invitations, { batchId: result.batchId, invitedBy: actor.memberId, teamId }, at);
  await insertBatch(tx.db, tenantId, result, at);
  const details = { invitees: result.results.length, limited: result.limited.length, teamId };
  await audit(tx, tenantId, { actor: actor.memberId, via: actor.via, action: 'license.invited', subject: result.batchId, details }, at);
}
