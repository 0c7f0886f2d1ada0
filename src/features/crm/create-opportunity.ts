import type { NewOpportunity, Opportunity } from '../../contract/opportunities';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { keepWhatWasRefused } from '../drafts/drafts';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import { mayCreateFor } from '../shares/shares';
import { admit } from '../usage/admit';
import { actKeyOf, type Created, type CreationKey } from '../usage/creation';
import { recall } from '../usage/recall';
import { findOpportunityRow, type OpportunityRow } from './opportunities.store';
import { toOpportunity } from './present-opportunity';

/** Creates an opportunity and counts it; at the limit the input is kept as its author's draft. */
export async function createOpportunity(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: NewOpportunity,
): Promise<Result<Created<Opportunity>, Refusal>> {
  const act = actKeyOf('create_opportunity', actor, key, input);
  const share = await mayCreateFor(ctx, actor, act, input.teamId);
  if (!share.ok) return share;
  const owner = await ownerOf(ctx, actor, act, input);
  if (!owner.ok) return owner;
  if ('before' in owner.value) return ok({ record: owner.value.before, replayed: true });

  const admitted = await admit(ctx, actor, {
    ...act,
    creation: 'create_opportunities',
    meter: 'opportunities',
    subject: ctx.newId(),
    quantity: 1,
    record: input,
    teamId: input.teamId,
  });
  if (!admitted.ok) return keepWhatWasRefused(ctx, actor, act, { meter: 'opportunities', payload: input }, admitted.refusal);
  const { outcome, subject, at } = admitted.value;
  const row =
    outcome === 'admitted'
      ? newRow(input, owner.value, { subject, at })
      : (await inTenant(ctx, actor.tenantId, ({ db }) => findOpportunityRow(db, actor.tenantId, subject)))!;
  return ok({ record: toOpportunity(row), replayed: outcome === 'replayed' });
}

/** Whoever creates it, or the member named. Someone who left since is no reason to refuse a retry of what succeeded. */
async function ownerOf(
  ctx: Context,
  actor: Actor,
  act: { key: string; fingerprint: string },
  { ownerId }: NewOpportunity,
): Promise<Result<{ id: string; name: string } | { before: Opportunity }, Refusal>> {
  if (ownerId === null || ownerId === actor.memberId) return ok({ id: actor.memberId, name: actor.name });
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const name = (await memberNames(tx, actor.tenantId, [ownerId])).get(ownerId);
    return name === undefined ? createdBefore(tx, actor, act) : ok({ id: ownerId, name });
  });
}

async function createdBefore(
  tx: TxContext,
  actor: Actor,
  act: { key: string; fingerprint: string },
): Promise<Result<{ before: Opportunity }, Refusal>> {
  const access = await enter(tx, actor, 'read');
  if (!access.ok) return access;
  const known = await recall(tx, actor.tenantId, act);
  if (!known.ok) return known;
  if (known.value === null) return refuse({ code: 'member_not_found' });
  return ok({ before: toOpportunity((await findOpportunityRow(tx.db, actor.tenantId, known.value))!) });
}

/** The row as the admission wrote it, without reading it again. */
function newRow(input: NewOpportunity, owner: { id: string; name: string }, made: { subject: string; at: Date }): OpportunityRow {
  return {
    opportunity_id: made.subject,
    title: input.title,
    customer: input.customer,
    stage: 'new',
    value_minor: input.value?.minor ?? null,
    currency: input.value?.currency ?? null,
    closes_on: input.closesOn,
    owner: owner.id,
    owner_name: owner.name,
    created_at: made.at,
    updated_at: made.at,
    revision: 1,
  };
}
