import type { BilledKind, BilledMonth, BilledMonths, BilledUnit, BilledUnits } from '../../contract/billed-people';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { pageOf, readCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { enterBilling } from '../billing/enter-billing';
import { countPresent, findStart, findUnits, previewUnits, type UnitRow } from './billed-people.store';
import { isOver, monthAt, monthsDown } from './months.rules';
import { monthSpan, peoplePolicyIn, snapshotMonth } from './snapshot-month';

/** Who or which teams are billed in a month: frozen when it is over, what it would be by now before. */
export function listBilled(
  ctx: Context,
  actor: Actor,
  kind: BilledKind,
  month: string,
  query: { cursor?: string | undefined; limit: number },
): Promise<Result<BilledMonth, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const asked = await askedMonth(tx, actor, month, at);
    if (!asked.ok) return asked;
    const { timeZone } = asked.value;
    const [after] = (readCursor(query.cursor, ([position]) => isPosition(position)) ?? [0]) as [number];
    const show = (rows: readonly UnitRow[]) => pageOf(rows, query.limit, toUnit, (row) => [row.position]);

    if (isOver(month, timeZone, at)) {
      const snapshot = await snapshotMonth(tx, actor.tenantId, month, null, at);
      const rows = await findUnits(tx.db, actor.tenantId, month, kind, after, query.limit + 1);
      const rule = { active: snapshot.active_rule, countRule: snapshot.count_rule };
      return ok({ month, timeZone: snapshot.time_zone, rule, isFinal: true, count: snapshot[kind], ...show(rows) });
    }
    const people = await peoplePolicyIn(tx, actor.tenantId, at);
    const { start } = await monthSpan(tx, actor.tenantId, month, timeZone);
    // The instant itself belongs to what is seen: somebody who joined at it counts.
    const window = { start, end: new Date(at.getTime() + 1), timeZone, people };
    const { count, rows } = await previewUnits(tx.db, actor.tenantId, window, kind, after, query.limit + 1);
    return ok({ month, timeZone, rule: people, isFinal: false, count, ...show(rows) });
  });
}

/** The months for which there is a list, newest first; the first is the one that is running. */
export function listBilledMonths(ctx: Context, actor: Actor): Promise<Result<BilledMonths, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enterBilling(tx, actor);
    if (!access.ok) return access;
    const { createdAt, timeZone } = (await findStart(tx.db, actor.tenantId))!;
    const months = monthsDown(monthAt(createdAt, timeZone), monthAt(at, timeZone));
    return ok({ items: months.map((month) => ({ month, isFinal: isOver(month, timeZone, at) })) });
  });
}

/** What a plan may count, as of now, by the query that bills (EC-12). */
export function viewUnits(ctx: Context, actor: Actor): Promise<Result<BilledUnits, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enterBilling(tx, actor);
    if (!access.ok) return access;
    const { timeZone } = (await findStart(tx.db, actor.tenantId))!;
    const rule = await peoplePolicyIn(tx, actor.tenantId, at);
    const { teams, archived, classes, active } = await countPresent(tx.db, actor.tenantId, rule.active);
    const byClass = { active: 0, restricted: 0, blocked: 0, external: 0, ...classes };
    const present = Object.values(byClass).reduce((sum, count) => sum + count, 0);
    return ok({ asOf: at.toISOString(), timeZone, rule, teams: { active: teams, archived }, members: { present, active, byClass } });
  });
}

/** Whether the actor sees what is billed, and whether there is such a month. */
export async function askedMonth(tx: TxContext, actor: Actor, month: string, at: Date): Promise<Result<{ timeZone: string }, Refusal>> {
  const access = await enterBilling(tx, actor);
  if (!access.ok) return access;
  const { createdAt, timeZone } = (await findStart(tx.db, actor.tenantId))!;
  if (month < monthAt(createdAt, timeZone)) return refuse({ code: 'month_not_billed', month, reason: 'before_start' });
  if (month > monthAt(at, timeZone)) return refuse({ code: 'month_not_billed', month, reason: 'not_over' });
  return ok({ timeZone });
}

const isPosition = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;

const toUnit = (row: UnitRow): BilledUnit => ({
  id: row.subject,
  name: row.name,
  address: row.address,
  teams: row.teams,
  from: row.from_day,
  until: row.until_day,
});
