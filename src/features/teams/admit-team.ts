import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import type { Context } from '../../platform/context';
import { sqlState } from '../../platform/db/database';
import { ok, type Result, refuse } from '../../platform/result';
import { type Act, type Admission, admit } from '../usage/admit';

const NOT_ARCHIVED = 'KT002';
/** Its people would be more active members than the plan admits: then nothing of it was done. */
const TOO_MANY_ACTIVE = 'KT006';

/** Counts a team that begins to exist or comes back, and the people who become active through it; both limits hold. */
export async function admitTeam(ctx: Context, actor: Actor, act: Omit<Act, 'meter' | 'quantity'>): Promise<Result<Admission, Refusal>> {
  try {
    return await admit(ctx, actor, { ...act, meter: 'teams', quantity: 1 });
  } catch (error) {
    // Somebody else has brought it back a moment ago: it is there, and counted once.
    if (sqlState(error) === NOT_ARCHIVED) return ok({ outcome: 'replayed', subject: act.subject, number: null, at: ctx.now() });
    if (sqlState(error) !== TOO_MANY_ACTIVE) throw error;
    const { hard_limit: limit, used, held } = JSON.parse((error as { detail: string }).detail) as Record<string, number>;
    return refuse({ code: 'limit_reached', meter: 'active_members', limit: limit!, used: used!, held: held! });
  }
}
