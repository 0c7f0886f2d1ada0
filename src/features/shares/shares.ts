import type { Meter } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { Shares } from '../../contract/usage';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { enter } from '../members/admit-member';
import { lockTenant } from '../tenants/tenants';
import type { ActKey } from '../usage/creation';
import { meterNow } from '../usage/policy-at';
import { recall } from '../usage/recall';
import { refreshCounter } from '../usage/refresh-counters';
import { findShares, findTeamOf, saveShare } from './shares.store';

/** Which teams have a share of a quota for themselves, and how much of it they have used. The rest is everybody's. */
export function listShares(ctx: Context, actor: Actor, meter: Meter): Promise<Result<Shares, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    return access.ok ? sharesOf(tx, actor.tenantId, meter, tx.now()) : access;
  });
}

/**
 * Gives a team its share of a quota; null takes it away. Together the shares are at most what is available. What a team has used
 * in this period stays counted. Refused where the plan knows no shares.
 */
export function setShare(
  ctx: Context,
  actor: Actor,
  { meter, teamId, amount }: { meter: Meter; teamId: string; amount: number | null },
): Promise<Result<Shares, Refusal>> {
  const { tenantId, memberId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    await lockTenant(tx.db, tenantId);
    const team = await findTeamOf(tx.db, tenantId, teamId, memberId);
    if (!team) return refuse({ code: 'team_not_found' });
    const now = await meterNow(tx, tenantId, meter, at);
    if (now?.limit.policy?.allocation !== 'per_team') return refuse({ code: 'allocation_off', meter });
    if (team.archivedAt && amount !== null) return refuse({ code: 'team_archived', archivedAt: team.archivedAt.toISOString() });
    const others = (await findShares(tx.db, tenantId, meter, now.counter.periodStart)).filter((share) => share.teamId !== teamId);
    const allocated = others.reduce((sum, share) => sum + share.amount, amount ?? 0);
    const available = now.counter.granted;
    if (available !== null && amount !== null && allocated > available)
      return refuse({ code: 'allocation_too_large', meter, available, allocated });
    await saveShare(tx.db, tenantId, { meter, teamId, amount, by: memberId }, at);
    await refreshCounter(tx, tenantId, meter, at);
    await audit(tx, tenantId, { actor: memberId, via: actor.via, action: 'share.set', subject: teamId, details: { meter, amount } }, at);
    return sharesOf(tx, tenantId, meter, at);
  });
}

async function sharesOf(tx: TxContext, tenantId: string, meter: Meter, at: Date): Promise<Result<Shares, Refusal>> {
  const now = await meterNow(tx, tenantId, meter, at);
  if (!now) return refuse({ code: 'no_subscription' });
  const rows = await findShares(tx.db, tenantId, meter, now.counter.periodStart);
  const allocated = rows.reduce((sum, { amount }) => sum + amount, 0);
  const { granted } = now.counter;
  return ok({
    meter,
    isPossible: now.limit.policy?.allocation === 'per_team',
    available: granted,
    unallocated: granted === null ? null : Math.max(0, granted - allocated),
    shares: rows.map(({ teamId, name, amount, used }) => ({
      team: { id: teamId, name },
      amount,
      used,
      remaining: Math.max(0, amount - used),
    })),
  });
}

/** Whether somebody may create in the name of a team. A retry of what was created is answered as it was then, whatever the team is now. */
export function mayCreateFor(ctx: Context, actor: Actor, act: ActKey, teamId: string | undefined): Promise<Result<true, Refusal>> {
  if (teamId === undefined) return Promise.resolve(ok(true));
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const known = await recall(tx, actor.tenantId, act);
    if (!known.ok) return known;
    if (known.value !== null) return ok(true);
    const team = await findTeamOf(tx.db, actor.tenantId, teamId, actor.memberId);
    if (!team?.isMember) return refuse({ code: 'team_not_found' });
    return team.archivedAt ? refuse({ code: 'team_archived', archivedAt: team.archivedAt.toISOString() }) : ok(true);
  });
}
