import { isPeriodMeter } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { SubscriptionStatus } from '../../contract/subscriptions';
import type { Actor } from '../../platform/actor';
import { Combiner } from '../../platform/combine';
import { type Context, inTenant } from '../../platform/context';
import { type Database, sqlState } from '../../platform/db/database';
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

/** Acts that share one statement; more would only make its result bigger. */
const MOST_PER_STATEMENT = 200;
const MOST_TRIES = 8;
const lanes = new WeakMap<Database, Combiner<Waiting, Weighed>>();

/**
 * Creates what the act describes and counts it, or says why not: exact under concurrency, idempotent for ever (G1–G3).
 * Concurrent acts of one tenant share a statement; each gets its own outcome, after the commit.
 */
export async function admit(ctx: Context, actor: Actor, act: Act): Promise<Result<Admission, Refusal>> {
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const { verdict, at } = await laneOf(ctx).submit(`${act.creation} ${act.meter} ${actor.tenantId} ${act.teamId ?? ''}`, {
      ctx,
      actor,
      act,
    });
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

function laneOf({ database }: Context): Combiner<Waiting, Weighed> {
  let lane = lanes.get(database);
  if (!lane) {
    lane = new Combiner(runTogether, MOST_PER_STATEMENT);
    lanes.set(database, lane);
  }
  return lane;
}

/** The same key twice in one statement would only collide with itself: the twin takes its first's outcome. */
async function runTogether(_lane: string, waiting: Waiting[]): Promise<PromiseSettledResult<Weighed>[]> {
  const firstOf = new Map<string, number>();
  const firsts: Waiting[] = [];
  for (const entry of waiting) {
    if (firstOf.has(entry.act.key)) continue;
    firstOf.set(entry.act.key, firsts.length);
    firsts.push(entry);
  }
  const outcomes = await runBatch(firsts);
  return waiting.map((entry) => {
    const index = firstOf.get(entry.act.key)!;
    const outcome = outcomes[index]!;
    return firsts[index] === entry || outcome.status === 'rejected'
      ? outcome
      : { status: 'fulfilled', value: asTwin(outcome.value, firsts[index]!, entry) };
  });
}

function asTwin({ verdict, at }: Weighed, first: Waiting, twin: Waiting): Weighed {
  if (verdict.verdict !== 'admitted' && verdict.verdict !== 'replayed') return { verdict, at };
  return { verdict: { ...verdict, verdict: first.act.fingerprint === twin.act.fingerprint ? 'replayed' : 'conflict' }, at };
}

/** One statement for all; when it fails for one bad act, one by one, so that the others do not fail with it. */
async function runBatch(waiting: Waiting[]): Promise<PromiseSettledResult<Weighed>[]> {
  try {
    return (await runStatement(waiting)).map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    if (waiting.length === 1) return [{ status: 'rejected', reason }];
    const outcomes: PromiseSettledResult<Weighed>[] = [];
    for (const entry of waiting) outcomes.push(...(await runBatch([entry])));
    return outcomes;
  }
}

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
  const acts = JSON.stringify(
    waiting.map((entry) => ({
      key: entry.act.key,
      fingerprint: entry.act.fingerprint,
      subject: entry.act.subject,
      actor: entry.actor.memberId,
      quantity: entry.act.quantity,
      draftRevision: entry.act.draftRevision,
      record: entry.act.record,
    })),
  );
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
    ? database.query<Verdict>(SHARED_STATEMENT, [...values, creation, meter, teamId], 'create_for_team')
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

/** The product's one-by-one statement is this one with one act; the benchmark runs the same text. */
export const admissionStatement = (creation: Creation): string =>
  statementOf(`${creation}($1::uuid, $2::timestamptz, $3::text[], $4::jsonb)`);

const statementOf = (call: string): string =>
  `select verdict, subject, used::float8 as used, held::float8 as held, hard_limit::float8 as hard_limit, period_end, standing, number::float8 as number
     from ${call} order by ord`;

const SHARED_STATEMENT = statementOf('create_for_team($5::text, $6::text, $7::uuid, $1::uuid, $2::timestamptz, $3::text[], $4::jsonb)');

const STATEMENTS = Object.fromEntries(CREATIONS.map((creation) => [creation, admissionStatement(creation)])) as Record<Creation, string>;
