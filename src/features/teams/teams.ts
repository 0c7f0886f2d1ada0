import type { PersonRef } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { Team, TeamPatch, TeamQuery } from '../../contract/teams';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { isId, type Page, pageOf, readCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { type Capability, may } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { recall } from '../usage/recall';
import { release } from '../usage/release';
import { changingActiveMembers } from './active-members';
import { admitTeam } from './admit-team';
import { toTeam } from './present-team';
import { decideInvitation, decideWritable, patchedSettings, seesTeam } from './teams.rules';
import {
  addPeople,
  archiveTeamRow,
  findPeople,
  findTeamRow,
  findTeamRows,
  lockTeam,
  type TeamRow,
  takePersonOut,
  updateTeamRow,
} from './teams.store';

export function getTeam(ctx: Context, actor: Actor, teamId: string): Promise<Result<Team, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await teamFor(tx, actor, teamId, 'read');
    return found.ok ? ok(toTeam(found.value.row)) : found;
  });
}

/** By name; of hidden teams only those one is in, unless one manages members. */
export function listTeams(ctx: Context, actor: Actor, query: TeamQuery): Promise<Result<Page<Team>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const rows = await findTeamRows(tx.db, actor.tenantId, actor.memberId, {
      state: query.state,
      mine: query.mine === 'true',
      all: may(access.value.role, 'manage_members'),
      after: nameCursor(query.cursor),
      limit: query.limit + 1,
    });
    return ok(pageOf(rows, query.limit, toTeam, (row) => [row.name, row.team_id]));
  });
}

export function listTeamPeople(
  ctx: Context,
  actor: Actor,
  teamId: string,
  query: { cursor?: string | undefined; limit: number },
): Promise<Result<Page<PersonRef>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await teamFor(tx, actor, teamId, 'read');
    if (!found.ok) return found;
    const rows = await findPeople(tx.db, actor.tenantId, teamId, nameCursor(query.cursor), query.limit + 1);
    return ok(
      pageOf(
        rows,
        query.limit,
        (row) => row,
        (row) => [row.name, row.id],
      ),
    );
  });
}

/** Another name or other settings: for owners and admins, and for whoever created it. */
export function updateTeam(ctx: Context, actor: Actor, teamId: string, patch: TeamPatch, revision: number): Promise<Result<Team, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await writableTeam(tx, actor, teamId, 'edit');
    if (!found.ok) return found;
    const { row, role } = found.value;
    const isCreator = row.created_by === actor.memberId && row.is_member;
    if (!may(role, 'manage_members') && !isCreator) return refuse({ code: 'not_allowed', needs: 'manage_members' });
    if (row.revision !== revision) return refuse({ code: 'stale_revision', current: toTeam(row) });
    const next = patchedSettings(row, patch);
    if (!next) return ok(toTeam(row));
    await updateTeamRow(tx.db, actor.tenantId, teamId, next);
    await note(tx, actor, 'team.changed', teamId, patch, tx.now());
    return ok(toTeam((await findTeamRow(tx.db, actor.tenantId, actor.memberId, teamId))!));
  });
}

/** Makes a team read-only and frees its place at once (EC-05, HO-19). One that is archived stays as it is. */
export function archiveTeam(ctx: Context, actor: Actor, teamId: string, revision: number): Promise<Result<Team, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const found = await teamFor(tx, actor, teamId, 'manage_members', 'locked');
    if (!found.ok) return found;
    const { row } = found.value;
    if (row.archived_at) return ok(toTeam(row));
    if (row.revision !== revision) return refuse({ code: 'stale_revision', current: toTeam(row) });
    return changingActiveMembers(tx, actor.tenantId, { subject: teamId, actor: actor.memberId }, at, async () => {
      await archiveTeamRow(tx.db, actor.tenantId, teamId, at);
      await release(tx, actor.tenantId, { meter: 'teams', subject: teamId, actor: actor.memberId, at });
      await note(tx, actor, 'team.archived', teamId, {}, at);
      return ok(toTeam((await findTeamRow(tx.db, actor.tenantId, actor.memberId, teamId))!));
    });
  });
}

/** Brings an archived team back: a new act that takes a place anew and makes its people count again (EC-19). */
export async function unarchiveTeam(ctx: Context, actor: Actor, teamId: string, key: CreationKey): Promise<Result<Created<Team>, Refusal>> {
  const act = { key: keyOf('unarchive_team', actor, key), fingerprint: fingerprint([teamId]) };
  const before = await inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await teamFor(tx, actor, teamId, 'read');
    if (!found.ok) return found;
    const known = await recall(tx, actor.tenantId, act);
    if (!known.ok) return known;
    if (known.value !== null) return ok({ record: toTeam(found.value.row), replayed: true });
    const access = await enter(tx, actor, 'manage_members');
    if (!access.ok) return access;
    return ok(found.value.row.archived_at ? null : { record: toTeam(found.value.row), replayed: false });
  });
  if (!before.ok) return before;
  if (before.value) return ok(before.value);

  const admitted = await admitTeam(ctx, actor, { ...act, creation: 'unarchive_teams', subject: teamId, record: null });
  if (!admitted.ok) return admitted;
  return inTenant(ctx, actor.tenantId, async (tx) => {
    if (admitted.value.outcome === 'admitted') await note(tx, actor, 'team.unarchived', teamId, {}, admitted.value.at);
    const row = await findTeamRow(tx.db, actor.tenantId, actor.memberId, teamId);
    return ok({ record: toTeam(row!), replayed: admitted.value.outcome === 'replayed' });
  });
}

/** Whoever sees a team may join it; who is in it stays in it. */
export function joinTeam(ctx: Context, actor: Actor, teamId: string): Promise<Result<Team, Refusal>> {
  return inTenant(ctx, actor.tenantId, (tx) => changePeople(tx, actor, teamId, 'join_team', () => ok([actor.memberId])));
}

/** Adds people, all or none: who may is said by the team's setting. Who is in it stays in it. */
export function addToTeam(ctx: Context, actor: Actor, teamId: string, memberIds: readonly string[]): Promise<Result<Team, Refusal>> {
  return inTenant(ctx, actor.tenantId, (tx) => bringIntoTeam(tx, actor, teamId, memberIds));
}

/** As addToTeam, in the caller's transaction; with nobody named it only says whether the actor may. */
export function bringIntoTeam(tx: TxContext, actor: Actor, teamId: string, memberIds: readonly string[]): Promise<Result<Team, Refusal>> {
  return changePeople(tx, actor, teamId, 'invite', async ({ row, role }) => {
    const allowed = decideInvitation({ ...row, isMember: row.is_member }, role);
    if (!allowed.ok) return allowed;
    const ids = [...new Set(memberIds)];
    const names = await memberNames(tx, actor.tenantId, ids);
    return names.size === ids.length ? ok(ids) : refuse({ code: 'member_not_found' });
  });
}

async function changePeople(
  tx: TxContext,
  actor: Actor,
  teamId: string,
  capability: 'join_team' | 'invite',
  whom: (team: Found) => Result<string[], Refusal> | Promise<Result<string[], Refusal>>,
): Promise<Result<Team, Refusal>> {
  const at = tx.now();
  const found = await writableTeam(tx, actor, teamId, capability);
  if (!found.ok) return found;
  const people = await whom(found.value);
  if (!people.ok) return people;
  if (people.value.length === 0) return ok(toTeam(found.value.row));
  return changingActiveMembers(tx, actor.tenantId, { subject: teamId, actor: actor.memberId }, at, async () => {
    const added = await addPeople(tx.db, actor.tenantId, teamId, people.value, at);
    if (added.length > 0) await note(tx, actor, 'team.people_added', teamId, { memberIds: added }, at);
    return ok(toTeam((await findTeamRow(tx.db, actor.tenantId, actor.memberId, teamId))!));
  });
}

/** Oneself, or somebody else by owners and admins. Who is not in it is out already. */
export function leaveTeam(ctx: Context, actor: Actor, teamId: string, memberId: string): Promise<Result<null, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const found = await writableTeam(tx, actor, teamId, memberId === actor.memberId ? 'join_team' : 'manage_members');
    if (!found.ok) return found;
    return changingActiveMembers(tx, actor.tenantId, { subject: teamId, actor: actor.memberId }, at, async () => {
      const left = await takePersonOut(tx.db, actor.tenantId, teamId, memberId, at);
      if (!left) return memberId === actor.memberId ? ok(null) : refuse({ code: 'member_not_found' });
      await note(tx, actor, 'team.people_left', teamId, { memberIds: [memberId] }, at);
      return ok(null);
    });
  });
}

interface Found {
  row: TeamRow;
  role: Parameters<typeof may>[0];
}

/** What the actor may not see does not exist for them. */
async function teamFor(
  tx: TxContext,
  actor: Actor,
  teamId: string,
  capability: Capability,
  locked?: 'locked',
): Promise<Result<Found, Refusal>> {
  const access = await enter(tx, actor, capability);
  if (!access.ok) return access;
  if (locked) await lockTeam(tx.db, actor.tenantId, teamId);
  const row = await findTeamRow(tx.db, actor.tenantId, actor.memberId, teamId);
  if (!row || !seesTeam({ ...row, isMember: row.is_member }, access.value.role)) return refuse({ code: 'team_not_found' });
  return ok({ row, role: access.value.role });
}

/** Held until the transaction ends, so that nothing is written into a team that is being archived. */
async function writableTeam(tx: TxContext, actor: Actor, teamId: string, capability: Capability): Promise<Result<Found, Refusal>> {
  const found = await teamFor(tx, actor, teamId, capability, 'locked');
  if (!found.ok) return found;
  const writable = decideWritable(found.value.row.archived_at);
  return writable.ok ? found : writable;
}

const nameCursor = (cursor: string | undefined): { name: string; id: string } | null => {
  const values = readCursor(cursor, ([name, id]) => typeof name === 'string' && isId(id)) as [string, string] | null;
  return values && { name: values[0], id: values[1] };
};

const note = (tx: TxContext, actor: Actor, action: string, subject: string, details: Record<string, unknown>, at: Date) =>
  audit(tx, actor.tenantId, { actor: actor.memberId, via: actor.via, action, subject, details }, at);
