import type { Refusal } from '../../contract/refusals';
import type { NewResource, Resource } from '../../contract/resources';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { sqlState } from '../../platform/db/database';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { admit } from '../usage/admit';
import { type ActKey, actKeyOf, type Created, type CreationKey } from '../usage/creation';
import { recall } from '../usage/recall';
import { refreshCounter } from '../usage/refresh-counters';
import { kindsOf, roomFor } from './kinds';
import { toResource } from './present-resource';
import { type Amounts, checkAmounts, checkPlace, totalsOf, withAmounts } from './resources.rules';
import { findResource, type ResourceRow } from './resources.store';

/** What is written: the item, and what of its amounts a sum limits. */
interface Place {
  subject: string;
  kind: string;
  name: string;
  parentId: string | null;
  amounts: Amounts;
}

/** Creates a settings-like item and counts it against the limit of its kind and of its amounts. */
export function createResource(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: NewResource,
): Promise<Result<Created<Resource>, Refusal>> {
  const act = actKeyOf('create_resource', actor, key, input);
  const place = { ...input, amounts: withAmounts(input.amounts, {}), subject: ctx.newId() };
  return takeIntoUse(ctx, actor, act, async () => ok(place));
}

/** Takes an archived item back into use, which counts anew; what hung below it is taken back by itself. */
export function restoreResource(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  resourceId: string,
): Promise<Result<Created<Resource>, Refusal>> {
  return takeIntoUse(ctx, actor, actKeyOf('restore_resource', actor, key, [resourceId]), async (tx) => {
    const row = await findResource(tx.db, actor.tenantId, resourceId);
    if (!row) return refuse({ code: 'resource_not_found' });
    return row.archivedAt ? ok({ ...row, subject: row.id }) : refuse({ code: 'resource_not_active' });
  });
}

type FindPlace = (tx: TxContext) => Promise<Result<Place, Refusal>>;

/** What the database function says when something was not as it had been looked at. */
const MOVED = new Set(['KT004', 'KT005']);
const TRIES = 3;

async function takeIntoUse(ctx: Context, actor: Actor, act: ActKey, find: FindPlace): Promise<Result<Created<Resource>, Refusal>> {
  for (let attempt = 1; ; attempt += 1) {
    const prepared = await inTenant(ctx, actor.tenantId, (tx) => prepare(tx, actor, act, find));
    if (!prepared.ok) return prepared;
    if ('before' in prepared.value) return ok({ record: toResource(prepared.value.before), replayed: true });
    const { subject, ...record } = prepared.value;
    try {
      const admitted = await admit(ctx, actor, { ...act, creation: 'create_resources', meter: record.kind, subject, quantity: 1, record });
      if (!admitted.ok) return admitted;
      const row = await inTenant(ctx, actor.tenantId, ({ db }) => findResource(db, actor.tenantId, admitted.value.subject));
      return row
        ? ok({ record: toResource(row), replayed: admitted.value.outcome === 'replayed' })
        : refuse({ code: 'resource_not_found' });
    } catch (error) {
      if (!MOVED.has(sqlState(error) ?? '') || attempt >= TRIES) throw error;
    }
  }
}

/** Looks at everything but the place itself, which admission decides. A retry is answered as the first try was (G2). */
async function prepare(
  tx: TxContext,
  actor: Actor,
  act: ActKey,
  find: FindPlace,
): Promise<Result<(Place & { totals: Amounts }) | { before: ResourceRow }, Refusal>> {
  const { tenantId } = actor;
  const at = tx.now();
  const reader = await enter(tx, actor, 'read');
  if (!reader.ok) return reader;
  const known = await recall(tx, tenantId, act);
  if (!known.ok) return known;
  if (known.value !== null) {
    const before = await findResource(tx.db, tenantId, known.value);
    return before ? ok({ before }) : refuse({ code: 'resource_not_found' });
  }
  const access = await enter(tx, actor, 'manage_settings');
  if (!access.ok) return access;

  const place = await find(tx);
  if (!place.ok) return place;
  const { kind, parentId, amounts } = place.value;
  const kinds = await kindsOf(tx, tenantId);
  const room = await roomFor(tx, tenantId, [kind, ...Object.keys(amounts)], null, at);
  const parent = parentId === null ? null : await findResource(tx.db, tenantId, parentId);
  const fits = checkPlace(kind, parent, parentId !== null, kinds, room);
  if (!fits.ok) return fits;
  const amountsFit = checkAmounts(kind, amounts, kinds, room);
  if (!amountsFit.ok) return amountsFit;
  const totals = totalsOf(amounts, kinds);
  for (const measure of Object.keys(totals)) await refreshCounter(tx, tenantId, measure, at);
  return ok({ subject: place.value.subject, kind, name: place.value.name, parentId, amounts, totals });
}
