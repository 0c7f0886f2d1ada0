import { NewResource } from '../../src/contract/resources';
import { createResource, restoreResource } from '../../src/features/resources/create-resource';
import {
  archiveResource,
  attachResource,
  deleteResource,
  detachResource,
  getResource,
  updateResource,
} from '../../src/features/resources/resources';
import { inTenant } from '../../src/platform/context';
import { key, unwrap } from '../support/acts';
import { nextEdge } from './calendar';
import { type Item, KINDS, type Kind } from './items';
import { now, type Organization, type World } from './world';

/** What the plan held grants of a kind or a measure. */
export const roomOf =
  (org: Organization, at: Date) =>
  (meter: string): number =>
    org.books.planAt(at)!.items.find(({ entitlement }) => entitlement === meter)!.amount!;

/** Some boards, queues and what belongs to them are made, moved, put away or taken back: whatever fits, and nothing else. */
export async function furnish(world: World, org: Organization): Promise<string> {
  const { luck, clock } = world;
  await compareItems(world, org);
  if (!org.books.isSubscribed(now(world))) return 'nothing to furnish';
  if (nextEdge(org.books.anchor!, now(world)).getTime() - now(world).getTime() < 60_000) return 'too near an edge';
  const said: string[] = [];
  for (let count = luck.between(3, 7); count > 0; count -= 1) {
    // One after the other, so that age decides and never chance.
    clock.advance({ seconds: 1 });
    said.push(
      await PIECES[
        luck.weighed<keyof typeof PIECES>({ make: 4, queue: 7, attach: 3, detach: 1, amount: 2, archive: 2, restore: 3, drop: 1 })
      ](world, org),
    );
  }
  await compareItems(world, org);
  return said.join(', ');
}

type Piece = (world: World, org: Organization) => Promise<string>;

/** Tries it, and says whether it went as there is room for it. */
async function fits<T>(what: string, isFitting: boolean, work: Promise<{ ok: true; value: T } | { ok: false; refusal: unknown }>) {
  const done = await work;
  if (done.ok !== isFitting)
    expect({ what, fits: done.ok, ...(done.ok ? {} : { refusal: done.refusal }) }).toEqual({ what, fits: isFitting });
  return done.ok ? done.value : null;
}

const make: Piece = async (world, org) => {
  const kind = world.luck.weighed<Exclude<Kind, 'queues'>>({ boards: 4, templates: 3, sla_groups: 2, allowed_ips: 2 });
  const hasRoom = org.items.inUse(kind).length < roomOf(org, now(world))(kind);
  return created(world, org, { kind, parentId: null, runs: 0, rate: 0 }, hasRoom);
};

const queue: Piece = async (world, org) => {
  const { luck } = world;
  const board = luck.one(org.items.inUse('boards'));
  if (!board) return make(world, org);
  const given = { kind: 'queues' as const, parentId: board.id, runs: luck.between(0, 9) * 37, rate: luck.between(0, 13) * 20 };
  const hasRoom = org.items.inUse('queues').length < roomOf(org, now(world))('queues') && hasAmounts(world, org, given, null);
  return created(world, org, given, hasRoom);
};

function hasAmounts(world: World, org: Organization, { runs, rate }: Pick<Item, 'runs' | 'rate'>, except: string | null): boolean {
  const limit = roomOf(org, now(world));
  return (runs === 0 || org.items.runs(except) + runs <= limit('automation_runs')) && rate <= limit('intake_rate');
}

async function created(
  world: World,
  org: Organization,
  given: Pick<Item, 'kind' | 'parentId' | 'runs' | 'rate'>,
  hasRoom: boolean,
): Promise<string> {
  const { kind, parentId, runs, rate } = given;
  const amounts = kind === 'queues' ? { automation_runs: runs, intake_rate: rate } : {};
  const input = NewResource.parse({ kind, name: `${kind} ${org.items.all.length}`, parentId, amounts });
  const made = await fits(`new ${kind}`, hasRoom, createResource(world.ctx, org.owner, key(), input));
  const at = now(world);
  if (made) org.items.all.push({ ...given, id: made.record.id, createdAt: at, activatedAt: at, isInUse: true, attachedTo: null });
  return `${made ? 'new' : 'no room for'} ${kind}`;
}

/** Revisions go on: each act names the one it saw. */
const revisionOf = async ({ ctx }: World, { owner }: Organization, { id }: Item): Promise<number> =>
  unwrap(await getResource(ctx, owner, id)).revision;

const attach: Piece = async (world, org) => {
  const { ctx, luck } = world;
  const template = luck.one(org.items.inUse('templates'));
  const board = luck.one(org.items.inUse('boards'));
  if (!template || !board) return 'nothing to attach';
  const limit = roomOf(org, now(world))('templates');
  const attached = org.items.inUse('templates').filter(({ attachedTo }) => attachedTo !== null).length;
  const hasRoom = limit > 0 && (template.attachedTo !== null || attached < limit);
  const revision = await revisionOf(world, org, template);
  const done = await fits('attach', hasRoom, attachResource(ctx, org.owner, template.id, board.id, revision));
  if (done) template.attachedTo = board.id;
  return done ? 'attached' : 'not attached';
};

const detach: Piece = async (world, org) => {
  const template = world.luck.one(org.items.inUse('templates').filter(({ attachedTo }) => attachedTo !== null));
  if (!template) return 'nothing to detach';
  unwrap(await detachResource(world.ctx, org.owner, template.id, await revisionOf(world, org, template)));
  template.attachedTo = null;
  return 'detached';
};

const amount: Piece = async (world, org) => {
  const { ctx, luck } = world;
  const one = luck.one(org.items.inUse('queues'));
  if (!one) return 'no amount';
  const given = { runs: luck.between(0, 12) * 41, rate: luck.between(1, 12) * 25 };
  const amounts = { automation_runs: given.runs, intake_rate: given.rate };
  const revision = await revisionOf(world, org, one);
  const isFitting = hasAmounts(world, org, given, one.id);
  const done = await fits('amounts', isFitting, updateResource(ctx, org.owner, one.id, { amounts }, revision));
  if (done) Object.assign(one, given);
  return done ? 'other amounts' : 'no other amounts';
};

const archive: Piece = async (world, org) => {
  const item = world.luck.one(org.items.all.filter(({ isInUse }) => isInUse));
  if (!item) return 'nothing to put away';
  unwrap(await archiveResource(world.ctx, org.owner, item.id, await revisionOf(world, org, item)));
  org.items.putAway(item);
  return `put away ${item.kind}`;
};

/** Taken back, it counts anew and is the newest. */
const restore: Piece = async (world, org) => {
  const item = world.luck.one(org.items.all.filter(({ isInUse }) => !isInUse));
  if (!item) return 'nothing to take back';
  const hasParent = item.parentId === null || org.items.find(item.parentId)!.isInUse;
  const hasRoom = org.items.inUse(item.kind).length < roomOf(org, now(world))(item.kind);
  const isFitting = hasParent && hasRoom && (item.kind !== 'queues' || hasAmounts(world, org, item, item.id));
  const done = await fits(`take back ${item.kind}`, isFitting, restoreResource(world.ctx, org.owner, key(), item.id));
  if (done) Object.assign(item, { isInUse: true, activatedAt: now(world) });
  return done ? `took back ${item.kind}` : `no room to take back ${item.kind}`;
};

const drop: Piece = async (world, org) => {
  const item = world.luck.one(org.items.all);
  if (!item) return 'nothing to drop';
  unwrap(await deleteResource(world.ctx, org.owner, item.id, await revisionOf(world, org, item)));
  org.items.drop(item);
  return `dropped ${item.kind}`;
};

const PIECES = { make, queue, attach, detach, amount, archive, restore, drop } satisfies Record<string, Piece>;

/** G1, G8: each item is there, or gone, as it must be, and as many are counted as are in use. */
export async function compareItems({ ctx }: World, org: Organization): Promise<void> {
  const { items, tenantId } = org;
  const [found, counted] = await inTenant(ctx, tenantId, async ({ db }) => [
    await db.query<Pick<Item, 'id' | 'kind' | 'parentId' | 'isInUse' | 'runs' | 'rate' | 'attachedTo'>>(
      `select resource_id as id, kind, parent_id as "parentId", archived_at is null as "isInUse", attached_to as "attachedTo",
              coalesce((amounts ->> 'automation_runs')::int, 0) as runs, coalesce((amounts ->> 'intake_rate')::int, 0) as rate
         from resources where tenant_id = $1 order by created_at, resource_id`,
      [tenantId],
    ),
    await db.query<{ meter: string; used: number }>(
      `select meter, used::int as used from usage_counters where tenant_id = $1 and scope_id = 'tenant' and meter = any ($2)`,
      [tenantId, [...KINDS, 'automation_runs']],
    ),
  ]);
  const told = items.all
    .toSorted((a, b) => +a.createdAt - +b.createdAt)
    .map(({ id, kind, parentId, isInUse, runs, rate, attachedTo }) => ({ id, kind, parentId, isInUse, attachedTo, runs, rate }));
  expect(found).toEqual(told);
  for (const { meter, used } of counted)
    expect({ meter, used }).toEqual({ meter, used: meter === 'automation_runs' ? items.runs() : items.inUse(meter as Kind).length });
}
