import { isPeriodMeter } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { Combiner } from '../../platform/combine';
import { type Context, inTenant } from '../../platform/context';
import { type Database, DatabaseAway, sqlState } from '../../platform/db/database';
import { invariant, never } from '../../platform/invariant';
import { ok, type Result, refuse } from '../../platform/result';
import { inactiveRefusal, rolesThatMay } from '../members/access.rules';
import { admitMember, enter } from '../members/admit-member';
import type { ActKey } from './creation';
import { noteRefusal } from './note-refusal';
import { refreshCounter } from './refresh-counters';

/** The database functions that write a tool's records and book their use in one statement. */
const CREATIONS = [
  'create_tickets',
  'create_checklists',
  'submit_checklists',
  'create_opportunities',
  'create_resources',
  'create_teams',
  'unarchive_teams',
] as const;
export type Creation = (typeof CREATIONS)[number];

/** Something that counts, named by its key for ever. */
export interface Act extends ActKey {
  creation: Creation;
  /** A quota, or something whose number is limited. */
  meter: string;
  /** Id of the record to be created, or of the one to be started. */
  subject: string;
  quantity: number;
  record: unknown;
  /** Takes from this team's share as well, should it have one. */
  teamId?: string | undefined;
}

export interface Admission {
  outcome: 'admitted' | 'replayed';
  /** The record's id: of the first outcome when replayed. */
  subject: string;
  /** What the tool numbered it with; null for a replay and for tools that do not number. */
  number: number | null;
  /** The instant it was admitted at. */
  at: Date;
}

interface Verdict {
  verdict:
    | 'admitted'
    | 'replayed'
    | 'conflict'
    | 'exhausted'
    | 'share_exhausted'
    | 'stale'
    | 'unknown_member'
    | 'access_removed'
    | 'not_allowed'
    | 'inactive'
    | 'license_restricted';
  subject: string;
  used: number;
  held: number;
  hard_limit: number;
  /** Infinite where nothing is counted per period. */
  period_end: Date | number;
  standing: SubscriptionStatus | null;
  number: number | null;
}

interface Waiting {
  ctx: Context;
  actor: Actor;
  act: Act;
}

type Weighed = { verdict: Verdict; at: Date };

/**
 * Acts and tenants of one statement, and how many such statements run at once. More would only make results bigger and locks
 * longer; fewer at once leave the database waiting for its disk.
 */
const MOST = { items: 200, lanes: 32, runs: 2 };
const MOST_TRIES = 8;
const lanes = new WeakMap<Database, Combiner<Waiting, Weighed>>();

/**
 * Creates what the act describes and counts it, or says why not: exact under concurrency, idempotent for ever (G1–G3).
 * Concurrent acts share a statement, those of one tenant and those of several; each gets its own outcome, after the commit.
 */
export async function admit(ctx: Context, actor: Actor, act: Act): Promise<Result<Admission, Refusal>> {
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const lane = `${act.creation} ${act.meter} ${actor.tenantId} ${act.teamId ?? ''}`;
    const { verdict, at } = await lanesOf(ctx).submit(isShared(act) ? act.creation : lane, lane, { ctx, actor, act });
    switch (verdict.verdict) {
      case 'unknown_member': {
        const admitted = await inTenant(ctx, actor.tenantId, (tx) => admitMember(tx, actor, at));
        if (!admitted.ok) return admitted;
        break;
      }
      case 'license_restricted': {
        const access = await inTenant(ctx, actor.tenantId, (tx) => enter(tx, actor, 'create'));
        if (!access.ok) return access;
        break;
      }
      case 'stale':
        await inTenant(ctx, actor.tenantId, (tx) => refreshCounter(tx, actor.tenantId, act.meter, at));
        break;
      default: {
        const result = await settled(ctx, actor.tenantId, settle(verdict, act, at), at);
        ctx.metrics.admissions.inc({ meter: act.meter, verdict: result.ok ? result.value.outcome : result.refusal.code });
        return result;
      }
    }
  }
  throw new Error(`Admission of a ${act.meter} act did not settle after ${MOST_TRIES} tries`);
}

function settle(verdict: Verdict, act: Act, at: Date): Result<Admission, Refusal> {
  switch (verdict.verdict) {
    case 'admitted':
    case 'replayed':
      return ok({ outcome: verdict.verdict, subject: verdict.subject, number: verdict.number, at });
    case 'conflict':
      return refuse({ code: 'idempotency_conflict' });
    case 'access_removed':
      return refuse({ code: 'access_removed' });
    case 'not_allowed':
      return refuse({ code: 'not_allowed', needs: 'create' });
    case 'inactive':
      return refuse(inactiveRefusal(verdict.standing));
    case 'exhausted':
      return refuse(full(act.meter, verdict));
    case 'share_exhausted':
      return refuse({ ...full(act.meter, verdict), teamId: act.teamId } as Refusal);
    case 'stale':
    case 'unknown_member':
    case 'license_restricted':
      invariant(false, 'these are settled by trying again');
      break;
    default:
      return never(verdict.verdict);
  }
}

function full(meter: string, { hard_limit: limit, used, held, period_end }: Verdict): Refusal {
  return isPeriodMeter(meter) && period_end instanceof Date
    ? { code: 'quota_exhausted', meter, limit, used, held, resetsAt: period_end.toISOString(), draftId: null }
    : { code: 'limit_reached', meter, limit, used, held };
}

/** What a refusal for want of room leaves behind and tells besides, after the act was rolled back. */
async function settled(ctx: Context, tenantId: string, result: Result<Admission, Refusal>, at: Date): Promise<Result<Admission, Refusal>> {
  if (result.ok || (result.refusal.code !== 'quota_exhausted' && result.refusal.code !== 'limit_reached')) return result;
  const { refusal } = result;
  // A share that is used up is not the organization's limit.
  if ('teamId' in refusal) return result;
  const pending = await inTenant(ctx, tenantId, (tx) => noteRefusal(tx, tenantId, refusal.meter, at));
  return pending ? refuse({ ...refusal, pending }) : result;
}

function lanesOf({ database }: Context): Combiner<Waiting, Weighed> {
  let combiner = lanes.get(database);
  if (!combiner) {
    combiner = new Combiner(runTogether, MOST);
    lanes.set(database, combiner);
  }
  return combiner;
}

/** The creations everybody makes all day, of no team: those that several tenants' acts may share a statement for. */
const SHARED = new Set<Creation>(['create_tickets', 'create_checklists', 'submit_checklists', 'create_opportunities']);
const isShared = ({ creation, teamId }: Act): boolean => SHARED.has(creation) && !teamId;

type Outcomes = PromiseSettledResult<Weighed>[];

/** One statement for acts of several tenants; those that fail in it have a statement of their own, and nobody else waits for that. */
async function runTogether(lanes: Waiting[][]): Promise<Promise<Outcomes>[]> {
  const firsts = lanes.map(firstsOf);
  const together = isShared(lanes[0]![0]!.act) ? await runShared(firsts) : [];
  return lanes.map(async (waiting, lane) => withTwins(waiting, firsts[lane]!, together[lane] ?? (await runBatch(firsts[lane]!))));
}

/** The same key twice in one statement would only collide with itself: the twin takes its first's outcome. */
const firstsOf = (waiting: Waiting[]): Waiting[] => {
  const keys = new Set<string>();
  return waiting.filter(({ act }) => !keys.has(act.key) && keys.add(act.key));
};

function withTwins(waiting: Waiting[], firsts: Waiting[], outcomes: Outcomes): Outcomes {
  const places = new Map(firsts.map(({ act }, place) => [act.key, place]));
  return waiting.map((entry) => {
    const place = places.get(entry.act.key)!;
    const [first, outcome] = [firsts[place]!, outcomes[place]!];
    return first === entry || outcome.status === 'rejected' ? outcome : { status: 'fulfilled', value: asTwin(outcome.value, first, entry) };
  });
}

function asTwin({ verdict, at }: Weighed, first: Waiting, twin: Waiting): Weighed {
  if (verdict.verdict !== 'admitted' && verdict.verdict !== 'replayed') return { verdict, at };
  return { verdict: { ...verdict, verdict: first.act.fingerprint === twin.act.fingerprint ? 'replayed' : 'conflict' }, at };
}

interface SharedVerdict extends Verdict {
  /** Place of the tenant's acts in the call. */
  call: number;
  /** SQLSTATE of what undid these acts and no others; then there is no verdict. */
  failed: string | null;
}

/** By lane: what came out for its acts; null where they were undone. */
async function runShared(lanes: Waiting[][]): Promise<(Outcomes | null)[]> {
  const { ctx, act } = lanes[0]![0]!;
  const byTenant = lanes.map((waiting, lane) => ({
    lane,
    tenant: waiting[0]!.actor.tenantId,
    at: waiting[0]!.ctx.now(),
    acts: waiting.map(asWeighed),
  }));
  byTenant.sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  const calls = JSON.stringify(byTenant.map(({ tenant, at, acts }) => ({ tenant, at, acts })));
  const outcomes: (Outcomes | null)[] = lanes.map(() => []);
  try {
    const verdicts = await ctx.database.query<SharedVerdict>(SHARED_STATEMENT, [act.creation, ROLES_THAT_CREATE, calls], 'create_for_many');
    for (const verdict of verdicts) {
      const { lane, at } = byTenant[verdict.call]!;
      if (verdict.failed) outcomes[lane] = null;
      else outcomes[lane]!.push({ status: 'fulfilled', value: { verdict, at } });
    }
    return outcomes;
  } catch (err) {
    ctx.log.warn({ err, tenants: lanes.length }, 'creations of several organizations failed together: each is tried by itself');
    return lanes.map(() => null);
  }
}

/**
 * One statement for all; when it fails for one bad act, one by one, so that the others do not fail with it. A database that is
 * away is no act's fault, and is not asked again for each.
 */
async function runBatch(waiting: Waiting[]): Promise<Outcomes> {
  try {
    return (await runStatement(waiting)).map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    if (waiting.length === 1 || reason instanceof DatabaseAway) return waiting.map(() => ({ status: 'rejected', reason }));
    const outcomes: Outcomes = [];
    for (const entry of waiting) outcomes.push(...(await runBatch([entry])));
    return outcomes;
  }
}

/** An act as the functions read it. */
const asWeighed = ({ actor, act: { key, fingerprint, subject, quantity, draftRevision, record } }: Waiting) => ({
  key,
  fingerprint,
  subject,
  actor: actor.memberId,
  quantity,
  draftRevision,
  record,
});

/** The counter moved, a key was taken by another instance, or two statements met head-on: weighed again, with a fresh snapshot. */
const MOVED = new Set(['KT001', '23505', '40001', '40P01']);

/** The key was refused with other content before, which waits as a draft: admitting this would lose that. */
const OTHER_DRAFT = 'KT003';
/** Of an act that names a team: its share is used up, or must be brought up to date first. */
const SHARE_USED_UP = 'KT008';
const SHARE_STALE = 'KT009';
const NOT_WEIGHED = { subject: '', used: 0, held: 0, hard_limit: 0, period_end: new Date(0), standing: null, number: null };

async function runStatement(waiting: Waiting[]): Promise<Weighed[]> {
  const { ctx, actor, act } = waiting[0]!;
  const acts = JSON.stringify(waiting.map(asWeighed));
  for (let attempt = 1; ; attempt += 1) {
    const at = ctx.now();
    try {
      const verdicts = await weigh(ctx, act, [actor.tenantId, at, ROLES_THAT_CREATE, acts]);
      return verdicts.map((verdict) => ({ verdict, at }));
    } catch (error) {
      const known = waiting.length === 1 ? verdictOf(error) : null;
      if (known) return [{ verdict: known, at }];
      if (!MOVED.has(sqlState(error) ?? '') || attempt >= MOST_TRIES) throw error;
    }
  }
}

/** An act that names no team runs the plain statement. */
const weigh = ({ database }: Context, { creation, meter, teamId }: Act, values: unknown[]): Promise<Verdict[]> =>
  teamId
    ? database.query<Verdict>(TEAM_STATEMENT, [...values, creation, meter, teamId], 'create_for_team')
    : database.query<Verdict>(STATEMENTS[creation], values, creation);

/** What a statement that failed for one act says of it; null: it is no verdict. */
function verdictOf(error: unknown): Verdict | null {
  switch (sqlState(error)) {
    case OTHER_DRAFT:
      return { ...NOT_WEIGHED, verdict: 'conflict' };
    case SHARE_STALE:
      return { ...NOT_WEIGHED, verdict: 'stale' };
    case SHARE_USED_UP: {
      const { used, held, limit, period_end } = JSON.parse((error as { detail: string }).detail) as Record<string, number & string>;
      return {
        ...NOT_WEIGHED,
        verdict: 'share_exhausted',
        used: used!,
        held: held!,
        hard_limit: limit!,
        period_end: new Date(period_end!),
      };
    }
    default:
      return null;
  }
}

const ROLES_THAT_CREATE = rolesThatMay('create');

/** A verdict's columns as they are read; `of` names the value they stand in. */
const columns = (of = ''): string =>
  `${of}verdict, ${of}subject, ${of}used::float8 as used, ${of}held::float8 as held, ${of}hard_limit::float8 as hard_limit,
   ${of}period_end, ${of}standing, ${of}number::float8 as number`;

const statementOf = (call: string): string => `select ${columns()} from ${call} order by ord`;

const TEAM_STATEMENT = statementOf('create_for_team($5::text, $6::text, $7::uuid, $1::uuid, $2::timestamptz, $3::text[], $4::jsonb)');

/** The product's one-by-one statement is this one with one act of one tenant; the benchmark runs the same text. */
export const SHARED_STATEMENT = `select call, failed, ${columns('(act).')} from create_for_many($1::text, $2::text[], $3::jsonb) order by call, (act).ord`;

const STATEMENTS = Object.fromEntries(
  CREATIONS.map((creation) => [creation, statementOf(`${creation}($1::uuid, $2::timestamptz, $3::text[], $4::jsonb)`)]),
) as Record<Creation, string>;
