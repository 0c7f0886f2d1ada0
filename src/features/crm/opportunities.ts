import type { Opportunity, OpportunityPatch, OpportunityQuery } from '../../contract/opportunities';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { type Page, pageOf, readAgeCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { patched } from './opportunities.rules';
import { findOpportunityRow, findOpportunityRows, type OpportunityRow, updateOpportunityRow } from './opportunities.store';
import { toOpportunity } from './present-opportunity';

export function getOpportunity(ctx: Context, actor: Actor, opportunityId: string): Promise<Result<Opportunity, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const found = await opportunityFor(tx, actor, opportunityId, 'read');
    return found.ok ? ok(toOpportunity(found.value)) : found;
  });
}

/** Newest first. */
export function listOpportunities(ctx: Context, actor: Actor, query: OpportunityQuery): Promise<Result<Page<Opportunity>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const before = readAgeCursor(query.cursor);
    const rows = await findOpportunityRows(tx.db, actor.tenantId, { stage: query.stage, before, limit: query.limit + 1 });
    return ok(pageOf(rows, query.limit, toOpportunity, (row) => [row.created_at, row.opportunity_id]));
  });
}

/** Changes what the patch names, the stage included; refuses a revision that is not the current one. */
export function updateOpportunity(
  ctx: Context,
  actor: Actor,
  opportunityId: string,
  patch: OpportunityPatch,
  revision: number,
): Promise<Result<Opportunity, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const found = await opportunityFor(tx, actor, opportunityId, 'edit');
    if (!found.ok) return found;
    const row = found.value;
    if (row.revision !== revision) return refuse({ code: 'stale_revision', current: toOpportunity(row) });

    const opportunity = toOpportunity(row);
    const next = patched({ ...opportunity, ownerId: row.owner }, patch);
    if (!next) return ok(opportunity);
    if (next.ownerId !== row.owner && !(await isMember(tx, actor, next.ownerId))) return refuse({ code: 'member_not_found' });

    const saved = await updateOpportunityRow(
      tx.db,
      actor.tenantId,
      {
        ...row,
        title: next.title,
        customer: next.customer,
        stage: next.stage,
        value_minor: next.value?.minor ?? null,
        currency: next.value?.currency ?? null,
        closes_on: next.closesOn,
        owner: next.ownerId,
      },
      revision,
      at,
    );
    const current = toOpportunity((await findOpportunityRow(tx.db, actor.tenantId, opportunityId))!);
    return saved ? ok(current) : refuse({ code: 'stale_revision', current });
  });
}

const isMember = async (tx: TxContext, actor: Actor, memberId: string): Promise<boolean> =>
  (await memberNames(tx, actor.tenantId, [memberId])).has(memberId);

/** What the actor may not see does not exist for them. */
async function opportunityFor(
  tx: TxContext,
  actor: Actor,
  opportunityId: string,
  capability: 'read' | 'edit',
): Promise<Result<OpportunityRow, Refusal>> {
  const access = await enter(tx, actor, capability);
  if (!access.ok) return access;
  const row = await findOpportunityRow(tx.db, actor.tenantId, opportunityId);
  return row ? ok(row) : refuse({ code: 'opportunity_not_found' });
}
