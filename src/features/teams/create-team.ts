import type { Refusal } from '../../contract/refusals';
import type { NewTeam, Team } from '../../contract/teams';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { may } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { actKeyOf, type Created, type CreationKey } from '../usage/creation';
import { recall } from '../usage/recall';
import { admitTeam } from './admit-team';
import { toTeam } from './present-team';
import { findTeamRow } from './teams.store';

/**
 * Creates a team with its first people and counts it where the plan limits teams. Who is not an owner or admin is in it too: they
 * could not see a hidden team of theirs otherwise. Nothing is kept of a refused one.
 */
export async function createTeam(ctx: Context, actor: Actor, key: CreationKey, input: NewTeam): Promise<Result<Created<Team>, Refusal>> {
  const act = actKeyOf('create_team', actor, key, input);
  const people = await firstPeople(ctx, actor, act, input);
  if (!people.ok) return people;
  const { name, invitations, discoverable } = input;
  const record = { name, invitations, discoverable, memberIds: people.value };
  const admitted = await admitTeam(ctx, actor, { ...act, creation: 'create_teams', subject: ctx.newId(), record });
  if (!admitted.ok) return admitted;
  const { outcome, subject } = admitted.value;
  const row = await inTenant(ctx, actor.tenantId, ({ db }) => findTeamRow(db, actor.tenantId, actor.memberId, subject));
  return ok({ record: toTeam(row!), replayed: outcome === 'replayed' });
}

/** Someone who left since is no reason to refuse a retry of what succeeded. */
function firstPeople(
  ctx: Context,
  actor: Actor,
  act: { key: string; fingerprint: string },
  { memberIds = [actor.memberId] }: NewTeam,
): Promise<Result<string[], Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const ids = new Set(memberIds);
    if (!may(access.value.role, 'manage_members')) ids.add(actor.memberId);
    const known = await recall(tx, actor.tenantId, act);
    if (!known.ok) return known;
    const names = await memberNames(tx, actor.tenantId, [...ids]);
    return names.size === ids.size || known.value !== null ? ok([...ids]) : refuse({ code: 'member_not_found' });
  });
}
