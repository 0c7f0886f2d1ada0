import type { Refusal } from '../../contract/refusals';
import type { Resource, ResourceKindView, ResourcePatch, ResourceQuery } from '../../contract/resources';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { type Page, pageOf, readAgeCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { enter } from '../members/admit-member';
import { lockTenant } from '../tenants/tenants';
import { kindsOf, limitNow, roomFor } from './kinds';
import { toResource } from './present-resource';
import { archiveItems, detachItem, type Handling, moveTotals, removeItems } from './put-away';
import { checkAmounts, withAmounts } from './resources.rules';
import {
  activeResources,
  countActive,
  findResource,
  findResources,
  heldOfMeasure,
  lockResource,
  type ResourceRow,
  saveResource,
  trimmedIds,
} from './resources.store';

/** The kinds of items that the organization's plans know, with their limits. */
export function listResourceKinds(ctx: Context, actor: Actor): Promise<Result<ResourceKindView[], Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const kinds = Object.entries(await kindsOf(tx, actor.tenantId));
    const views: ResourceKindView[] = [];
    for (const [kind, { name, parent, measure, attachable }] of kinds) {
      const words: Record<string, string> = name;
      const held = measure && (await heldOfMeasure(tx.db, actor.tenantId, kind));
      views.push({
        kind,
        name: words[actor.locale ?? 'en'] ?? name.en,
        parent,
        measure,
        attachable,
        limit: await limitNow(tx, actor.tenantId, kind, at),
        held: held ? held[measure.as === 'total' ? 'total' : 'most'] : (await countActive(tx.db, actor.tenantId, kind)).all,
      });
    }
    return ok(views);
  });
}

/** Oldest first. */
export function listResources(ctx: Context, actor: Actor, query: ResourceQuery): Promise<Result<Page<Resource>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const rows = await findResources(tx.db, actor.tenantId, {
      kind: query.kind ?? null,
      state: query.state,
      after: readAgeCursor(query.cursor),
      limit: query.limit + 1,
    });
    return ok(pageOf(rows, query.limit, toResource, (row) => [row.createdAt, row.id]));
  });
}

export function getResource(ctx: Context, actor: Actor, resourceId: string): Promise<Result<Resource, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const row = await findResource(tx.db, actor.tenantId, resourceId);
    return row ? ok(toResource(row)) : refuse({ code: 'resource_not_found' });
  });
}

/** Another name, other amounts. Amounts that are not named stay. */
export function updateResource(
  ctx: Context,
  actor: Actor,
  resourceId: string,
  patch: ResourcePatch,
  revision: number,
): Promise<Result<Resource, Refusal>> {
  return changed(ctx, actor, resourceId, revision, async (tx, row, by, at) => {
    const amounts = withAmounts(row.amounts, patch.amounts ?? {});
    if (patch.amounts) {
      const room = await roomFor(tx, actor.tenantId, Object.keys(patch.amounts), row.id, at);
      const fits = checkAmounts(row.kind, patch.amounts, await kindsOf(tx, actor.tenantId), room);
      if (!fits.ok) return fits;
      if (!row.archivedAt) await moveTotals(tx, actor.tenantId, row, amounts, by, at);
    }
    const trimmedBy = patch.amounts && !row.archivedAt ? null : row.trimmedBy;
    await saveResource(tx.db, actor.tenantId, { ...row, name: patch.name ?? row.name, amounts, trimmedBy }, at);
    return ok(true);
  });
}

/** Out of use, with all below it: its place is free at once, and it can be taken back. */
export function archiveResource(ctx: Context, actor: Actor, resourceId: string, revision: number): Promise<Result<Resource, Refusal>> {
  return changed(ctx, actor, resourceId, revision, async (tx, row, by, at) => {
    if (row.archivedAt) return refuse({ code: 'resource_not_active' });
    await archiveItems(tx, actor.tenantId, [row.id], by, at);
    return ok(true);
  });
}

/** Gone for good, with all below it. */
export function deleteResource(ctx: Context, actor: Actor, resourceId: string, revision: number): Promise<Result<null, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const found = await resourceFor(tx, actor, resourceId, revision);
    if (!found.ok) return found;
    const by = handling('delete', actor, found.value);
    await removeItems(tx, actor.tenantId, [resourceId], by, at);
    await note(tx, actor, found.value, 'delete', at);
    return ok(null);
  });
}

/** Hangs an item on another one. What was detached by a smaller plan can be attached again once a plan has room. */
export function attachResource(
  ctx: Context,
  actor: Actor,
  resourceId: string,
  to: string,
  revision: number,
): Promise<Result<Resource, Refusal>> {
  return changed(ctx, actor, resourceId, revision, async (tx, row, _by, at) => {
    const kinds = await kindsOf(tx, actor.tenantId);
    if (!kinds[row.kind]?.attachable) return refuse({ code: 'resource_not_attachable', kind: row.kind });
    const target = await lockResource(tx.db, actor.tenantId, to);
    if (!target) return refuse({ code: 'resource_not_found' });
    if (row.archivedAt || target.archivedAt) return refuse({ code: 'resource_not_active' });
    if (kinds[target.kind]?.attachable) return refuse({ code: 'resource_not_attachable', kind: target.kind });
    const limit = await limitNow(tx, actor.tenantId, row.kind, at);
    if (limit === 0) return refuse({ code: 'resource_not_in_plan', kind: row.kind });
    const { attached } = await countActive(tx.db, actor.tenantId, row.kind);
    if (limit !== null && !row.attachedTo && attached >= limit)
      return refuse({ code: 'limit_reached', meter: row.kind, limit, used: attached, held: 0 });
    await saveResource(tx.db, actor.tenantId, { ...row, attachedTo: to, detachedFrom: null, trimmedBy: null }, at);
    return ok(true);
  });
}

export function detachResource(ctx: Context, actor: Actor, resourceId: string, revision: number): Promise<Result<Resource, Refusal>> {
  return changed(ctx, actor, resourceId, revision, async (tx, row, by, at) => {
    await detachItem(tx, actor.tenantId, row.id, by, at);
    return ok(true);
  });
}

/** Everything in use: what a smaller plan would have to do without some of. */
export const itemsInUse = (tx: TxContext, tenantId: string): Promise<ResourceRow[]> => activeResources(tx.db, tenantId);

/** Items that a plan change took something from and nobody has taken back since. */
export const itemsTrimmedBy = async (tx: TxContext, tenantId: string, changeId: string): Promise<Set<string>> =>
  new Set(await trimmedIds(tx.db, tenantId, changeId));

type Change = (tx: TxContext, row: ResourceRow, by: Handling, at: Date) => Promise<Result<true, Refusal>>;

async function changed(
  ctx: Context,
  actor: Actor,
  resourceId: string,
  revision: number,
  change: Change,
): Promise<Result<Resource, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const found = await resourceFor(tx, actor, resourceId, revision);
    if (!found.ok) return found;
    const done = await change(tx, found.value, handling('change', actor, found.value), at);
    if (!done.ok) return done;
    const row = (await findResource(tx.db, actor.tenantId, resourceId))!;
    await note(tx, actor, row, 'change', at);
    return ok(toResource(row));
  });
}

const handling = (act: string, { memberId }: Actor, { revision }: ResourceRow): Handling => ({
  actor: memberId,
  act: `${act}_resource:${revision}`,
  trimmedBy: null,
});

const note = (
  tx: TxContext,
  { tenantId, memberId, via }: Actor,
  { id, kind, name, archivedAt, attachedTo, amounts }: ResourceRow,
  act: string,
  at: Date,
) =>
  audit(
    tx,
    tenantId,
    {
      actor: memberId,
      via,
      action: `resource.${act}`,
      subject: id,
      details: { kind, name, archived: archivedAt !== null, attachedTo, amounts },
    },
    at,
  );

async function resourceFor(tx: TxContext, actor: Actor, resourceId: string, revision: number): Promise<Result<ResourceRow, Refusal>> {
  const access = await enter(tx, actor, 'manage_settings');
  if (!access.ok) return access;
  // Whatever moves several counters of an organization takes turns here: a plan change does so too.
  await lockTenant(tx.db, actor.tenantId);
  const row = await lockResource(tx.db, actor.tenantId, resourceId);
  if (!row) return refuse({ code: 'resource_not_found' });
  return row.revision === revision ? ok(row) : refuse({ code: 'stale_revision', current: { ...toResource(row) } });
}
