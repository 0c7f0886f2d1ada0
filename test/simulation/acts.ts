import { METERS, type Meter } from '../../src/contract/meters';
import { NewTeam } from '../../src/contract/teams';
import { NewTicket } from '../../src/contract/tickets';
import { billStart } from '../../src/features/billing/bill-start';
import { inviteToLicenses } from '../../src/features/licenses/invite';
import { setLicense } from '../../src/features/licenses/set-license';
import { meetMember } from '../../src/features/members/members';
import { grantSupport } from '../../src/features/operator/deviations';
import { cancelContract, resumeContract } from '../../src/features/plan-changes/cancel-contract';
import { orderChange } from '../../src/features/plan-changes/order-change';
import { withdrawChange } from '../../src/features/plan-changes/plan-changes';
import { previewChange } from '../../src/features/plan-changes/preview-change';
import { setShare } from '../../src/features/shares/shares';
import { buyContract } from '../../src/features/subscriptions/buy-contract';
import { createTeam } from '../../src/features/teams/create-team';
import { addToTeam, archiveTeam, getTeam, leaveTeam, unarchiveTeam } from '../../src/features/teams/teams';
import { createTicket } from '../../src/features/tickets/create-ticket';
import { deleteTicket, getTicket, undoTicket } from '../../src/features/tickets/tickets';
import { explain } from '../../src/features/usage/explain';
import { confirmHold, openHold, releaseHold } from '../../src/features/usage/hold-units';
import type { OperatorActor } from '../../src/platform/actor';
import { inTenant, orUndone } from '../../src/platform/context';
import { creationOf, key, refusalOf, unwrap } from '../support/acts';
import { consentTo } from '../support/contracts';
import { anActor } from '../support/tenant';
import { DAY_MS, localDate, nextEdge, periodAt } from './calendar';
import { furnish, roomOf } from './furnish';
import { adopt, lastDayOf, now, type Organization, type OrgTeam, open, type Past, renewIfDue, type Scheme, type World } from './world';

const SUPPORT: OperatorActor = {
  memberId: 'aaaaaaaa-0000-4000-8000-000000000002',
  name: 'Sample Support',
  roles: ['support'],
  locale: 'en',
};

type Act = (world: World, org: Organization) => Promise<string>;

/** Tries several at once: the first ones as far as there is room, no more and no less; and what is explained says so before (G1, G10). */
const create: Act = async (world, org) => {
  const { ctx, luck } = world;
  const meter = luck.weighed<Meter>({ tickets: 5, checklists: 3, opportunities: 2 });
  // Where licenses are assigned, who may create is a question of its own.
  const team =
    meter === 'tickets' && luck.chance(50) ? luck.one(org.teams.filter(({ hasOwner, until }) => hasOwner && until === null)) : null;
  const actor = luck.one(org.scheme === 'license-pool' || team ? [org.owner] : [org.owner, ...org.people]);
  const room = await roomFor(world, org, meter);
  const own = Math.min(room, team ? shareLeft(world, org, team) : room);
  // Mostly what a day brings, sometimes a rush that ends at the limit.
  const count = luck.chance(40) ? Math.min(luck.between(6, 40), room + luck.between(1, 2)) : luck.between(1, 5);
  const tries = Array.from({ length: count }, (_, index) => ({
    meter,
    clientKey: `${org.name} ${world.story.length} ${index}`,
    title: `${meter} ${index}`,
    actor,
    ...(team && { teamId: team.id }),
  }));
  const results = await Promise.all(tries.map((one) => creates(ctx, one)));
  let admitted = 0;
  for (const [index, result] of results.entries()) {
    const one = tries[index]!;
    if (result.ok) {
      admitted += 1;
      wrote(world, org, { ...one, id: result.value.record.id });
    } else {
      expect(result.refusal.code).toBe(org.books.isSubscribed(now(world)) ? 'quota_exhausted' : 'subscription_inactive');
      org.refused.push(one);
    }
  }
  expect({ admitted }).toEqual({ admitted: Math.min(count, own) });
  org.books.look(now(world), org.books.isSubscribed(now(world)) && own === room ? [meter] : []);
  return `${admitted} of ${count} ${meter}${team ? ' of a team' : ''}`;
};

/** With its team, where it is created for one. */
const creates = (ctx: World['ctx'], { meter, actor, clientKey, title, teamId }: Omit<Past, 'id'>) =>
  teamId
    ? createTicket(ctx, actor, key(clientKey), NewTicket.parse({ title, teamId }))
    : creationOf[meter](ctx, actor, key(clientKey), title);

/** What is left of a team's share; without one, and where the plan knows none, nothing limits it by itself. */
function shareLeft(world: World, { books }: Organization, { share, counted }: OrgTeam): number {
  const at = now(world);
  if (share === null || !books.isShared('tickets', at)) return Number.POSITIVE_INFINITY;
  const used = [...counted.values()].filter((period) => period === books.period(at)).length;
  return Math.max(0, share - used);
}

/** How many more are admitted, after everything that is explained was compared with the books. */
async function roomFor(world: World, org: Organization, meter: Meter): Promise<number> {
  const { books } = org;
  const at = now(world);
  const shown = unwrap(await explain(world.ctx, org.owner, { meter }));
  const granted = books.granted(meter, at);
  const limit = granted === 0 ? 0 : granted + books.tolerance(meter, at);
  const [used, held] = [books.used(meter, at), books.held(meter, at)];
  expect({ meter, used: shown.used, held: shown.held, available: shown.available, limit: shown.limit, remaining: shown.remaining }).toEqual(
    {
      meter,
      used,
      held,
      available: granted,
      limit,
      remaining: Math.max(0, limit - used - held),
    },
  );
  return books.isSubscribed(at) ? shown.remaining! : 0;
}

function wrote(world: World, org: Organization, past: Organization['done'][number]): void {
  org.done.push(past);
  org.books.use(past.meter, past.id, now(world));
  if (past.meter === 'tickets') org.records.add(past.id);
  const team = org.teams.find(({ id }) => id === past.teamId);
  if (team && team.share !== null) team.counted.set(past.id, org.books.period(now(world)));
}

/** Within a minute it never was; after that a ticket is deleted at most, and nothing comes back. */
const undo: Act = async (world, org) => {
  const { ctx, clock, luck } = world;
  if ((await roomFor(world, org, 'tickets')) === 0) return 'nothing to undo';
  const clientKey = `undo ${org.name} ${world.story.length}`;
  const { id } = unwrap(await creationOf.tickets(ctx, org.owner, key(clientKey), 'a slip')).record;
  wrote(world, org, { meter: 'tickets', clientKey, title: 'a slip', actor: org.owner, id });
  org.books.look(now(world), ['tickets']);
  const seconds = luck.between(1, 80);
  clock.advance({ seconds });
  const undone = await undoTicket(ctx, org.owner, id);
  if (seconds > 60) {
    expect(refusalOf(undone).code).toBe('undo_too_late');
    return 'undone too late';
  }
  unwrap(undone);
  gone(world, org, id, true);
  unwrap(await undoTicket(ctx, org.owner, id));
  return 'undone';
};

const remove: Act = async (world, org) => {
  const past = world.luck.one(org.done.filter(({ id }) => org.records.has(id)));
  if (!past || !org.books.isSubscribed(now(world))) return 'nothing to delete';
  const { revision } = unwrap(await getTicket(world.ctx, org.owner, past.id));
  unwrap(await deleteTicket(world.ctx, org.owner, past.id, revision));
  gone(world, org, past.id, org.scheme === 'corner-shop');
  return 'deleted';
};

function gone(world: World, org: Organization, id: string, isReleased: boolean): void {
  if (isReleased) org.books.release(id, now(world));
  if (isReleased) for (const { counted } of org.teams) counted.delete(id);
  org.records.delete(id);
  org.done = org.done.filter((past) => past.id !== id);
}

/** The same act again, however long ago: the same answer, and nothing is written (G2). */
const replay: Act = async (world, org) => {
  const past = world.luck.one(org.done);
  if (!past) return 'nothing to repeat';
  const before = await written(world, org);
  const again = unwrap(await creates(world.ctx, past));
  expect({ replayed: again.replayed, id: again.record.id }).toEqual({ replayed: true, id: past.id });
  expect(await written(world, org)).toEqual(before);
  return `repeated ${past.meter}`;
};

/** A refused act writes nothing and is not remembered: with room for it, the same key succeeds (G3). */
const retry: Act = async (world, org) => {
  const one = world.luck.one(org.refused);
  if (!one) return 'nothing to retry';
  const room = await roomFor(world, org, one.meter);
  const before = await written(world, org);
  const result = await creates(world.ctx, one);
  const team = org.teams.find(({ id }) => id === one.teamId);
  const mayTeam = !team || (team.until === null && shareLeft(world, org, team) > 0);
  expect(result.ok).toBe(room > 0 && mayTeam);
  org.books.look(now(world), org.books.isSubscribed(now(world)) && mayTeam ? [one.meter] : []);
  if (!result.ok) {
    expect(await written(world, org)).toEqual(before);
    return `refused ${one.meter} again`;
  }
  org.refused.splice(org.refused.indexOf(one), 1);
  wrote(world, org, { ...one, id: result.value.record.id });
  org.books.look(now(world), [one.meter]);
  return `retried ${one.meter}`;
};

/** What an act could have added to. */
const written = ({ ctx }: World, { tenantId }: Organization): Promise<unknown> =>
  inTenant(ctx, tenantId, async ({ db }) => {
    const [row] = await db.query(
      `select (select count(*)::int from usage_records where tenant_id = $1) as records,
              (select coalesce(sum(used), 0)::int from usage_counters where tenant_id = $1) as used,
              (select count(*)::int from tickets where tenant_id = $1) as tickets,
              (select count(*)::int from checklists where tenant_id = $1) as checklists,
              (select count(*)::int from opportunities where tenant_id = $1) as opportunities`,
      [tenantId],
    );
    return row;
  });

/** Keeps a place, or does with one that is kept what becomes of it; its time may be over by then. */
const hold: Act = async (world, org) => {
  const { ctx, luck } = world;
  const { books } = org;
  const at = now(world);
  const known = luck.one(books.holds.filter(({ closedAt }) => closedAt === null));
  if (known && luck.chance(60)) {
    const isOver = known.expiresAt <= at;
    const isConfirmed = luck.chance(50);
    const subject = ctx.newId();
    const closed = await inTenant(ctx, org.tenantId, (tx) =>
      isConfirmed ? confirmHold(tx, org.tenantId, known.holdId, subject, at) : releaseHold(tx, org.tenantId, known.holdId, at),
    );
    expect({ closed: closed.ok }).toEqual({ closed: !isOver });
    if (isOver) known.closedAt = known.expiresAt;
    else if (isConfirmed) books.confirm(known.holdId, subject, at);
    else known.closedAt = at;
    // What is confirmed crosses no mark by itself: the place was taken before.
    books.look(at, []);
    return isOver ? 'too late for a hold' : isConfirmed ? 'confirmed a hold' : 'let a hold go';
  }
  if (!books.isSubscribed(at)) return 'no hold';
  const room = await roomFor(world, org, 'tickets');
  const units = luck.between(1, 3);
  const expiresAt = new Date(at.getTime() + luck.between(1, 20 * 24) * 3_600_000);
  const asked = {
    meter: 'tickets',
    quantity: units,
    key: `hold ${world.story.length}`,
    fingerprint: '',
    actor: org.owner.memberId,
    expiresAt,
  };
  const opened = await inTenant(ctx, org.tenantId, (tx) => orUndone(tx, () => openHold(tx, org.tenantId, asked, at)));
  expect({ held: opened.ok }).toEqual({ held: room >= units });
  if (opened.ok) books.hold({ holdId: opened.value.holdId, meter: 'tickets', units, expiresAt }, at);
  books.look(at, opened.ok ? ['tickets'] : []);
  return `hold of ${units}: ${opened.ok}`;
};

const support: Act = async (world, org) => {
  const { ctx, luck } = world;
  const at = now(world);
  const meter = luck.one(['tickets', 'checklists'] as const);
  const units = luck.between(1, 6);
  const until = new Date(at.getTime() + luck.between(1, 40 * 24) * 3_600_000);
  const given = { meter, amount: units, effectiveAt: null, expiresAt: until.toISOString(), reason: 'a busy week' };
  unwrap(await grantSupport(ctx, SUPPORT, org.tenantId, key(), given));
  org.books.support.push({ meter, units, from: at, until });
  org.books.look(at, [meter]);
  return `support gives ${units} ${meter}`;
};

/** Any instant since the anchor, over or to come, lies in one period, and that is the calendar's (G4). */
const lookAround: Act = async (world, org) => {
  const { ctx, luck } = world;
  const { anchor } = org.books;
  const at = new Date(Math.max(anchor!.startedAt.getTime(), now(world).getTime() + luck.between(-120 * 24, 90 * 24) * 3_600_000));
  const { period } = unwrap(await explain(ctx, org.owner, { meter: luck.one(METERS), at }));
  const [start, end] = [new Date(period!.start), new Date(period!.end)];
  expect(start <= at && at < end).toBe(true);
  expect([periodAt(anchor!, start), nextEdge(anchor!, start)]).toEqual([periodAt(anchor!, at), end]);
  return `looked at ${at.toISOString()}`;
};

/** Another organization's ticket is no ticket (G9). */
const peek: Act = async (world, org) => {
  const other = world.organizations.find(({ tenantId, records }) => tenantId !== org.tenantId && records.size > 0);
  if (!other) return 'nobody to look at';
  expect(refusalOf(await getTicket(world.ctx, org.owner, [...other.records][0]!)).code).toBe('ticket_not_found');
  return `saw nothing of ${other.name}`;
};

/** What has been written stays readable, whatever became of the plan (G8). */
const read: Act = async (world, org) => {
  const id = world.luck.one([...org.records]);
  if (!id) return 'nothing to read';
  expect(unwrap(await getTicket(world.ctx, org.owner, id)).id).toBe(id);
  return 'read';
};

const changePlan: Act = async (world, org) => {
  const { ctx, luck, plans } = world;
  const { books, owner } = org;
  // Two periods do not begin in one instant: the product goes on with the one that is there, the books know no such case.
  if (books.beganWith(now(world))) world.clock.advance({ seconds: 1 });
  await renewIfDue(world, org);
  settled(world, org);
  const at = now(world);
  if (!books.isSubscribed(at)) return 'no plan to change';
  const held = books.planAt(at)!.planId;
  const toPlanId = luck.one(luck.chance(90) ? org.plans.filter((planId) => planId !== held) : org.plans);
  const shown = unwrap(await previewChange(ctx, owner, org.subscriptionId!, { toPlanId }));
  if (!shown.allowed) return `${toPlanId}: ${shown.refusal.code}`;
  const again = key();
  const mayRemove = luck.chance(60);
  const order = { previewId: shown.previewId, consent: { change: true, removal: mayRemove } };
  const { record } = unwrap(await orderChange(ctx, owner, again, org.subscriptionId!, order));
  const replayed = unwrap(await orderChange(ctx, owner, again, org.subscriptionId!, order));
  expect({ replayed: replayed.replayed, id: replayed.record.id }).toEqual({ replayed: true, id: record.id });
  expect(record.state).toBe(shown.effective === 'now' ? 'applied' : 'scheduled');
  if (shown.effective === 'now' && org.scheme === 'whole-month')
    books.start({ startedAt: at, date: localDate(at, org.zone), zone: org.zone }, 'use');
  const from = shown.effective === 'now' ? at : new Date(shown.effectiveAt);
  books.plans.push({ from, plan: plans[toPlanId]! });
  if (shown.effective === 'period_end') org.scheduled = { changeId: record.id, from, mayRemove };
  else if (org.scheme === 'whole-month') org.items.trim(roomOf(org, at), mayRemove);
  books.look(at, METERS);
  return `${shown.direction} to ${toPlanId} ${shown.effective}`;
};

const withdraw: Act = async (world, org) => {
  await renewIfDue(world, org);
  settled(world, org);
  const { scheduled, books } = org;
  if (!scheduled) return 'nothing scheduled';
  unwrap(await withdrawChange(world.ctx, org.owner, org.subscriptionId!, scheduled.changeId));
  books.plans.splice(
    books.plans.findIndex(({ from }) => from === scheduled.from),
    1,
  );
  org.scheduled = null;
  books.look(now(world), METERS);
  return 'withdrew';
};

/** In its first days a contract can be given back; later it ends with its term, unless it is resumed. */
const leave: Act = async (world, org) => {
  const { ctx } = world;
  await renewIfDue(world, org);
  settled(world, org);
  const at = now(world);
  if (!org.books.isSubscribed(at)) return 'gone already';
  if (org.endsAt) {
    unwrap(await resumeContract(ctx, org.owner, org.subscriptionId!));
    org.books.standings.pop();
    org.endsAt = null;
    return 'stays after all';
  }
  unwrap(await cancelContract(ctx, org.owner, org.subscriptionId!));
  const [row] = await inTenant(ctx, org.tenantId, ({ db }) =>
    db.query<{ status: string; ends: Date }>(
      'select status, term_end as ends from subscriptions where tenant_id = $1 and subscription_id = $2',
      [org.tenantId, org.subscriptionId],
    ),
  );
  const isNow = row!.status === 'Unsubscribed';
  org.endsAt = isNow ? at : row!.ends;
  org.books.standings.push({ from: org.endsAt, isSubscribed: false });
  if (isNow && org.scheduled) forgetScheduled(org);
  org.books.look(at, isNow ? METERS : []);
  return isNow ? 'gave it back' : 'does not renew';
};

function forgetScheduled(org: Organization): void {
  org.books.plans.splice(
    org.books.plans.findIndex(({ from }) => from === org.scheduled!.from),
    1,
  );
  org.scheduled = null;
}

/** What the passing of time has done to what was ordered. */
export function settled(world: World, org: Organization): void {
  const at = now(world);
  // What ends does not change any more at the same instant.
  if (org.scheduled && org.endsAt && org.endsAt <= at) forgetScheduled(org);
  if (!org.scheduled || org.scheduled.from > at) return;
  if (org.scheme === 'whole-month') org.items.trim(roomOf(org, org.scheduled.from), org.scheduled.mayRemove);
  org.scheduled = null;
}

const furnishing: Act = async (world, org) => {
  await renewIfDue(world, org);
  settled(world, org);
  return furnish(world, org);
};

const returns: Act = async (world, org) => {
  await renewIfDue(world, org);
  settled(world, org);
  if (org.books.isSubscribed(now(world)) || org.truth?.status === 'Suspended') return 'is here';
  await open(world, org);
  org.books.look(now(world), METERS);
  return 'came back';
};

/** What the marketplace says, told by a visit: another plan, a suspension, an end. */
const marketplace: Act = async (world, org) => {
  const { luck, plans } = world;
  const { books } = org;
  const at = now(world);
  const { status, planId } = org.truth!;
  if (status === 'Unsubscribed') return returns(world, org);
  if (status === 'Suspended') {
    await adopt(world, org, { status: 'Subscribed' });
    books.standings.push({ from: at, isSubscribed: true });
    books.look(at, METERS);
    return 'reinstated';
  }
  const what = luck.weighed({ plan: 8, suspend: 3, end: 1 });
  if (what === 'plan' && org.scheme === 'license-pool') {
    await adopt(world, org, { quantity: luck.between(2, 8) });
  } else if (what === 'plan') {
    const to = luck.one(org.plans.filter((id) => id !== planId));
    await adopt(world, org, { planId: to });
    books.plans.push({ from: at, plan: plans[to]! });
  } else {
    await adopt(world, org, { status: what === 'suspend' ? 'Suspended' : 'Unsubscribed' });
    books.standings.push({ from: at, isSubscribed: false });
  }
  books.look(at, METERS);
  return what;
};

/** Microsoft renews by itself, and ends what stays suspended for thirty days. */
export async function renewAtMarketplace(world: World, org: Organization): Promise<void> {
  const at = now(world);
  const since = org.books.standings.at(-1)?.from;
  if (org.truth?.status === 'Suspended' && since && at.getTime() - since.getTime() > 30 * DAY_MS) {
    await adopt(world, org, { status: 'Unsubscribed' });
    org.books.look(at, METERS);
  }
  while (org.truth?.status === 'Subscribed' && org.truth.termEnd!.getTime() + DAY_MS <= at.getTime()) {
    const termStart = new Date(org.truth.termEnd!.getTime() + DAY_MS);
    await adopt(world, org, { termStart, termEnd: lastDayOf(org, termStart) });
    org.books.look(at, METERS);
  }
}

const addPackage: Act = async (world, org) => {
  const { ctx, plans, luck } = world;
  await renewIfDue(world, org);
  if (!org.books.isSubscribed(now(world))) return 'no package';
  const plan = plans[luck.one(['people-100', 'people-200'])]!;
  const order = { planId: plan.planId, term: 'P1M' as const, quantity: null, consent: consentTo(plan), organization: null };
  const bought = await buyContract(ctx, org.owner, key(), order, billStart);
  org.books.look(now(world), bought.ok ? METERS : []);
  return `${plan.planId}: ${bought.ok ? 'bought' : bought.refusal.code}`;
};

const teams: Act = async (world, org) => {
  const { ctx, luck } = world;
  const at = now(world);
  if (!org.books.isSubscribed(at)) return 'no teams';
  const [active, archived] = [org.teams.filter(({ until }) => until === null), org.teams.filter(({ until }) => until !== null)];
  const { remaining } = unwrap(await explain(ctx, org.owner, { meter: 'teams' }));
  const hasRoom = remaining === null || remaining > 0;
  switch (luck.weighed({ create: 5, archive: 3, bring_back: 2, join: 2, leave: 1 })) {
    case 'create': {
      const hasOwner = luck.chance(70);
      const memberIds = hasOwner ? [org.owner.memberId] : [];
      const made = await createTeam(ctx, org.owner, key(), NewTeam.parse({ name: `Team ${org.teams.length}`, memberIds }));
      expect({ made: made.ok }).toEqual({ made: hasRoom });
      const fresh = { hasOwner, until: null, spans: [{ from: at, until: null }], share: null, counted: new Map() };
      if (made.ok) org.teams.push({ id: made.value.record.id, ...fresh });
      return `team: ${made.ok}`;
    }
    case 'archive': {
      const team = luck.one(active);
      if (!team) return 'no team to archive';
      const { revision } = unwrap(await getTeam(ctx, org.owner, team.id));
      unwrap(await archiveTeam(ctx, org.owner, team.id, revision));
      team.until = at;
      team.spans.at(-1)!.until = at;
      return 'archived a team';
    }
    case 'bring_back': {
      const team = luck.one(archived);
      if (!team) return 'no team to bring back';
      const back = await unarchiveTeam(ctx, org.owner, team.id, key());
      expect({ back: back.ok }).toEqual({ back: hasRoom });
      if (!back.ok) return 'no room to bring a team back';
      team.until = null;
      team.spans.push({ from: at, until: null });
      return 'brought a team back';
    }
    case 'join': {
      const [team, person] = [luck.one(active), luck.one(org.people)];
      if (!team || !person) return 'nobody to join';
      unwrap(await addToTeam(ctx, org.owner, team.id, [person.memberId]));
      return 'joined';
    }
    default: {
      const [team, person] = [luck.one(active), luck.one(org.people)];
      if (!team || !person) return 'nobody to leave';
      await leaveTeam(ctx, org.owner, team.id, person.memberId);
      return 'left';
    }
  }
};

/** A share is given as long as all together are no more than there is, where the plan knows shares. */
const share: Act = async (world, org) => {
  const { ctx, luck } = world;
  const at = now(world);
  const team = luck.one(org.teams.filter(({ hasOwner }) => hasOwner));
  if (!team) return teams(world, org);
  const amount = luck.chance(15) ? null : luck.between(0, 14);
  const others = org.teams.reduce((sum, one) => sum + (one === team ? 0 : (one.share ?? 0)), 0);
  const isFitting = amount === null || (team.until === null && others + amount <= org.books.granted('tickets', at));
  const set = await setShare(ctx, org.owner, { meter: 'tickets', teamId: team.id, amount });
  expect({ given: set.ok }).toEqual({ given: isFitting && org.books.isShared('tickets', at) });
  org.books.look(at, set.ok ? ['tickets'] : []);
  if (!set.ok) return `share: ${set.refusal.code}`;
  team.share = amount;
  return `share of ${amount}`;
};

const arrive: Act = async (world, org) => {
  const number = org.people.length + 1;
  const person = anActor({ tenantId: org.tenantId, name: `Person ${number}`, address: `p${number}@${org.name.toLowerCase()}.example` });
  if (!org.books.isSubscribed(now(world)) || number > 12) return 'nobody came';
  unwrap(await inTenant(world.ctx, org.tenantId, (tx) => meetMember(tx, person)));
  org.people.push(person);
  return 'somebody came';
};

/** Places are never given away twice; whoever has one keeps it when fewer are bought. */
const licenses: Act = async (world, org) => {
  const { ctx, luck } = world;
  if (!org.books.isSubscribed(now(world))) return 'no licenses';
  const before = await places(world, org);
  let said = 'invited';
  if (luck.chance(60)) {
    const invitees = Array.from({ length: luck.between(1, 3) }, () => ({
      address: `p${luck.between(1, 12)}@seats.example`,
      ...(luck.chance(60) && { license: 'full' as const }),
    }));
    await inviteToLicenses(ctx, org.owner, key(), { invitees, teamId: null });
  } else {
    const person = luck.one(org.people);
    if (!person) return 'nobody to license';
    const to = luck.one(['full', 'restricted'] as const);
    const set = await setLicense(ctx, org.owner, person.memberId, to);
    said = `${to}: ${set.ok ? 'set' : set.refusal.code}`;
  }
  const after = await places(world, org);
  expect(after.taken <= Math.max(after.purchased, before.taken)).toBe(true);
  return said;
};

const places = ({ ctx }: World, { tenantId }: Organization): Promise<{ purchased: number; taken: number }> =>
  inTenant(ctx, tenantId, async ({ db }) => {
    const [row] = await db.query<{ purchased: number; taken: number }>(
      `select (select coalesce(max(purchased), 0)::int from license_pools where tenant_id = $1) as purchased,
              ((select count(*) from members where tenant_id = $1 and license = 'full' and state = 'present')
                + (select count(*) from invitations where tenant_id = $1 and kind = 'full' and state = 'open'))::int as taken`,
      [tenantId],
    );
    return row!;
  });

const ACTS = {
  create,
  undo,
  remove,
  replay,
  retry,
  hold,
  support,
  lookAround,
  peek,
  read,
  changePlan,
  withdraw,
  leave,
  returns,
  marketplace,
  addPackage,
  teams,
  arrive,
  licenses,
  furnishing,
  share,
} satisfies Record<string, Act>;
type ActName = keyof typeof ACTS;

const EVERYBODY = { create: 30, undo: 5, remove: 3, replay: 8, retry: 6, hold: 6, support: 3, lookAround: 4, peek: 2, read: 3 };
const CONTRACT = { changePlan: 8, withdraw: 3, returns: 2 };
const WEIGHTS: Record<Scheme, Partial<Record<ActName, number>>> = {
  'whole-month': { ...EVERYBODY, ...CONTRACT, create: 15, furnishing: 30, changePlan: 30, withdraw: 5, leave: 2 },
  'org-quota': { ...EVERYBODY, marketplace: 10 },
  'tiered-addon': { ...EVERYBODY, create: 10, teams: 25, arrive: 3, addPackage: 6, returns: 1 },
  'team-units': { ...EVERYBODY, create: 10, ...CONTRACT, changePlan: 4, teams: 20, arrive: 4 },
  'license-pool': { ...EVERYBODY, create: 6, marketplace: 8, licenses: 15, arrive: 5 },
  'corner-shop': { ...EVERYBODY, ...CONTRACT, create: 40, teams: 5, share: 8 },
};

/** Something that one organization does now. Answers it in words. */
export async function act(world: World, org: Organization): Promise<string> {
  if (org.endsAt) await renewIfDue(world, org);
  settled(world, org);
  const name = world.luck.weighed<ActName>(WEIGHTS[org.scheme]);
  world.story.push(`${now(world).toISOString()} ${org.name} ${name}`);
  const said = await ACTS[name](world, org);
  world.story[world.story.length - 1] += `: ${said}`;
  return said;
}
