import { NewChecklist } from '../../src/contract/checklists';
import type { Meter } from '../../src/contract/meters';
import { NewOpportunity } from '../../src/contract/opportunities';
import type { Refusal } from '../../src/contract/refusals';
import { NewTicket } from '../../src/contract/tickets';
import { createChecklist } from '../../src/features/checklists/create-checklist';
import { createOpportunity } from '../../src/features/crm/create-opportunity';
import { createTicket } from '../../src/features/tickets/create-ticket';
import type { Created, CreationKey } from '../../src/features/usage/creation';
import type { Actor } from '../../src/platform/actor';
import { type Context, inTenant } from '../../src/platform/context';
import { newSecret } from '../../src/platform/ids';
import type { Result } from '../../src/platform/result';

/** A client's key; a new one when not named. */
export const key = (clientKey: string = newSecret()): CreationKey => ({ clientKey });

export const aTicket = (given: Partial<NewTicket> = {}): NewTicket => NewTicket.parse({ title: 'Printer on fire', ...given });
export const aChecklist = (given: Partial<NewChecklist> = {}): NewChecklist =>
  NewChecklist.parse({ title: 'Opening', items: [{ text: 'Lights on' }, { text: 'Doors open' }], ...given });
export const anOpportunity = (given: Partial<NewOpportunity> = {}): NewOpportunity => NewOpportunity.parse({ title: 'New roof', ...given });

type Create = (
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  title?: string,
) => Promise<Result<Created<{ id: string; title: string; revision: number }>, Refusal>>;

/** The counted creation of every meter, in one form. */
export const creationOf: Record<Meter, Create> = {
  tickets: (ctx, actor, key, title = 'Printer on fire') => createTicket(ctx, actor, key, { ...aTicket(), title }),
  checklists: (ctx, actor, key, title = 'Opening') => createChecklist(ctx, actor, key, { ...aChecklist(), title }),
  opportunities: (ctx, actor, key, title = 'New roof') => createOpportunity(ctx, actor, key, { ...anOpportunity(), title }),
};

/** What a successful result holds; a refusal fails the test with its facts. */
export function unwrap<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.value;
}

export function refusalOf(result: Result<unknown, Refusal>): Refusal {
  if (result.ok) throw new Error(`not refused: ${JSON.stringify(result.value)}`);
  return result.refusal;
}

/** The three places that must agree (G1): counters, ledger, and the records that were counted; over all periods. */
export async function books(ctx: Context, tenantId: string, meter: Meter): Promise<{ counted: number; ledger: number; records: number }> {
  const records =
    meter === 'checklists'
      ? `select count(*) from checklists where tenant_id = $1 and state <> 'draft'`
      : `select count(*) from ${meter} where tenant_id = $1`;
  return inTenant(ctx, tenantId, async ({ db }) => {
    const [row] = await db.query<{ counted: number; ledger: number; records: number }>(
      `select (select coalesce(sum(used), 0) from usage_counters where tenant_id = $1 and meter = $2)::int as counted,
              (select coalesce(sum(case kind when 'release' then -quantity else quantity end), 0)
                 from usage_records where tenant_id = $1 and meter = $2)::int as ledger,
              (${records})::int as records`,
      [tenantId, meter],
    );
    return row!;
  });
}

/** Every row of a tenant that an act could have written, for comparing before and after. */
export async function everything(ctx: Context, tenantId: string): Promise<Record<string, unknown[]>> {
  const tables = [
    'usage_counters',
    'usage_records',
    'operations',
    'notices',
    'tickets',
    'tenant_sequences',
    'checklists',
    'opportunities',
    'members',
    'teams',
    'team_members',
    'member_removals',
  ];
  return inTenant(ctx, tenantId, async ({ db }) => {
    const found: Record<string, unknown[]> = {};
    for (const table of tables) found[table] = await db.query(`select * from ${table} where tenant_id = $1 order by 1, 2, 3`, [tenantId]);
    return found;
  });
}
